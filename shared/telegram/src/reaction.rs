//! What a failed call calls for: one table, looked up by `parameters` first, then the code, then the description.
//!
//! Sources of the strings: tdlib/telegram-bot-api `Client.cpp`, tdlib/td `DialogParticipantManager.cpp`, and answers in public logs.

use crate::client::Failure;
use domain::ids::ChatId;
use domain::sync::Reason;

/// What is to be done about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// No call by anybody before this many seconds have passed; of a message: no message in that chat. Not a try.
    RetryAfter(u32),
    /// Again, later; a try.
    Retry,
    /// As [`Reaction::Retry`], but it seldom helps more than once or twice.
    RetryFew,
    /// The chat has this id now: once more there.
    Migrated(ChatId),
    /// This one cannot be done, and that is nobody's fault.
    Skip(Reason),
    /// The bot may not do this in this chat.
    SuspendChat,
    /// The chat is closed to the bot.
    ChatGone,
    /// The person does not take private messages from the bot.
    NoPrivateMessages,
    /// The bot may not write in this chat, but acts there all the same.
    SendPrivately,
    /// The message is wrong; mended it can be sent.
    Mend(Mend),
    /// Nothing was to be done, or it is done already.
    Fine,
    /// We sent something that can never succeed.
    OurBug,
    /// The token or the bot's account is blocked: no call will succeed until an operator acts.
    StopEverything,
}

/// How to mend a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    WithoutThread,
    WithoutReply,
    PlainText,
    Split,
}

/// A flood wait whose length Telegram did not tell, in seconds.
const UNTOLD_RETRY_AFTER: u32 = 30;

