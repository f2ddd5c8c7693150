//! Sending a message.

use super::State;
use crate::bounded::{Text, Whole};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::ids::AnyChatId;
use axum::extract;
use serde::{Deserialize, Serialize};
use telegram::client::Failure;
use telegram::message::OutgoingMessage;
use telegram::reaction::Reaction;
use utoipa::ToSchema;

/// The longest text of a message, in characters (Bot API `sendMessage`).
const LONGEST_TEXT: usize = 4096;

/// The largest id of a message, which has 31 bits.
const LARGEST_MESSAGE_ID: i64 = 2_147_483_647;

/// A message to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    #[schema(inline)]
    chat_id: AnyChatId,
    #[schema(value_type = String, min_length = 1, max_length = 4096, example = "Hello")]
    text: Text<1, LONGEST_TEXT>,
    /// How the text is marked up; plain where it is left out.
    #[schema(inline)]
    parse_mode: Option<ParseMode>,
    /// The message that it answers; sent all the same where that is gone.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 2_147_483_647)]
    reply_to_message_id: Option<Whole<1, LARGEST_MESSAGE_ID>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum ParseMode {
    #[serde(rename = "HTML")]
    Html,
}

/// A message that was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentMessage {
    /// `null` where Telegram took the message and did not tell.
    message_id: Option<i64>,
}

/// Send a message in the bot's name.
///
/// In the pace that Telegram allows, which all callers share: 429 tells when to come again. A person gets private messages after starting
/// the bot.
#[utoipa::path(
    post,
    path = "/api/send_message",
    request_body = NewMessage,
    responses(
        (status = 200, description = "It is sent.", body = SentMessage),
        (status = 404, description = "The bot is in no such chat.", body = ErrorBody),
        (status = 409, description = "The group became a supergroup.", body = ErrorBody),
        (status = 422, description = "The bot may not write there, or Telegram refuses the text.", body = ErrorBody),
        (status = 504, description = "`outcome_unknown`: Telegram did not say in time; the message may be there.", body = ErrorBody),
    )
)]
pub async fn send_message(
    extract::State(state): extract::State<State>,
    Json(new): Json<NewMessage>,
) -> Result<axum::Json<SentMessage>, ApiError> {
    let AnyChatId(chat) = new.chat_id;
    state.pace.reserve_message(chat).await?;
    let message = OutgoingMessage {
        html: new.parse_mode == Some(ParseMode::Html),
        reply_to: new.reply_to_message_id.map(|Whole(id)| id),
        ..OutgoingMessage::html(chat, new.text.0)
    };
    match state.telegram.send(&message).await {
        Ok(message_id) => Ok(axum::Json(SentMessage { message_id })),
        Err(failure) if failure.reaction() == Reaction::Fine => Ok(axum::Json(SentMessage { message_id: None })),
        Err(Failure::Late) => Err(ApiError::outcome_unknown()),
        Err(failure) => {
            let may_be_there = failure.is_no_answer();
            let error = state.pace.message_refused(chat, failure).await;
            Err(if may_be_there { error.half_done() } else { error })
        }
    }
}
