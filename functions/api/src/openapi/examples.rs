//! Examples of requests and answers. They are real: an integration test plays them against a deployment, and writes examples.json.

use super::operations;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::{Content, OpenApi, RefOr};

/// By operation id.
type Examples = BTreeMap<String, Example>;

/// What was sent and what came back.
#[derive(Deserialize)]
struct Example {
    /// The body; `null` where there was none.
    request: Value,
    /// By status.
    responses: BTreeMap<String, Value>,
}

/// Adds the examples to the operations they are of.
///
/// # Errors
/// Where the file is not of the form above.
pub fn add(document: &mut OpenApi) -> Result<(), serde_json::Error> {
    let examples: Examples = serde_json::from_str(include_str!("../../examples.json"))?;
    for path in document.paths.paths.values_mut() {
        for operation in operations(path) {
            let Some(example) = operation.operation_id.as_ref().and_then(|id| examples.get(id)) else { continue };
            if let Some(RefOr::T(body)) = &mut operation.request_body
                && !example.request.is_null()
            {
                set(&mut body.content, &example.request);
            }
            for (status, answer) in &example.responses {
                if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
                    set(&mut response.content, answer);
                }
            }
        }
    }
    Ok(())
}

fn set<'a>(content: impl IntoIterator<Item = (&'a String, &'a mut RefOr<Content>)>, example: &Value) {
    for (media_type, content) in content {
        if let (RefOr::T(content), "application/json") = (content, media_type.as_str()) {
            content.example = Some(example.clone());
        }
    }
}
