//! Bodies that nobody has thought of, made from those in `seeds/` by putting odd values in odd places: the webhook answers none of them by
//! anything but 2xx, and so it panics over none.
//!
//! `BANSYNC_FUZZ_SECONDS`: for how long.

use crate::play::Play;
use domain::ids::UserId;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use telegram::update;

/// How long in each run of all tests, in seconds.
const SECONDS: u64 = 10;

/// Times that a body is sent while the store does not answer.
const TRIES: u32 = 5;

/// A body: a seed, and where what is put into it. The place counts through all values, the odd value through those of [`odd`].
type Case = (u8, Vec<(u16, u8, i64)>);

const SEEDS: [&str; 11] = [
    include_str!("seeds/ban.json"),
    include_str!("seeds/bot-added.json"),
    include_str!("seeds/command.json"),
    include_str!("seeds/private-command.json"),
    include_str!("seeds/forward.json"),
    include_str!("seeds/shared.json"),
    include_str!("seeds/press.json"),
    include_str!("seeds/press-question.json"),
    include_str!("seeds/join-request.json"),
    include_str!("seeds/migrated.json"),
    include_str!("seeds/community.json"),
];

/// Words that mean something somewhere: commands, links, data of buttons, statuses.
const WORDS: [&str; 24] = [
    "/start",
    "/settings",
    "/why 5",
    "/history @abcd",
    "/list@x",
    "/undo ?",
    "/start follow_-1003_12",
    "/start x",
    "kicked",
    "left",
    "administrator",
    "creator",
    "restricted",
    "private",
    "channel",
    "m::::",
    "m:0123456789abcdef0123456789abcdef:4294967296:-1",
    "q:0:b",
    "u:1:2",
    "a:0:l",
    "\u{202e}",
    "\u{0}",
    "<b>",
    "",
];

#[test]
fn no_body_is_answered_but_by_2xx() {
    let seconds = std::env::var("BANSYNC_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let webhook = AssertUnwindSafe((runtime, reqwest::Client::new(), std::cell::Cell::new(0_u64)));
    let play = webhook.0.0.block_on(Play::alone()).expect("nobody else plays");
    let stack = play.stack;
    bolero::check!().with_type::<Case>().with_test_time(Duration::from_secs(seconds)).with_iterations(seconds as usize * 1000).for_each(
        |case| {
            let AssertUnwindSafe((runtime, client, count)) = &webhook;
            let body = body(case);
            // A panic here is easier to read than one over there.
            update::read(body.as_bytes(), UserId(stack.bot_id), 0).map(drop).unwrap_or_default();
            let send = async || {
                let request = client.post(&stack.webhook_url).header("x-telegram-bot-api-secret-token", &stack.webhook_secret);
                let answer = request.header("content-type", "application/json").body(body.clone()).send().await;
                answer.map(|answer| (answer.status().as_u16(), retry_after(&answer)))
            };
            let status = runtime.block_on(async {
                let mut answer = send().await;
                // The store did not answer in time, or a group has had its answer of this second: Telegram brings it again, too, when it is told to.
                for _ in 1..TRIES {
                    let Ok((503, seconds)) = answer else { break };
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    answer = send().await;
                }
                answer.map(|(status, _)| status)
            });
            count.set(count.get() + 1);
            assert!(status.as_ref().is_ok_and(|status| (200..300).contains(status)), "{status:?}: {body}");
        },
    );
    println!("fuzz: {} bodies in {seconds} s", webhook.2.get());
}

/// Seconds after which the webhook wants an update again; 0 where it does not say.
fn retry_after(answer: &reqwest::Response) -> u64 {
    answer.headers().get("retry-after").and_then(|seconds| seconds.to_str().ok()?.parse().ok()).unwrap_or_default()
}

fn body((seed, edits): &Case) -> String {
    let mut body: Value = serde_json::from_str(SEEDS[usize::from(*seed) % SEEDS.len()]).expect("a seed is JSON");
    for (place, kind, number) in edits.iter().take(8) {
        let places = places(&body, String::new());
        let place = &places[usize::from(*place) % places.len()];
        if *kind % 16 == 15 {
            remove(&mut body, place);
        } else if let Some(value) = body.pointer_mut(place) {
            *value = odd(*kind, *number, value);
        }
    }
    body.to_string()
}

/// JSON pointers of all values.
fn places(value: &Value, here: String) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let deeper = below.into_iter().flat_map(|(name, value)| places(value, format!("{here}/{name}")));
    std::iter::once(here.clone()).chain(deeper).collect()
}

fn remove(body: &mut Value, place: &str) {
    let Some((parent, name)) = place.rsplit_once('/') else { return };
    if let Some(Value::Object(fields)) = body.pointer_mut(parent) {
        fields.remove(&name.replace("~1", "/").replace("~0", "~"));
    }
}

fn odd(kind: u8, number: i64, instead_of: &Value) -> Value {
    match kind % 16 {
        0 => Value::Null,
        1 => json!(number % 2 == 0),
        2 => json!(number),
        3 => json!(-number.saturating_abs()),
        4 => json!(number as f64 * 1.5e300),
        5 => json!([]),
        6 => json!({}),
        7 => json!([instead_of]),
        8 => json!({ "id": instead_of }),
        9 => json!(number.to_string()),
        10 => json!("x".repeat((number.unsigned_abs() % 5000) as usize)),
        11 => json!(format!("{instead_of}\u{202e}")),
        _ => json!(WORDS[(number.unsigned_abs() % WORDS.len() as u64) as usize]),
    }
}
