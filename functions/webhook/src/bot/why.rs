//! Every step of what happened to a person in a chat, and who decided it.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use aws::store::page::Wanted;
use domain::ban::{API_KEY, BanEvent};
use domain::ids::UserId;
use domain::lang::Lang;
use domain::member;
use domain::search::{Order, Search};
use domain::sharing::Sight;
use domain::sync::ledger::{Entry, last_applied};
use domain::sync::{Kind, Origin, Outcome};
use futures_util::future::try_join_all;
use std::collections::BTreeMap;
use telegram::render::{self, decider, fold, reason_text, subject};
use telegram::text;
use telegram::text::Html;
use uuid::Uuid;

/// Steps that are told: the newest.
const STEPS: usize = 12;

/// Local decisions that are looked at.
const LOCAL: usize = 50;

/// One thing that happened in the chat.
enum Step<'a> {
    /// An admin of the chat decided.
    Local(&'a BanEvent),
    /// We carried something over, or took it back.
    Ours(&'a Entry),
}

impl Step<'_> {
    fn moment(&self) -> (i64, u16) {
        match self {
            Self::Local(event) => (event.event_timestamp, 0),
            Self::Ours(entry) => entry.moment(),
        }
    }
}

/// What is behind the entries of a ledger.
struct Behind {
    events: BTreeMap<Uuid, BanEvent>,
    /// Who asked for a sync, where an admin did.
    asked_by: BTreeMap<Uuid, UserId>,
    /// The admin who took a ban event back everywhere; `None`: a program did.
    undone_by: BTreeMap<Uuid, Option<UserId>>,
    /// What the asker may see of what the sources decided.
    sight: Sight,
    names: BTreeMap<UserId, String>,
}

impl Webhook {
    pub async fn why(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let entries = self.entries(room.id, user).await?;
        let search = Search { user_id: Some(user), chat_id: Some(room.id), ..Search::default() };
        let wanted = Wanted { limit: LOCAL, cursor: None };
        let local = self.decided_in(&search, Order::User(user), &wanted).await.map_err(super::history::unreadable(asker.lang))?.items;
        // A program's ban in the chat's own name is told as the chat's decision.
        let ours = entries.iter().filter(|entry| !(entry.is_chats_own() && entry.origin.is_news()));
        let mut steps: Vec<_> = ours.map(Step::Ours).chain(local.iter().map(Step::Local)).collect();
        steps.sort_by_key(Step::moment);
        let left_out = steps.len().saturating_sub(STEPS);
        steps.drain(..left_out);
        let behind = self.behind(asker, &steps).await?;
        let name = self.names(&[user]).await?.remove(&user);
        let who = subject(lang, user, name.as_deref());
        if steps.is_empty() {
            return Ok(Screen::text(text!(lang, "why-nothing", who = who, chat = room.title())));
        }
        let mut lines = vec![text!(lang, "why", who = who, chat = room.title())];
        if left_out > 0 {
            lines.push(text!(lang, "and-more", count = left_out));
        }
        lines.extend(steps.iter().map(|step| line(lang, step, &behind)));
        let mut screen = Screen::text(fold(&lines));
        if last_applied(&entries).is_some_and(Entry::leaves_a_ban) {
            let undo = Action::In { chat: room.id, then: InChat::Undo { user: Some(user) } };
            screen = screen.row([Choice::new(text!(lang, "button-undo"), undo)]);
        }
        let history = Action::Person { user, filter: None, after: Vec::new() };
        Ok(screen.row([Choice::new(text!(lang, "button-history"), history)]))
    }

