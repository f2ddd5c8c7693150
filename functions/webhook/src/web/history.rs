//! What happened in a chat, line by line, in the bot's own words.

use super::Answer;
use super::refusal::Refusal;
use crate::Webhook;
use crate::bot::Asker;
use crate::bot::timeline::{Happened, Place};
use crate::http::Request;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::sync::Kind;
use domain::sync::ledger::last_applied;
use futures_util::future::try_join_all;
use serde_json::json;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use telegram::render::plain_text;
use uuid::Uuid;

/// Entries of a page.
const ON_A_PAGE: usize = 25;

impl Webhook {
    pub(super) async fn web_history(&self, asker: &Asker, chat: ChatId, request: &Request) -> Result<Answer, Refusal> {
        let filter = match request.parameter("filter").as_deref() {
            None | Some("") => None,
            Some("ban") => Some(Action::Ban),
            Some("unban") => Some(Action::Unban),
            Some("kick") => Some(Action::Kick),
            Some(_) => return Err(Refusal::unreadable(asker.lang)),
        };
        let place = match request.parameter("after") {
            None => Place::first(aws::time::now()),
            Some(text) => Place::read(&text).filter(Place::is_of_a_page).ok_or_else(|| Refusal::unreadable(asker.lang))?,
        };
        let (room, _) = self.room_of(asker, chat).await?;
        let (mut happened, next) = self.timeline(asker.lang, room.id, filter, place, ON_A_PAGE).await?;
        happened.sort_by_key(|happened| Reverse(happened.at()));
        let lines = self.told(asker, &happened).await?;
        let standing = self.standing(room.id, &happened).await?;
        let items = happened.iter().zip(lines).map(|(happened, line)| {
            let undo = happened.of_sync().map(|entry| entry.sync_id).filter(|sync| standing.contains(sync));
            json!({ "at": happened.at(), "text": without_time(&plain_text(&line)), "user_id": about(happened).to_string(), "undo": undo })
        });
        Ok(Answer::Json(json!({ "items": items.collect::<Vec<_>>(), "next": next.map(Place::write) })))
    }
}

impl Webhook {
    /// The syncs among these whose ban still stands, as far as our ledger knows: these can be undone.
    async fn standing(&self, chat: ChatId, happened: &[Happened]) -> anyhow::Result<BTreeSet<Uuid>> {
        let bans = happened.iter().filter_map(Happened::of_sync).filter(|entry| entry.kind == Kind::Ban);
        let users: BTreeSet<_> = bans.map(|entry| entry.user_id).collect();
        let of_each = try_join_all(users.into_iter().map(|user| self.entries(chat, user))).await?;
        let last = of_each.iter().filter_map(|entries| last_applied(entries)).filter(|last| last.leaves_a_ban() && !last.is_chats_own());
        Ok(last.map(|last| last.sync_id).collect())
    }
}

/// A line of the bot's begins with a sign and the time, which the page shows in its reader's own way.
fn without_time(line: &str) -> &str {
    line.split_once(" · ").map_or(line, |(_, what)| what)
}

fn about(happened: &Happened) -> UserId {
    match happened {
        Happened::Decided(event) => event.user_id,
        Happened::Synced(act) => act.entry.user_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_history_begins_with_its_time() {
        use telegram::text;
        use telegram::text::Html;
        let (time, whom) = (Html("now".to_owned()), Html("Mal".to_owned()));
        for lang in [domain::lang::Lang::En, domain::lang::Lang::Ru] {
            for line in [
                text!(lang, "event-ban", time = time.clone(), whom = whom.clone()),
                text!(lang, "event-ban-until", time = time.clone(), whom = whom.clone(), until = Html("then".to_owned())),
                text!(lang, "event-unban", time = time.clone(), whom = whom.clone()),
                text!(lang, "event-kick", time = time.clone(), whom = whom.clone()),
                text!(lang, "event-restrict", time = time.clone(), whom = whom.clone()),
                text!(lang, "event-unrestrict", time = time.clone(), whom = whom.clone()),
                text!(lang, "event-synced", time = time.clone(), whom = whom.clone(), chat = "A"),
                text!(lang, "event-synced-until", time = time.clone(), whom = whom.clone(), chat = "A", until = Html("then".to_owned())),
                text!(lang, "event-unsynced", time = time.clone(), whom = whom.clone(), chat = "A"),
            ] {
                let what = without_time(&line);
                assert!(what.contains("Mal") && !what.contains("now"), "{line}");
            }
        }
    }
}
