//! Erasing a person. In the place of his profile a tombstone stays, which holds his id and the moment, so that updates do not write him
//! again. Whatever other concerns hold on him goes part by part; how far that has come is in the same item, and each step of it an event.

use super::assign::Assignments;
use super::{Profile, Users, name_key, profile_key};
use crate::store::{VERSION, n, s};
use crate::time;
use anyhow::{Context, bail};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::ids::UserId;
use serde::Deserialize;

/// Tries of an erasure that meets changes of the profile.
const ROUNDS: usize = 8;

/// How far the erasure of a person has come, as it stands in his item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Erasing {
    pub user_id: UserId,
    /// Since when, Unix seconds; what is newer is not erased.
    pub erasing_at: i64,
    /// Parts that are done.
    pub erase_round: u32,
}

impl Users {
    /// Erases a person's profile, settings and username, known or not, and begins to erase the rest: since when, Unix seconds. Of one
    /// who was erased before, what others told since goes; while that is under way, nothing new begins.
    pub async fn erase(&self, user: UserId) -> anyhow::Result<i64> {
        for _ in 0..ROUNDS {
            let known: Option<Profile> = self.read(profile_key(user)).await?;
            if let Some(Profile { erased_at: Some(_), erasing_at: Some(since), .. }) = known {
                return Ok(since);
            }
            let username = match known.and_then(|known| known.username) {
                Some(username) if self.has_username(user, &username).await? => Some(username),
                _ => None,
            };
            let erased_at = time::now();
            if self.bury(user, username.as_deref(), erased_at).await? {
                return Ok(erased_at);
            }
        }
        bail!("an erasure met changes of the profile {ROUNDS} times")
    }

    async fn has_username(&self, user: UserId, username: &str) -> anyhow::Result<bool> {
        Ok(self.by_username(username).await?.is_some_and(|profile| profile.user_id == user))
    }

    /// `false`: the profile or the username changed since they were read.
    async fn bury(&self, user: UserId, username: Option<&str>, erased_at: i64) -> anyhow::Result<bool> {
        let mut tombstone = profile_key(user);
        tombstone.extend([
            ("user_id".to_owned(), n(user.0)),
            ("erased_at".to_owned(), n(erased_at)),
            ("erasing_at".to_owned(), n(erased_at)),
            ("erase_round".to_owned(), n(0)),
            ("version".to_owned(), n(i64::from(VERSION))),
        ]);
        let put = Put::builder().table_name(&self.table.name).set_item(Some(tombstone));
        let put = match username {
            Some(username) => put.condition_expression("username = :username").expression_attribute_values(":username", s(username)),
            // Who comes back now, or was erased by another call, is met again.
            None => put.condition_expression("attribute_not_exists(erased_at) OR attribute_not_exists(erasing_at)"),
        };
        let mut writes = vec![TransactWriteItem::builder().put(put.build()?).build()];
        if let Some(username) = username {
            let delete = Delete::builder()
                .table_name(&self.table.name)
                .set_key(Some(name_key(username)))
                .condition_expression("user_id = :user")
                .expression_attribute_values(":user", n(user.0));
            writes.push(TransactWriteItem::builder().delete(delete.build()?).build());
        }
        match self.table.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.as_service_error(), Some(TransactWriteItemsError::TransactionCanceledException(_))) => Ok(false),
            Err(error) => Err(error).context("erasing a profile"),
        }
    }

    /// A part of the erasure is done: the next one is to follow. Where it was told before, nothing happens.
    pub async fn erased_part(&self, erasing: &Erasing) -> anyhow::Result<()> {
        let update = Assignments::default()
            .set("erase_round", n(i64::from(erasing.erase_round) + 1))
            .apply(self.update(profile_key(erasing.user_id)))
            .condition_expression("erasing_at = :at AND erase_round = :done")
            .expression_attribute_values(":at", n(erasing.erasing_at))
            .expression_attribute_values(":done", n(i64::from(erasing.erase_round)));
        self.unless_known(update).await.map(|_| ())
    }

    /// Nothing is left to erase.
    pub async fn erased_all(&self, erasing: &Erasing) -> anyhow::Result<()> {
        let update = self
            .update(profile_key(erasing.user_id))
            .update_expression("REMOVE erasing_at, erase_round")
            .condition_expression("erasing_at = :at")
            .expression_attribute_values(":at", n(erasing.erasing_at));
        self.unless_known(update).await.map(|_| ())
    }
}
