//! What an admin changes on the page, by the rules of the bot's commands and buttons.

use super::chats::settings;
use super::refusal::Refusal;
use super::{Answer, person};
use crate::Webhook;
use crate::bot::action::InChat;
use crate::bot::follow::{cannot_follow, subscription};
use crate::bot::read::Meant;
use crate::bot::{Asker, Room, Screen};
use crate::look::Looked;
use aws::store::subscriptions::Followed;
use aws::store::users::{Chosen, Listed};
use domain::chat::{MOST_IGNORED, MOST_KNOWN};
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member::Status;
use domain::question::{self, Button};
use domain::settings::{ChatChange, NewSources, ShareBans, SyncBanType};
use domain::subscription::{CannotFollow, MAX_PER_ADMIN, Mode};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use telegram::text;
use telegram::update::Target;
use uuid::Uuid;

/// Choices that are to change; those left out stay.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsChange {
    auto_sync_enabled: Option<bool>,
    require_confirmation: Option<bool>,
    sync_unban: Option<bool>,
    spare_bots: Option<bool>,
    new_sources: Option<NewSources>,
    share_bans: Option<ShareBans>,
    sync_ban_type: Option<SyncBanType>,
    #[serde(deserialize_with = "given")]
    ban_duration_seconds: Option<Option<i64>>,
    sync_delay_seconds: Option<i64>,
    kick_seconds: Option<i64>,
    #[serde(deserialize_with = "given")]
    language: Option<Option<Lang>>,
    timezone: Option<String>,
}