/// Substrings of lower-case descriptions, the first that matches wins: the more specific stand before the more general.
const TABLE: &[(&str, Reaction)] = &[
    ("logged out", Reaction::StopEverything),
    ("frozen_method_invalid", Reaction::StopEverything),
    ("message was immediately deleted", Reaction::Fine),
    ("message is not modified", Reaction::Fine),
    ("message to delete not found", Reaction::Fine),
    ("message can't be edited", Reaction::Fine),
    ("message can't be deleted", Reaction::Fine),
    ("message to edit not found", Reaction::Fine),
    ("message_id_invalid", Reaction::Fine),
    ("chat_not_modified", Reaction::Fine),
    ("hide_requester_missing", Reaction::Fine),
    ("query is too old", Reaction::Fine),
    ("query id is invalid", Reaction::Fine),
    ("bot was blocked by the user", Reaction::NoPrivateMessages),
    ("bot can't initiate conversation with a user", Reaction::NoPrivateMessages),
    ("private chat not found", Reaction::NoPrivateMessages),
    ("user_is_blocked", Reaction::NoPrivateMessages),
    ("not enough rights to send", Reaction::SendPrivately),
    ("have no rights to send a message", Reaction::SendPrivately),
    ("have no write access to the chat", Reaction::SendPrivately),
    ("chat_write_forbidden", Reaction::SendPrivately),
    ("chat_restricted", Reaction::SendPrivately),
    ("chat_send_plain_forbidden", Reaction::SendPrivately),
    ("topic_closed", Reaction::Mend(Mend::WithoutThread)),
    ("topic_deleted", Reaction::Mend(Mend::WithoutThread)),
    ("message thread not found", Reaction::Mend(Mend::WithoutThread)),
    ("message to be replied not found", Reaction::Mend(Mend::WithoutReply)),
    ("message to reply not found", Reaction::Mend(Mend::WithoutReply)),
    ("reply message not found", Reaction::Mend(Mend::WithoutReply)),
    ("can't parse entities", Reaction::Mend(Mend::PlainText)),
    ("message is too long", Reaction::Mend(Mend::Split)),
    ("message_too_long", Reaction::Mend(Mend::Split)),
    ("participant_id_invalid", Reaction::RetryFew),
    // The new id was not told: the service message of the migration brings it.
    ("upgraded to a supergroup", Reaction::RetryFew),
    ("migrated to a supergroup", Reaction::RetryFew),
    ("migrated to supergroup", Reaction::RetryFew),
    ("requested data is inaccessible", Reaction::Retry),
    ("user is an administrator of the chat", Reaction::Skip(Reason::IsAdmin)),
    ("user_admin_invalid", Reaction::Skip(Reason::IsAdmin)),
    ("can't remove chat owner", Reaction::Skip(Reason::IsAdmin)),
    ("can't remove chat creator", Reaction::Skip(Reason::IsAdmin)),
    ("only the creator of a basic group can kick group administrators", Reaction::Skip(Reason::IsAdmin)),
    ("restrict self", Reaction::Skip(Reason::IsAdmin)),
    ("user is deactivated", Reaction::Skip(Reason::UnknownUser)),
    ("user_deactivated", Reaction::Skip(Reason::UnknownUser)),
    ("can't ban members in private chats", Reaction::Skip(Reason::NotSupported)),
    ("method is available for supergroup and channel chats only", Reaction::Skip(Reason::NotSupported)),
    ("method is available only for supergroups", Reaction::Skip(Reason::NotSupported)),
    ("can't restrict users in basic group", Reaction::Skip(Reason::NotSupported)),
    ("can't restrict members in the chat", Reaction::Skip(Reason::NotSupported)),
    ("can't restrict the chat", Reaction::Skip(Reason::NotSupported)),
    // In a basic group without being its admin: said of the person, but it is the bot that lacks the right.
    ("need to be inviter of a user", Reaction::Skip(Reason::NoRights)),
    ("member not found", Reaction::Skip(Reason::UnknownUser)),
    ("user not found", Reaction::Skip(Reason::UnknownUser)),
    ("user_not_participant", Reaction::Skip(Reason::UnknownUser)),
    ("invalid user_id specified", Reaction::OurBug),
    ("user_id_invalid", Reaction::Skip(Reason::UnknownUser)),
    ("peer_id_invalid", Reaction::Skip(Reason::UnknownUser)),
    ("not enough rights", Reaction::SuspendChat),
    ("chat_admin_required", Reaction::SuspendChat),
    ("right_forbidden", Reaction::SuspendChat),
    ("need administrator rights in the channel", Reaction::SuspendChat),
    ("member list is inaccessible", Reaction::SuspendChat),
    ("administrator list is inaccessible", Reaction::SuspendChat),
    ("bot was kicked from the", Reaction::ChatGone),
    ("bot is not a member of the", Reaction::ChatGone),
    ("chat was deleted", Reaction::ChatGone),
    ("chat not found", Reaction::ChatGone),
    ("chat_forbidden", Reaction::ChatGone),
    ("chat_id_invalid", Reaction::ChatGone),
    ("channel_private", Reaction::ChatGone),
    ("channel_invalid", Reaction::ChatGone),
    ("is deactivated", Reaction::ChatGone),
    ("chat was deactivated", Reaction::ChatGone),
    ("not in the chat", Reaction::ChatGone),
    ("can't access the chat", Reaction::ChatGone),
];

impl Reaction {
    /// Does it end by itself, so that the same call may succeed later? What seldom helps more than once or twice is not among it: whoever brings
    /// the same thing again for a day, as Telegram does with an update, would bring it a thousand times.
    pub fn ends_by_itself(self) -> bool {
        matches!(self, Self::RetryAfter(_) | Self::Retry | Self::StopEverything)
    }
}

impl Failure {
    /// What is to be done about it.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::NoAnswer(_) | Self::Late => Reaction::Retry,
            Self::UnreadableResult => Reaction::Fine,
            Self::Public { .. } => Reaction::OurBug,
            Self::Foreign { status: 429 } => Reaction::RetryAfter(UNTOLD_RETRY_AFTER),
            // A proxy's refusal says nothing of the call.
            Self::Foreign { .. } => Reaction::Retry,
            Self::Answer { code, description, parameters } => {
                if let Some(seconds) = parameters.retry_after {
                    return Reaction::RetryAfter(seconds);
                }
                if let Some(chat) = parameters.migrate_to_chat_id {
                    return Reaction::Migrated(chat);
                }
                of_description(*code, &description.to_lowercase())
            }
        }
    }
}

