//! Which events a change of an item is.

use anyhow::Context;
use aws::batch::{Item, read};
use aws::bus::Event;
use aws::store::bans::BanItem;
use aws::store::subscriptions::{CountItem, SubscriptionItem};
use aws::store::sync::{NextItem, RequestItem, StuckItem, Summary, TotalsItem};
use aws::store::users::{AdminItem, ChatItem, Erasing};
use domain::chat::ChatState;
use domain::event::{self, Envelope};
use domain::member::Action;
use domain::subscription::MAX_PER_ADMIN;
use domain::sync::SyncStatus;
use uuid::Uuid;

/// The events of one change. The item itself tells what it is.
pub fn of(old: Option<Item>, new: Option<Item>) -> anyhow::Result<Vec<Event>> {
    let Some(new) = new else { return Ok(Vec::new()) };
    let has = |name: &str| new.as_ref().contains_key(name);
    if has("event_id") {
        of_ban(&read(new).context("a ban event")?)
    } else if has("subscription_id") {
        of_subscription(old.map(read).transpose().context("a subscription")?, &read(new).context("a subscription")?)
    } else if has("admin_user_id") && has("active") {
        // The first count of an admin has no old image; one of an older version has not all that is read.
        of_count(old.and_then(|old| read(old).ok()), &read(new).context("a count of subscriptions")?)
    } else if has("request") {
        of_request(&read(new).context("a request for a sync")?)
    } else if has("next_part") {
        of_next_part(&read(new).context("a part of a sync")?)
    } else if has("part_totals") {
        of_part(&read(new).context("a part of a sync")?)
    } else if has("stuck") {
        of_stuck(&read(new).context("a part of a sync")?)
    } else if has("plan") && has("status") {
        of_sync(old.map(read).transpose().context("a sync")?, &read(new).context("a sync")?)
    } else if has("chat_id") && has("state") {
        // A chat whose settings came before its state has no state in its old image.
        of_chat(old.and_then(|old| read(old).ok()), &read(new).context("a chat")?)
    } else if has("admin_key") && has("observed_at") {
        of_admin(old.map(read).transpose().context("a role")?, &read(new).context("a role")?)
    } else if has("erase_round") {
        // A profile that was not being erased has no such attributes.
        of_erasure(old.and_then(|old| read(old).ok()), read(new).context("an erasure")?)
    } else {
        Ok(Vec::new())
    }
}

fn of_ban(item: &BanItem) -> anyhow::Result<Vec<Event>> {
    let ban = event::Ban::from(&item.event);
    let id = item.event.event_id.to_string();
    let put = |event_type| Event::new(event::BANS, &Envelope::new(event_type, &id, item.event.event_timestamp, &ban));
    let mut events = vec![put(event::BAN_REGISTERED)?];
    match item.event.event_type {
        Action::Ban if item.event.tracked => events.push(put(event::BAN_DETECTED)?),
        Action::Unban if item.event.tracked => events.push(put(event::BAN_LIFTED)?),
        _ => {}
    }
    Ok(events)
}

fn of_subscription(old: Option<SubscriptionItem>, new: &SubscriptionItem) -> anyhow::Result<Vec<Event>> {
    let event_type = match (old.is_some_and(|old| old.is_active), new.is_active) {
        (false, true) => event::SUBSCRIPTION_CREATED,
        (true, false) => event::SUBSCRIPTION_DELETED,
        _ => return Ok(Vec::new()),
    };
    let what = format!("{} at {}", new.subscription_id, new.updated_at);
    let payload = event::SubscriptionChanged::new(&new.subscription, new.by_program);
    Ok(vec![Event::new(event::SUBSCRIPTIONS, &Envelope::new(event_type, &what, new.updated_at, payload))?])
}

/// The last free place was taken. Told once each time, however many asked for it.
fn of_count(old: Option<CountItem>, new: &CountItem) -> anyhow::Result<Vec<Event>> {
    if new.active < MAX_PER_ADMIN || old.is_some_and(|old| old.active >= MAX_PER_ADMIN) {
        return Ok(Vec::new());
    }
    let payload = event::LimitReached { admin_user_id: new.admin_user_id, active: new.active };
    let what = format!("{} at {}", new.admin_user_id, new.updated_at);
    Ok(vec![Event::new(event::SUBSCRIPTIONS, &Envelope::new(event::SUBSCRIPTION_LIMIT_REACHED, &what, new.updated_at, payload))?])
}

