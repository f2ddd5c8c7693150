//! Chats: the bot's place in them, and what they chose.

use super::assign::Assignments;
use super::rights::check_key;
use super::{Users, chat_key};
use crate::store::{Attributes, VERSION, n, s, value};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ban::Occurred;
use domain::chat::{Cause, Chat, ChatState, Community, Ignores, MOST_IGNORED, MOST_KNOWN};
use domain::ids::{ChatId, UserId};
use domain::settings::ChatSettings;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A chat as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatItem {
    pub chat_id: ChatId,
    /// As Telegram tells it.
    #[serde(default)]
    pub title: Option<String>,
    pub state: ChatState,
    #[serde(default)]
    pub migrated_to: Option<ChatId>,
    /// The group that this supergroup was.
    #[serde(default)]
    pub migrated_from: Option<ChatId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community: Option<Community>,
    #[serde(default)]
    pub settings: ChatSettings,
    /// See [`Ignores`].
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    ignored_users: BTreeSet<i64>,
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    ignored_sources: BTreeSet<i64>,
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    known_sources: BTreeSet<i64>,
    /// Counts changes of the settings, so that none is lost where two meet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) settings_revision: i64,
    /// What the last change of `state` was noticed through.
    pub cause: Cause,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Sets of ids that a chat's item has: each of a bounded size.
const SETS: [&str; 3] = ["ignored_users", "ignored_sources", "known_sources"];

/// A member of one of a chat's sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A person who is kept out.
    IgnoredUser(UserId),
    /// A source that is kept out.
    IgnoredSource(ChatId),
    /// A source that the chat knows.
    KnownSource(ChatId),
}

impl Listed {
    fn attribute(self) -> &'static str {
        let [users, sources, known] = SETS;
        match self {
            Self::IgnoredUser(_) => users,
            Self::IgnoredSource(_) => sources,
            Self::KnownSource(_) => known,
        }
    }

    fn id(self) -> i64 {
        match self {
            Self::IgnoredUser(UserId(id)) | Self::IgnoredSource(ChatId(id)) | Self::KnownSource(ChatId(id)) => id,
        }
    }

    fn most(self) -> usize {
        match self {
            Self::IgnoredUser(_) | Self::IgnoredSource(_) => MOST_IGNORED,
            Self::KnownSource(_) => MOST_KNOWN,
        }
    }
}

fn is_zero(revision: &i64) -> bool {
    *revision == 0
}

impl ChatItem {
    /// A chat that was found to be in this state now.
    pub fn new(chat_id: ChatId, state: ChatState, settings: ChatSettings) -> Self {
        let (title, migrated_to, migrated_from) = (None, None, None);
        let (ignored_users, ignored_sources, known_sources, settings_revision) = Default::default();
        Self {
            chat_id,
            title,
            state,
            migrated_to,
            migrated_from,
            community: None,
            settings,
            ignored_users,
            ignored_sources,
            known_sources,
            settings_revision,
            cause: Cause::Membership,
            updated_at: time::now(),
        }
    }
}

impl From<ChatItem> for Chat {
    fn from(item: ChatItem) -> Self {
        let title = item.settings.chat_title.clone().or(item.title);
        let users = item.ignored_users.into_iter().map(UserId).collect();
        let sources = item.ignored_sources.into_iter().map(ChatId).collect();
        let known_sources = item.known_sources.into_iter().map(ChatId).collect();
        let (chat_id, state, settings, ignores) = (item.chat_id, item.state, item.settings, Ignores { users, sources });
        let (migrated_to, migrated_from) = (item.migrated_to, item.migrated_from);
        Self { chat_id, title, state, migrated_to, migrated_from, settings, ignores, known_sources }
    }
}

impl Users {
    /// What is known of a chat.
    pub async fn chat(&self, chat: ChatId) -> anyhow::Result<Option<ChatItem>> {
        self.read(chat_key(chat)).await
    }

