//! Which requests are answered, so that a flood of them costs little and hides nothing.
//!
//! In order; each step spares what comes after it:
//! 1. More than [`REQUESTS`] of a person in a minute are not looked at: one write each, none once this process knows.
//! 2. In a group, whoever was refused within the hour is left alone: one read.
//! 3. Telegram tells what the person is there: one call.
//! 4. The answer takes a place among the group's messages. Whoever decides there has places of their own, and where there is none the update
//!    comes again when there is. Other administrators wait a second at most; beyond that they and strangers are left out.

use super::screen::Screen;
use super::{Asker, Stop};
use crate::{NotNow, Webhook};
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::message_window::{Standing, Writes};
use telegram::reaction::Reaction;
use telegram::text;
use telegram::update::{Command, CommandName};

/// Requests of a person in a minute, of all kinds; the next one is answered, and then none until the minute is over.
const REQUESTS: usize = 30;

/// How long somebody who was refused in a group is not refused there again, in seconds.
const REFUSED: i64 = 3600;

/// A wait that is remembered of a stranger who was left out, in milliseconds: shorter ones are over before the next command.
const LONG: i64 = 60_000;

/// A wait that holds nobody up, in milliseconds: the second between two messages.
const SHORT: i64 = 1000;

/// How a person keeps to the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Fine,
    /// One too many: they are told.
    Told,
    /// They were told.
    Silent,
}

/// Somebody who is answered in a group.
pub struct Admitted {
    pub standing: Standing,
    /// What they are told instead of whatever is for administrators.
    pub refusal: Option<Screen>,
}

/// What a person is in a group, as far as can be told.
struct Seen {
    admitted: Admitted,
    /// They are known to be no administrator, and are left alone once they were told.
    stranger: bool,
}

impl Webhook {
    /// Counts a request, once however often its update is brought. One write.
    pub async fn pace(&self, user: UserId, update_id: Option<i64>) -> anyhow::Result<Pace> {
        let pace = pace_of(self.dialogue.count_request(user, update_id).await?);
        if pace == Pace::Silent {
            self.people.silence(user, aws::time::now());
        }
        Ok(pace)
    }

    /// Is this person known to be beyond the pace? No call.
    pub fn is_silent(&self, user: UserId) -> bool {
        self.people.is_silent(user, aws::time::now())
    }

    /// Was this person told in the group that they may do nothing there? One read.
    pub async fn is_left_alone(&self, chat: ChatId, user: UserId, update_id: Option<i64>) -> anyhow::Result<bool> {
        Ok(self.gateway.refused(chat, user, update_id).await?.is_some_and(|refused| !refused.may_look))
    }

    /// Has an administrator without the right to ban not been refused in the group lately? Then they are now.
    pub async fn is_refused_first(&self, chat: ChatId, user: UserId, update_id: Option<i64>) -> anyhow::Result<bool> {
        self.gateway.refuse(chat, user, true, REFUSED, update_id).await
    }

    /// A place in private. Where there is none, none is taken.
    pub async fn place_in_private(&self, user: UserId, writes: Writes) -> Result<(), NotNow> {
        let place = self.gateway.reserve_answer(user.private_chat(), Standing::Decides, writes).await?;
        place.map_err(NotNow::of_ms)
    }

    /// Admits whoever asks in a group once there is a place for the answer; `None`: there is none. One that only they will see takes a place as well: whether
    /// Telegram counts it is not told (tdlib/telegram-bot-api#873).
    pub async fn admit(&self, asker: &mut Asker, command: &Command) -> Result<Option<Admitted>, NotNow> {
        let chat = command.chat_id;
        let Seen { admitted, stranger } = match command.anonymous {
            true => hidden(asker.id, asker.lang),
            false => self.seen_in(asker, chat).await?,
        };
        match self.gateway.reserve_answer(chat, admitted.standing, Writes::Message).await? {
            Ok(()) if stranger => Ok(self.gateway.refuse(chat, asker.id, false, REFUSED, command.update_id).await?.then_some(admitted)),
            Ok(()) => Ok(Some(admitted)),
            Err(ms) if waits(admitted.standing, ms) => Err(NotNow::of_ms(ms)),
            Err(ms) => {
                if stranger && ms >= LONG {
                    self.gateway.refuse(chat, asker.id, false, (ms / 1000).min(REFUSED), None).await?;
                }
                Ok(None)
            }
        }
    }

    /// As [`Webhook::admit`], of a press in a group, which changes a message. `Err` of a text: what they are told for a moment.
    pub async fn admit_press(&self, asker: &mut Asker, chat: ChatId, anybodys: bool) -> Result<Result<(), String>, NotNow> {
        let admins_only = Ok(Err(text!(asker.lang, "admins-only")));
        if anybodys && self.is_left_alone(chat, asker.id, None).await? {
            return admins_only;
        }
        let Seen { admitted, stranger } = self.seen_in(asker, chat).await?;
        if stranger {
            self.gateway.refuse(chat, asker.id, false, REFUSED, None).await?;
            return admins_only;
        }
        match self.gateway.reserve_answer(chat, admitted.standing, Writes::Edit).await? {
            Ok(()) => Ok(Ok(())),
            Err(ms) if waits(admitted.standing, ms) => Err(NotNow::of_ms(ms)),
            Err(_) => Ok(Err(String::new())),
        }
    }

