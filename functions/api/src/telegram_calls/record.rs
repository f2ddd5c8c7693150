//! What a program bans and unbans stands in the chat's history and in the ledger of what the bot did.

use super::State;
use crate::access::Caller;
use crate::changes::ChangeId;
use crate::error::ApiError;
use aws::{metrics, time};
use domain::access::{Concern, Right, Scope};
use domain::ban::{API_KEY, BanEvent, Occurred};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What carries a ban over to the chats that follow, as registering an event does.
const CARRIES: Scope = Scope { concern: Concern::Bans, right: Right::Write };

/// How long after a first try the same request is a further one, in seconds: programs ask again after a second or a few (`Retry-After`).
const LONGEST_TRY: i64 = 60;

/// What was done by Telegram.
pub struct Told {
    pub chat: ChatId,
    pub user: UserId,
    pub action: Action,
    /// End of a ban, Unix seconds; `None`: permanent.
    pub until: Option<i64>,
    /// When it was asked for, Unix seconds.
    pub at: i64,
}

impl State {
    /// Telegram tells the bot of its own bans, and the bot drops that: what is to be known of them is written here.
    ///
    /// A failure leaves the ban as it is, and the caller is told to try again: a further try finds it done by Telegram, and writes it. Soon after,
    /// and under the same `change`, it writes what the first one has not.
    pub async fn record(&self, caller: &Caller, ChangeId(change): ChangeId, told: Told) -> Result<(), ApiError> {
        self.write(caller, event(change, caller.key_id(), &told), &told).await.map_err(|error| ApiError::from(error).half_done())
    }

    async fn write(&self, caller: &Caller, event: BanEvent, told: &Told) -> anyhow::Result<()> {
        let [event] = match caller.has(CARRIES) {
            true => self.tracking.tracked([event], time::now()).await?,
            false => [event],
        };
        // The event first: a ledger entry without its event could not be taken back.
        let event = match self.bans.register(&event).await? {
            Some(there) if is_of_an_earlier_try(&there, &event) => there,
            // The key was used again for something else, or long after.
            Some(_) => {
                let event = BanEvent { event_id: Uuid::new_v4(), ..event };
                self.bans.register(&event).await?;
                event
            }
            None => event,
        };
        self.syncs.enter_own(&event).await?;
        let event_type = event.event_type.name();
        metrics::count("ban_events_processed_total", Some(("event_type", event_type)), 1);
        tracing::info!(correlation_id = %event.event_id, chat_id = told.chat.0, user_id = told.user.0, event_type, tracked = event.tracked, "a program decided");
        Ok(())
    }
}

/// Whether an event that has the change's id tells of the same decision. Later somebody may have decided otherwise meanwhile: then it is a new one.
fn is_of_an_earlier_try(there: &BanEvent, event: &BanEvent) -> bool {
    let told = |event: &BanEvent| (event.chat_id, event.user_id, event.event_type, event.until, event.tracked, event.metadata.clone());
    told(there) == told(event) && event.event_timestamp - there.event_timestamp <= LONGEST_TRY
}

fn event(change: Uuid, key_id: &str, told: &Told) -> BanEvent {
    BanEvent {
        event_id: change,
        user_id: told.user,
        chat_id: told.chat,
        event_type: told.action,
        until: told.until,
        reason: None,
        initiator_user_id: None,
        initiator_bot: None,
        event_timestamp: told.at,
        occurred: Occurred::new(told.at, 0),
        tracked: false,
        chat_title: None,
        chat_public: false,
        user_name: None,
        metadata: BTreeMap::from([(API_KEY.to_owned(), key_id.to_owned())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_try_tells_of_the_same_decision_within_a_minute() {
        let told = |user, until, at| Told { chat: ChatId(-1), user: UserId(user), action: Action::Ban, until, at };
        let of = |key: &str, told: &Told| event(Uuid::nil(), key, told);
        let first = of("a", &told(5, None, 1000));
        for (expected, again) in [
            (true, of("a", &told(5, None, 1003))),
            (true, of("a", &told(5, None, 1060))),
            (false, of("a", &told(5, None, 1061))),
            (false, of("a", &told(6, None, 1003))),
            (false, of("a", &told(5, Some(9000), 1003))),
            (false, of("b", &told(5, None, 1003))),
            (false, BanEvent { tracked: true, ..of("a", &told(5, None, 1003)) }),
            (false, of("a", &Told { action: Action::Unban, ..told(5, None, 1003) })),
            (false, of("a", &Told { chat: ChatId(-2), ..told(5, None, 1003) })),
        ] {
            assert_eq!(is_of_an_earlier_try(&first, &again), expected, "{again:?}");
        }
    }
}
