//! A sync: one decision about one person on its way into many chats.
//!
//! # Layout
//! - here: what a sync is, how it ends as a whole
//! - [`Outcome`]: how a chat can end in it, and why
//! - [`plan`]: followers become targets, targets become chunks; [`ChunkMessage`]: those on the queue
//! - [`request`]: a sync that somebody asks for, and whom it is about
//! - [`term`]: how long a ban is to last
//! - [`deadline`]: nothing waits for ever
//! - [`together`]: decisions of one hand in several chats
//! - [`ledger`]: what we did in a chat, and what may be taken back
//!
//! Every chat of a sync ends with exactly one [`Outcome`]; the outcomes close its [`Totals`].

mod chunk;
pub mod deadline;
pub mod ledger;
mod outcome;
pub mod plan;
pub mod request;
pub mod term;
pub mod together;

pub use chunk::{CHUNK_TARGETS, Chunk, ChunkMessage, Order, Target, Task};
pub use outcome::{Outcome, Reason, TargetResult};
pub use plan::{Flow, Follower, MAX_QUEUE_DELAY, PART_CHATS, Plan};
pub use request::{Request, Whom};
pub use term::{LONGEST_BAN, MARGIN, SHORTEST_BAN, Term, ends_too_soon};

use crate::ban::derive;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a sync does in its chats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Ban,
    /// Takes a ban of ours back.
    Lift,
}

/// What a sync was begun by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The source banned.
    #[default]
    Ban,
    /// The source lifted its ban.
    Unban,
    /// An admin answered the question whether to ban.
    Confirmed,
    /// A chat's delay is over.
    Delayed,
    /// A program asked for it.
    Triggered,
    /// A program asked for another try of what failed.
    Retried,
    /// Somebody whose ban was pending came to a chat.
    Joined,
    /// An admin who may ban brought somebody whose ban was pending into his chat: the admins are asked.
    Added,
    /// An admin of the chat let bans go on that were held because the source bans too much. The chat's own guard still counts.
    Released,
    /// An admin of the chat let bans go on that were held because so many of its members were banned.
    LetThrough,
    /// An admin takes it back in his chat.
    UndoneHere,
    /// An admin of the source takes it back everywhere.
    UndoneEverywhere,
}

impl Origin {
    /// Somebody with a right to the target chat has decided this, now: no question is asked again, nothing is held, and what was decided
    /// there before counts no more.
    pub fn is_decided_there(self) -> bool {
        matches!(self, Self::Confirmed | Self::Released | Self::LetThrough | Self::UndoneHere)
    }

    /// Does it count more than what an admin of the chat has decided on the person since? An answer to a question about many is about none of them.
    pub fn overrides_local(self) -> bool {
        matches!(self, Self::Confirmed | Self::UndoneHere)
    }

    /// Is it held where too many of a chat's members are banned? Not where an admin has answered just that, nor what waited for one person.
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Ban | Self::Delayed | Self::Released | Self::Triggered)
    }

    /// An admin of the source has decided this: who that is, is the source's to tell.
    pub fn is_of_source(self) -> bool {
        matches!(self, Self::UndoneEverywhere)
    }

    /// As ids are made of it. Never to be changed: a repeat would make a second sync.
    fn in_ids(self) -> &'static str {
        match self {
            Self::Ban => "Ban",
            Self::Unban => "Unban",
            Self::Confirmed => "Confirmed",
            Self::Delayed => "Delayed",
            Self::Triggered => "Triggered",
            Self::Retried => "Retried",
            Self::Joined => "Joined",
            Self::Added => "Added",
            Self::Released => "Released",
            Self::LetThrough => "LetThrough",
            Self::UndoneHere => "UndoneHere",
            Self::UndoneEverywhere => "UndoneEverywhere",
        }
    }

    /// Begun by an admin's press or command: they wait for what comes of it.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Confirmed | Self::Released | Self::LetThrough | Self::UndoneHere)
    }

    /// Begun by a message from Telegram itself, as it happened.
    pub fn is_news(self) -> bool {
        matches!(self, Self::Ban | Self::Unban)
    }
}

/// The id of the sync of a ban event: the same however often the event is delivered.
pub fn sync_id(event_id: Uuid) -> Uuid {
    derive(&["sync", &event_id.to_string()])
}

/// The id of a further sync about the same event. `what`: tells it from others of this origin.
pub fn further_sync_id(event_id: Uuid, origin: Origin, what: &str) -> Uuid {
    derive(&["sync", &event_id.to_string(), origin.in_ids(), what])
}

