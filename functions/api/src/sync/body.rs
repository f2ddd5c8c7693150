//! Syncs in requests and answers.

use domain::sync::{Kind, Origin, Outcome, SyncStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Task of a sync in its chats: to ban, or to undo a ban of the bot.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindBody {
    Ban,
    Lift,
}

impl From<Kind> for KindBody {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Ban => Self::Ban,
            Kind::Lift => Self::Lift,
        }
    }
}

/// What a sync was begun by: the source banned, or lifted its ban; an admin confirmed it; a chat's delay is over; a program asked for it
/// (`triggered`), or for another try (`retried`); somebody came whose ban was pending; bans that were held go on (`released` by the source, `let_through` by the chat's own guard); an admin
/// takes it back, in his chat or everywhere.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginBody {
    Ban,
    Unban,
    Confirmed,
    Delayed,
    Triggered,
    Retried,
    Joined,
    Added,
    Released,
    LetThrough,
    UndoneHere,
    UndoneEverywhere,
}

impl From<Origin> for OriginBody {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Ban => Self::Ban,
            Origin::Unban => Self::Unban,
            Origin::Confirmed => Self::Confirmed,
            Origin::Delayed => Self::Delayed,
            Origin::Triggered => Self::Triggered,
            Origin::Retried => Self::Retried,
            Origin::Joined => Self::Joined,
            Origin::Added => Self::Added,
            Origin::Released => Self::Released,
            Origin::LetThrough => Self::LetThrough,
            Origin::UndoneHere => Self::UndoneHere,
            Origin::UndoneEverywhere => Self::UndoneEverywhere,
        }
    }
}

/// Where a sync is: asked for and not begun; under way; ended, where nothing failed (`completed`), some chats did (`partial`), or all.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SyncStatusBody {
    Requested,
    Running,
    Completed,
    Partial,
    Failed,
}

impl From<SyncStatus> for SyncStatusBody {
    fn from(status: SyncStatus) -> Self {
        match status {
            SyncStatus::Running => Self::Running,
            SyncStatus::Completed => Self::Completed,
            SyncStatus::Partial => Self::Partial,
            SyncStatus::Failed => Self::Failed,
        }
    }
}

/// How a chat ended in a sync: done, or was so before (`already`); left out for a reason; failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeBody {
    Applied,
    Already,
    Skipped,
    Failed,
}

impl From<Outcome> for OutcomeBody {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Applied => Self::Applied,
            Outcome::Already => Self::Already,
            Outcome::Skipped(_) => Self::Skipped,
            Outcome::Failed(_) => Self::Failed,
        }
    }
}

/// A sync that is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestedBody {
    sync_id: Uuid,
    #[schema(inline)]
    status: SyncStatusBody,
}

impl RequestedBody {
    pub fn new(sync_id: Uuid) -> Self {
        Self { sync_id, status: SyncStatusBody::Requested }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::sync::Reason;

    fn json(of: impl Serialize) -> serde_json::Value {
        serde_json::to_value(of).unwrap()
    }

    #[test]
    fn callers_read_the_words_that_are_stored() {
        for kind in [Kind::Ban, Kind::Lift] {
            assert_eq!(json(KindBody::from(kind)), json(kind));
        }
        for origin in [Origin::Ban, Origin::Unban, Origin::Confirmed, Origin::Delayed, Origin::Triggered, Origin::Retried] {
            assert_eq!(json(OriginBody::from(origin)), json(origin));
        }
        for origin in [Origin::Joined, Origin::Added, Origin::Released, Origin::UndoneHere, Origin::UndoneEverywhere] {
            assert_eq!(json(OriginBody::from(origin)), json(origin));
        }
        for status in [SyncStatus::Running, SyncStatus::Completed, SyncStatus::Partial, SyncStatus::Failed] {
            assert_eq!(json(SyncStatusBody::from(status)), json(status));
        }
        for outcome in [Outcome::Applied, Outcome::Already, Outcome::Skipped(Reason::Lifted), Outcome::Failed(Reason::NoRights)] {
            assert_eq!(json(OutcomeBody::from(outcome)), outcome.status());
        }
    }
}