fn of_description(code: u16, description: &str) -> Reaction {
    match code {
        401 | 404 | 409 => return Reaction::StopEverything,
        429 => {
            let told = description.split("retry after ").nth(1).and_then(|seconds| seconds.trim().parse().ok());
            return Reaction::RetryAfter(told.unwrap_or(UNTOLD_RETRY_AFTER));
        }
        // Said of a private chat's owner, not of a member that was to be banned.
        403 if description.contains("user is deactivated") => return Reaction::NoPrivateMessages,
        _ => {}
    }
    match TABLE.iter().find(|(text, _)| description.contains(text)) {
        Some((_, reaction)) => *reaction,
        None if code >= 500 => Reaction::Retry,
        None => Reaction::OurBug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Parameters;

    fn of(code: u16, description: &str) -> Reaction {
        Failure::Answer { code, description: description.to_owned(), parameters: Parameters::default() }.reaction()
    }

    #[test]
    fn parameters_are_looked_at_before_the_text() {
        let failure = |parameters| Failure::Answer { code: 400, description: "Bad Request: chat not found".to_owned(), parameters };
        assert_eq!(failure(Parameters { retry_after: Some(3), ..Parameters::default() }).reaction(), Reaction::RetryAfter(3));
        let migrated = Parameters { migrate_to_chat_id: Some(ChatId(-1001)), ..Parameters::default() };
        assert_eq!(failure(migrated).reaction(), Reaction::Migrated(ChatId(-1001)));
    }

    #[test]
    fn an_answer_calls_for_what_the_table_says() {
        for (code, description, expected) in [
            (429, "Too Many Requests: retry after 14", Reaction::RetryAfter(14)),
            (429, "Too Many Requests", Reaction::RetryAfter(UNTOLD_RETRY_AFTER)),
            (500, "Internal Server Error: restart", Reaction::Retry),
            (502, "Bad Gateway", Reaction::Retry),
            (500, "Internal Server Error: sent message was immediately deleted and can't be returned", Reaction::Fine),
            (400, "Bad Request: PARTICIPANT_ID_INVALID", Reaction::RetryFew),
            (400, "Bad Request: user is an administrator of the chat", Reaction::Skip(Reason::IsAdmin)),
            (400, "Bad Request: USER_ID_INVALID", Reaction::Skip(Reason::UnknownUser)),
            (400, "Bad Request: invalid user_id specified", Reaction::OurBug),
            (400, "Bad Request: not enough rights to restrict/unrestrict chat member", Reaction::SuspendChat),
            (400, "Bad Request: not enough rights to send text messages to the chat", Reaction::SendPrivately),
            (403, "Forbidden: bot was kicked from the supergroup chat", Reaction::ChatGone),
            (403, "Forbidden: bot is not a member of the channel chat", Reaction::ChatGone),
            (400, "Bad Request: chat not found", Reaction::ChatGone),
            (400, "Bad Request: private chat not found", Reaction::NoPrivateMessages),
            (403, "Forbidden: user is deactivated", Reaction::NoPrivateMessages),
            (400, "Bad Request: user is deactivated", Reaction::Skip(Reason::UnknownUser)),
            (400, "Bad Request: message thread not found", Reaction::Mend(Mend::WithoutThread)),
            (400, "Bad Request: something new", Reaction::OurBug),
            (401, "Unauthorized", Reaction::StopEverything),
            (404, "Not Found", Reaction::StopEverything),
        ] {
            assert_eq!(of(code, description), expected, "{code} {description}");
        }
    }

    #[test]
    fn only_floods_outages_and_a_token_that_does_not_work_end_by_themselves() {
        for (code, description) in [(429, "Too Many Requests"), (500, "Internal Server Error"), (401, "Unauthorized"), (400, "Logged out")]
        {
            assert!(of(code, description).ends_by_itself(), "{code} {description}");
        }
        // Whatever Telegram says of a person, a chat or a message by a code of 400 or 403, it says again.
        let lasting = TABLE.iter().map(|(text, _)| *text).filter(|text| !["logged out", "frozen_method_invalid"].contains(text));
        for text in lasting.filter(|text| *text != "requested data is inaccessible").chain(["something new"]) {
            for code in [400, 403] {
                assert!(!of(code, text).ends_by_itself(), "{code} {text}");
            }
        }
    }

    #[test]
    fn no_row_of_the_table_is_hidden_by_an_earlier_one() {
        for (n, (text, _)) in TABLE.iter().enumerate() {
            let first = TABLE.iter().position(|(earlier, _)| text.contains(earlier));
            assert_eq!(first, Some(n), "{text}");
        }
    }
}