fn of_sync(old: Option<Summary>, new: &Summary) -> anyhow::Result<Vec<Event>> {
    let put = |status: SyncStatus, what: &str, at_ms: i64| {
        let totals = if status == SyncStatus::Running { Default::default() } else { new.totals };
        let payload = event::Sync {
            sync_id: new.sync_id,
            ban_event_id: new.ban_event_id,
            user_id: new.user_id,
            source_chat_id: new.source_chat_id,
            total_chats: new.total_chats,
            successful: totals.applied + totals.already,
            failed: totals.failed,
            totals,
            kind: new.kind,
            origin: new.origin,
        };
        Event::new(event::SYNC, &Envelope::new(status.event_type(), what, at_ms / 1000, payload))
    };
    let id = new.sync_id.to_string();
    let mut events = Vec::new();
    let undo_before = old.as_ref().is_some_and(|old| old.undo.is_some() && old.status != SyncStatus::Running);
    let before = old.as_ref().map(|old| old.status);
    if before.is_none() {
        events.push(put(SyncStatus::Running, &id, new.started_at_ms)?);
    }
    let ended_at_ms = new.completed_at_ms.unwrap_or(new.started_at_ms);
    if new.status != SyncStatus::Running && before.is_none_or(|before| before == SyncStatus::Running) {
        events.push(put(new.status, &id, ended_at_ms)?);
    } else if new.status != SyncStatus::Running && old.is_some_and(|old| old.completed_at_ms != new.completed_at_ms) {
        // It came right after all: that is news of its own.
        events.push(put(new.status, &format!("{id} at {ended_at_ms}"), ended_at_ms)?);
    }
    // What takes a sync back waits for its end.
    if let Some(undo) = new.undo.filter(|_| new.status != SyncStatus::Running && !undo_before) {
        events.push(asked_for(undo, new.ban_event_id, new.completed_at_ms.unwrap_or(new.started_at_ms) / 1000)?);
    }
    Ok(events)
}

fn of_request(item: &RequestItem) -> anyhow::Result<Vec<Event>> {
    let request = &item.request;
    if request.waits { Ok(Vec::new()) } else { Ok(vec![asked_for(request.sync_id, request.ban_event_id, item.requested_at)?]) }
}

fn asked_for(sync_id: Uuid, ban_event_id: Uuid, at: i64) -> anyhow::Result<Event> {
    let payload = event::SyncRequested { sync_id, ban_event_id };
    Event::new(event::SYNC, &Envelope::new(event::SYNC_REQUESTED, &sync_id.to_string(), at, payload))
}

fn of_next_part(next: &NextItem) -> anyhow::Result<Vec<Event>> {
    let payload = event::SyncPart { sync_id: next.sync_id, part: next.next_part };
    let what = format!("{} part {}", next.sync_id, next.next_part);
    Ok(vec![Event::new(event::SYNC, &Envelope::new(event::SYNC_CONTINUED, &what, next.at, payload))?])
}

/// Told anew each time that a look finds it so.
fn of_stuck(item: &StuckItem) -> anyhow::Result<Vec<Event>> {
    let payload = event::SyncStuck { sync_id: item.sync_id, reached: item.stuck };
    let what = format!("{} stuck at {}", item.sync_id, item.at);
    Ok(vec![Event::new(event::SYNC, &Envelope::new(event::SYNC_STUCK, &what, item.at, payload))?])
}

fn of_chat(old: Option<ChatItem>, new: &ChatItem) -> anyhow::Result<Vec<Event>> {
    let before = old.as_ref().map(|old| old.state);
    if before == Some(new.state) {
        return Ok(Vec::new());
    }
    let event_type = match new.state {
        ChatState::Active => event::CHAT_ACTIVATED,
        // The bot was added and may not ban yet: nothing is lost.
        ChatState::Suspended if before != Some(ChatState::Active) => return Ok(Vec::new()),
        ChatState::Suspended => event::CHAT_SUSPENDED,
        ChatState::Removed => event::CHAT_REMOVED,
        ChatState::Migrated => event::CHAT_MIGRATED,
    };
    let what = format!("{} at {}", new.chat_id, new.updated_at);
    let payload = chat_changed(old.as_ref(), new);
    Ok(vec![Event::new(event::CHATS, &Envelope::new(event_type, &what, new.updated_at, payload))?])
}

