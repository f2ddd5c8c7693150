//! Who has which username. Telegram's usernames are given up and taken by others: who was seen with it last has it. That it has changed hands is kept
//! for a while without a word on whose it was: an admin who names it may mean the one who had it before.

use super::{Profile, Users, name_key, profile_key};
use crate::store::{n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::UserId;
use serde::Deserialize;

/// How long a username that has changed hands is uncertain, in seconds: messages that show it with its former owner are scrolled back to for weeks.
const UNCERTAIN: i64 = 30 * 24 * 3600;

#[derive(Deserialize)]
struct Name {
    /// `None`: it was given up.
    #[serde(default)]
    user_id: Option<UserId>,
    /// When it changed hands last, Unix seconds.
    #[serde(default)]
    taken_at: Option<i64>,
}

/// The person who has a username, as far as is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    pub profile: Profile,
    /// When they were first seen with it, Unix seconds, where it was another person's not long before.
    pub taken_at: Option<i64>,
}

impl Users {
    /// Whoever has this username, as far as is known. Its case does not matter.
    pub async fn by_username(&self, username: &str) -> anyhow::Result<Option<Profile>> {
        Ok(self.holder(username).await?.map(|holder| holder.profile))
    }

    /// As [`Users::by_username`], and whether it has changed hands lately.
    pub async fn holder(&self, username: &str) -> anyhow::Result<Option<Holder>> {
        let Some(Name { user_id: Some(user), taken_at }) = self.read::<Name>(name_key(username)).await? else { return Ok(None) };
        let profile = self.profile(user).await?.filter(|profile| has(profile, username));
        let taken_at = taken_at.filter(|at| time::now() - at < UNCERTAIN);
        Ok(profile.map(|profile| Holder { profile, taken_at }))
    }

    /// A person's username changes.
    pub(super) async fn rename(&self, user: UserId, before: Option<&str>, now: Option<&str>) -> anyhow::Result<()> {
        if before == now {
            return Ok(());
        }
        if let Some(now) = now {
            self.claim(user, now).await?;
        }
        match before {
            Some(before) if !now.is_some_and(|now| now.eq_ignore_ascii_case(before)) => self.give_up(user, before).await,
            _ => Ok(()),
        }
    }

    /// The username is this person's now, and nobody else's. The first write holds where it was nobody's, or theirs; the second where it has
    /// changed hands: done again, the first holds.
    async fn claim(&self, user: UserId, username: &str) -> anyhow::Result<()> {
        let theirs = self.name(user, username, "SET user_id = :user, version = :version REMOVE expires_at");
        let theirs = theirs
            .condition_expression("attribute_not_exists(pk) OR user_id = :user OR expires_at < :now")
            .expression_attribute_values(":now", n(time::now()));
        if self.unless_known(theirs).await? {
            return Ok(());
        }
        let taken = self
            .name(user, username, "SET user_id = :user, version = :version, taken_at = :now REMOVE expires_at")
            .expression_attribute_values(":now", n(time::now()))
            .return_values(ReturnValue::AllOld);
        let before: Option<Name> = taken.send().await.context("writing a username")?.attributes.map(serde_dynamo::from_item).transpose()?;
        match before.and_then(|before| before.user_id) {
            Some(former) if former != user => self.lose(former, username).await,
            _ => Ok(()),
        }
    }

    /// A change of a username's item by this person.
    fn name(&self, user: UserId, username: &str, expression: &str) -> UpdateItemFluentBuilder {
        self.update(name_key(username))
            .update_expression(expression)
            .expression_attribute_values(":user", n(user.0))
            .expression_attribute_values(":version", n(i64::from(crate::store::VERSION)))
    }

    /// Another one has the username: a profile that still told of it would not notice when it comes back.
    async fn lose(&self, user: UserId, username: &str) -> anyhow::Result<()> {
        let Some(Profile { username: Some(his), .. }) = self.profile(user).await?.filter(|profile| has(profile, username)) else {
            return Ok(());
        };
        let update = self
            .update(profile_key(user))
            .update_expression("REMOVE username SET updated_at = :now")
            .condition_expression("username = :his")
            .expression_attribute_values(":his", s(his))
            .expression_attribute_values(":now", n(time::now()));
        self.unless_known(update).await.map(|_| ())
    }

    /// The username is nobody's, if it was this person's: for a while it is kept that it was somebody's.
    async fn give_up(&self, user: UserId, username: &str) -> anyhow::Result<()> {
        let update = self
            .name(user, username, "SET expires_at = :expires, version = :version REMOVE user_id, taken_at")
            .condition_expression("user_id = :user")
            .expression_attribute_values(":expires", n(time::now() + UNCERTAIN));
        self.unless_known(update).await.map(|_| ())
    }

    /// Nothing is kept of a username, if it was this person's.
    pub(super) async fn release(&self, user: UserId, username: &str) -> anyhow::Result<()> {
        let delete = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(name_key(username)))
            .condition_expression("user_id = :user")
            .expression_attribute_values(":user", n(user.0));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("giving a username up"),
        }
    }
}

fn has(profile: &Profile, username: &str) -> bool {
    profile.username.as_ref().is_some_and(|his| his.eq_ignore_ascii_case(username))
}