    async fn behind(&self, asker: &Asker, steps: &[Step<'_>]) -> anyhow::Result<Behind> {
        let mut behind = Behind {
            events: BTreeMap::new(),
            asked_by: BTreeMap::new(),
            undone_by: BTreeMap::new(),
            sight: Sight::default(),
            names: BTreeMap::new(),
        };
        let mut people = Vec::new();
        let read = steps.iter().map(async |step| match step {
            Step::Local(_) => anyhow::Ok((None, None)),
            Step::Ours(entry) => Ok((self.bans.get(entry.ban_event_id).await?, self.syncs.requested(entry.sync_id).await?)),
        });
        for (step, (event, request)) in steps.iter().zip(try_join_all(read).await?) {
            match step {
                Step::Local(event) => people.extend(event.initiator_user_id),
                Step::Ours(entry) => {
                    if let Some(event) = event {
                        people.extend(event.initiator_user_id);
                        behind.events.insert(entry.ban_event_id, event);
                    }
                    if let Some(by) = request.and_then(|request| request.by) {
                        people.push(by);
                        behind.asked_by.insert(entry.sync_id, by);
                    }
                }
            }
        }
        let events = steps.iter().filter_map(|step| match step {
            Step::Ours(entry) => Some(entry.ban_event_id),
            Step::Local(_) => None,
        });
        behind.undone_by = self.syncs.undone(events).await?;
        people.extend(behind.undone_by.values().flatten());
        let sources = steps.iter().filter_map(|step| match step {
            Step::Ours(entry) => Some(entry.source_chat_id),
            Step::Local(_) => None,
        });
        behind.sight = self.sight(asker, sources).await?;
        people.sort();
        people.dedup();
        behind.names = self.names(&people).await?;
        Ok(behind)
    }
}

fn line(lang: Lang, step: &Step, behind: &Behind) -> String {
    let named = |user: Option<UserId>, bot: Option<&str>| {
        let name = user.and_then(|user| behind.names.get(&user));
        decider(lang, user, name.map(String::as_str), bot)
    };
    let by = |user| named(user, None);
    let of = |event: &BanEvent| named(event.initiator_user_id, event.initiator_bot.as_deref());
    match step {
        Step::Local(event) => {
            let by = match event.initiator_user_id {
                None if event.metadata.contains_key(API_KEY) => Html(text!(lang, "by-program")),
                _ => of(event),
            };
            let time = render::moment(event.event_timestamp, lang);
            match event.event_type {
                member::Action::Ban => text!(lang, "step-local-ban", time = time, by = by),
                member::Action::Unban => text!(lang, "step-local-unban", time = time, by = by),
                member::Action::Kick => text!(lang, "step-local-kick", time = time, by = by),
                member::Action::Restrict => text!(lang, "step-local-restrict", time = time, by = by),
                member::Action::Unrestrict => text!(lang, "step-local-unrestrict", time = time, by = by),
            }
        }
        Step::Ours(entry) => {
            let event = behind.events.get(&entry.ban_event_id);
            let (source, public) = (entry.source_chat_id, event.is_some_and(|event| event.chat_public));
            let shared = behind.sight.of(source, public);
            let chat = shared.title(behind.sight.present(source), event.and_then(|event| event.chat_title.as_deref()));
            let chat = chat.unwrap_or_else(|| source.to_string());
            let as_shared = |decider: Html| shared.decider(Some(decider)).unwrap_or_else(|| Html(text!(lang, "by-not-shared")));
            let by_source = |user| as_shared(by(user));
            let decided = as_shared(event.map_or_else(|| by(None), of));
            let time = render::moment(entry.at, lang);
            let mut line = match (entry.kind, entry.outcome) {
                (Kind::Ban, Outcome::Applied) => text!(lang, "step-banned", time = time, chat = chat, by = decided),
                (Kind::Ban, Outcome::Already) => text!(lang, "step-already", time = time, chat = chat, by = decided),
                (Kind::Ban, Outcome::Skipped(reason)) => {
                    text!(lang, "step-skipped", time = time, chat = chat, by = decided, reason = reason_text(reason, lang))
                }
                (Kind::Ban, Outcome::Failed(reason)) => {
                    text!(lang, "step-failed", time = time, chat = chat, by = decided, reason = reason_text(reason, lang))
                }
                (Kind::Lift, Outcome::Applied | Outcome::Already) => text!(lang, "step-lifted", time = time, chat = chat),
                (Kind::Lift, Outcome::Skipped(reason) | Outcome::Failed(reason)) => {
                    text!(lang, "step-not-lifted", time = time, chat = chat, reason = reason_text(reason, lang))
                }
            };
            let asked_by = behind.asked_by.get(&entry.sync_id).copied();
            let asked_by = asked_by.map(|user| if entry.origin.is_of_source() { by_source(Some(user)) } else { by(Some(user)) });
            if let Some(origin) = of_origin(lang, entry.origin, asked_by) {
                line.push_str("\n   ↳ ");
                line.push_str(&origin);
            }
            if let Some(by_whom) = behind.undone_by.get(&entry.ban_event_id).filter(|_| entry.kind == Kind::Ban) {
                line.push_str("\n   ↳ ");
                line.push_str(&text!(lang, "origin-undone-everywhere", by = by_source(*by_whom)));
            }
            line
        }
    }
}

/// What brought it about, where that is not the source's decision alone.
fn of_origin(lang: Lang, origin: Origin, by: Option<Html>) -> Option<String> {
    let by = by.unwrap_or_else(|| Html(text!(lang, "by-unknown")));
    Some(match origin {
        Origin::Ban | Origin::Unban => return None,
        Origin::Confirmed => text!(lang, "origin-confirmed", by = by),
        Origin::Delayed => text!(lang, "origin-delayed"),
        Origin::Triggered => text!(lang, "origin-triggered"),
        Origin::Retried => text!(lang, "origin-retried"),
        Origin::Joined => text!(lang, "origin-joined"),
        Origin::Added => text!(lang, "origin-added"),
        Origin::Released | Origin::LetThrough => text!(lang, "origin-released", by = by),
        Origin::UndoneHere => text!(lang, "origin-undone-here", by = by),
        Origin::UndoneEverywhere => text!(lang, "origin-undone-everywhere", by = by),
    })
}
