//! DynamoDB Streams → EventBridge: an event exists if and only if its write does.
//!
//! A record that can never become an event does not hold up its shard: it goes to the dead letter queue by itself. What may succeed later is
//! brought by the stream again and again, for as long as it keeps records.
//!
//! # Layout
//! - here: a batch on its way to the bus
//! - [`events`]: which events a change is
//! - [`counting`]: what is counted of it, on its way to whoever counts
//! - [`letter`]: a record that is given up

mod counting;
mod events;
mod letter;

use anyhow::Context as _;
use aws::batch::{BatchAnswer, UnreadBatch, UnreadRecord};
use aws::bus::{Bus, Event, Stopped};
use aws::env;
use aws::facts;
use aws::lambda::{self, Context};
use aws::queue::Queue;
use counting::Counting;
use domain::analytics::Fact;
use std::sync::Arc;

struct Relay {
    bus: Bus,
    dead_letters: Queue,
    /// `None`: the host has nothing counted.
    counting: Option<Counting>,
}

/// What a record tells of.
struct Told {
    events: Vec<Event>,
    facts: Vec<Fact>,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            let dead_letters = Queue::new(&aws, env::required("EVENTS_DLQ_URL")?);
            let counting = env::optional("ANALYTICS_QUEUE_URL").map(|url| Counting::new(Queue::new(&aws, url), dead_letters.clone()));
            Ok(Relay { bus: Bus::new(&aws, env::required("BUS")?), dead_letters, counting })
        },
        relay,
    )
}

/// Puts the events of all records in order. The first record that is not done is where the stream goes on.
async fn relay(relay: Arc<Relay>, batch: UnreadBatch, context: Context) -> anyhow::Result<BatchAnswer> {
    let mut answer = BatchAnswer::default();
    let records = batch.records;
    let read: Vec<_> = records.iter().map(|record| relay.told(record)).collect();
    let mut done = 0;
    while done < records.len() {
        let readable = (done..).zip(read[done..].iter().map_while(|read| read.as_ref().ok()));
        let (of, events): (Vec<usize>, Vec<&Event>) =
            readable.flat_map(|(n, told)| told.events.iter().map(move |event| (n, event))).unzip();
        // Nothing is given up before all that came before it is done: what the stream brings again is not given up a second time.
        let (at, why) = match relay.bus.put(&events).await {
            Ok(()) => match (done..).zip(&read[done..]).find_map(|(n, read)| Some((n, read.as_ref().err()?))) {
                Some((unreadable, error)) => (unreadable, format!("{error:#}")),
                None => {
                    done = records.len();
                    break;
                }
            },
            Err(Stopped { put, for_good: Some(why) }) => (of[put], why),
            Err(Stopped { put, for_good: None }) => {
                done = of[put];
                answer.fail(records[done].sequence_number()?);
                break;
            }
        };
        let sequence_number = records[at].sequence_number()?;
        if let Err(error) = relay.give_up(&records[at], &why, &context).await {
            tracing::error!(error = format!("{error:#}"), sequence_number, "a record cannot be given up; the stream brings it again");
            answer.fail(sequence_number);
            done = at;
            break;
        }
        // Why is in the letter: it may quote the item, and no name of anybody belongs into a log.
        tracing::error!(sequence_number, "a record is given up; it is in the dead letter queue");
        done = at + 1;
    }
    // Last: nobody waits for it.
    let facts: Vec<_> = read[..done].iter().flatten().flat_map(|told| told.facts.iter().copied()).collect();
    let first = read[..done].iter().position(|told| told.as_ref().is_ok_and(|told| !told.facts.is_empty()));
    if let (Some(counting), Some(first)) = (&relay.counting, first)
        && let Err(error) = counting.count(&facts).await
    {
        tracing::error!(error = format!("{error:#}"), "what is to be counted cannot be sent on; the stream brings it again");
        answer = BatchAnswer::default();
        answer.fail(records[first].sequence_number()?);
    }
    Ok(answer)
}

impl Relay {
    fn told(&self, record: &UnreadRecord) -> anyhow::Result<Told> {
        let change = record.read()?.dynamodb;
        let facts = match &change.new_image {
            Some(new) if self.counting.is_some() => facts::of(change.old_image.as_ref(), new)?,
            _ => Vec::new(),
        };
        Ok(Told { events: events::of(change.old_image, change.new_image)?, facts })
    }

    async fn give_up(&self, record: &UnreadRecord, why: &str, context: &Context) -> anyhow::Result<()> {
        let message = letter::of(record, why, &context.invoked_function_arn)?;
        self.dead_letters.send(message).await.context("sending a record to the dead letter queue")
    }
}