fn chat_changed(old: Option<&ChatItem>, new: &ChatItem) -> event::ChatChanged {
    let since = |state| old.filter(|old| old.state == state).map(|old| old.updated_at);
    event::ChatChanged {
        chat_id: new.chat_id,
        title: new.title.clone(),
        migrated_to: new.migrated_to,
        gone_since: since(ChatState::Removed).filter(|_| new.state == ChatState::Migrated),
        was_suspended: since(ChatState::Suspended).is_some(),
        cause: new.cause,
        changed_at: new.updated_at,
    }
}

/// A role that ended, or whose right to ban came or went. Whoever was never known to have one has none that could end.
fn of_admin(old: Option<AdminItem>, new: &AdminItem) -> anyhow::Result<Vec<Event>> {
    let before = old.as_ref().and_then(AdminItem::role).map(|role| role.can_ban);
    let (event_type, changed_at) = match (new.role().map(|role| role.can_ban), new.ended_at) {
        (None, Some(ended_at)) if old.is_none_or(|old| old.ended_at != new.ended_at) => (event::ADMIN_REMOVED, ended_at),
        // Nothing was known of somebody who may follow all the same: by a program's word.
        (Some(false), _) if before != Some(false) => (event::ADMIN_SUSPENDED, new.observed_at),
        (Some(true), _) if before == Some(false) => (event::ADMIN_RESUMED, new.observed_at),
        _ => return Ok(Vec::new()),
    };
    let payload = event::AdminChanged { chat_id: new.chat_id, user_id: new.user_id, changed_at };
    // Two changes may be told within a second.
    let what = match event_type {
        event::ADMIN_REMOVED => format!("{} in {} at {changed_at}", new.user_id, new.chat_id),
        _ => format!("{} in {} at {}", new.user_id, new.chat_id, new.occurred().as_str()),
    };
    Ok(vec![Event::new(event::CHATS, &Envelope::new(event_type, &what, changed_at, payload))?])
}

/// A person was erased, or a part of what else is held on him was.
fn of_erasure(old: Option<Erasing>, new: Erasing) -> anyhow::Result<Vec<Event>> {
    if old == Some(new) {
        return Ok(Vec::new());
    }
    let Erasing { user_id, erasing_at: erased_at, erase_round: round } = new;
    let payload = event::UserErased { user_id, erased_at, round };
    let what = format!("{user_id} at {erased_at} round {round}");
    Ok(vec![Event::new(event::USERS, &Envelope::new(event::USER_ERASED, &what, erased_at, payload))?])
}

