//! How long a ban is to last in a target.

use super::Reason;
use serde::{Deserialize, Serialize};

/// Telegram takes a ban that ends sooner than this for one that never ends (Bot API `banChatMember`), in seconds.
pub const SHORTEST_BAN: i64 = 30;

/// Seconds that are kept from the shortest ban: a call may be on its way for five of them, and clocks differ. Too long a ban by seconds is nothing
/// to one for ever.
pub const MARGIN: i64 = 10;

/// Telegram takes a ban that ends later than this for one that never ends, in seconds.
pub const LONGEST_BAN: i64 = 366 * 24 * 3600;

/// How long a ban is to last in a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    Permanent,
    /// Until this moment, Unix seconds.
    Until(i64),
    /// This many seconds from the moment it is applied.
    For(i64),
}

/// How much later than it was meant a call may be made, in seconds: a function's time-out, and some.
const LATE: i64 = 40;

/// Would a ban until then (Unix seconds) that is sent at `now` be taken for one for ever?
pub fn ends_too_soon(until: i64, now: i64) -> bool {
    until.saturating_sub(now) < SHORTEST_BAN + MARGIN
}

impl Term {
    /// The `until_date` to send at `now` (`None`: for ever), or why nothing is to be sent. To be asked right before the call.
    pub fn until_date(self, now: i64) -> Result<Option<i64>, Reason> {
        let until = match self {
            Self::Permanent => return Ok(None),
            Self::Until(until) => until,
            Self::For(seconds) => now + seconds.max(SHORTEST_BAN + MARGIN),
        };
        match until - now {
            _ if ends_too_soon(until, now) => Err(Reason::EndsTooSoon),
            left if left > LONGEST_BAN => Ok(None),
            _ => Ok(Some(until)),
        }
    }

    /// May a ban that ends at `present` have been set by this term a while after one that ends at `ordered` was meant?
    pub fn may_have_set(self, present: Option<i64>, ordered: Option<i64>) -> bool {
        match (self, present, ordered) {
            (Self::For(_), Some(present), Some(ordered)) => (ordered..=ordered + LATE).contains(&present),
            _ => present == ordered,
        }
    }
}

/// Does a ban that ends at `present` last at least as long as one that ends at `wanted`? `None`: for ever.
pub fn covers(present: Option<i64>, wanted: Option<i64>) -> bool {
    match (present, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(present), Some(wanted)) => present >= wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_ban_is_worked_out_again_when_it_is_sent() {
        assert_eq!(Term::Permanent.until_date(1000), Ok(None));
        assert_eq!(Term::Until(1039).until_date(1000), Err(Reason::EndsTooSoon));
        assert_eq!(Term::Until(1040).until_date(1000), Ok(Some(1040)));
        assert_eq!(Term::Until(1000 + LONGEST_BAN + 1).until_date(1000), Ok(None));
        assert_eq!(Term::For(60).until_date(1000), Ok(Some(1060)));
        assert_eq!(Term::For(1).until_date(1000), Ok(Some(1040)));
    }

    #[test]
    fn a_ban_of_some_length_is_known_again_though_it_was_set_a_while_after_it_was_meant() {
        assert!(Term::For(60).may_have_set(Some(1060), Some(1060)) && Term::For(60).may_have_set(Some(1065), Some(1060)));
        assert!(!Term::For(60).may_have_set(Some(1059), Some(1060)) && !Term::For(60).may_have_set(Some(9999), Some(1060)));
        assert!(!Term::For(60).may_have_set(None, Some(1060)));
        assert!(Term::Until(1060).may_have_set(Some(1060), Some(1060)) && !Term::Until(1060).may_have_set(Some(1061), Some(1060)));
        assert!(Term::Permanent.may_have_set(None, None) && !Term::Permanent.may_have_set(Some(5), None));
    }

    #[test]
    fn a_present_ban_is_enough_only_when_it_lasts_as_long() {
        assert!(covers(None, None) && covers(None, Some(5)) && covers(Some(5), Some(5)));
        assert!(!covers(Some(5), None) && !covers(Some(5), Some(6)));
    }
}
