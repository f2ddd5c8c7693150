//! Chats of somebody, and one of them with all that its page shows.

use super::refusal::Refusal;
use super::{Answer, person, source};
use crate::Webhook;
use crate::bot::follow::subscription;
use crate::bot::{Asker, Room, options};
use aws::store::page::{PageError, Wanted};
use aws::store::sync::Asked;
use domain::chat::{Chat, ChatState};
use domain::ids::{ChatId, UserId};
use domain::member::Status;
use domain::question::{About, OPEN};
use domain::settings::ChatSettings;
use domain::subscription::{MAX_PER_ADMIN, Source};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Questions that are shown. More wait until some are answered.
const QUESTIONS: usize = 50;

impl Webhook {
    pub(super) async fn web_chats(&self, asker: &Asker) -> Result<Answer, Refusal> {
        let chats = self.chats_of(asker).await?;
        let told = chats.iter().map(|chat| json!({ "id": chat.chat_id.to_string(), "title": title(chat), "state": state(chat) }));
        Ok(Answer::Json(json!({ "chats": told.collect::<Vec<_>>() })))
    }

    /// Of one look at Telegram, and what is stored.
    pub(super) async fn web_chat(&self, asker: &Asker, chat: ChatId) -> Result<Answer, Refusal> {
        let (room, member) = self.room_of(asker, chat).await?;
        let answer = json!({
            "id": room.id.to_string(),
            "title": room.title(),
            "state": state(&room.chat),
            "may_ban": member.may_ban(),
            "is_owner": member.status == Status::Creator,
            "settings": settings(&room.chat.settings),
            "follows": self.web_follows(asker, &room).await?,
            "sources": self.web_sources(asker, &room.chat).await?,
            "questions": self.web_questions(asker, &room).await?,
        });
        Ok(Answer::Json(answer))
    }

    /// Whom the asker follows from there.
    async fn web_follows(&self, asker: &Asker, room: &Room) -> Result<Vec<Value>, Refusal> {
        let wanted = Wanted { limit: MAX_PER_ADMIN as usize, cursor: None };
        let page = self.subscriptions.page_of_admin(asker.id, Some(room.id), Some(true), &wanted).await.map_err(first_page)?;
        let users: Vec<_> = page.items.iter().map(|item| item.subscription.source).map(|Source::User(user)| user).collect();
        let names = self.names(&users).await?;
        let most = options::mode(&room.chat.settings);
        let follows = page.items.iter().zip(users).map(|(item, user)| {
            json!({
                "user": person(user, names.get(&user)), "mode": item.mode, "acts": item.mode.weaker(most),
                "suspended": item.suspended, "since": item.created_at,
            })
        });
        Ok(follows.collect())
    }

    /// Chats whose bans are carried over to there, or kept out.
    pub(super) async fn web_sources(&self, asker: &Asker, chat: &Chat) -> anyhow::Result<Vec<Value>> {
        let blocked = &chat.ignores.sources;
        let all: BTreeSet<_> = chat.known_sources.union(blocked).copied().collect();
        let sight = self.sight(asker, all.iter().copied()).await?;
        let told = all.into_iter().map(|id| {
            let mut told = source(&sight, id);
            told["known"] = chat.known_sources.contains(&id).into();
            told["blocked"] = blocked.contains(&id).into();
            told
        });
        Ok(told.collect())
    }

    /// What its admins are asked, the oldest first.
    async fn web_questions(&self, asker: &Asker, room: &Room) -> Result<Vec<Value>, Refusal> {
        let mut asked = Vec::new();
        for id in self.ids_of(room.id).await? {
            let wanted = Wanted { limit: QUESTIONS, cursor: None };
            asked.extend(self.syncs.open_questions(id, &wanted).await.map_err(first_page)?.items);
        }
        // Those of before, that nobody can answer any more.
        asked.retain(|asked| asked.question.about != About::Release);
        asked.sort_by_key(|asked: &Asked| (asked.question.asked_at, asked.question.question_id));
        let users: Vec<_> = asked.iter().map(|asked| asked.question.user_id).collect::<BTreeSet<UserId>>().into_iter().collect();
        let mut names = self.names(&users).await?;
        // Somebody may never have been seen but in the ban itself.
        let unnamed =
            asked.iter().filter(|asked| !names.contains_key(&asked.question.user_id)).filter_map(|asked| asked.event_ids().next());
        for event in try_join_all(unnamed.map(|id| self.bans.get(id))).await?.into_iter().flatten() {
            names.extend(event.user_name.map(|name| (event.user_id, name)));
        }
        let sight = self.sight(asker, asked.iter().map(|asked| asked.question.source_chat_id)).await?;
        let told = asked.iter().map(|asked| {
            let question = &asked.question;
            json!({
                "id": question.question_id, "about": question.about, "bans": asked.events.len(),
                "user": person(question.user_id, names.get(&question.user_id)),
                "source": source(&sight, question.source_chat_id),
                "asked_at": question.asked_at, "open_until": question.asked_at + OPEN,
            })
        });
        Ok(told.collect())
    }

    /// One whom the asker follows, as it is now.
    pub(super) async fn web_followed(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Value, Refusal> {
        let item = self.subscriptions.get(&subscription(asker, room, user)).await?.filter(|item| item.is_active);
        let item = item.ok_or_else(|| Refusal::not_found(asker.lang))?;
        let names = self.names(&[user]).await?;
        let acts = item.mode.weaker(options::mode(&room.chat.settings));
        Ok(json!({ "user": person(user, names.get(&user)), "mode": item.mode, "acts": acts }))
    }
}

/// Choices of a chat, but for what only programs read.
pub fn settings(settings: &ChatSettings) -> Value {
    json!({
        "auto_sync_enabled": settings.auto_sync_enabled,
        "require_confirmation": settings.require_confirmation,
        "sync_unban": settings.sync_unban,
        "spare_bots": settings.spare_bots,
        "new_sources": settings.new_sources,
        "share_bans": settings.share_bans,
        "sync_ban_type": settings.sync_ban_type,
        "ban_duration_seconds": settings.ban_duration_seconds,
        "sync_delay_seconds": settings.sync_delay_seconds,
        "kick_seconds": settings.kick_seconds,
        "language": settings.language,
        "timezone": settings.timezone,
    })
}

fn title(chat: &Chat) -> String {
    chat.title.clone().unwrap_or_else(|| chat.chat_id.to_string())
}

fn state(chat: &Chat) -> &'static str {
    if chat.state == ChatState::Suspended { "suspended" } else { "active" }
}

pub fn first_page(error: PageError) -> anyhow::Error {
    match error {
        PageError::Store(error) => error,
        PageError::BadCursor => anyhow::anyhow!("a first page has no cursor"),
    }
}
