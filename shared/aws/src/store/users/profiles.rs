//! People: their names, kept as Telegram last told them.

use super::assign::Assignments;
use super::{Users, profile_key};
use crate::store::{n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::UserId;
use domain::lang::Lang;
use domain::profile::{ProfileChange, full_name};
use domain::settings::UserSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Schema version of profiles written now. Version 1 had first and last name in one attribute, `name`; it reads as it is, and becomes
/// version 2 when the person is seen or changed next.
const VERSION: i64 = 2;

/// What is known of a person, and what he chose; or that it was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub user_id: UserId,
    #[serde(default)]
    pub first_name: String,
    #[serde(default)]
    pub last_name: Option<String>,
    /// Of version 1: both names.
    #[serde(default, rename = "name")]
    both_names: Option<String>,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub language_code: Option<String>,
    #[serde(default)]
    pub is_bot: bool,
    /// `false` after an operator deactivated him.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// `false` after the person stopped the bot; absent while it is not known whether he ever started it.
    #[serde(default)]
    pub can_write: Option<bool>,
    #[serde(default)]
    pub settings: UserSettings,
    /// Counts changes of the settings, so that none is lost where two meet.
    #[serde(default)]
    pub(super) settings_revision: i64,
    /// Unix seconds, as those that follow.
    #[serde(default)]
    pub created_at: Option<i64>,
    /// When a name, the language or a flag changed.
    #[serde(default)]
    pub updated_at: Option<i64>,
    #[serde(default)]
    pub last_seen: Option<i64>,
    /// He asked to be forgotten: nothing but this is kept, and nothing is written any more until he comes back.
    #[serde(default)]
    pub erased_at: Option<i64>,
    /// The rest of what is held on him is being erased since then.
    #[serde(default)]
    pub(super) erasing_at: Option<i64>,
}

fn yes() -> bool {
    true
}

impl Profile {
    /// What he is called; empty where nothing is known.
    pub fn name(&self) -> String {
        match &self.both_names {
            Some(name) if self.first_name.is_empty() => name.clone(),
            _ => full_name(&self.first_name, self.last_name.as_deref(), self.username.as_deref()),
        }
    }

    /// The language he is spoken to in.
    pub fn lang(&self) -> Lang {
        self.lang_about(None)
    }

    /// The same of something about a chat that has chosen this language.
    pub fn lang_about(&self, chat: Option<Lang>) -> Lang {
        Lang::about(self.settings.language, self.language_code.as_deref(), chat)
    }

    /// May he be written to? What of it he wants is among his settings.
    pub fn takes_messages(&self) -> bool {
        self.is_active && self.erased_at.is_none()
    }
}

/// What came of having seen a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// He is known now, and has chosen this language, or none.
    Known(Option<Lang>),
    /// He asked to be forgotten: nothing is written.
    Erased,
}

/// What came of registering a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    New(Box<Profile>),
    Exists,
    /// He asked to be forgotten: only he himself can begin anew.
    Erased,
}

