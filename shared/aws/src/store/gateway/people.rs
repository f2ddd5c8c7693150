//! One sync at a time acts on a person.

use super::{Gateway, WINDOW_KEPT, pk};
use crate::store::{n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::UserId;
use uuid::Uuid;

/// Who has taken a person and has not let him go by then is taken for dead, in milliseconds; longer than a worker's time-out.
const HELD_MS: i64 = 70_000;

/// Whether a person is taken: see [`Gateway::take_person`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nobody else had him since this sync had him last.
    Mine,
    /// Another sync acted on him before.
    FromAnother,
    /// Another sync acts on him now.
    No,
}

impl Gateway {
    /// Takes a person for one sync, whose workers share him. Each that has taken him lets him go.
    ///
    /// What a sync sees of a person in a chat, what it does there and what it writes into the ledger are one thing to other syncs.
    pub async fn take_person(&self, user: UserId, sync_id: Uuid) -> anyhow::Result<Taken> {
        let now = time::now_ms();
        let free = "attribute_not_exists(holder) OR holders <= :none OR (holder = :sync AND held_until_ms >= :now)";
        let join = self
            .person(user, sync_id, now)
            .update_expression("SET holder = :sync, held_until_ms = :until, expires_at = :expires ADD holders :one")
            .condition_expression(free)
            .expression_attribute_values(":none", n(0));
        match taken(join.send().await, sync_id)? {
            Taken::No => {}
            taken => return Ok(taken),
        }
        // The one who had him has died, perhaps.
        let inherit = self
            .person(user, sync_id, now)
            .update_expression("SET holder = :sync, held_until_ms = :until, expires_at = :expires, holders = :one")
            .condition_expression("held_until_ms < :now");
        taken(inherit.send().await, sync_id)
    }

    /// See [`Gateway::take_person`].
    pub async fn let_person_go(&self, user: UserId, sync_id: Uuid) -> anyhow::Result<()> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(format!("PERSON#{user}"))))
            .update_expression("ADD holders :less")
            .condition_expression("holder = :sync AND holders > :none")
            .expression_attribute_values(":less", n(-1))
            .expression_attribute_values(":none", n(0))
            .expression_attribute_values(":sync", s(sync_id));
        taken(update.send().await, sync_id).map(drop)
    }

    fn person(&self, user: UserId, sync_id: Uuid, now: i64) -> UpdateItemFluentBuilder {
        self.table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(pk(format!("PERSON#{user}"))))
            .expression_attribute_values(":sync", s(sync_id))
            .expression_attribute_values(":until", n(now + HELD_MS))
            .expression_attribute_values(":expires", n(now / 1000 + WINDOW_KEPT))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllOld)
    }
}

/// Did the condition hold, and who was there before?
fn taken(answer: Result<UpdateItemOutput, SdkError<UpdateItemError>>, sync_id: Uuid) -> anyhow::Result<Taken> {
    match answer {
        Ok(answer) => {
            let before = answer.attributes.as_ref().and_then(|item| item.get("holder")?.as_s().ok());
            Ok(if before.is_none_or(|before| *before == sync_id.to_string()) { Taken::Mine } else { Taken::FromAnother })
        }
        Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(Taken::No),
        Err(error) => Err(error).context("taking a person, or letting him go"),
    }
}
