//! Much history at once, and who reads it meanwhile.

use crate::caller::Caller;
use crate::made_up::{chat, ids, past, path, told, unique, user, with};
use crate::play::{PATIENCE, Play};
use anyhow::{Result, bail, ensure};
use domain::ban::BanEvent;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::registration::NewBanEvent;
use domain::search::Search;
use futures_util::future::{try_join, try_join_all};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How many, unless `BANSYNC_LOAD_EVENTS` chooses another number.
const EVENTS: usize = 4000;
/// How many are loaded with one request.
const BULK: usize = 500;
/// The largest page there is.
const LARGEST_PAGE: usize = 100;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Whose history is loaded, and from when on.
struct Past {
    users: Vec<i64>,
    chats: Vec<i64>,
    /// Unix seconds.
    start: i64,
    run: i64,
}

impl Past {
    /// The event of a number. In four days, in no order of time.
    fn event(&self, n: usize) -> Value {
        let types = ["ban", "kick", "restrict", "unban", "unrestrict"];
        let at = self.start + (n as i64 * 7919) % (4 * DAY);
        let reason = if n.is_multiple_of(10) { "Spam, again" } else { "rules" };
        let (user, chat) = (self.users[n % self.users.len()], self.chats[n / 7 % self.chats.len()]);
        with(told(user, chat, types[n / 3 % 5], at), json!({"event_id": format!("{} {n}", self.run), "reason": reason}))
    }

    /// The same as the domain has it.
    fn stored(&self, n: usize) -> Result<BanEvent> {
        let told = self.event(n);
        let new = NewBanEvent {
            event_id: told["event_id"].as_str().map(str::to_owned),
            user_id: serde_json::from_value(told["user_id"].clone())?,
            chat_id: serde_json::from_value(told["chat_id"].clone())?,
            event_type: serde_json::from_value(told["event_type"].clone())?,
            ban_duration: None,
            reason: told["reason"].as_str().map(str::to_owned),
            initiator_user_id: None,
            event_timestamp: told["event_timestamp"].as_i64().unwrap_or_default(),
            metadata: BTreeMap::new(),
        };
        Ok(new.event(aws::time::now())?)
    }
}

#[tokio::test]
async fn thousands_of_events_are_loaded_and_paged_through_without_gap_or_double_while_more_come_in() -> Result<()> {
    let play = Play::alone().await?;
    let registrar = play.registrar().await?;
    let history = Past {
        users: (0..20).map(|_| user()).collect(),
        chats: (0..10).map(|_| chat()).collect(),
        start: past(1_400_000_000, 5),
        run: unique(),
    };
    let many: usize = std::env::var("BANSYNC_LOAD_EVENTS").map_or(Ok(EVENTS), |events| events.parse())?;
    let counts = play.stack.is_instrumented().await;
    if counts {
        play.stack.forget_calls().await?;
    }
    let began = Instant::now();
    let numbers: Vec<usize> = (0..many).collect();
    let bulks = numbers.chunks(BULK).map(|numbers| numbers.iter().map(|n| history.event(*n)).collect::<Vec<_>>());
    let loads = bulks.map(|events| load(&registrar, events)).collect::<Vec<_>>();
    let slow: u32 = stream::iter(loads).buffer_unordered(4).try_collect::<Vec<_>>().await?.into_iter().sum();
    println!("load: {many} events: loaded in {} ms, {slow} of them not at once", began.elapsed().as_millis());
    if counts {
        let calls = play.stack.calls_of("api-bans").await?;
        let of =
            |operation: &str| calls.iter().filter(|call| call.operation == operation).map(|call| call.count - call.retries).sum::<u32>();
        let once = (many + many.div_ceil(BULK)) as u32;
        assert!(
            (once..=once + slow).contains(&of("PutItem")),
            "one write an event, and one a request for the audit log: {}, {slow} not at once",
            of("PutItem")
        );
        assert_eq!((of("Query"), of("GetItem")), (0, 0), "nobody asks who follows");
    }

    let period = |from, to| Search { from: Some(history.start + from), to: Some(history.start + to), ..Search::default() };
    let of_user = Search::of_user(UserId(history.users[3]));
    let of_chat = Search::of_chat(ChatId(history.chats[4]));
    let reason = Some("spam".to_owned());
    let searches = [
        (format!("events/user/{}", history.users[3]), of_user.clone()),
        (format!("events/chat/{}", history.chats[4]), of_chat.clone()),
        (path(&period(DAY - HOUR, DAY + 4 * HOUR)), period(DAY - HOUR, DAY + 4 * HOUR)),
        of(Search { event_type: Some(Action::Kick), ..of_user }),
        of(Search { reason: reason.clone(), from: Some(history.start + DAY), ..of_chat }),
        of(Search { event_type: Some(Action::Ban), reason, ..period(0, 4 * DAY) }),
    ];
    let stored = numbers.iter().map(|n| history.stored(*n)).collect::<Result<Vec<_>>>()?;
    let read = AtomicBool::new(false);
    let reading = async {
        let lists = try_join_all(searches.iter().map(|(path, search)| read_all(&registrar, (path.as_str(), search), &stored))).await;
        read.store(true, Ordering::Relaxed);
        lists
    };
    // More of the same people, chats and days; among what is read, and later.
    let writing = async {
        let mut more = 0;
        while !read.load(Ordering::Relaxed) {
            let events = (0..50).map(|n| history.event(many + more + n)).collect();
            load(&registrar, events).await?;
            more += 50;
        }
        anyhow::Ok(more)
    };
    let began = Instant::now();
    let (found, more) = try_join(reading, writing).await?;
    println!("load: {found:?} events found by each search while {more} more came in, in {} ms", began.elapsed().as_millis());
    settled(&play, many).await
}

