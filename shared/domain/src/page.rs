//! Address of the web page.

/// Paths of the page begin so.
pub const PREFIX: &str = "/app";

/// The admins' page behind the prefix. Not nothing: `{proxy+}` at the end of a route of an HTTP API stands for what is below it (API Gateway Developer
/// Guide, "Create routes for HTTP APIs").
pub const ADMIN: &str = "admin";

/// Path of the webhook, by API Gateway; a function URL has it at its root.
const WEBHOOK: &str = "/telegram/webhook";

/// Address of the admins' page: beside where Telegram brings updates.
pub fn beside(webhook_url: &str) -> String {
    let url = webhook_url.trim_end_matches('/');
    format!("{}{PREFIX}/{ADMIN}", url.strip_suffix(WEBHOOK).unwrap_or(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_beside_the_webhook() {
        for (webhook, expected) in [
            ("https://x.example/telegram/webhook", "https://x.example/app/admin"),
            ("http://127.0.0.1:1/_aws/execute-api/a/$default/telegram/webhook", "http://127.0.0.1:1/_aws/execute-api/a/$default/app/admin"),
            ("https://x.lambda-url.eu-central-1.on.aws/", "https://x.lambda-url.eu-central-1.on.aws/app/admin"),
            ("https://x.example", "https://x.example/app/admin"),
        ] {
            assert_eq!(beside(webhook), expected);
        }
    }
}
