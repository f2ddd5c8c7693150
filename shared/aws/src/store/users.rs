//! Table `users`: people and chats as Telegram shows them.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | a person's profile | `USER#<id>`, `PROFILE` |
//! | who has a username | `NAME#<lower-case username>`, `NAME`, then the profile, which knows whether it is still his |
//! | a chat: state, title, settings | `CHAT#<id>`, `CHAT` |

use super::{Attributes, Table, VERSION, key, n, s, value};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ban::Occurred;
use domain::chat::{Cause, Chat, ChatSettings, ChatState};
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// People and chats.
pub struct Users {
    table: Table,
}

/// What is known of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub user_id: UserId,
    /// First and last name.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub language_code: Option<String>,
    /// `false` after the person stopped the bot; absent while it is not known whether he ever started it.
    #[serde(default)]
    pub can_write: Option<bool>,
}

impl Profile {
    pub fn lang(&self) -> Lang {
        Lang::from_code(self.language_code.as_deref())
    }
}

/// A chat as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatItem {
    pub chat_id: ChatId,
    #[serde(default)]
    pub title: Option<String>,
    pub state: ChatState,
    #[serde(default)]
    pub migrated_to: Option<ChatId>,
    #[serde(default)]
    pub settings: ChatSettings,
    /// What the last change of `state` was noticed through.
    pub cause: Cause,
    /// Unix seconds.
    pub updated_at: i64,
}

impl From<ChatItem> for Chat {
    fn from(item: ChatItem) -> Self {
        Self { chat_id: item.chat_id, title: item.title, state: item.state, migrated_to: item.migrated_to, settings: item.settings }
    }
}

