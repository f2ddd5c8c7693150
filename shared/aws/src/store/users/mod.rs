//! Table `users`: people and chats as Telegram shows them, who is an administrator where, and what people and chats chose.
//!
//! | access | by |
//! |---|---|
//! | does the store answer? | GetItem of an item that is not there |
//! | a person's profile and settings, or that they were erased | GetItem, BatchGetItem `USER#<id>`, `PROFILE` |
//! | a person was seen, unchanged | UpdateItem on the profile, if it says the same |
//! | a person changed, is registered | UpdateItem on the profile; the username's item where that changed |
//! | who has a username | GetItem `NAME#<lower-case username>`, `NAME`, then the profile, which knows whether it is still his |
//! | a username is taken, or given up | UpdateItem on its item, a second one where it changes hands |
//! | erase a person | transaction: tombstone in the place of the profile, no username |
//! | a chat: state, title, settings | GetItem, BatchGetItem, UpdateItem `CHAT#<id>`, `CHAT` |
//! | the id that a chat has now, or had as a group | GetItem on the chat |
//! | a group became a supergroup, which gets what the group chose | UpdateItem on both |
//! | keep a person or a source out of a chat's bans, know a source | UpdateItem on the chat |
//! | chats whose check is due: those where the bot is, as far as is known | Query `by_check`: `check_key` and `chat_id`; with their state |
//! | a page of the chats where the bot is | Query `by_check`, shard after shard, then BatchGetItem on the chats |
//! | the bot's rights in a chat were looked at, and were others | UpdateItem on the chat |
//! | an administrator's role in a chat | GetItem, UpdateItem `CHAT#<chat>`, `ADMIN#<user>` |
//! | a chat's administrators | Query `CHAT#<chat>`, `ADMIN#…` |
//! | a person's roles | Query `by_admin`: `admin_key` |
//!
//! Settings are in the item of whose they are: whoever writes to a person or bans in a chat reads both at once.

mod admins;
mod assign;
mod chats;
mod erase;
mod profiles;
mod rights;
mod settings;
mod usernames;

pub use admins::AdminItem;
pub use chats::{ChatItem, Listed};
pub use erase::Erasing;
pub use profiles::{Created, Profile, Seen};
pub use rights::KnownRights;
pub use settings::Chosen;
pub use usernames::Holder;

use super::{Attributes, Table, key};
use crate::Aws;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::ids::{ChatId, UserId};
use serde::de::DeserializeOwned;

/// People and chats.
pub struct Users {
    table: Table,
}

impl Users {
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Does the store answer?
    pub async fn reachable(&self) -> anyhow::Result<()> {
        self.table.reachable(key("HEALTH", "HEALTH")).await
    }

    /// The item as it is after every write that was answered.
    async fn read<T: DeserializeOwned>(&self, key: Attributes) -> anyhow::Result<Option<T>> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(key)).consistent_read(true);
        let item = get.send().await.with_context(|| format!("reading an item of {}", self.table.name))?.item;
        Ok(item.map(serde_dynamo::from_item).transpose()?)
    }

    fn update(&self, key: Attributes) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).set_key(Some(key))
    }

    /// Where the condition does not hold, what was to be told is known or outdated. `true`: it is written.
    async fn unless_known(&self, update: UpdateItemFluentBuilder) -> anyhow::Result<bool> {
        match update.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).with_context(|| format!("writing an item of {}", self.table.name)),
        }
    }
}

fn profile_key(user: UserId) -> Attributes {
    key(format!("USER#{user}"), "PROFILE")
}

fn chat_key(chat: ChatId) -> Attributes {
    key(format!("CHAT#{chat}"), "CHAT")
}

fn admin_key(chat: ChatId, user: UserId) -> Attributes {
    key(format!("CHAT#{chat}"), format!("ADMIN#{user}"))
}

fn name_key(username: &str) -> Attributes {
    key(format!("NAME#{}", username.to_ascii_lowercase()), "NAME")
}
