//! How a history fails, and what that means for all of them.

use anyhow::Error;
use std::fmt;
use telegram_sim::control::ControlError;

/// Late histories that are forgiven if they are not late when they are played again among few: one in so many.
const LATE_ONE_IN: usize = 50;

/// Something was waited for too long: an answer, or the end of a sync. A machine that is busy enough does that to a stack that is right.
#[derive(Debug)]
pub struct Late(pub String);

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waited too long for {}", self.0)
    }
}

impl std::error::Error for Late {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// May be played again.
    Late,
    /// A chat ended as it must not, or the history could not be played at all: no machine is too busy for that.
    Wrong,
}

/// A history that failed.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    pub kind: Kind,
    /// For whoever has to find out why.
    pub story: String,
}

impl Kind {
    /// Only what says by its type that it waited is late.
    pub fn of(error: &Error) -> Self {
        let is_late = |cause: &(dyn std::error::Error + 'static)| {
            let of_telegram = || matches!(cause.downcast_ref(), Some(ControlError::TimedOut { .. } | ControlError::Unreachable(_)));
            cause.is::<Late>() || of_telegram()
        };
        if error.chain().any(is_late) { Self::Late } else { Self::Wrong }
    }
}

/// What is to be done about histories that failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// These are played again among few, and must not fail then.
    Again(Vec<u64>),
    Failed(String),
}

/// `played`: how many histories there were. A wrong one fails them all, and so do too many late ones.
pub fn verdict(played: usize, failures: &[Failure]) -> Verdict {
    if let Some(wrong) = failures.iter().find(|failure| failure.kind == Kind::Wrong) {
        return Verdict::Failed(format!("history {} ended as it must not", wrong.seed));
    }
    let late: Vec<_> = failures.iter().map(|failure| failure.seed).collect();
    match late.len() {
        0 => Verdict::Passed,
        few if few <= played.div_ceil(LATE_ONE_IN) => Verdict::Again(late),
        many => Verdict::Failed(format!("{many} of {played} histories were late: {late:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};
    use std::time::Duration;

    fn failed(seed: u64, kind: Kind) -> Failure {
        Failure { seed, kind, story: String::new() }
    }

    #[test]
    fn only_what_waited_too_long_is_late_whatever_is_said_about_it() {
        let late = Error::new(Late("a sync".to_owned()));
        assert_eq!(Kind::of(&late), Kind::Late);
        assert_eq!(Kind::of(&late.context("in chat 3")), Kind::Late);
        let of_telegram = Err::<(), _>(ControlError::TimedOut { what: "an answer".to_owned(), after: Duration::ZERO });
        assert_eq!(Kind::of(&of_telegram.context("in chat 3").unwrap_err()), Kind::Late);
        assert_eq!(Kind::of(&anyhow!("waited too long for a sync")), Kind::Wrong, "the words do not count");
        assert_eq!(Kind::of(&ControlError::Refused("the user is not there".to_owned()).into()), Kind::Wrong);
    }

    #[test]
    fn a_wrong_history_fails_them_all_however_many_there_were() {
        let failures = [failed(1, Kind::Late), failed(2, Kind::Wrong)];
        assert_eq!(verdict(100_000, &failures), Verdict::Failed("history 2 ended as it must not".to_owned()));
    }

    #[test]
    fn one_late_history_in_fifty_is_played_again_and_more_are_not() {
        let late = |many: u64| (0..many).map(|seed| failed(seed, Kind::Late)).collect::<Vec<_>>();
        assert_eq!(verdict(100, &late(0)), Verdict::Passed);
        assert_eq!(verdict(100, &late(2)), Verdict::Again(vec![0, 1]));
        assert!(matches!(verdict(100, &late(3)), Verdict::Failed(_)));
        assert_eq!(verdict(1, &late(1)), Verdict::Again(vec![0]));
    }
}
