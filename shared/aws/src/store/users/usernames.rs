//! Who has which username. Telegram's usernames are given up and taken by others: who was seen with it last has it.

use super::{Profile, Users, name_key, profile_key};
use crate::store::{n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::UserId;
use serde::Deserialize;

#[derive(Deserialize)]
struct Name {
    user_id: UserId,
}

impl Users {
    /// Whoever has this username, as far as is known. Its case does not matter.
    pub async fn by_username(&self, username: &str) -> anyhow::Result<Option<Profile>> {
        let Some(name) = self.read::<Name>(name_key(username)).await? else { return Ok(None) };
        Ok(self.profile(name.user_id).await?.filter(|profile| has(profile, username)))
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
            Some(before) if !now.is_some_and(|now| now.eq_ignore_ascii_case(before)) => self.release(user, before).await,
            _ => Ok(()),
        }
    }

    /// The username is this person's now, and nobody else's.
    async fn claim(&self, user: UserId, username: &str) -> anyhow::Result<()> {
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(name_key(username)))
            .item("user_id", n(user.0))
            .item("version", n(i64::from(crate::store::VERSION)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .context("writing a username")?;
        let before: Option<Name> = put.attributes.map(serde_dynamo::from_item).transpose()?;
        match before {
            Some(Name { user_id }) if user_id != user => self.lose(user_id, username).await,
            _ => Ok(()),
        }
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

    /// The username is nobody's, if it was this person's.
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
