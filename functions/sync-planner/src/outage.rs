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
