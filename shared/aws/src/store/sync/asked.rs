//! Questions to a chat's admins. The first who answers decides.

use super::Syncs;
use super::ledger::chat_pk;
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{Attributes, VERSION, key, n, s, value};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::{ChatId, UserId};
use domain::question::{Choice, MOST_EVENTS, OPEN, Question};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A question as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    pub question: Question,
    /// The bans that it is about.
    #[serde(with = "serde_dynamo::string_set")]
    pub events: Vec<String>,
}

impl Asked {
    /// The ids of the events that it is about.
    pub fn event_ids(&self) -> impl Iterator<Item = Uuid> {
        self.events.iter().filter_map(|id| id.parse().ok())
    }
}

/// That a chat has a question.
#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    /// Not `question_id`: by that a question is known.
    noted_question: Uuid,
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It counts; a second time it was given by the same person, too.
    Decided(Box<Asked>),
    /// Somebody else was first.
    Before(Box<Asked>),
    /// Its time has run out, or there is none.
    Gone,
}

impl Syncs {
    /// Asks, or adds an event to what is asked. `false`: that question has been answered, has run out, or is about as many bans as it
    /// can be. One that is about this event already stays as it is.
    ///
    /// The question is noted under its chat first: none is asked that is not listed.
    pub async fn ask(&self, question: &Question, event: Uuid) -> anyhow::Result<bool> {
        self.note(question).await?;
        let Question { question_id, about, chat_id, user_id, source_chat_id, asked_at, .. } = question;
        let update = self
            .update(question_key(*question_id))
            .condition_expression(
                "contains(events, :one) OR (attribute_not_exists(choice) AND (attribute_not_exists(expires_at) OR expires_at > :at) \
                 AND (attribute_not_exists(events) OR size(events) < :most))",
            )
            .expression_attribute_names("#about", "about")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":id", value(question_id)?)
            .expression_attribute_values(":about", value(about)?)
            .expression_attribute_values(":chat", n(chat_id.0))
            .expression_attribute_values(":user", n(user_id.0))
            .expression_attribute_values(":source", n(source_chat_id.0))
            .expression_attribute_values(":at", n(*asked_at))
            .expression_attribute_values(":expires", n(asked_at + OPEN))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .expression_attribute_values(":event", AttributeValue::Ss(vec![event.to_string()]))
            .expression_attribute_values(":one", s(event))
            .expression_attribute_values(":most", n(MOST_EVENTS as i64));
        let expression = "SET question_id = :id, #about = :about, chat_id = :chat, user_id = :user, source_chat_id = if_not_exists(source_chat_id, :source), \
             asked_at = if_not_exists(asked_at, :at), expires_at = if_not_exists(expires_at, :expires), #version = :version ADD events :event";
        match update.update_expression(expression).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("asking a chat's admins"),
        }
    }

    /// A page of the questions of a chat that can be answered now, in no order. Those that were answered are left out, so a page may be short.
    pub async fn open_questions(&self, chat: ChatId, wanted: &Wanted) -> Result<Page<Asked>, PageError> {
        let query = self
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":pk", s(chat_pk(chat)))
            .expression_attribute_values(":sk", s("Q#"))
            .expression_attribute_values(":now", n(time::now()));
        let page: Page<Noted> = self.table.page(query, &format!("questions of {chat}"), wanted).await?;
        let keys = page.items.into_iter().map(|noted| question_key(noted.noted_question)).collect();
        let items = self.table.get_all(keys).await.context("reading questions")?;
        let asked: Vec<Asked> = serde_dynamo::from_items(items).context("reading questions")?;
        let now = time::now();
        Ok(Page { items: asked.into_iter().filter(|asked| asked.question.is_open(now)).collect(), next: page.next })
    }

    async fn note(&self, question: &Question) -> anyhow::Result<()> {
        let Question { question_id, chat_id, asked_at, .. } = question;
        let mut item: Attributes = serde_dynamo::to_item(Noted { noted_question: *question_id })?;
        item.extend(key(chat_pk(*chat_id), format!("Q#{question_id}")));
        item.insert("expires_at".to_owned(), n(asked_at + OPEN));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        self.table.client.put_item().table_name(&self.table.name).set_item(Some(item)).send().await.context("noting a question")?;
        Ok(())
    }

    pub async fn asked(&self, question_id: Uuid) -> anyhow::Result<Option<Asked>> {
        self.read(question_key(question_id)).await.context("reading a question")
    }

    /// Answers a question; the first answer counts.
    pub async fn answer(&self, question_id: Uuid, choice: Choice, by: UserId) -> anyhow::Result<Answered> {
        let now = time::now();
        let update = self
            .update(question_key(question_id))
            .update_expression("SET choice = :choice, decided_by = :by, decided_at = :now")
            .condition_expression("attribute_exists(events) AND expires_at > :now AND (attribute_not_exists(choice) OR (decided_by = :by AND choice = :choice))")
            .expression_attribute_values(":choice", value(choice)?)
            .expression_attribute_values(":by", n(by.0))
            .expression_attribute_values(":now", n(now))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(answer) => {
                let item = answer.attributes.context("an update answers its item")?;
                return Ok(Answered::Decided(Box::new(serde_dynamo::from_item(item)?)));
            }
            Err(error) => error,
        };
        if let SdkError::ServiceError(failed) = &error
            && let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(there) = failed.err()
        {
            let asked: Option<Asked> = there.item().cloned().map(serde_dynamo::from_item).transpose()?;
            return Ok(match asked {
                Some(asked) if asked.question.choice.is_some() => Answered::Before(Box::new(asked)),
                _ => Answered::Gone,
            });
        }
        Err(error).context("answering a question")
    }
}

fn question_key(question_id: Uuid) -> Attributes {
    key(format!("QUESTION#{question_id}"), "QUESTION")
}
