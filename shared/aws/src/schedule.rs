//! EventBridge Scheduler: what is to happen later than a queue can hold it.

use crate::Aws;
use crate::signed::{Call, Failure, Request};
use anyhow::Context;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

/// Where schedules are made, and whom they wake.
pub struct Scheduler {
    create_schedule: Call,
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
        Self { create_schedule: aws.create_schedule(), places }
    }

    /// Has the function invoked with `event` at `at` (Unix seconds), once; then the schedule is gone. `id`: names it, so that the same
    /// one is not made twice.
    pub async fn at(&self, id: Uuid, at: i64, event: &impl Serialize) -> anyhow::Result<()> {
        match self.create_schedule.send(request(&self.places, id, at, event)?).await {
            Err(Failure::Refused(error)) if error.code() == Some("ConflictException") => Ok(()), // made before
            answer => answer.map(drop).context("making a schedule"),
        }
    }
}

/// [CreateSchedule](https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html).
fn request(places: &Places, id: Uuid, at: i64, event: &impl Serialize) -> anyhow::Result<Request> {
    let moment = jiff::Timestamp::from_second(at).context("a moment that can be written")?;
    let body = json!({
        "GroupName": places.group,
        "ScheduleExpression": format!("at({})", moment.strftime("%Y-%m-%dT%H:%M:%S")),
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": places.function,
            "RoleArn": places.role,
            "Input": serde_json::to_string(event)?,
            "RetryPolicy": {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 24 * 3600},
            "DeadLetterConfig": {"Arn": places.dead_letters},
        },
    });
    Ok(Request {
        method: "POST",
        path: format!("/schedules/{id}"),
        headers: vec![("content-type", "application/json")],
        body: body.to_string().into_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, answer, run};

    const ID: Uuid = Uuid::from_u128(1);

    fn make(server: &Loopback) -> anyhow::Result<()> {
        let places = Places {
            group: "waiting".into(),
            function: "arn:aws:lambda:::function:planner".into(),
            role: "arn:aws:iam:::role/wake".into(),
            dead_letters: "arn:aws:sqs:::dead".into(),
        };
        run(Scheduler::new(&server.aws, places).at(ID, 1_767_225_599, &json!({"sync": 7})))
    }

    #[test]
    fn a_schedule_wakes_the_function_once_and_is_gone() {
        let server = Loopback::answering([answer(200, "", r#"{"ScheduleArn": "arn"}"#)]);
        make(&server).unwrap();
        let [asked] = &*server.asked() else { panic!("not one request") };
        assert!(asked.head.starts_with(&format!("POST /schedules/{ID} HTTP/1.1\r\n")), "{}", asked.head);
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert!(asked.header("authorization").unwrap().contains("/scheduler/aws4_request"));
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        let expected = json!({
            "GroupName": "waiting",
            "ScheduleExpression": "at(2025-12-31T23:59:59)",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": "arn:aws:lambda:::function:planner",
                "RoleArn": "arn:aws:iam:::role/wake",
                "Input": r#"{"sync":7}"#,
                "RetryPolicy": {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 86400},
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"},
            },
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn the_same_schedule_is_not_made_twice_and_other_errors_are_errors() {
        let conflict = answer(409, "x-amzn-errortype: ConflictException\r\n", r#"{"Message": "There is one."}"#);
        make(&Loopback::answering([conflict])).unwrap();
        let conflict = answer(400, "", r#"{"__type": "ConflictException", "Message": "There is one."}"#);
        make(&Loopback::answering([conflict])).unwrap();
        let quota = answer(402, "x-amzn-errortype: ServiceQuotaExceededException\r\n", r#"{"Message": "Too many."}"#);
        let error = make(&Loopback::answering([quota])).unwrap_err();
        assert!(format!("{error:#}").contains("ServiceQuotaExceededException"), "{error:#}");
    }
}
