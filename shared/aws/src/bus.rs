//! EventBridge: putting events on the bus. Refused entries are told one by one.

use crate::Aws;
use aws_sdk_eventbridge::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::operation::put_events::PutEventsError;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use domain::event::Envelope;
use serde::Serialize;

/// Entries in one PutEvents (an EventBridge limit).
const BATCH: usize = 10;

/// Codes of entries that are refused for what is in them: these never succeed. (EventBridge API Reference, PutEventsResultEntry.) Its other
/// codes "non-retryable" are about the caller's permissions and account: an operator mends those, and then the same entry is taken.
const REFUSED_FOR_GOOD: [&str; 2] = ["InvalidArgument", "MalformedDetail"];

/// The end of putting events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// How many events were put before the one that was not.
    pub put: usize,
    /// Why the bus will never take that one; `None`: it may take it later.
    pub for_good: Option<String>,
}

/// The bus to put events on.
pub struct Bus {
    client: aws_sdk_eventbridge::Client,
    name: String,
}

/// An event, ready to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    source: &'static str,
    event_type: String,
    detail: String,
}

impl Event {
    /// `source`: such as [`domain::event::BANS`].
    pub fn new(source: &'static str, envelope: &Envelope<impl Serialize>) -> anyhow::Result<Self> {
        Ok(Self { source, event_type: envelope.event_type.clone(), detail: serde_json::to_string(envelope)? })
    }

    pub fn event_type(&self) -> &str {
        &self.event_type
    }
}

impl Bus {
    pub fn new(aws: &Aws, name: String) -> Self {
        Self { client: aws.eventbridge(), name }
    }

    /// Puts `events` in their order, ten at a time, and stops at the first that is refused. Some behind it may have been put.
    pub async fn put(&self, events: &[&Event]) -> Result<(), Stopped> {
        let mut put = 0;
        for batch in events.chunks(BATCH) {
            let answer = match self.put_batch(batch).await {
                // Together they may be too large for one request, and each by itself not.
                Err(error) if is_too_large(&error) && batch.len() > 1 => self.put_one_by_one(batch).await,
                answer => stopped(answer, batch.len()),
            };
            answer.map_err(|stopped| Stopped { put: put + stopped.put, ..stopped })?;
            put += batch.len();
        }
        Ok(())
    }

    async fn put_one_by_one(&self, events: &[&Event]) -> Result<(), Stopped> {
        for (put, event) in events.iter().enumerate() {
            stopped(self.put_batch(&[event]).await, 1).map_err(|stopped| Stopped { put, ..stopped })?;
        }
        Ok(())
    }

    async fn put_batch(&self, batch: &[&Event]) -> Result<Vec<PutEventsResultEntry>, SdkError<PutEventsError>> {
        let entries = batch.iter().map(|event| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source(event.source)
                .detail_type(&event.event_type)
                .detail(&event.detail)
                .build()
        });
        let answer = self.client.put_events().set_entries(Some(entries.collect())).send().await?;
        Ok(answer.entries.unwrap_or_default())
    }
}

/// Meaning of an answer to a request of `entries` entries.
fn stopped(answer: Result<Vec<PutEventsResultEntry>, SdkError<PutEventsError>>, entries: usize) -> Result<(), Stopped> {
    let results = match answer {
        Ok(results) => results,
        Err(error) => {
            tracing::warn!(error = %DisplayErrorContext(&error), "events could not be put on the bus");
            let for_good = (is_too_large(&error) && entries == 1).then(|| "the event is too large for the bus".to_owned());
            return Err(Stopped { put: 0, for_good });
        }
    };
    let Some((put, code)) = results.iter().enumerate().find_map(|(n, entry)| Some((n, entry.error_code()?))) else { return Ok(()) };
    tracing::warn!(code, "the bus refused an event");
    Err(Stopped { put, for_good: REFUSED_FOR_GOOD.contains(&code).then(|| format!("the bus refuses the event: {code}")) })
}

/// Are the entries larger than one request may be? EventBridge says so of the request as a whole: "Total size of the entries in the request
/// is over the limit" (User Guide, "Calculating PutEvents event entry size").
fn is_too_large(error: &SdkError<PutEventsError>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ValidationException")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, answer, run};
    use serde_json::{Value, json};

    /// What putting so many events comes to with these answers, a status and a body each; and how many entries each request had.
    fn put(events: usize, answers: &[(u16, Value)]) -> (Result<(), Stopped>, Vec<usize>) {
        let answers =
            answers.iter().map(|(status, body)| answer(*status, "content-type: application/x-amz-json-1.1\r\n", &body.to_string()));
        let loopback = Loopback::answering(answers);
        let bus = Bus::new(&loopback.aws, "bus".to_owned());
        let event = Event::new("bansync.tests", &Envelope::new("test", "one", 0, ())).unwrap();
        let ended = run(bus.put(&vec![&event; events]));
        let entries = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["Entries"].as_array().unwrap().len();
        (ended, loopback.asked().iter().map(|asked| entries(&asked.body)).collect())
    }

    /// An answer to so many entries; `codes`: of those that are refused, by their numbers.
    fn taken(entries: usize, codes: &[(usize, &str)]) -> (u16, Value) {
        let result = |n: usize| match codes.iter().find(|(refused, _)| *refused == n) {
            Some((_, code)) => json!({"ErrorCode": code, "ErrorMessage": "because"}),
            None => json!({"EventId": n.to_string()}),
        };
        (200, json!({"FailedEntryCount": codes.len(), "Entries": (0..entries).map(result).collect::<Vec<_>>()}))
    }

    fn too_large() -> (u16, Value) {
        (400, json!({"__type": "ValidationException", "message": "Total size of the entries in the request is over the limit."}))
    }

    fn later(put: usize) -> Result<(), Stopped> {
        Err(Stopped { put, for_good: None })
    }

    #[test]
    fn events_are_put_ten_at_a_time_until_one_is_refused() {
        assert_eq!(put(12, &[taken(10, &[]), taken(2, &[])]), (Ok(()), vec![10, 2]));
        assert_eq!(put(12, &[taken(10, &[]), taken(2, &[(1, "ThrottlingException")])]), (later(11), vec![10, 2]));
        assert_eq!(put(12, &[taken(10, &[(3, "InternalFailure"), (5, "MalformedDetail")])]), (later(3), vec![10]));
        assert_eq!(put(1, &[taken(1, &[(0, "AccessDeniedException")])]).0, later(0), "an operator can mend that");
    }

    #[test]
    fn what_is_refused_for_what_is_in_it_is_refused_for_good() {
        for code in REFUSED_FOR_GOOD {
            let (ended, _) = put(3, &[taken(3, &[(1, code)])]);
            assert_eq!(ended, Err(Stopped { put: 1, for_good: Some(format!("the bus refuses the event: {code}")) }));
        }
    }

    #[test]
    fn events_that_are_too_large_together_are_put_by_themselves_and_one_that_is_too_large_alone_never() {
        let one = || taken(1, &[]);
        assert_eq!(put(3, &[too_large(), one(), one(), one()]), (Ok(()), vec![3, 1, 1, 1]));
        let (ended, asked) = put(3, &[too_large(), one(), too_large()]);
        assert_eq!(
            (ended, asked),
            (Err(Stopped { put: 1, for_good: Some("the event is too large for the bus".to_owned()) }), vec![3, 1, 1])
        );
        assert_eq!(put(2, &[(400, json!({"__type": "AccessDeniedException"}))]), (later(0), vec![2]));
    }
}
