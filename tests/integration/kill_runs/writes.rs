//! The writes of stories, as the local AWS has seen them, and which kill met each.

use super::cast::Cast;
use super::story::Story;
use crate::guard::Guard;
use crate::stack::{Stack, read};
use anyhow::Result;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// A write of a function: see `infra/local/bansync_local/control/writes.py`.
#[derive(Debug, Deserialize)]
pub struct Written {
    pub function: String,
    pub service: String,
    pub operation: String,
    pub resource: String,
    pub what: String,
    /// Its ids are in it.
    pub text: String,
}

impl Stack {
    /// Records the writes of functions from now on.
    pub async fn record_writes(&'static self) -> Result<Guard> {
        self.control(Method::POST, "writes").send().await?.error_for_status()?;
        let stop = self.control(Method::DELETE, "writes");
        Ok(Guard::new("the recording of writes", async { Ok(stop.send().await?.error_for_status().map(drop)?) }))
    }

    /// The recorded writes of functions, in order.
    pub async fn written(&self) -> Result<Vec<Written>> {
        read(self.control(Method::GET, "writes")).await
    }
}

/// A write of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    /// `None`: nothing in it names anybody of a story. It is the same in all.
    pub story: Option<Story>,
    /// As in [`Stack::functions`].
    pub function: String,
    service: String,
    operation: String,
    resource: String,
    what: String,
    /// Of those of this story that are called the same; from 1.
    pub nth: u32,
}

impl Write {
    /// The writes of functions in these stories, in order; the same write of several stories together at its first place.
    pub fn list(stack: &Stack, written: Vec<Written>, casts: &[(Story, Cast)]) -> Vec<Self> {
        let mut counts = BTreeMap::<Self, u32>::new();
        let mut list = Vec::new();
        for Written { function, service, operation, resource, what, text } in written {
            let names = |cast: &Cast| cast.ids().iter().any(|id| text.contains(&id.to_string()));
            let story = casts.iter().find(|(_, cast)| names(cast)).map(|(story, _)| *story);
            // A role session's name is cut at 64 characters.
            let Some((function, _)) = stack.functions.iter().find(|(_, name)| name.starts_with(&function)) else { continue };
            let write = Self { story, function: function.clone(), service, operation, resource, what, nth: 1 };
            let count = counts.entry(write.clone()).or_default();
            // Of what names nobody nobody knows how often a story does it.
            if *count == 0 || story.is_some() {
                *count += 1;
                list.push(Self { nth: *count, ..write });
            }
        }
        list
    }

    /// Is it written by chance? A profile is written by the process that has not seen its person for a while, whatever he does, and the
    /// next one would do it.
    pub fn is_by_chance(&self) -> bool {
        self.function == "webhook" && self.what.starts_with("USER PROFILE")
    }

    /// The most kills of its function in one playing: what the receives of a queue and the tries of an asynchronous call bear.
    pub fn most_kills(&self) -> usize {
        match self.function.as_str() {
            "sync-worker" | "notification-sender" => 3,
            "sync-planner" | "notification-planner" | "chat-lifecycle" => 2,
            _ => usize::MAX,
        }
    }

    /// The rule by which the function's process is killed right after this write.
    pub fn kill(&self, stack: &Stack, cast: Option<&Cast>) -> Value {
        let Self { service, operation, resource, what, nth, .. } = self;
        let ids = cast.map(|cast| cast.ids().iter().map(i64::to_string).collect::<Vec<_>>());
        json!({"function": stack.functions[&self.function], "service": service, "operation": operation, "resource": resource, "what": what,
            "contains": ids, "every": nth, "times": 1, "kill": true, "after_effect": true})
    }
}

/// A line of the table: who writes what, where to, and the how-manieth it is.
impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let story = self.story.map_or("any".to_owned(), |story| format!("{story:?}"));
        let what: String = self.what.chars().take(60).collect();
        // CloudFormation's additions to a name say nothing.
        let resource = self.resource.split('-').nth(1).unwrap_or(&self.resource);
        let Self { function, service, operation, nth, .. } = self;
        write!(f, "{story:<8} {function:<20} {service}:{operation} {resource} no. {nth} {what}")
    }
}