/// Where a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncStatus {
    Running,
    /// Nothing failed.
    Completed,
    /// Some chats failed, some did not.
    Partial,
    /// Every chat failed.
    Failed,
}

impl SyncStatus {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// How many chats ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    pub applied: u32,
    pub already: u32,
    pub skipped: u32,
    pub failed: u32,
}

impl Totals {
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut totals = Self::default();
        for outcome in outcomes {
            *match outcome {
                Outcome::Applied => &mut totals.applied,
                Outcome::Already => &mut totals.already,
                Outcome::Skipped(_) => &mut totals.skipped,
                Outcome::Failed(_) => &mut totals.failed,
            } += 1;
        }
        totals
    }

    pub fn chats(&self) -> u32 {
        self.applied + self.already + self.skipped + self.failed
    }

    /// How a sync with these totals ended.
    pub fn status(&self) -> SyncStatus {
        match self.failed {
            0 => SyncStatus::Completed,
            failed if failed == self.chats() => SyncStatus::Failed,
            _ => SyncStatus::Partial,
        }
    }
}

impl std::ops::Add for Totals {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            applied: self.applied + other.applied,
            already: self.already + other.already,
            skipped: self.skipped + other.skipped,
            failed: self.failed + other.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ChatId, UserId};

    #[test]
    fn a_sync_fails_only_when_every_chat_failed() {
        let status = |outcomes: &[Outcome]| Totals::of(outcomes).status();
        let failed = Outcome::Failed(Reason::NoRights);
        assert_eq!(status(&[]), SyncStatus::Completed);
        assert_eq!(status(&[Outcome::Applied, Outcome::Skipped(Reason::IsAdmin)]), SyncStatus::Completed);
        assert_eq!(status(&[Outcome::Applied, failed]), SyncStatus::Partial);
        assert_eq!(status(&[failed, failed]), SyncStatus::Failed);
    }

    #[test]
    fn an_outcome_reads_back_from_json_as_it_was_written_and_is_named_as_there() {
        for outcome in [Outcome::Applied, Outcome::Already, Outcome::Skipped(Reason::Lifted), Outcome::Failed(Reason::NoRights)] {
            let result = TargetResult::new(ChatId(-2), vec![UserId(1)], outcome);
            let json = serde_json::to_value(&result).unwrap();
            assert_eq!((json["status"].as_str(), json["reason"].as_str()), (Some(outcome.status()), outcome.reason().map(Reason::name)));
            assert_eq!(serde_json::from_value::<TargetResult>(json).unwrap(), result);
        }
    }

    #[test]
    fn further_syncs_of_an_event_have_ids_of_their_own_that_repeat() {
        let event = Uuid::from_u128(7);
        let ids = [
            sync_id(event),
            further_sync_id(event, Origin::Confirmed, "-100"),
            further_sync_id(event, Origin::Confirmed, "-101"),
            further_sync_id(event, Origin::Joined, "-100"),
        ];
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        assert_eq!(further_sync_id(event, Origin::Joined, "-100"), ids[3]);
    }

    #[test]
    fn ids_stay_what_they_are_whatever_becomes_of_names_in_the_code() {
        let event = Uuid::from_u128(7);
        let pinned = |id: Uuid, text: &str| assert_eq!(id.to_string(), text);
        pinned(sync_id(event), "b2eaa6e6-11d3-5d8d-8bde-d0fb769c5073");
        for (origin, text) in [
            (Origin::Confirmed, "53426552-2af7-5965-8a84-f3434ccb38f5"),
            (Origin::Delayed, "68e3092b-e79b-56b5-b702-36d4fa132c02"),
            (Origin::Joined, "c2e1508b-586a-5537-a814-69e1a82d2f51"),
            (Origin::Released, "8153c599-48b0-50a2-a222-2fa7b24a0ecd"),
            (Origin::Retried, "fb511b22-90eb-566b-b64b-73c3ec547144"),
            (Origin::Triggered, "97c8c3b3-c3c4-5b38-91cf-3592b36e7401"),
            (Origin::Unban, "dac96767-4dd3-5572-b977-10f6ce1c6b53"),
            (Origin::UndoneEverywhere, "8fac7bfb-cc2b-5902-bae4-4d19bf16b9fa"),
            (Origin::UndoneHere, "50e293fd-8032-5f32-a14f-30ef299ca81e"),
        ] {
            pinned(further_sync_id(event, origin, "-100"), text);
        }
    }
}
