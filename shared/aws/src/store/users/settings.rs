//! What people and chats chose. A change is checked against what it meets, and written only over that: of changes that meet, none is
//! lost.

use super::assign::Assignments;
use super::{ChatItem, Profile, Users, chat_key, profile_key};
use crate::store::{Attributes, n, value};
use anyhow::bail;
use domain::ids::{ChatId, UserId};
use domain::settings::{ChatChange, Problem, UserChange};
use serde::Serialize;

/// Tries of a change that meets others; in each round of tries one gets through.
const ROUNDS: usize = 24;

/// What came of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen<T> {
    /// As it is now.
    Done(T),
    /// There is nobody to choose.
    Unknown,
    /// All that is wrong with it.
    Refused(Vec<Problem>),
}

impl Users {
    /// Changes a person's settings.
    pub async fn choose(&self, user: UserId, change: &UserChange) -> anyhow::Result<Chosen<Profile>> {
        for _ in 0..ROUNDS {
            let Some(mut profile) = self.profile(user).await? else { return Ok(Chosen::Unknown) };
            profile.settings = match profile.settings.changed(change) {
                Ok(settings) => settings,
                Err(problems) => return Ok(Chosen::Refused(problems)),
            };
            let living = "attribute_exists(user_id) AND attribute_not_exists(erased_at)";
            if self.put_settings(profile_key(user), &profile.settings, profile.settings_revision, living).await? {
                return Ok(Chosen::Done(profile));
            }
        }
        bail!("a change of settings met others {ROUNDS} times")
    }

    /// Changes a chat's settings.
    pub async fn choose_for_chat(&self, chat: ChatId, change: &ChatChange) -> anyhow::Result<Chosen<ChatItem>> {
        for _ in 0..ROUNDS {
            let Some(mut item) = self.chat(chat).await? else { return Ok(Chosen::Unknown) };
            item.settings = match item.settings.changed(change) {
                Ok(settings) => settings,
                Err(problems) => return Ok(Chosen::Refused(problems)),
            };
            if self.put_settings(chat_key(chat), &item.settings, item.settings_revision, "attribute_exists(chat_id)").await? {
                return Ok(Chosen::Done(item));
            }
        }
        bail!("a change of settings met others {ROUNDS} times")
    }

    /// `false`: they were changed since they were read, or whose they are is gone.
    async fn put_settings(&self, key: Attributes, settings: &impl Serialize, revision: i64, condition: &str) -> anyhow::Result<bool> {
        let assignments = Assignments::default().set("settings", value(settings)?).set("settings_revision", n(revision + 1));
        let read = match revision {
            0 => "attribute_not_exists(settings_revision)",
            _ => "settings_revision = :read",
        };
        let mut update = assignments.apply(self.update(key)).condition_expression(format!("{read} AND {condition}"));
        if revision != 0 {
            update = update.expression_attribute_values(":read", n(revision));
        }
        self.unless_known(update).await
    }
}
