//! Answers to requests that carry an `Idempotency-Key`: a request that comes again is answered, not carried out again.

use super::{Gateway, pk};
use crate::store::{Attributes, DAY, VERSION, n, s};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use serde::Deserialize;

/// How long an answer is kept, in seconds. What is older counts as not there: DynamoDB may remove it days later.
pub const KEPT: i64 = DAY;

/// A request that has no answer after so many milliseconds is taken for dead; longer than the API's functions may take.
const IN_PROGRESS_MS: i64 = 35_000;

/// The longest answer that is kept, in bytes: an item has at most 400 KB (DynamoDB Developer Guide, "Quotas").
pub const LONGEST_ANSWER: usize = 300_000;

/// An answer that was given before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KeptAnswer {
    #[serde(rename = "answer_status")]
    pub status: u16,
    /// JSON, or nothing.
    #[serde(rename = "answer_body")]
    pub body: String,
}

/// What is known of a request's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// Nothing: the request is to be carried out. `until`: names this try when it is finished.
    New { until: i64 },
    /// It was carried out.
    Answered(KeptAnswer),
    /// It is being carried out; for so many milliseconds at most.
    InProgress(i64),
    /// The key was used for another request.
    OfAnother,
}

impl Gateway {
    /// Takes the key of a request. `key`: of caller, route and key together; `fingerprint`: of what the request asks for.
    pub async fn take_request(&self, key: &str, fingerprint: &str) -> anyhow::Result<Repeated> {
        let (now, now_ms) = (time::now(), time::now_ms());
        let until = now_ms + IN_PROGRESS_MS;
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(request_key(key)))
            .update_expression(
                "SET fingerprint = :fingerprint, held_until_ms = :until, expires_at = :expires, version = :version REMOVE answer_status, answer_body",
            )
            .condition_expression(
                "attribute_not_exists(pk) OR expires_at <= :now \
                 OR (attribute_not_exists(answer_status) AND (held_until_ms = :none OR (held_until_ms < :now_ms AND fingerprint = :fingerprint)))",
            )
            .expression_attribute_values(":fingerprint", s(fingerprint))
            .expression_attribute_values(":until", n(until))
            .expression_attribute_values(":expires", n(now + KEPT))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":now_ms", n(now_ms))
            .expression_attribute_values(":none", n(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(Repeated::New { until }),
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(there)) = error.as_service_error() else {
            return Err(error).context("taking the key of a request");
        };
        let there = there.item().context("the request that is there")?;
        if there.get("fingerprint").and_then(|there| there.as_s().ok()).is_none_or(|there| there != fingerprint) {
            return Ok(Repeated::OfAnother);
        }
        if there.contains_key("answer_status") {
            return Ok(Repeated::Answered(serde_dynamo::from_item(there.clone()).context("reading an answer that was kept")?));
        }
        let until: i64 = there.get("held_until_ms").and_then(|until| until.as_n().ok()?.parse().ok()).unwrap_or(until);
        Ok(Repeated::InProgress((until - now_ms).max(1)))
    }

    /// Keeps the answer of a request that [`Gateway::take_request`] has let through; `None`: nothing was done, and the key is free again.
    pub async fn finish_request(&self, key: &str, until: i64, answer: Option<&KeptAnswer>) -> anyhow::Result<()> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(request_key(key)))
            .condition_expression("held_until_ms = :until")
            .expression_attribute_values(":until", n(until));
        let update = match answer {
            Some(KeptAnswer { status, body }) => update
                .update_expression("SET answer_status = :status, answer_body = :body")
                .expression_attribute_values(":status", n(i64::from(*status)))
                .expression_attribute_values(":body", s(body)),
            None => update.update_expression("SET held_until_ms = :none").expression_attribute_values(":none", n(0)),
        };
        match update.send().await {
            Ok(_) => Ok(()),
            // This try was taken for dead, and another one has the key.
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("keeping an answer"),
        }
    }
}

fn request_key(key: &str) -> Attributes {
    pk(format!("REQUEST#{key}"))
}