impl Users {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// Writes a person's names and language; two writes where there is a username.
    pub async fn seen(&self, profile: &Profile) -> anyhow::Result<()> {
        let optional = |text: &Option<String>| text.as_deref().map_or(AttributeValue::Null(true), s);
        self.update(profile_key(profile.user_id))
            .update_expression(
                "SET user_id = :id, #name = :name, username = :username, language_code = :language, last_seen = :now, version = :version",
            )
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":id", n(profile.user_id.0))
            .expression_attribute_values(":name", s(&profile.name))
            .expression_attribute_values(":username", optional(&profile.username))
            .expression_attribute_values(":language", optional(&profile.language_code))
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .send()
            .await
            .context("writing a profile")?;
        if let Some(username) = &profile.username {
            self.table
                .client
                .put_item()
                .table_name(&self.table.name)
                .set_item(Some(name_key(username)))
                .item("user_id", n(profile.user_id.0))
                .item("version", n(i64::from(VERSION)))
                .send()
                .await
                .context("writing a username")?;
        }
        Ok(())
    }

    /// May the bot write to this person in private?
    pub async fn set_can_write(&self, user: UserId, can_write: bool) -> anyhow::Result<()> {
        self.update(profile_key(user))
            .update_expression("SET user_id = :id, can_write = :can, version = :version")
            .expression_attribute_values(":id", n(user.0))
            .expression_attribute_values(":can", AttributeValue::Bool(can_write))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .send()
            .await
            .context("writing a profile")?;
        Ok(())
    }

    /// Whoever has this username, as far as is known. Its case does not matter.
    pub async fn by_username(&self, username: &str) -> anyhow::Result<Option<Profile>> {
        #[derive(Deserialize)]
        struct Name {
            user_id: UserId,
        }
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(name_key(username)));
        let Some(item) = get.send().await.context("looking up a username")?.item else { return Ok(None) };
        let name: Name = serde_dynamo::from_item(item)?;
        let profiles = self.profiles([name.user_id]).await?;
        // A username is given up and taken by others.
        Ok(profiles.into_values().find(|profile| profile.username.as_ref().is_some_and(|his| his.eq_ignore_ascii_case(username))))
    }

    /// The profiles of those who have one.
    pub async fn profiles(&self, users: impl IntoIterator<Item = UserId>) -> anyhow::Result<BTreeMap<UserId, Profile>> {
        let items = self.table.get_all(users.into_iter().map(profile_key).collect()).await?;
        let profiles = items.into_iter().map(|item| serde_dynamo::from_item::<_, Profile>(item).map(|profile| (profile.user_id, profile)));
        Ok(profiles.collect::<Result<_, _>>()?)
    }

    /// The chats that are known.
    pub async fn chats(&self, chats: impl IntoIterator<Item = ChatId>) -> anyhow::Result<BTreeMap<ChatId, Chat>> {
        let items = self.table.get_all(chats.into_iter().map(chat_key).collect()).await?;
        let chats = items.into_iter().map(|item| serde_dynamo::from_item::<_, ChatItem>(item).map(|item| (item.chat_id, item.into())));
        Ok(chats.collect::<Result<_, _>>()?)
    }

    /// The bot's own membership changed. An older change than the one that is known is left out.
    pub async fn set_membership(&self, chat: ChatId, title: Option<&str>, state: ChatState, occurred: &Occurred) -> anyhow::Result<()> {
        let update = self
            .set_state(chat, title, state, Cause::Membership)?
            .condition_expression(
                "(attribute_not_exists(occurred) OR occurred < :occurred) AND (attribute_not_exists(#state) OR #state <> :migrated)",
            )
            .expression_attribute_values(":occurred", s(occurred.as_str()))
            .expression_attribute_values(":migrated", value(ChatState::Migrated)?);
        let expression = update.get_update_expression().clone().unwrap_or_default();
        self.unless_known(update.update_expression(format!("{expression}, occurred = :occurred"))).await
    }

    /// A call showed that the bot can no longer act in a chat as it could.
    pub async fn lost(&self, chat: ChatId, state: ChatState) -> anyhow::Result<()> {
        let update = self
            .set_state(chat, None, state, Cause::Sync)?
            .condition_expression("attribute_not_exists(#state) OR #state = :active OR (#state = :suspended AND :suspended <> :state)")
            .expression_attribute_values(":active", value(ChatState::Active)?)
            .expression_attribute_values(":suspended", value(ChatState::Suspended)?);
        self.unless_known(update).await
    }

    /// A group became a supergroup.
    pub async fn migrated(&self, from: ChatId, to: ChatId, title: Option<&str>) -> anyhow::Result<()> {
        let update = self
            .set_state(from, title, ChatState::Migrated, Cause::Membership)?
            .condition_expression("attribute_not_exists(#state) OR #state <> :state")
            .expression_attribute_values(":to", n(to.0));
        let expression = update.get_update_expression().clone().unwrap_or_default();
        self.unless_known(update.update_expression(format!("{expression}, migrated_to = :to"))).await
    }

    /// Gives a chat the settings of the group that it was, unless it has its own. The chat may not be known yet: then it is taken as
    /// active, as any chat is of which nothing is known.
    pub async fn inherit_settings(&self, from: ChatId, to: ChatId) -> anyhow::Result<()> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(chat_key(from)));
        let item = get.send().await.context("reading a chat's settings")?.item;
        let Some(settings) = item.and_then(|mut item| item.remove("settings")) else { return Ok(()) };
        let update = self
            .update(chat_key(to))
            .update_expression(
                "SET settings = :settings, chat_id = :id, #state = if_not_exists(#state, :active), cause = if_not_exists(cause, :cause), \
                 updated_at = if_not_exists(updated_at, :now), version = if_not_exists(version, :version)",
            )
            .condition_expression("attribute_not_exists(settings)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":settings", settings)
            .expression_attribute_values(":id", n(to.0))
            .expression_attribute_values(":active", value(ChatState::Active)?)
            .expression_attribute_values(":cause", value(Cause::Membership)?)
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        self.unless_known(update).await
    }

    fn set_state(&self, chat: ChatId, title: Option<&str>, state: ChatState, cause: Cause) -> anyhow::Result<UpdateItemFluentBuilder> {
        let expression = "SET chat_id = :id, #state = :state, cause = :cause, updated_at = :now, version = :version";
        let update = self
            .update(chat_key(chat))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":id", n(chat.0))
            .expression_attribute_values(":state", value(state)?)
            .expression_attribute_values(":cause", value(cause)?)
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(match title {
            Some(title) => {
                update.update_expression(format!("{expression}, title = :title")).expression_attribute_values(":title", s(title))
            }
            None => update.update_expression(expression),
        })
    }

    fn update(&self, key: Attributes) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(key))
    }

    /// Where the condition does not hold, what was to be told is known or outdated.
    async fn unless_known(&self, update: UpdateItemFluentBuilder) -> anyhow::Result<()> {
        match update.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if matches!(error.err(), UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(error).context("writing a chat"),
        }
    }
}

fn profile_key(user: UserId) -> Attributes {
    key(format!("USER#{user}"), "PROFILE")
}

fn chat_key(chat: ChatId) -> Attributes {
    key(format!("CHAT#{chat}"), "CHAT")
}

fn name_key(username: &str) -> Attributes {
    key(format!("NAME#{}", username.to_ascii_lowercase()), "NAME")
}