impl Users {
    /// A person wrote, under these names. One write where they are known; a second one where a name changed, and a third and fourth for
    /// a username. Where he is erased, nothing is written.
    pub async fn seen(&self, user: UserId, names: &ProfileChange) -> anyhow::Result<Seen> {
        let same = |name: &str, value: &Option<Option<String>>| match value {
            Some(Some(_)) => format!("{name} = :{name}"),
            _ => format!("attribute_not_exists({name})"),
        };
        let condition = format!(
            "attribute_not_exists(erased_at) AND first_name = :first_name AND {} AND {} AND {}",
            same("last_name", &names.last_name),
            same("username", &names.username),
            same("language_code", &names.language_code)
        );
        let mut update = self
            .update(profile_key(user))
            .update_expression("SET last_seen = :now")
            .condition_expression(condition)
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":first_name", s(names.first_name.clone().unwrap_or_default()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in [(":last_name", &names.last_name), (":username", &names.username), (":language_code", &names.language_code)] {
            if let Some(Some(text)) = value {
                update = update.expression_attribute_values(name, s(text));
            }
        }
        let known: Option<Profile> = match update.send().await {
            Ok(answer) => {
                let profile: Option<Profile> = answer.attributes.map(serde_dynamo::from_item).transpose()?;
                return Ok(Seen::Known(profile.and_then(|profile| profile.settings.language)));
            }
            Err(error) => refused(error)?.map(serde_dynamo::from_item).transpose()?,
        };
        if known.as_ref().is_some_and(|known| known.erased_at.is_some()) {
            return Ok(Seen::Erased);
        }
        let assignments = Assignments::default().set("last_seen", n(time::now()));
        let written = self.write(user, known.as_ref(), names, assignments, "attribute_not_exists(erased_at)").await?;
        Ok(written.map_or(Seen::Erased, |profile| Seen::Known(profile.settings.language)))
    }

    /// Registers a person who is not known yet.
    pub async fn create(&self, user: UserId, profile: &ProfileChange) -> anyhow::Result<Created> {
        let refused = |known: Profile| if known.erased_at.is_some() { Created::Erased } else { Created::Exists };
        if let Some(known) = self.read(profile_key(user)).await? {
            return Ok(refused(known));
        }
        match self.write(user, None, profile, Assignments::default(), "attribute_not_exists(pk)").await? {
            Some(profile) => Ok(Created::New(Box::new(profile))),
            None => Ok(self.read(profile_key(user)).await?.map_or(Created::Exists, refused)),
        }
    }

    /// Changes what is known of a person: as it is then, or `None` where nothing is known, or he is erased.
    pub async fn change(&self, user: UserId, change: &ProfileChange) -> anyhow::Result<Option<Profile>> {
        let Some(known) = self.profile(user).await? else { return Ok(None) };
        let condition = "attribute_exists(user_id) AND attribute_not_exists(erased_at)";
        self.write(user, Some(&known), change, Assignments::default(), condition).await
    }

    /// What is known of a person; `None` where that is nothing, or he is erased.
    pub async fn profile(&self, user: UserId) -> anyhow::Result<Option<Profile>> {
        Ok(self.held(user).await?.filter(|profile| profile.erased_at.is_none()))
    }

    /// All that stands in the place of a person's profile: it, or that he is erased.
    pub async fn held(&self, user: UserId) -> anyhow::Result<Option<Profile>> {
        self.read(profile_key(user)).await
    }

    /// The profiles of those who have one; of those who are erased, that they are.
    pub async fn profiles(&self, users: impl IntoIterator<Item = UserId>) -> anyhow::Result<BTreeMap<UserId, Profile>> {
        let items = self.table.get_all(users.into_iter().map(profile_key).collect()).await?;
        let profiles = items.into_iter().map(|item| serde_dynamo::from_item::<_, Profile>(item).map(|profile| (profile.user_id, profile)));
        Ok(profiles.collect::<Result<_, _>>()?)
    }

    /// May the bot write to this person in private?
    pub async fn set_can_write(&self, user: UserId, can_write: bool) -> anyhow::Result<()> {
        let assignments = Assignments::default()
            .set("user_id", n(user.0))
            .set("can_write", AttributeValue::Bool(can_write))
            .set_once("version", n(VERSION));
        let update = assignments.apply(self.update(profile_key(user))).condition_expression("attribute_not_exists(erased_at)");
        self.unless_known(update).await.map(|_| ())
    }

    /// A person started the bot in private: it may write to him, and if he was erased, he begins anew. What of the erasure is still under
    /// way goes on.
    pub async fn begin(&self, user: UserId) -> anyhow::Result<()> {
        let assignments = Assignments::default()
            .set("user_id", n(user.0))
            .set("can_write", AttributeValue::Bool(true))
            .set_once("version", n(VERSION))
            .remove("erased_at");
        assignments.apply(self.update(profile_key(user))).send().await.context("beginning a profile")?;
        Ok(())
    }

    /// Writes `change` over what is `known`. `None`: the condition does not hold. The username's item goes first, so that a username that
    /// could not be written comes again with the next change.
    async fn write(
        &self,
        user: UserId,
        known: Option<&Profile>,
        change: &ProfileChange,
        assignments: Assignments,
        condition: &str,
    ) -> anyhow::Result<Option<Profile>> {
        let before = known.and_then(|known| known.username.as_deref());
        if let Some(now) = &change.username {
            self.rename(user, before, now.as_deref()).await?;
        }
        let text = |text: &Option<String>| text.as_deref().map(s);
        let mut assignments = assignments
            .set("user_id", n(user.0))
            .set("updated_at", n(time::now()))
            .set_once("created_at", n(time::now()))
            .set("version", n(VERSION));
        if let Some(first) = &change.first_name {
            assignments = assignments.set("first_name", s(first)).remove("name");
        }
        for (name, value) in [("last_name", &change.last_name), ("username", &change.username), ("language_code", &change.language_code)] {
            if let Some(value) = value {
                assignments = assignments.put(name, text(value));
            }
        }
        for (name, value) in [("is_bot", change.is_bot), ("is_active", change.is_active)] {
            if let Some(value) = value {
                assignments = assignments.set(name, AttributeValue::Bool(value));
            }
        }
        let update = assignments
            .apply(self.update(profile_key(user)))
            .condition_expression(condition)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(answer) => return Ok(answer.attributes.map(serde_dynamo::from_item).transpose()?),
            Err(error) => error,
        };
        let met: Option<Profile> = refused(error)?.map(serde_dynamo::from_item).transpose()?;
        // He was erased in between: nothing of this may stay.
        if let (Some(Some(username)), Some(Profile { erased_at: Some(_), .. })) = (&change.username, met) {
            self.release(user, username).await?;
        }
        Ok(None)
    }
}

/// The item whose condition did not hold, where that is what failed.
fn refused(error: SdkError<UpdateItemError>) -> anyhow::Result<Option<crate::store::Attributes>> {
    match error {
        SdkError::ServiceError(error) if error.err().is_conditional_check_failed_exception() => Ok(match error.into_err() {
            UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
            _ => None,
        }),
        error => Err(error).context("writing a profile"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_version_1_reads_with_its_name_and_as_active() {
        let json = r#"{"user_id":5,"name":"Mal Lory","username":"Mallory","language_code":"en","last_seen":9,"version":1}"#;
        let profile: Profile = serde_json::from_str(json).unwrap();
        assert_eq!((profile.name(), profile.lang(), profile.is_active), ("Mal Lory".to_owned(), Lang::En, true));
        assert!(profile.takes_messages());
    }

    #[test]
    fn who_is_erased_or_deactivated_is_not_written_to() {
        let of = |more: &str| serde_json::from_str::<Profile>(&format!(r#"{{"user_id":5{more}}}"#)).unwrap().takes_messages();
        assert!(of(""));
        assert!(!of(r#","erased_at":9"#));
        assert!(!of(r#","is_active":false"#));
    }
}
