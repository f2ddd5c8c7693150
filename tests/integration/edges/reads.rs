//! Reads are bounded however full a chat's ledger is; a lost race and a failed call leave nothing behind.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use crate::stack::skipped;
use anyhow::Result;
use aws::time::now;
use domain::ban::Occurred;
use domain::event::{self, Envelope, SyncPart};
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::{Mode, Source, Subscription};
use domain::sync::{Outcome, SyncStatus, sync_id};
use serde_json::{Value, json};
use std::time::Duration;
use telegram_sim::control::{Fault, FaultAction};
use uuid::Uuid;

/// Entries that are three pages of a query: a page has 1 MB at most (DynamoDB Developer Guide, "Paginating table query results").
const PAGES: usize = 80;
/// Bytes of each.
const LENGTH: usize = 30_000;

/// Far shorter than a person stays taken whom nobody lets go (`take_person` of the gateway).
const SOON: Duration = Duration::from_secs(40);

impl Play {
    /// Gives a chat entries of this time in its ledger, each of another member who was banned there.
    async fn fill_ledger(&self, chat: i64, at: i64) -> Result<()> {
        let puts: Vec<_> = (0..PAGES).map(|number| json!({"PutRequest": {"Item": entry(chat, number, at)}})).collect();
        for some in puts.chunks(25) {
            self.stack.aws("dynamodb", "BatchWriteItem", json!({"RequestItems": {&self.stack.tables["sync"]: some}})).await?;
        }
        Ok(())
    }

    /// Queries of the worker about a chat, since they are counted.
    async fn queries(&self, chat: i64) -> Result<u32> {
        let calls = self.stack.counted_calls(&chat.to_string(), "sync-worker").await?;
        Ok(calls.iter().filter(|call| call.operation == "Query").map(|call| call.count - call.retries).sum())
    }

    /// Queries about the target while a ban of the source is carried over and lifted again.
    async fn queries_of_a_ban_and_its_lift(&self, pair: &Pair) -> Result<u32> {
        self.lifts_too(pair.target).await?;
        self.stack.count_calls(&pair.target.to_string()).await?;
        self.sync_of(&self.ban(pair.source, pair.alice, pair.mallory).await?).await?;
        self.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
        self.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
        self.telegram.wait_until_not_banned(pair.target, pair.mallory, PATIENCE).await?;
        self.queries(pair.target).await
    }

    async fn unfollow(&self, pair: &Pair, chat: i64) -> Result<()> {
        let (admin_user_id, admin_chat_id) = (UserId(pair.boris), ChatId(chat));
        self.subscriptions.unfollow(&Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(pair.mallory)) }).await?;
        Ok(())
    }

    async fn lifts(&self, chat: i64, sync_unban: bool) -> Result<()> {
        self.choose(chat, ChatChange { sync_unban: Some(sync_unban), ..ChatChange::default() }).await
    }
}

/// A long entry of a chat's ledger.
fn entry(chat: i64, number: usize, at: i64) -> Value {
    let (occurred, id) = (Occurred::new(at, number as i64), Uuid::from_u128(number as u128));
    json!({
        "pk": {"S": format!("CHAT#{chat}")}, "sk": {"S": format!("L#{}#{id}", occurred.as_str())},
        "sync_id": {"S": id}, "ban_event_id": {"S": id}, "kind": {"S": "ban"}, "origin": {"S": "ban"}, "user_id": {"N": (number + 1).to_string()},
        "chat_id": {"N": chat.to_string()}, "source_chat_id": {"N": "-1"}, "occurred": {"S": occurred.as_str()}, "status": {"S": "applied"},
        "at": {"N": at.to_string()}, "millis": {"N": "0"}, "was_member": {"BOOL": true}, "tries": {"N": "0"}, "version": {"N": "1"},
        "expires_at": {"N": (at + 366 * 24 * 3600).to_string()}, "of_no_use": {"S": "x".repeat(LENGTH)},
    })
}

#[tokio::test]
async fn a_ban_and_its_lift_read_as_little_of_a_chat_with_a_years_entries_as_of_a_new_one() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS counts no calls");
    }
    let (new, old) = (play.pair(Mode::Auto).await?, play.pair(Mode::Auto).await?);
    play.fill_ledger(old.target, now() - 30 * 24 * 3600).await?;
    let of_new = play.queries_of_a_ban_and_its_lift(&new).await?;
    assert_eq!(play.queries_of_a_ban_and_its_lift(&old).await?, of_new);
    Ok(())
}

