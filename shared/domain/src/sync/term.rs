//! How long a ban is to last in a target.

use super::Reason;
use serde::{Deserialize, Serialize};

/// Telegram takes a ban that ends sooner than this for one that never ends (Bot API `banChatMember`), in seconds.
pub const SHORTEST_BAN: i64 = 30;

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

impl Term {
    /// The `until_date` to send at `now` (`None`: for ever), or why nothing is to be sent.
    pub fn until_date(self, now: i64) -> Result<Option<i64>, Reason> {
        let until = match self {
            Self::Permanent => return Ok(None),
            Self::Until(until) => until,
            Self::For(seconds) => now + seconds.max(SHORTEST_BAN + 1),
        };
        match until - now {
            left if left < SHORTEST_BAN => Err(Reason::EndsTooSoon),
            left if left > LONGEST_BAN => Ok(None),
            _ => Ok(Some(until)),
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
        assert_eq!(Term::Until(1029).until_date(1000), Err(Reason::EndsTooSoon));
        assert_eq!(Term::Until(1030).until_date(1000), Ok(Some(1030)));
        assert_eq!(Term::Until(1000 + LONGEST_BAN + 1).until_date(1000), Ok(None));
        assert_eq!(Term::For(60).until_date(1000), Ok(Some(1060)));
        assert_eq!(Term::For(1).until_date(1000), Ok(Some(1031)));
    }

    #[test]
    fn a_present_ban_is_enough_only_when_it_lasts_as_long() {
        assert!(covers(None, None) && covers(None, Some(5)) && covers(Some(5), Some(5)));
        assert!(!covers(Some(5), None) && !covers(Some(5), Some(6)));
    }
}
