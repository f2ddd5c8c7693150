//! A year that only the archive has, counted anew.

use super::DAY;
use crate::made_up;
use crate::operator;
use crate::play::Play;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::archive::{Archive, Object};
use domain::ban::Occurred;
use domain::event::date;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use uuid::Uuid;

/// Events of the archive, unless `BANSYNC_BENCH_EVENTS` chooses another number.
const EVENTS: usize = 3000;

/// Chats that they are of.
const CHATS: usize = 7;

/// Days that they are of: each is an object and some items.
const DAYS: i64 = 59;

/// From one of them to the next: together nearly a year.
const STEP: i64 = 5;

#[derive(Default)]
struct Recount {
    bans: i64,
    kicks: i64,
    unbans: i64,
    banned: BTreeSet<i64>,
}

#[tokio::test]
async fn a_year_of_the_archive_is_counted_anew_to_what_a_plain_recount_comes_to_and_twice_to_the_same() -> Result<()> {
    // Alone: a rebuild reads what others are about to change.
    let play = Play::alone().await?;
    let count = std::env::var("BANSYNC_BENCH_EVENTS").ok().map(|count| count.parse()).transpose()?.unwrap_or(EVENTS);
    let (analyst, first) = (play.analyst().await?, aws::time::now() / DAY - DAYS * STEP - 2);
    let chats: Vec<_> = (0..CHATS).map(|_| made_up::chat()).collect();
    let someone = made_up::user();
    let mut recount: BTreeMap<i64, Recount> = BTreeMap::new();
    let mut days: BTreeMap<i64, String> = BTreeMap::new();
    for n in 0..count {
        // Neither of these has a divisor in common with another: every chat has events of every kind on every day.
        let (chat, day, user) = (chats[n % CHATS], first + n as i64 % DAYS * STEP, someone + (n * 7919 % (count / 4 + 1)) as i64);
        let at = day * DAY + n as i64 % DAY;
        let of_chat = recount.entry(chat).or_default();
        let event_type = match n % 11 {
            3 => {
                of_chat.unbans += 1;
                "unban"
            }
            5 => {
                of_chat.kicks += 1;
                "kick"
            }
            _ => {
                of_chat.bans += 1;
                of_chat.banned.insert(user);
                "ban"
            }
        };
        let occurred = Occurred::new(at, n as i64);
        let line = json!({"event_id": Uuid::new_v4(), "user_id": user, "chat_id": chat, "event_type": event_type, "event_timestamp": at,
            "occurred": occurred.as_str(), "tracked": true});
        let text = days.entry(day).or_default();
        text.push_str(&line.to_string());
        text.push('\n');
    }
    let objects: Vec<_> = days
        .into_iter()
        .map(|(day, text)| Object { key: format!("bans/date={}/{}.jsonl.gz", date(day * DAY), Uuid::new_v4()), text })
        .collect();
    let archive = Archive::new(&Aws::patient_at(&play.stack.endpoint).await, play.stack.buckets["archive"].clone());
    archive.put_all(&objects).await.into_iter().collect::<Result<Vec<_>>>()?;

    for when in ["once", "twice"] {
        let began = Instant::now();
        let said = operator::succeeds(&["analytics", "rebuild"])?;
        println!("bench: {count} events of the archive counted anew {when} in {} s", began.elapsed().as_secs());
        ensure!(said.contains("facts in all"), "{said}");
        for (chat, expected) in &recount {
            let figures = analyst.there(&format!("analytics/overview?period=year&chat_id={chat}")).await?;
            let figure = |name: &str| figures["figures"][name].as_i64().with_context(|| format!("{name} of {figures}"));
            let found = (figure("total_bans")?, figure("kicks")?, figure("unbans")?, figure("unique_banned_users")?);
            assert_eq!(found, (expected.bans, expected.kicks, expected.unbans, expected.banned.len() as i64), "{when}");
        }
    }
    Ok(())
}
