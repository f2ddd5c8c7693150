//! Which facts a change of an item is. The item itself tells what it is.

use crate::batch::{Item, read};
use crate::store::bans::BanItem;
use crate::store::subscriptions::TurnItem;
use crate::store::sync::{Appeal, LogEntry, Summary};
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::analytics::Fact;
use domain::analytics::pack::{Packed, Unknown, day_of, pack, unpack};
use domain::sync::SyncStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The facts that an item tells of, where it was `old` before.
///
/// What an item told of before and tells no more is taken back. So whoever reads only the last state of all items comes to the same sums. It is told
/// of once more with that: where it was never counted, nothing is taken away that is not there.
///
/// # Errors
/// The item is one of those that tell of facts, and cannot be read.
pub fn of(old: Option<&Item>, new: &Item) -> anyhow::Result<Vec<Fact>> {
    let (before, now) = (old.map(of_item).transpose()?.flatten(), of_item(new)?);
    if before == now {
        return Ok(Vec::new());
    }
    Ok([before, before.map(Fact::take_back), now].into_iter().flatten().collect())
}

/// `None`: it tells of nothing that is counted.
fn of_item(item: &Item) -> anyhow::Result<Option<Fact>> {
    let has = |name: &str| item.as_ref().contains_key(name);
    if has("event_id") {
        let event = read::<BanItem>(item.clone()).context("a ban event")?.event;
        Ok(Some(Fact::decision(event.event_id, event.event_timestamp, event.event_type, event.chat_id, event.user_id)))
    } else if has("turn_id") {
        let turn: TurnItem = read(item.clone()).context("a turn of a subscription")?;
        Ok(Some(Fact::subscription(turn.turn_id, turn.at, turn.begins, turn.chat_id)))
    } else if has("appeal_id") && has("sync_id") {
        let appeal: Appeal = read(item.clone()).context("an appeal")?;
        Ok(Some(Fact::appeal(appeal.appeal_id, appeal.at, appeal.chat_id, appeal.source_chat_id)))
    } else if has("tries") && has("chat_id") {
        Ok(Fact::result(&read::<LogEntry>(item.clone()).context("an entry of the ledger")?.entry))
    } else if has("plan") && has("status") {
        let sync: Summary = read(item.clone()).context("a sync")?;
        let ended = sync.completed_at_ms.filter(|_| sync.status != SyncStatus::Running);
        let fact = |ended| Fact::sync(sync.sync_id, sync.status, sync.started_at_ms, ended, sync.source_chat_id, sync.user_id);
        Ok(ended.map(fact))
    } else {
        Ok(None)
    }
}

/// Facts on their way to whoever stores them, as the body of a message.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    counted: Vec<DayParcel>,
}

/// Those of a day, packed; bytes in base64.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DayParcel {
    day: i64,
    facts: String,
    ids: String,
}

impl Parcel {
    pub fn of(facts: &[Fact]) -> Self {
        let mut days: BTreeMap<i64, Vec<Fact>> = BTreeMap::new();
        for fact in facts {
            days.entry(day_of(fact.at)).or_default().push(*fact);
        }
        let parcel = |(day, facts): (i64, Vec<Fact>)| {
            let Packed { facts, ids } = pack(&facts);
            DayParcel { day, facts: STANDARD.encode(facts), ids: STANDARD.encode(ids) }
        };
        Self { counted: days.into_iter().map(parcel).collect() }
    }