    /// Asks Telegram what somebody is in a group, and keeps that for this request.
    async fn seen_in(&self, asker: &mut Asker, chat: ChatId) -> Result<Seen, NotNow> {
        let failure = match self.of_chat(chat, async |chat| self.telegram.member(chat, asker.id).await).await? {
            Ok((_, member)) => {
                let standing = match (member.may_ban(), member.is_admin()) {
                    (true, _) => Standing::Decides,
                    (false, true) => Standing::Looks,
                    (false, false) => Standing::Stranger,
                };
                asker.member = Some(member);
                let stranger = standing == Standing::Stranger;
                let refusal = stranger.then(|| Screen::text(text!(asker.lang, "admins-only")));
                return Ok(Seen { admitted: Admitted { standing, refusal }, stranger });
            }
            Err(failure) => failure,
        };
        let stranger = matches!(failure.reaction(), Reaction::Skip(_));
        match self.cannot_check(asker, failure).await {
            Stop::Show(screen) => {
                // Where Telegram does not tell, an admin may be asking: what strangers have used up is not theirs.
                let standing = if stranger { Standing::Stranger } else { Standing::Looks };
                Ok(Seen { admitted: Admitted { standing, refusal: Some(*screen) }, stranger })
            }
            Stop::NotNow(not_now) => Err(not_now),
        }
    }
}

/// An administrator who writes in the group's name, or anybody who writes in a channel's: a button that carries a stranger's command out is offered to no admin.
fn hidden(face: UserId, lang: Lang) -> Seen {
    let admin = face == UserId::ANONYMOUS_ADMIN;
    let standing = if admin { Standing::Decides } else { Standing::Stranger };
    let refusal = (!admin).then(|| Screen::text(text!(lang, "admins-only")));
    Seen { admitted: Admitted { standing, refusal }, stranger: !admin }
}

/// Does the update come again after so many milliseconds, rather than be left out? The group's other updates wait behind it.
fn waits(standing: Standing, ms: i64) -> bool {
    standing == Standing::Decides || (standing == Standing::Looks && ms <= SHORT)
}

/// Whose pace a command counts for. Anonymous administrators share their chat's; of channels in a group one is answered in an hour, which
/// needs no count.
pub fn paced(command: &Command) -> Option<UserId> {
    match command.anonymous {
        false => Some(command.from.id),
        true => (command.from.id == UserId::ANONYMOUS_ADMIN).then_some(UserId(command.chat_id.0)),
    }
}

/// May anybody ask for it in a group?
pub fn is_for_anybody(name: CommandName) -> bool {
    matches!(name, CommandName::Start | CommandName::Help | CommandName::Privacy | CommandName::MyData)
}

fn pace_of(requests: usize) -> Pace {
    match requests {
        0..=REQUESTS => Pace::Fine,
        count if count == REQUESTS + 1 => Pace::Told,
        _ => Pace::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_requests_a_minute_are_fine_and_one_more_is_told_so() {
        for (requests, expected) in [(1, Pace::Fine), (30, Pace::Fine), (31, Pace::Told), (32, Pace::Silent), (200, Pace::Silent)] {
            assert_eq!(pace_of(requests), expected, "{requests}");
        }
    }

    #[test]
    fn in_a_group_strangers_may_ask_what_the_bot_is_and_what_it_keeps_of_them() {
        use CommandName::*;
        for (name, expected) in [
            (Start, true),
            (Help, true),
            (Privacy, true),
            (MyData, true),
            (Subscribe, false),
            (Unsubscribe, false),
            (List, false),
            (Undo, false),
            (Ignore, false),
            (Unignore, false),
            (History, false),
            (Why, false),
            (Settings, false),
            (Stats, false),
            (Verify, false),
        ] {
            assert_eq!(is_for_anybody(name), expected, "{name:?}");
        }
    }

    #[test]
    fn only_whoever_decides_waits_longer_than_a_second() {
        for (standing, ms, expected) in [
            (Standing::Decides, 63_000, true),
            (Standing::Looks, 1000, true),
            (Standing::Looks, 1001, false),
            (Standing::Stranger, 1, false),
        ] {
            assert_eq!(waits(standing, ms), expected, "{standing:?} {ms}");
        }
    }

    #[test]
    fn whoever_writes_as_a_channel_has_no_places_of_the_administrators() {
        let seen = |face| hidden(face, Lang::En);
        assert_eq!(seen(UserId::ANONYMOUS_ADMIN).admitted.standing, Standing::Decides);
        assert!(seen(UserId::ANONYMOUS_ADMIN).admitted.refusal.is_none());
        assert_eq!(seen(UserId::CHANNEL).admitted.standing, Standing::Stranger);
        assert!(seen(UserId::CHANNEL).admitted.refusal.is_some());
        assert!(seen(UserId::CHANNEL).stranger, "and is answered once an hour");
    }
}
