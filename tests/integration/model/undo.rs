//! An admin takes a ban back: in his chat, or what his chat has banned wherever it was carried.
//!
//! Left out: in a chat into which a ban of ours was carried before it banned itself, the word takes that one back, which is over.

use super::patience::{patiently, slowly};
use super::reference::{CHATS, Told};
use super::world::World;
use anyhow::{Result, ensure};
use domain::ids::UserId;
use domain::sync::{Origin, SyncStatus, sync_id};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// Number of bans that were taken back.
pub static UNDONE: AtomicUsize = AtomicUsize::new(0);

/// A ban that may be taken back in a chat.
enum Undo {
    Here,
    Everywhere(Told),
}

impl World<'_> {
    /// Of the chats where there is something to take back, the nth.
    pub(super) async fn undo(&mut self, nth: usize, person: usize, rather_everywhere: bool) -> Result<()> {
        let news = self.told().await?;
        self.news.extend(news);
        let (mut here, mut everywhere) = (Vec::new(), Vec::new());
        for chat in (0..CHATS).filter(|&chat| self.reference.chats[chat].bot_may_ban) {
            let decided = self.news.iter().any(|event| (event.chat, event.person) == (chat, person));
            if !decided && self.reference.has_ours(chat, person) {
                here.push((chat, Undo::Here));
            } else if self.reference.has_nothing_of_ours(chat, person) {
                let event = self.reference.newest_carried(chat, person, &self.news);
                everywhere.extend(event.map(|event| (chat, Undo::Everywhere(event))));
            }
        }
        let (first, second) = if rather_everywhere { (everywhere, here) } else { (here, everywhere) };
        let mut all = if first.is_empty() { second } else { first };
        if all.is_empty() {
            return Ok(());
        }
        let (chat, undo) = all.swap_remove(nth % all.len());
        self.undoes(chat, person, undo).await
    }

    async fn undoes(&mut self, chat: usize, person: usize, undo: Undo) -> Result<()> {
        if let Undo::Everywhere(event) = &undo {
            let begun = async || self.play.syncs.summary(sync_id(event.event_id)).await;
            slowly("the sync of what is undone to begin", async || patiently(begun).await).await?;
        }
        let (before, at) = (self.undoing(person).await?, aws::time::now());
        let mut answer = self.play.command(self.chats[chat], self.owners[chat], &format!("/undo {}", self.people[person])).await?;
        // A machine that is busy has no time for it at once, and goes on by a button.
        while let Some(further) = answer.button("Go on").filter(|_| answer.text.starts_with('⏳')).cloned() {
            answer = self.play.press(self.owners[chat], &answer, &further.text).await?;
        }
        let answer = answer.text;
        self.story.push(format!("  Undo of person {person} in chat {chat} at {at}: {answer}"));
        let (is_here, is_everywhere) = (answer.contains("Undoing my ban"), answer.contains("in every chat"));
        match undo {
            Undo::Everywhere(event) if is_everywhere => self.reference.undo_everywhere(&event, at),
            // A ban that came into the chat meanwhile is taken back first.
            Undo::Everywhere(_) => {
                ensure!(is_here, "everywhere was to be undone: {answer}");
                self.reference.undo_here(chat, person, at);
            }
            Undo::Here => {
                ensure!(is_here, "a ban was to be undone here: {answer}");
                self.reference.undo_here(chat, person, at);
            }
        }
        UNDONE.fetch_add(1, Ordering::Relaxed);
        let new = async || Ok(self.undoing(person).await?.difference(&before).next().copied());
        let id = slowly("an undo to begin", new).await?;
        if is_everywhere {
            self.asked.push(id);
            return Ok(());
        }
        // The next acts of the chat's admins are later.
        let ended = async || {
            let summary = patiently(async || self.play.syncs.summary(id).await).await?;
            Ok(summary.filter(|summary| summary.status != SyncStatus::Running).map(drop))
        };
        slowly("an undo to end", ended).await
    }

    /// Ways to take bans of somebody back.
    async fn undoing(&self, person: usize) -> Result<BTreeSet<Uuid>> {
        let syncs = patiently(async || self.play.syncs.of_user(UserId(self.people[person])).await).await?;
        let undoing = syncs.iter().filter(|sync| matches!(sync.origin, Origin::UndoneHere | Origin::UndoneEverywhere));
        Ok(undoing.map(|sync| sync.sync_id).collect())
    }
}