fn of(search: Search) -> (String, Search) {
    (path(&search), search)
}

/// As callers do: what the store did not take in time is sent again. How many were not stored by the first write: a busy machine.
async fn load(registrar: &Caller<'_>, mut events: Vec<Value>) -> Result<u32> {
    let (began, mut slow) = (Instant::now(), 0);
    while began.elapsed() < PATIENCE {
        let (status, body) = registrar.register_all(&events).await?.parts();
        if status >= 500 {
            // The function's time was up: whatever it has stored is known by its id.
            slow += events.len() as u32;
            continue;
        }
        ensure!(status == 200 && body["invalid"] == 0, "{status} {}", body["results"][0]);
        let results = body["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        ensure!(results.len() == events.len(), "{} results of {} events", results.len(), events.len());
        slow += results.iter().filter(|result| result["status"] != "created").count() as u32;
        let mut failed = results.iter().map(|result| result["status"] == "failed");
        events.retain(|_| failed.next().unwrap_or_default());
        if events.is_empty() {
            return Ok(slow);
        }
    }
    bail!("{} events are not stored after {PATIENCE:?}", events.len())
}

/// Pages through a list; each of `stored` that it is to have is there once, newest first.
async fn read_all(registrar: &Caller<'_>, (path, search): (&str, &Search), stored: &[BanEvent]) -> Result<usize> {
    // Each list has several pages.
    let limit = (stored.len() / 200).clamp(1, LARGEST_PAGE);
    let found = registrar.list(path, limit).await?;
    let order: Vec<_> = found.iter().map(|event| event["event_timestamp"].as_i64()).collect();
    assert!(order.is_sorted_by(|a, b| a >= b), "newest first: {path}");
    let list = ids(&found);
    let set: BTreeSet<_> = list.iter().cloned().collect();
    assert_eq!(list.len(), set.len(), "nothing twice: {path}");
    let expected: BTreeSet<_> = stored.iter().filter(|event| search.finds(event)).map(|event| event.event_id.to_string()).collect();
    assert!(expected.len() > 2 * limit, "there is something to page through: {} of {path}", expected.len());
    assert!(set.is_superset(&expected), "{} missing: {path}", expected.difference(&set).count());
    Ok(found.len())
}

/// Waits until the relay has told of all that was loaded: other tests' events stand behind it in the stream.
async fn settled(play: &Play, events: usize) -> Result<()> {
    let began = Instant::now();
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (a, b) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.subscribe(b, boris, mallory).await?;
    play.ban(a, alice, mallory).await?;
    play.telegram.wait_until_banned(b, mallory, PATIENCE * (2 + (events / EVENTS) as u32)).await?;
    println!("load: the relay was done {} ms after", began.elapsed().as_millis());
    Ok(())
}
