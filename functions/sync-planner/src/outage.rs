//! Lambda calls a function that fails with an event twice more, within three minutes (Lambda Developer Guide, "Asynchronous invocation"). A store
//! may be gone for hours: the event is put off by a schedule, again and again for a day, and only then a dead letter.

use crate::Planner;
use aws::{metrics, time};
use domain::ban::derive;
use domain::event::Envelope;
use domain::outage::pause;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An event from the bus, or from a schedule of ours.
#[derive(Debug, Serialize, Deserialize)]
pub struct Incoming {
    pub detail: Envelope<Box<RawValue>>,
    /// How often it was put off.
    #[serde(default)]
    put_off: u32,
}

impl Planner {
    /// Has the event come again later. Where that cannot be done, Lambda brings it again.
    pub async fn come_again(&self, event: Incoming, error: anyhow::Error) -> anyhow::Result<()> {
        let Some(pause) = pause(event.put_off) else { return Err(error) };
        tracing::error!(error = format!("{error:#}"), event_type = event.detail.event_type, pause, "an event is put off");
        metrics::count("events_put_off_total", None, 1);
        let again = Incoming { put_off: event.put_off + 1, ..event };
        let id = derive(&["put off", &again.detail.event_id.to_string(), &again.put_off.to_string()]);
        self.scheduler.at(id, time::now() + pause, &again).await
    }
}

/// Does something that is called not answer as it should? What cannot be read, or is not there, is the same another time.
pub fn is_one(error: &anyhow::Error) -> bool {
    let unreadable = |cause: &(dyn std::error::Error + 'static)| cause.is::<serde_json::Error>() || cause.is::<serde_dynamo::Error>();
    error.chain().count() > 1 && !error.chain().any(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn what_cannot_be_read_or_is_not_there_is_no_outage() {
        assert!(is_one(&anyhow!("dispatch failure").context("reading a sync")));
        assert!(!is_one(&anyhow!("the sync of this part is not stored")));
        assert!(!is_one(&None::<()>.context("the request of this event is not stored").unwrap_err()));
        let unreadable = serde_json::from_str::<u8>("x").context("a payload").unwrap_err();
        assert!(!is_one(&unreadable) && !is_one(&serde_json::from_str::<u8>("x").unwrap_err().into()));
    }
}
