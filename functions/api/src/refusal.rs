//! What a caller is told when Telegram does not do something.

use crate::error::ApiError;
use domain::sync::Reason;
use serde_json::json;
use telegram::client::Failure;
use telegram::reaction::Reaction;

/// The error of a call that failed. Telegram's own words are in the details: they name no person and no secret.
pub fn refusal(failure: &Failure) -> ApiError {
    let error = match failure.reaction() {
        Reaction::RetryAfter(seconds) => return ApiError::too_many(seconds.into()),
        Reaction::Retry | Reaction::RetryFew | Reaction::StopEverything | Reaction::Fine => {
            return ApiError::unavailable(failure.to_string());
        }
        Reaction::Migrated(to) => {
            let error = ApiError::conflict("chat_migrated", "the group became a supergroup with another id");
            return error.with_details(json!({ "migrated_to": to }));
        }
        Reaction::ChatGone => ApiError::not_found("the bot is in no such chat"),
        Reaction::Skip(Reason::UnknownUser) => ApiError::not_found("Telegram knows no such person there"),
        Reaction::Skip(Reason::IsAdmin) => ApiError::refused("is_admin", "an administrator of the chat cannot be banned"),
        Reaction::Skip(Reason::NoRights) | Reaction::SuspendChat => {
            ApiError::refused("missing_rights", "the bot lacks the right for this in the chat")
        }
        Reaction::NoPrivateMessages | Reaction::SendPrivately => ApiError::refused("cannot_write", "the bot may not write there"),
        Reaction::Skip(_) | Reaction::Mend(_) | Reaction::OurBug => ApiError::refused("telegram_refused", "Telegram refuses this"),
    };
    match failure {
        Failure::Answer { description, .. } => error.with_details(json!({ "telegram": description })),
        _ => error,
    }
}
