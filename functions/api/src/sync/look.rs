//! A look by Telegram at a chat where somebody would be banned.

use super::State;
use super::dry_run::Fate;
use crate::error::ApiError;
use domain::ids::UserId;
use domain::member::{Member, Status};
use domain::sync::term::covers;
use domain::sync::{Reason, Target};
use telegram::reaction::Reaction;

/// Why nothing would be done where a ban stands that is long enough.
const ALREADY: &str = "already";

impl State {
    /// How it would end in a chat where he is to be banned until `until` (Unix seconds, `None`: permanent). The look has its place in the pace.
    ///
    /// # Errors
    /// 429 where Telegram takes no calls, 503 where it does not answer.
    pub async fn look(&self, target: &Target, user: UserId, until: Option<i64>) -> Result<Fate, ApiError> {
        let seen = match target.spare_bots {
            true => self.telegram.chat_member(target.chat_id, user).await.map(|seen| (seen.member, seen.person.is_bot)),
            false => self.telegram.member(target.chat_id, user).await.map(|member| (member, false)),
        };
        match seen {
            Ok((_, true)) => Ok(Fate::left(Reason::IsBot)),
            Ok((member, false)) => Ok(of_member(&member, until)),
            Err(failure) => match of_refusal(failure.reaction(), until) {
                Some(fate) => Ok(fate),
                None => Err(self.pace.refused(failure).await),
            },
        }
    }
}

fn of_member(member: &Member, until: Option<i64>) -> Fate {
    if member.is_admin() {
        return Fate::left(Reason::IsAdmin);
    }
    match member.status == Status::Kicked && covers(member.until, until) {
        true => Fate::Nothing(Some(ALREADY)),
        false => Fate::Ban(until),
    }
}

/// `None`: Telegram has not looked.
fn of_refusal(reaction: Reaction, until: Option<i64>) -> Option<Fate> {
    Some(match reaction {
        Reaction::RetryAfter(_) | Reaction::Retry | Reaction::StopEverything => return None,
        // Whoever is not found there can be banned all the same; in the supergroup that a group became, too.
        Reaction::Skip(Reason::UnknownUser) | Reaction::Migrated(_) => Fate::Ban(until),
        Reaction::Skip(reason) => Fate::left(reason),
        Reaction::SuspendChat => Fate::left(Reason::NoRights),
        Reaction::ChatGone => Fate::left(Reason::ChatGone),
        Reaction::RetryFew
        | Reaction::Fine
        | Reaction::OurBug
        | Reaction::NoPrivateMessages
        | Reaction::SendPrivately
        | Reaction::Mend(_) => Fate::left(Reason::TelegramError),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(status: Status, until: Option<i64>) -> Member {
        Member { until, ..Member::of(status) }
    }

    #[test]
    fn a_ban_that_is_long_enough_and_an_administrator_are_left_alone() {
        for (status, present, expected) in [
            (Status::Creator, None, Fate::left(Reason::IsAdmin)),
            (Status::Administrator, None, Fate::left(Reason::IsAdmin)),
            (Status::Kicked, None, Fate::Nothing(Some("already"))),
            (Status::Kicked, Some(100), Fate::Nothing(Some("already"))),
            (Status::Kicked, Some(99), Fate::Ban(Some(100))),
            (Status::Member, None, Fate::Ban(Some(100))),
            (Status::Left, None, Fate::Ban(Some(100))),
        ] {
            assert_eq!(of_member(&member(status, present), Some(100)), expected, "{status:?} {present:?}");
        }
    }

    #[test]
    fn a_refusal_is_a_reason_unless_telegram_has_not_looked() {
        assert_eq!(of_refusal(Reaction::Retry, None), None);
        assert_eq!(of_refusal(Reaction::Skip(Reason::UnknownUser), None), Some(Fate::Ban(None)));
        assert_eq!(of_refusal(Reaction::Skip(Reason::NotSupported), None), Some(Fate::left(Reason::NotSupported)));
        assert_eq!(of_refusal(Reaction::SuspendChat, None), Some(Fate::left(Reason::NoRights)));
    }
}