fn of_part(part: &TotalsItem) -> anyhow::Result<Vec<Event>> {
    let payload = event::SyncPart { sync_id: part.sync_id, part: part.part };
    let what = format!("{} part {}", part.sync_id, part.part);
    Ok(vec![Event::new(event::SYNC, &Envelope::new(event::SYNC_PART_COMPLETED, &what, part.at, payload))?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// An item as it stands in a stream: every attribute in DynamoDB's own JSON.
    fn item(fields: Value) -> Item {
        fn attribute(value: &Value) -> Value {
            match value {
                Value::String(text) => json!({ "S": text }),
                Value::Bool(flag) => json!({ "BOOL": flag }),
                Value::Object(fields) => {
                    json!({ "M": fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<serde_json::Map<_, _>>() })
                }
                number => json!({ "N": number.to_string() }),
            }
        }
        let fields = fields.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value)));
        serde_json::from_value(Value::Object(fields.collect())).unwrap()
    }

    fn types(old: Option<Value>, new: Value) -> Vec<String> {
        of(old.map(item), Some(item(new))).unwrap().iter().map(|event| event.event_type().to_owned()).collect()
    }

    const ID: &str = "1b671a64-40d5-491e-99b0-da01ff1f3341";

    fn ban(event_type: &str, tracked: bool) -> Value {
        json!({"event_id": ID, "user_id": 5, "chat_id": -100, "event_type": event_type, "event_timestamp": 1000,
            "occurred": "000000001000#0000000000000001", "tracked": tracked, "version": 1, "expires_at": 9})
    }

    #[test]
    fn a_ban_is_detected_only_where_somebody_follows_and_only_when_it_is_a_ban() {
        assert_eq!(types(None, ban("ban", true)), ["ban.registered", "ban.detected"]);
        assert_eq!(types(None, ban("ban", false)), ["ban.registered"]);
        assert_eq!(types(None, ban("unban", true)), ["ban.registered", "ban.lifted"]);
        assert_eq!(types(None, ban("kick", true)), ["ban.registered"]);
    }

    #[test]
    fn a_subscription_is_told_of_when_it_begins_and_when_it_ends() {
        let subscription = |active: bool| json!({"subscription_id": ID, "admin_user_id": 1, "admin_chat_id": -100, "source": "user:5", "is_active": active, "updated_at": 7});
        assert_eq!(types(None, subscription(true)), ["subscription.created"]);
        assert_eq!(types(Some(subscription(true)), subscription(false)), ["subscription.deleted"]);
        assert_eq!(types(Some(subscription(true)), subscription(true)), [""; 0]);
    }

    #[test]
    fn the_limit_is_told_of_once_each_time_it_is_reached() {
        let count = |active: u32| json!({"pk": "ADMIN#1", "sk": "COUNT", "admin_user_id": 1, "active": active, "updated_at": 7});
        assert_eq!(types(Some(count(99)), count(100)), ["subscription.limit_reached"]);
        for (old, new) in [(98, 99), (100, 100), (100, 99)] {
            assert_eq!(types(Some(count(old)), count(new)), [""; 0], "{old} -> {new}");
        }
    }

    #[test]
    fn a_chat_is_told_of_when_the_bot_gains_or_loses_something_there() {
        let chat = |state: &str| json!({"chat_id": -100, "state": state, "cause": "membership", "updated_at": 7});
        assert_eq!(types(None, chat("suspended")), [""; 0]);
        assert_eq!(types(Some(chat("suspended")), chat("active")), ["chat.activated"]);
        assert_eq!(types(Some(chat("active")), chat("suspended")), ["chat.suspended"]);
        assert_eq!(types(Some(chat("suspended")), chat("removed")), ["chat.removed"]);
        assert_eq!(types(Some(chat("active")), chat("active")), [""; 0]);
    }

    #[test]
    fn a_change_of_a_chat_says_whether_the_bot_could_not_ban_before() {
        let new = chat_in("active", 7);
        assert!(!chat_changed(None, &new).was_suspended);
        for (before, expected) in [("removed", false), ("active", false), ("suspended", true)] {
            assert_eq!(chat_changed(Some(&chat_in(before, 3)), &new).was_suspended, expected, "{before}");
        }
    }

    #[test]
    fn a_migration_says_since_when_the_group_was_taken_for_gone() {
        let migrated = chat_in("migrated", 7);
        assert_eq!(chat_changed(None, &migrated).gone_since, None);
        for (before, expected) in [("removed", Some(3)), ("active", None), ("suspended", None)] {
            assert_eq!(chat_changed(Some(&chat_in(before, 3)), &migrated).gone_since, expected, "{before}");
        }
        assert_eq!(chat_changed(Some(&chat_in("removed", 3)), &chat_in("active", 7)).gone_since, None, "the bot is back");
    }

    /// A chat that came into this state at a second.
    fn chat_in(state: &str, at: i64) -> ChatItem {
        read(item(json!({"chat_id": -100, "state": state, "cause": "membership", "updated_at": at}))).unwrap()
    }

    #[test]
    fn an_administrator_is_told_of_when_his_role_ends_and_not_when_it_is_seen_again_that_he_has_none() {
        let role = |ended_at: Option<i64>| {
            let mut item =
                json!({"chat_id": -100, "user_id": 1, "admin_key": "1", "occurred": "000000001000#0000000000000001", "observed_at": 7});
            match ended_at {
                Some(at) => item["ended_at"] = at.into(),
                None => (item["role"], item["can_ban"]) = ("moderator".into(), true.into()),
            }
            item
        };
        assert_eq!(types(Some(role(None)), role(Some(7))), ["admin.removed"]);
        assert_eq!(types(None, role(Some(7))), ["admin.removed"], "his role was older than what is known of the chat");
        assert_eq!(types(Some(role(Some(7))), role(Some(7))), [""; 0]);
        assert_eq!(types(Some(role(Some(7))), role(None)), [""; 0]);
        assert_eq!(types(None, role(None)), [""; 0]);
    }

    #[test]
    fn an_administrator_is_told_of_when_the_right_to_ban_goes_and_when_it_comes_back() {
        let role = |can_ban: bool| {
            json!({"chat_id": -100, "user_id": 1, "admin_key": "1", "occurred": "000000000001#0000000000000001", "observed_at": 1,
                "role": "moderator", "can_ban": can_ban})
        };
        assert_eq!(types(Some(role(true)), role(false)), ["admin.suspended"]);
        assert_eq!(types(None, role(false)), ["admin.suspended"], "nothing was known before");
        assert_eq!(types(Some(role(false)), role(true)), ["admin.resumed"]);
        for (old, new) in [(Some(role(true)), role(true)), (Some(role(false)), role(false)), (None, role(true))] {
            assert_eq!(types(old.clone(), new.clone()), [""; 0], "{old:?} -> {new}");
        }
    }

    #[test]
    fn each_part_of_an_erasure_is_told_of_once() {
        let erasing = |round: u32| json!({"user_id": 1, "erased_at": 5, "erasing_at": 5, "erase_round": round, "version": 1});
        let profile = json!({"user_id": 1, "first_name": "Mal", "version": 2});
        assert_eq!(types(None, erasing(0)), ["user.erased"]);
        assert_eq!(types(Some(profile.clone()), erasing(0)), ["user.erased"]);
        assert_eq!(types(Some(erasing(0)), erasing(1)), ["user.erased"]);
        assert_eq!(types(Some(erasing(1)), json!({"user_id": 1, "erased_at": 5, "version": 1})), [""; 0]);
        let back = json!({"user_id": 1, "can_write": true, "erasing_at": 5, "erase_round": 1, "version": 1});
        assert_eq!(types(Some(erasing(1)), back), [""; 0], "who comes back while it is under way");
        assert_eq!(types(None, profile), [""; 0]);
    }

    #[test]
    fn a_sync_that_had_nothing_to_ask_telegram_starts_and_ends_at_once() {
        let summary = |status: &str| {
            json!({"sync_id": ID, "ban_event_id": ID, "plan": ID, "user_id": 5, "source_chat_id": -100, "event_timestamp": 1,
                "occurred": "000000001000#0000000000000001", "total_chats": 1, "chunks": 0, "status": status, "started_at_ms": 1, "expires_at": 9, "version": 1})
        };
        assert_eq!(types(None, summary("running")), ["sync.started"]);
        assert_eq!(types(None, summary("completed")), ["sync.started", "sync.completed"]);
        assert_eq!(types(Some(summary("running")), summary("partial")), ["sync.partial"]);
        assert_eq!(types(Some(summary("partial")), summary("partial")), [""; 0]);
    }

    #[test]
    fn what_takes_a_sync_back_is_asked_for_once_when_both_are_there() {
        let summary = |status: &str, undo: bool| {
            let mut item = json!({"sync_id": ID, "ban_event_id": ID, "plan": ID, "user_id": 5, "source_chat_id": -100, "event_timestamp": 1,
                "occurred": "000000001000#0000000000000001", "total_chats": 1, "chunks": 1, "status": status, "started_at_ms": 1, "expires_at": 9, "version": 1});
            if undo {
                item["undo"] = ID.into();
            }
            item
        };
        assert_eq!(types(Some(summary("running", true)), summary("completed", true)), ["sync.completed", "sync.requested"]);
        assert_eq!(types(Some(summary("completed", false)), summary("completed", true)), ["sync.requested"]);
        assert_eq!(types(Some(summary("running", false)), summary("running", true)), [""; 0]);
        assert_eq!(types(Some(summary("completed", true)), summary("completed", true)), [""; 0]);
    }

    #[test]
    fn a_further_part_is_asked_for() {
        assert_eq!(types(None, json!({"sync_id": ID, "next_part": 1, "at": 5, "version": 1})), ["sync.continued"]);
        let stuck = json!({"sync_id": ID, "stuck": {"part": 0, "chunks": 1, "replans": 0}, "at": 5, "version": 1});
        assert_eq!(types(None, stuck), ["sync.stuck"]);
    }

    #[test]
    fn an_item_that_cannot_be_read_is_an_error_and_other_items_are_nothing() {
        assert!(of(None, Some(item(json!({"event_id": ID})))).is_err());
        assert_eq!(types(None, json!({"pk": "ADMIN#1", "sk": "COUNT", "active": 3})), [""; 0]);
    }
}
