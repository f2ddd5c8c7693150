//! The Bot API's refusals.

use serde_json::{Value, json};

/// An error answer of the Bot API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    pub code: u16,
    /// With its prefix, e.g. `Bad Request: chat not found`.
    pub description: String,
    pub parameters: Option<Value>,
}

impl ApiError {
    /// 400 with the prefix `Bad Request: `.
    pub fn bad_request(what: &str) -> Self {
        Self { code: 400, description: format!("Bad Request: {what}"), parameters: None }
    }

    /// 403 with the prefix `Forbidden: `.
    pub fn forbidden(what: &str) -> Self {
        Self { code: 403, description: format!("Forbidden: {what}"), parameters: None }
    }

    /// 404 `Not Found`: no such method.
    pub fn not_found() -> Self {
        Self { code: 404, description: "Not Found".to_owned(), parameters: None }
    }

    /// 429; seconds.
    pub fn too_many_requests(retry_after: u64) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {retry_after}"),
            parameters: Some(json!({"retry_after": retry_after})),
        }
    }

    /// The body of the answer.
    pub fn json(&self) -> Value {
        let mut json = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(parameters) = &self.parameters {
            json["parameters"] = parameters.clone();
        }
        json
    }
}
