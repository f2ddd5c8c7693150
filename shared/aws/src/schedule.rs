//! EventBridge Scheduler: what is to happen later than a queue can hold it.

use crate::Aws;
use anyhow::Context;
use aws_sdk_scheduler::error::SdkError;
use aws_sdk_scheduler::types::{ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target};
use serde::Serialize;
use uuid::Uuid;

/// Where schedules are made, and whom they wake.
pub struct Scheduler {
    client: aws_sdk_scheduler::Client,
    places: Places,
}

/// Names and ARNs that a schedule needs.
#[derive(Clone, Debug)]
pub struct Places {
    /// Name of the group of schedules.
    pub group: String,
    /// ARN of the function that is invoked.
    pub function: String,
    /// ARN of the role that may invoke it.
    pub role: String,
    /// ARN of the queue for what it did not take.
    pub dead_letters: String,
}

impl Scheduler {
    pub fn new(aws: &Aws, places: Places) -> Self {
        Self { client: aws.scheduler(), places }
    }

    /// Has the function invoked with `event` at `at` (Unix seconds), once; then the schedule is gone. `id`: names it, so that the same
    /// one is not made twice.
    pub async fn at(&self, id: Uuid, at: i64, event: &impl Serialize) -> anyhow::Result<()> {
        let moment = jiff::Timestamp::from_second(at).context("a moment that can be written")?;
        let target = Target::builder()
            .arn(&self.places.function)
            .role_arn(&self.places.role)
            .input(serde_json::to_string(event)?)
            .retry_policy(RetryPolicy::builder().maximum_retry_attempts(20).maximum_event_age_in_seconds(24 * 3600).build())
            .dead_letter_config(DeadLetterConfig::builder().arn(&self.places.dead_letters).build())
            .build()?;
        let schedule = self
            .client
            .create_schedule()
            .name(id.to_string())
            .group_name(&self.places.group)
            .schedule_expression(format!("at({})", moment.strftime("%Y-%m-%dT%H:%M:%S")))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build()?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target);
        match schedule.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conflict_exception() => Ok(()),
            Err(error) => Err(error).context("making a schedule"),
        }
    }
}