#[tokio::test]
async fn a_chat_that_lost_hundreds_of_members_this_hour_is_held_after_a_look_at_as_many_as_are_too_many() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS counts no calls");
    }
    let pair = play.pair(Mode::Auto).await?;
    play.fill_ledger(pair.target, now() - 60).await?;
    play.stack.count_calls(&pair.target.to_string()).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert!(matches!(results[0].outcome, Outcome::Skipped(_)), "{results:?}");
    assert_eq!(play.queries(pair.target).await?, 1, "the first page has more than enough of them");
    Ok(())
}

#[tokio::test]
async fn whoever_loses_the_race_for_a_part_of_a_sync_changes_nothing_of_it() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let pair = play.pair(Mode::Auto).await?;
    let [oldest, middle] =
        [play.chat("Oldest", pair.boris, &[pair.mallory]).await?, play.chat("Middle", pair.boris, &[pair.mallory]).await?];
    let newest = pair.target;
    // Three bans, of which each was carried to one chat: what takes them back has a part for each.
    play.unfollow(&pair, newest).await?;
    for chat in [oldest, middle, newest] {
        play.follow(chat, pair.boris, pair.mallory, Mode::Auto).await?;
        let (summary, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
        assert_eq!(summary.totals.applied, 1, "{results:?}");
        if chat != newest {
            play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
            play.telegram.wait_until_accepted(PATIENCE).await?;
            play.unfollow(&pair, chat).await?;
        }
    }
    play.lifts(newest, true).await?;
    play.lifts(oldest, true).await?;
    let planner = &play.stack.functions["sync-planner"];
    let slow = json!({"function": planner, "operation": "PutItem", "what": "SYNC PART", "hang": 4500, "times": 1});
    let slow = play.stack.fail(slow).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    let begun = async || Ok(slow.rules().await.is_ok_and(|rules| rules[0].fired == 1).then_some(()));
    play.telegram.wait_until("the second part to be planned", PATIENCE, begun).await?;
    // One planner has found nobody but the oldest for it. Another one finds the middle one, too, and is quicker.
    play.lifts(middle, true).await?;
    // While that part lasts, the first one comes second.
    let _slow = play.fault(Fault::new(FaultAction::Slow { ms: 4000 }).chat(middle).user(pair.mallory)).await?;
    let id = sync_id(play.last_event(pair.source, pair.mallory).await?.event_id);
    let again = Envelope::new(event::SYNC_CONTINUED, &id.to_string(), now(), SyncPart { sync_id: id, part: 1 });
    assert!(!play.stack.invoke(planner, &json!({ "detail": again }).to_string()).await?.failed);
    let (summary, results) = play.results_of(id).await?;
    assert_eq!((summary.status, summary.totals.applied), (SyncStatus::Completed, 3), "{results:?}");
    for chat in [newest, middle, oldest] {
        play.telegram.wait_until_not_banned(chat, pair.mallory, PATIENCE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_sync_that_fails_after_it_took_a_person_keeps_no_other_ban_of_them_waiting() -> Result<()> {
    let play = Play::alone().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS cannot be made to fail");
    }
    let pair = play.pair(Mode::Auto).await?;
    let second = play.chat("Second", pair.alice, &[pair.mallory]).await?;
    // Chunks wait: time to break what the first one needs.
    play.choose(pair.target, ChatChange { sync_delay_seconds: Some(5), ..ChatChange::default() }).await?;
    let soon = play.stack.hurry("sync", 10).await?;
    let first = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let (worker, table) = (&play.stack.functions["sync-worker"], &play.stack.tables["sync"]);
    let down = json!({"function": worker, "service": "dynamodb", "resource": table, "contains": sync_id(first.event_id), "status": 500});
    let down = play.stack.fail(down).await?;
    let failed = async || Ok(down.rules().await.is_ok_and(|rules| rules[0].fired > 0).then_some(()));
    play.telegram.wait_until("the first sync to fail", PATIENCE, failed).await?;
    let event = play.ban(second, pair.alice, pair.mallory).await?;
    let (summary, results) = play.sync_within(&event, SOON).await?;
    assert_eq!(summary.totals.applied, 1, "{results:?}");
    down.heal().await?;
    soon.end().await?;
    play.sync_of(&first).await?;
    play.forget_dead_letters().await
}