/// Tells `null` (inner `None`) from a field that is left out (outer `None`).
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<SettingsChange> for ChatChange {
    fn from(change: SettingsChange) -> Self {
        Self {
            auto_sync_enabled: change.auto_sync_enabled,
            require_confirmation: change.require_confirmation,
            sync_unban: change.sync_unban,
            spare_bots: change.spare_bots,
            new_sources: change.new_sources,
            share_bans: change.share_bans,
            sync_ban_type: change.sync_ban_type,
            ban_duration_seconds: change.ban_duration_seconds,
            sync_delay_seconds: change.sync_delay_seconds,
            kick_seconds: change.kick_seconds,
            language: change.language,
            timezone: change.timezone,
            chat_title: None,
            settings: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFollow {
    /// An id, or `@username`.
    who: String,
    #[serde(default)]
    mode: Mode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeChange {
    mode: Mode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The sync that has banned.
    sync_id: Uuid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    choice: question::Choice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceChange {
    to: Standing,
}

/// What becomes of a source.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Blocked,
    Unblocked,
    /// Its next ban is not asked about.
    Known,
    /// Its next ban is a first one again.
    Unknown,
}

impl Webhook {
    /// A chat where the asker may do `what`, now.
    async fn room_for(&self, asker: &Asker, chat: ChatId, what: &InChat) -> Result<Room, Refusal> {
        let (room, member) = self.room_of(asker, chat).await?;
        if what.needs_right_to_ban() && !member.may_ban() {
            return Err(Refusal::forbidden(Screen::text(text!(asker.lang, "may-not-decide")).into()));
        }
        Ok(room)
    }

    pub(super) async fn web_settings(&self, asker: &Asker, chat: ChatId, change: SettingsChange) -> Result<Answer, Refusal> {
        let room = self.room_for(asker, chat, &InChat::Settings).await?;
        match self.choose_in(&room, &change.into()).await? {
            Chosen::Done(item) => Ok(Answer::Json(json!({ "settings": settings(&item.settings) }))),
            Chosen::Refused(problems) => {
                let fields = problems.iter().map(|problem| problem.field).collect::<Vec<_>>().join(", ");
                Err(Refusal::against(&text!(asker.lang, "web-settings-refused", fields = fields)))
            }
            Chosen::Unknown => Err(Refusal::not_found(asker.lang)),
        }
    }

    pub(super) async fn web_follow(&self, asker: &Asker, chat: ChatId, follow: NewFollow) -> Result<Answer, Refusal> {
        let lang = asker.lang;
        let room = self.room_for(asker, chat, &InChat::Follow { users: Vec::new(), mode: follow.mode }).await?;
        let user = self.web_named(asker, &follow.who).await?;
        // As before the bot's own preview.
        subscription(asker, &room, user).check(self.telegram.bot()).map_err(|why| Refusal::against(&cannot_follow(lang, why)))?;
        if let Looked::There(here) = self.look_at(room.id, user).await?
            && matches!(here.member.status, Status::Creator | Status::Administrator)
        {
            return Err(Refusal::against(&cannot_follow(lang, CannotFollow::ChatAdmin)));
        }
        let result = match self.follow_one(asker, &room, user, follow.mode).await? {
            Followed::New => "new",
            Followed::Already => "already",
            Followed::LimitReached => return Err(Refusal::against(&text!(lang, "limit-reached", most = MAX_PER_ADMIN))),
        };
        let mut followed = self.web_followed(asker, &room, user).await?;
        followed["result"] = result.into();
        Ok(Answer::Json(followed))
    }

    /// The person whom somebody has typed.
    async fn web_named(&self, asker: &Asker, typed: &str) -> Result<UserId, Refusal> {
        let typed = typed.trim();
        let target = match (typed.parse(), typed.strip_prefix('@')) {
            (Ok(id), _) => Target::Id(UserId(id)),
            (_, Some(username)) if domain::profile::is_username(username) => Target::Username(username.to_owned()),
            _ => return Err(Refusal::against(&text!(asker.lang, "web-who"))),
        };
        match self.named(asker, &target, "subscribe").await? {
            Meant::One(user) => Ok(user),
            Meant::OneOf(text, people) => {
                let ids = people.iter().map(|(user, _)| user.to_string()).collect::<Vec<_>>().join(", ");
                Err(Refusal::new(409, "unclear", &format!("{text} {ids}")))
            }
        }
    }

    pub(super) async fn web_set_mode(&self, asker: &Asker, chat: ChatId, user: UserId, change: ModeChange) -> Result<Answer, Refusal> {
        let room = self.room_for(asker, chat, &InChat::SetMode { user, mode: change.mode }).await?;
        self.subscriptions.set_mode(&subscription(asker, &room, user), change.mode).await?;
        self.web_followed(asker, &room, user).await.map(Answer::Json)
    }

    /// Needs no right: it takes nothing from anybody.
    pub(super) async fn web_unfollow(&self, asker: &Asker, chat: ChatId, user: UserId) -> Result<Answer, Refusal> {
        let room = self.room_of_anybody(chat).await?;
        match self.subscriptions.unfollow(&subscription(asker, &room, user)).await? {
            true => Ok(Answer::Json(json!({}))),
            false => Err(Refusal::not_found(asker.lang)),
        }
    }

    pub(super) async fn web_undo(&self, asker: &Asker, chat: ChatId, undo: Undo) -> Result<Answer, Refusal> {
        let room = self.room_for(asker, chat, &InChat::Undo { user: None }).await?;
        let nothing = || Refusal::not_found(asker.lang);
        let summary = self.syncs.summary(undo.sync_id).await?.ok_or_else(nothing)?;
        // Ids of syncs can be made up by whoever knows what they are made of: it must have banned in this chat.
        let entries = self.entries(room.id, summary.user_id).await?;
        if !entries.iter().any(|entry| entry.sync_id == undo.sync_id && entry.leaves_a_ban()) {
            return Err(nothing());
        }
        self.undo_here(summary.ban_event_id, summary.sync_id, room.id, asker.id).await?;
        let names = self.names(&[summary.user_id]).await?;
        Ok(Answer::Json(json!({ "user": person(summary.user_id, names.get(&summary.user_id)) })))
    }

    /// As a press of the question's button.
    pub(super) async fn web_answer(&self, asker: &Asker, chat: ChatId, question: Uuid, decision: Decision) -> Result<Answer, Refusal> {
        let (room, _) = self.room_of(asker, chat).await?;
        let asked = self.syncs.asked(question).await?.ok_or_else(|| Refusal::not_found(asker.lang))?;
        if !self.ids_of(room.id).await?.contains(&asked.question.chat_id) {
            return Err(Refusal::not_found(asker.lang));
        }
        let button = Button { question_id: question, choice: decision.choice };
        match self.answer_question(button, asker).await? {
            Ok(text) => Ok(Answer::Json(json!({ "text": telegram::render::plain_text(&text) }))),
            Err(text) => Err(Refusal::against(&text)),
        }
    }

    pub(super) async fn web_source(&self, asker: &Asker, chat: ChatId, source: ChatId, change: SourceChange) -> Result<Answer, Refusal> {
        let lang = asker.lang;
        let room = self.room_for(asker, chat, &InChat::Block { source }).await?;
        if source == room.id {
            return Err(Refusal::against(&text!(lang, "cannot-block-itself")));
        }
        let has_room = match change.to {
            Standing::Blocked => self.users.enlist(room.id, Listed::IgnoredSource(source)).await?,
            Standing::Known => self.users.enlist(room.id, Listed::KnownSource(source)).await?,
            // What is not there has gone before.
            Standing::Unblocked => self.users.delist(room.id, Listed::IgnoredSource(source)).await.map(|_| true)?,
            Standing::Unknown => self.users.delist(room.id, Listed::KnownSource(source)).await.map(|_| true)?,
        };
        if !has_room {
            return Err(Refusal::against(&match change.to {
                Standing::Known => text!(lang, "known-list-full", most = MOST_KNOWN),
                _ => text!(lang, "ignore-list-full", most = MOST_IGNORED),
            }));
        }
        let now = self.room_of_anybody(room.id).await?;
        Ok(Answer::Json(json!({ "sources": self.web_sources(asker, &now.chat).await? })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_left_out_stays_and_null_takes_a_choice_back() {
        let change: SettingsChange = serde_json::from_str(r#"{"language":null,"sync_unban":true}"#).unwrap();
        let change = ChatChange::from(change);
        assert_eq!(change, ChatChange { language: Some(None), sync_unban: Some(true), ..ChatChange::default() });
        assert!(serde_json::from_str::<SettingsChange>(r#"{"settings":{}}"#).is_err(), "what the page does not show it cannot change");
    }
}