    /// # Errors
    /// It is not whole.
    pub fn facts(&self) -> anyhow::Result<Vec<Fact>> {
        let mut facts = Vec::new();
        for parcel in &self.counted {
            let ids = STANDARD.decode(&parcel.ids)?;
            facts.extend(unpack(parcel.day, &STANDARD.decode(&parcel.facts)?, Some(&ids), Unknown::Refuse)?);
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::analytics::What;
    use domain::member::Action;
    use domain::sync::{Outcome, Reason};
    use serde_json::{Value, json};

    fn item(value: Value) -> Item {
        serde_json::from_value(value).unwrap()
    }

    fn whats(old: Option<Value>, new: Value) -> Vec<(What, i64)> {
        of(old.map(item).as_ref(), &item(new)).unwrap().iter().map(|fact| (fact.what, fact.weight())).collect()
    }

    const ID: &str = "1b671a64-40d5-491e-99b0-da01ff1f3341";

    fn entry(status: &str, reason: Option<&str>, at: i64) -> Value {
        let mut entry = json!({"pk": {"S": "CHAT#-1"}, "sk": {"S": "L#x"}, "sync_id": {"S": ID}, "ban_event_id": {"S": ID}, "kind": {"S": "ban"},
            "origin": {"S": "ban"}, "user_id": {"N": "5"}, "chat_id": {"N": "-1"}, "source_chat_id": {"N": "-2"},
            "occurred": {"S": "000000001000#0000000000000001"}, "status": {"S": status}, "at": {"N": at.to_string()}, "millis": {"N": "3"},
            "tries": {"N": "0"}, "version": {"N": "1"}});
        if let Some(reason) = reason {
            entry["reason"] = json!({"S": reason});
        }
        entry
    }

    #[test]
    fn an_entry_that_is_replaced_is_taken_back_and_one_that_is_written_again_is_nothing() {
        let (failed, applied) = (
            What::Result(domain::analytics::Work::Ban, Outcome::Failed(Reason::NoRights)),
            What::Result(domain::analytics::Work::Ban, Outcome::Applied),
        );
        assert_eq!(whats(None, entry("failed", Some("no_rights"), 1004)), [(failed, 1)]);
        assert_eq!(
            whats(Some(entry("failed", Some("no_rights"), 1004)), entry("applied", None, 1010)),
            [(failed, 1), (failed, -1), (applied, 1)]
        );
        assert_eq!(whats(Some(entry("applied", None, 1010)), entry("applied", None, 1010)), []);
    }

    #[test]
    fn a_sync_counts_once_it_has_ended() {
        let sync = |status: &str, ended: Option<i64>| {
            let mut sync = json!({"sync_id": {"S": ID}, "ban_event_id": {"S": ID}, "plan": {"S": ID}, "user_id": {"N": "5"}, "source_chat_id": {"N": "-2"},
                "event_timestamp": {"N": "1"}, "occurred": {"S": "000000001000#0000000000000001"}, "total_chats": {"N": "1"}, "chunks": {"N": "1"},
                "status": {"S": status}, "started_at_ms": {"N": "5000"}, "expires_at": {"N": "9"}, "version": {"N": "1"}});
            if let Some(ended) = ended {
                sync["completed_at_ms"] = json!({"N": ended.to_string()});
            }
            sync
        };
        let synced = What::Synced;
        use domain::sync::SyncStatus::{Completed, Failed};
        assert_eq!(whats(None, sync("running", None)), []);
        assert_eq!(whats(Some(sync("running", None)), sync("failed", Some(9000))), [(synced(Failed), 1)]);
        let came_right = whats(Some(sync("failed", Some(9000))), sync("completed", Some(12_000)));
        assert_eq!(came_right, [(synced(Failed), 1), (synced(Failed), -1), (synced(Completed), 1)]);
        assert_eq!(whats(Some(sync("failed", Some(9000))), sync("failed", Some(9000))), []);
    }

    #[test]
    fn decisions_turns_and_appeals_count_and_nothing_else_does() {
        let ban = json!({"event_id": {"S": ID}, "user_id": {"N": "5"}, "chat_id": {"N": "-1"}, "event_type": {"S": "ban"}, "event_timestamp": {"N": "1000"},
            "occurred": {"S": "000000001000#0000000000000001"}, "tracked": {"BOOL": true}, "version": {"N": "1"}, "expires_at": {"N": "9"}});
        assert_eq!(whats(None, ban), [(What::Decided(Action::Ban), 1)]);
        let turn = |begins: bool| json!({"turn_id": {"S": ID}, "at": {"N": "7"}, "begins": {"BOOL": begins}, "chat_id": {"N": "-1"}});
        assert_eq!(whats(None, turn(true)), [(What::Followed, 1)]);
        assert_eq!(whats(None, turn(false)), [(What::Unfollowed, 1)]);
        let appeal = json!({"appeal_id": {"S": ID}, "user_id": {"N": "5"}, "chat_id": {"N": "-1"}, "ban_event_id": {"S": ID}, "sync_id": {"S": ID}, "at": {"N": "5"}});
        assert_eq!(whats(None, appeal.clone()), [(What::Appealed, 1)]);
        let mut decided = appeal.clone();
        decided["lifted"] = json!({"BOOL": true});
        assert_eq!(whats(Some(appeal), decided), [], "it is the same appeal");
        for other in [
            json!({"pk": {"S": "x"}}),
            json!({"subscription_id": {"S": ID}}),
            json!({"of_appeal": {"S": ID}}),
            json!({"of_sync": {"S": ID}}),
        ] {
            assert_eq!(whats(None, other), []);
        }
        assert!(of(None, &item(json!({"event_id": {"S": "x"}}))).is_err());
    }

    #[test]
    fn a_parcel_is_read_as_it_was() {
        let fact = |n: i64| {
            Fact::decision(uuid::Uuid::from_u128(n as u128), n * 50_000, Action::Ban, domain::ids::ChatId(-n), domain::ids::UserId(n))
        };
        let facts: Vec<_> = (1..9).map(fact).collect();
        let text = serde_json::to_string(&Parcel::of(&facts)).unwrap();
        assert_eq!(serde_json::from_str::<Parcel>(&text).unwrap().facts().unwrap(), facts);
        assert!(serde_json::from_str::<Parcel>(r#"{"counted":[{"day":1,"facts":"AAAA","ids":""}]}"#).unwrap().facts().is_err());
    }
}