    /// Registers a chat; `false` where it is known.
    pub async fn add_chat(&self, chat: &ChatItem) -> anyhow::Result<bool> {
        let mut item: Attributes = serde_dynamo::to_item(chat)?;
        item.extend(chat_key(chat.chat_id));
        item.insert("version".to_owned(), n(i64::from(VERSION)));
        if chat.state.is_present() {
            item.insert("check_key".to_owned(), check_key(chat.chat_id));
        }
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("registering a chat"),
        }
    }

    /// The chats that are known.
    pub async fn chats(&self, chats: impl IntoIterator<Item = ChatId>) -> anyhow::Result<BTreeMap<ChatId, Chat>> {
        let items = self.table.get_all(chats.into_iter().map(chat_key).collect()).await?;
        let chats = items.into_iter().map(|item| serde_dynamo::from_item::<_, ChatItem>(item).map(|item| (item.chat_id, item.into())));
        Ok(chats.collect::<Result<_, _>>()?)
    }

    /// As [`Users::chats`]; of a group that became a supergroup, that one too.
    pub async fn chats_with_successors(&self, chats: impl IntoIterator<Item = ChatId>) -> anyhow::Result<BTreeMap<ChatId, Chat>> {
        let mut known = self.chats(chats).await?;
        let moved: BTreeSet<_> = known.values().filter_map(|chat| chat.migrated_to).collect();
        if !moved.is_empty() {
            known.extend(self.chats(moved).await?);
        }
        Ok(known)
    }

    /// The bot's own membership changed. An older change than the one that is known is left out.
    pub async fn set_membership(&self, chat: ChatId, title: Option<&str>, state: ChatState, occurred: &Occurred) -> anyhow::Result<()> {
        let update = in_state(chat, title, state, Cause::Membership)?
            .set("occurred", s(occurred.as_str()))
            .apply(self.update(chat_key(chat)))
            .condition_expression(
                "(attribute_not_exists(#occurred) OR #occurred < :occurred) AND (attribute_not_exists(#state) OR #state <> :migrated)",
            )
            .expression_attribute_values(":migrated", value(ChatState::Migrated)?);
        self.unless_known(update).await.map(|_| ())
    }

    /// A chat came into a community, or is in none any more. `false`: a newer change is known, and this one is left out. The newest may come again.
    pub async fn set_community(&self, chat: ChatId, community: Option<&Community>, occurred: &Occurred) -> anyhow::Result<bool> {
        let update = match community {
            Some(community) => self
                .known(chat, ", community = :community, community_occurred = :occurred")?
                .expression_attribute_values(":community", value(community)?),
            None => self.known(chat, ", community_occurred = :occurred REMOVE community")?,
        };
        let update = update
            .condition_expression("attribute_not_exists(community_occurred) OR community_occurred <= :occurred")
            .expression_attribute_values(":occurred", s(occurred.as_str()));
        self.unless_known(update).await
    }

    /// A call showed that the bot can no longer act in a chat as it could.
    pub async fn lost(&self, chat: ChatId, state: ChatState) -> anyhow::Result<()> {
        let update = in_state(chat, None, state, Cause::Sync)?
            .apply(self.update(chat_key(chat)))
            .condition_expression("attribute_not_exists(#state) OR #state = :active OR (#state = :suspended AND :suspended <> :state)")
            .expression_attribute_values(":active", value(ChatState::Active)?)
            .expression_attribute_values(":suspended", value(ChatState::Suspended)?);
        self.unless_known(update).await.map(|_| ())
    }

    /// The id that a chat has now: of a group that became a supergroup, that one's. As it is after every write that was answered.
    pub async fn present_id(&self, chat: ChatId) -> anyhow::Result<ChatId> {
        Ok(self.chat(chat).await?.and_then(|known| known.migrated_to).unwrap_or(chat))
    }

    /// The id that a supergroup had as a group, if it was one. As it is after every write that was answered.
    pub async fn former_id(&self, chat: ChatId) -> anyhow::Result<Option<ChatId>> {
        Ok(self.chat(chat).await?.and_then(|known| known.migrated_from))
    }

    /// A group became a supergroup. That one knows its former id before anybody can learn the new one from the group.
    pub async fn migrated(&self, from: ChatId, to: ChatId, title: Option<&str>) -> anyhow::Result<()> {
        let update = self
            .known(to, ", migrated_from = :from")?
            .condition_expression("attribute_not_exists(migrated_from)")
            .expression_attribute_values(":from", n(from.0));
        self.unless_known(update).await?;
        let update = in_state(from, title, ChatState::Migrated, Cause::Membership)?
            .set("migrated_to", n(to.0))
            .apply(self.update(chat_key(from)))
            .condition_expression("attribute_not_exists(#state) OR #state <> :state");
        self.unless_known(update).await.map(|_| ())
    }

    /// Gives a chat the settings of the group that it was, unless it has its own, and all that the group kept out and knew. Of that the group
    /// keeps nothing: what is let in again afterwards does not come back with a second call.
    pub async fn inherit_settings(&self, from: ChatId, to: ChatId) -> anyhow::Result<()> {
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(chat_key(from))).consistent_read(true);
        let mut item = get.send().await.context("reading a chat's settings")?.item.unwrap_or_default();
        let lists = SETS.into_iter().filter_map(|set| Some((set, item.remove(set)?)));
        let lists: Vec<_> = lists.collect();
        let settings = item.remove("settings");
        if settings.is_none() && lists.is_empty() {
            return Ok(());
        }
        let sets = |verb: &str| match lists.is_empty() {
            true => String::new(),
            false => format!(" {verb} {}", lists.iter().map(|(set, _)| format!("{set} :{set}")).collect::<Vec<_>>().join(", ")),
        };
        let with_sets = |update: UpdateItemFluentBuilder| {
            lists.iter().fold(update, |update, (set, ids)| update.expression_attribute_values(format!(":{set}"), ids.clone()))
        };
        let update = match settings {
            Some(settings) => self
                .known(to, &format!(", settings = if_not_exists(settings, :settings){}", sets("ADD")))?
                .expression_attribute_values(":settings", settings),
            None => self.known(to, &sets("ADD"))?,
        };
        self.unless_known(with_sets(update)).await?;
        if !lists.is_empty() {
            self.unless_known(with_sets(self.update(chat_key(from)).update_expression(sets("DELETE")))).await?;
        }
        Ok(())
    }

    /// Puts somebody or something on a list of a chat. `false`: the list is full.
    pub async fn enlist(&self, chat: ChatId, what: Listed) -> anyhow::Result<bool> {
        let update = self
            .known(chat, " ADD #set :one")?
            .condition_expression("attribute_not_exists(#set) OR size(#set) < :most OR contains(#set, :its)")
            .expression_attribute_values(":its", n(what.id()))
            .expression_attribute_values(":most", n(what.most() as i64));
        self.unless_known(listed(update, what)).await
    }

    /// Takes it off its list; `false`: it was not on it.
    pub async fn delist(&self, chat: ChatId, what: Listed) -> anyhow::Result<bool> {
        let update = self.update(chat_key(chat)).update_expression("DELETE #set :one").condition_expression("contains(#set, :its)");
        self.unless_known(listed(update.expression_attribute_values(":its", n(what.id())), what)).await
    }

    /// A change of a chat that may not be known yet: then it is taken as active, as any chat is of which nothing is known. `and`: goes on after
    /// the assignments of an update expression.
    fn known(&self, chat: ChatId, and: &str) -> anyhow::Result<UpdateItemFluentBuilder> {
        let update = self
            .update(chat_key(chat))
            .update_expression(format!(
                "SET chat_id = :id, #state = if_not_exists(#state, :active), cause = if_not_exists(cause, :cause), \
                 check_key = if_not_exists(check_key, :check), updated_at = if_not_exists(updated_at, :now), \
                 version = if_not_exists(version, :version){and}"
            ))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":id", n(chat.0))
            .expression_attribute_values(":check", check_key(chat))
            .expression_attribute_values(":active", value(ChatState::Active)?)
            .expression_attribute_values(":cause", value(Cause::Membership)?)
            .expression_attribute_values(":now", n(time::now()))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        Ok(update)
    }
}

fn listed(update: UpdateItemFluentBuilder, what: Listed) -> UpdateItemFluentBuilder {
    let one = AttributeValue::Ns(vec![what.id().to_string()]);
    update.expression_attribute_names("#set", what.attribute()).expression_attribute_values(":one", one)
}

/// What of a chat's item a state decides. Where the bot is not, there is nothing to check.
pub(super) fn in_state(chat: ChatId, title: Option<&str>, state: ChatState, cause: Cause) -> anyhow::Result<Assignments> {
    let assignments = Assignments::default()
        .set("chat_id", n(chat.0))
        .set("state", value(state)?)
        .set("cause", value(cause)?)
        .set("updated_at", n(time::now()))
        .set("version", n(i64::from(VERSION)))
        .put("check_key", state.is_present().then(|| check_key(chat)));
    Ok(match title {
        Some(title) => assignments.set("title", s(title)),
        None => assignments,
    })
}
