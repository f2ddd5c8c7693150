//! What an answer tells of the bot's rights in a chat, and how many were told so.

use aws::metrics;
use domain::chat::ChatState;
use domain::ids::ChatId;
use domain::member::Member;
use domain::sync::Reason;
use std::collections::BTreeMap;
use telegram::client::Failure;
use telegram::reaction::Reaction;

/// The rights are as they were known.
pub const SAME: &str = "same";

/// Nothing was told of them.
pub const FAILED: &str = "failed";

/// What an answer to the question for the bot's own membership tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    State(ChatState),
    /// The chat has this id now.
    Migrated(ChatId),
    /// Nobody may call for this many seconds.
    Wait(u32),
    /// No call will succeed until an operator acts.
    Refused,
    /// Nothing of the chat.
    Unclear,
}

impl Finding {
    pub fn of(answer: &Result<Member, Failure>) -> Self {
        let failure = match answer {
            Ok(bot) => return ChatState::of_bot(bot).map_or(Self::Unclear, Self::State),
            Err(failure) => failure,
        };
        match failure.reaction() {
            Reaction::ChatGone => Self::State(ChatState::Removed),
            // An administrator may always ask.
            Reaction::SuspendChat | Reaction::Skip(Reason::NoRights) => Self::State(ChatState::Suspended),
            Reaction::Migrated(to) => Self::Migrated(to),
            Reaction::RetryAfter(seconds) => Self::Wait(seconds.max(1)),
            Reaction::StopEverything => Self::Refused,
            // The chat has its next turn tomorrow: not worth another try.
            _ => Self::Unclear,
        }
    }
}

/// How many chats were found how.
#[derive(Debug, Default)]
pub struct Findings(BTreeMap<&'static str, u32>);

impl Findings {
    /// `outcome`: [`SAME`], [`FAILED`], or the [`name`] of what a chat became.
    pub fn add(&mut self, outcome: &'static str) {
        *self.0.entry(outcome).or_default() += 1;
    }

    /// Counts and logs them, where there are any.
    pub fn tell(&self, shard: u8) {
        for (outcome, count) in &self.0 {
            metrics::count("rights_checked_total", Some(("outcome", outcome)), *count);
        }
        if !self.0.is_empty() {
            tracing::info!(shard, chats = ?self.0, "the bot's rights were looked at");
        }
    }
}

/// The outcome of a chat that was found to be in a state that was not known.
pub fn name(state: ChatState) -> &'static str {
    match state {
        ChatState::Active => "active",
        ChatState::Suspended => "suspended",
        ChatState::Removed => "removed",
        ChatState::Migrated => "migrated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::member::Status;
    use telegram::client::Parameters;

    #[test]
    fn a_refusal_tells_of_the_chat_only_what_it_says() {
        let of = |code, description: &str| {
            Finding::of(&Err(Failure::Answer { code, description: description.to_owned(), parameters: Parameters::default() }))
        };
        for (code, description, expected) in [
            (403, "Forbidden: bot was kicked from the supergroup chat", Finding::State(ChatState::Removed)),
            (403, "Forbidden: bot is not a member of the channel chat", Finding::State(ChatState::Removed)),
            (400, "Bad Request: member list is inaccessible", Finding::State(ChatState::Suspended)),
            (400, "Bad Request: PARTICIPANT_ID_INVALID", Finding::Unclear),
            (500, "Internal Server Error: restart", Finding::Unclear),
            (400, "Bad Request: something new", Finding::Unclear),
            (429, "Too Many Requests: retry after 0", Finding::Wait(1)),
            (401, "Unauthorized", Finding::Refused),
        ] {
            assert_eq!(of(code, description), expected, "{description}");
        }
        let parameters = Parameters { migrate_to_chat_id: Some(ChatId(-1001)), ..Parameters::default() };
        let moved = Failure::Answer { code: 400, description: String::new(), parameters };
        assert_eq!(Finding::of(&Err(moved)), Finding::Migrated(ChatId(-1001)));
    }

    #[test]
    fn a_status_that_is_not_known_yet_changes_nothing() {
        let bot = |status| Member { can_restrict: true, ..Member::of(status) };
        assert_eq!(Finding::of(&Ok(bot(Status::Administrator))), Finding::State(ChatState::Active));
        assert_eq!(Finding::of(&Ok(bot(Status::Unknown))), Finding::Unclear);
    }
}
