//! Trying dead letters again. Each is deleted by the caller, and only where this succeeded.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use super::letter::{Letter, function_name};
use super::queue::{Message, QueueName, failures};
use super::stream;
use crate::stack::Stack;

/// Tries at most [`super::queue::BATCH`] messages again; for each, what was done with it.
pub fn redrive(stack: &Stack, name: QueueName, messages: &[&Message]) -> Vec<Result<String>> {
    match name {
        QueueName::Sync => send(stack, "sync", messages),
        QueueName::Notification => send(stack, "notification", messages),
        QueueName::Events => messages.iter().map(|message| hand_over(stack, message)).collect(),
    }
}

/// Sends messages to the queue from which they came. One that is sent and then not deleted comes twice, and its consumer bears that.
fn send(stack: &Stack, queue: &str, messages: &[&Message]) -> Vec<Result<String>> {
    let sent = send_batch(stack, queue, messages);
    let of = |n| match &sent {
        Ok(refused) => {
            refused.get(&n).map_or_else(|| Ok(format!("sent to the {queue} queue")), |why| Err(anyhow!("it was refused: {why}")))
        }
        Err(error) => Err(anyhow!("{error:#}")),
    };
    (0..messages.len()).map(of).collect()
}

/// Which were refused, and why.
fn send_batch(stack: &Stack, queue: &str, messages: &[&Message]) -> Result<BTreeMap<usize, String>> {
    let url = stack.queues.get(queue).with_context(|| format!("the stack has no queue `{queue}`"))?;
    let entries = messages.iter().enumerate().map(|(n, message)| json!({"Id": n.to_string(), "MessageBody": message.body}));
    let answer = stack.aws().call("sqs", "send_message_batch", &json!({"QueueUrl": url, "Entries": entries.collect::<Vec<_>>()}))?;
    Ok(failures(&answer))
}

/// Gives a function what it did not take.
fn hand_over(stack: &Stack, message: &Message) -> Result<String> {
    match Letter::read(QueueName::Events, &message.body, &message.attributes) {
        Letter::BusEvent { event, target: function, .. } | Letter::Invocation { function, event, .. } => {
            let name = call(stack, &function, "Event", &event)?.0;
            Ok(format!("given to {name}; if it fails again, it comes back here"))
        }
        Letter::Batch { function, batch, .. } => {
            let records = stream::records(&stack.aws(), &function, &batch)?;
            let count = records.len();
            // Not "Event": what a function leaves undone of a stream's batch is in its answer, which nobody would read.
            let (name, answer) = call(stack, &function, "RequestResponse", &json!({"Records": records}))?;
            taken(&answer)?;
            Ok(format!("given to {name}, which took all {count} records"))
        }
        Letter::Record { function, record, .. } => {
            let record = stream::as_now(&stack.aws(), record)?;
            // Not "Event", as above. What it cannot read, or the bus refuses, it gives up again.
            let (name, answer) = call(stack, &function, "RequestResponse", &json!({"Records": [record]}))?;
            taken(&answer)?;
            Ok(format!("given to {name} with its item as it is now; if that cannot be read either, it comes back here"))
        }
        Letter::Facts { .. } => send(stack, "analytics", &[message]).pop().unwrap_or_else(|| Err(anyhow!("it was not sent"))),
        Letter::Chunk(_) | Letter::Notification(_) | Letter::Other { .. } => {
            bail!("nothing here knows what it is; `show --full` prints it")
        }
    }
}

/// Calls a function of the stack; its name, and what was answered.
fn call(stack: &Stack, function: &str, how: &str, event: &Value) -> Result<(String, Value)> {
    let name = function_name(&stack.functions, function).with_context(|| format!("`{function}` is no function of this stack"))?;
    let parameters = json!({"FunctionName": function, "InvocationType": how, "Payload": event.to_string()});
    Ok((name, stack.aws().call("lambda", "invoke", &parameters)?))
}

/// Whether a function took every record of a batch.
fn taken(answer: &Value) -> Result<()> {
    let payload: Value = answer["Payload"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let Some(error) = answer["FunctionError"].as_str() {
        bail!("the function failed: {error} {}", payload["errorType"].as_str().unwrap_or_default());
    }
    let left = payload["batchItemFailures"].as_array().map_or(0, Vec::len);
    ensure!(left == 0, "the function did not take the records from {} on", payload["batchItemFailures"][0]["itemIdentifier"]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_as_taken_only_where_the_function_says_so() {
        let answer = |payload: Value| json!({"StatusCode": 200, "Payload": payload.to_string()});
        assert!(taken(&answer(json!({"batchItemFailures": []}))).is_ok());
        assert!(taken(&answer(Value::Null)).is_ok());
        let left = taken(&answer(json!({"batchItemFailures": [{"itemIdentifier": "800"}]}))).unwrap_err();
        assert!(left.to_string().contains("800"), "{left}");
        let failed = json!({"FunctionError": "Unhandled", "Payload": "{\"errorType\": \"Runtime.ExitError\"}"});
        assert!(taken(&failed).unwrap_err().to_string().contains("Runtime.ExitError"));
    }
}
