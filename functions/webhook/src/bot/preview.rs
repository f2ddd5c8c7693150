//! Who that is, before anybody is followed: up to ten people at once, who are looked at beside each other.

use super::action::{Action, InChat};
use super::follow::{AT_ONCE, cannot_follow, subscription};
use super::history::place;
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop, options};
use crate::look::Looked;
use crate::{NotNow, Webhook, budget};
use aws::store::page::Wanted;
use domain::ban::BanEvent;
use domain::chat::ChatState;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::limiter::Lane;
use domain::member::{self, Status};
use domain::search::{Order, Search};
use domain::subscription::{CannotFollow, Mode};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use telegram::render::{self, escape, fold, subject};
use telegram::text;
use telegram::text::Html;

/// Bans of a person that are looked through for a preview.
const LOOKED_AT: usize = 20;

/// Bans that a preview names.
const NAMED: usize = 3;

/// What is to be known before somebody is followed.
struct Known {
    user: UserId,
    name: Option<String>,
    here: Here,
    /// Bans in chats that share them, newest first.
    bans: Vec<BanEvent>,
    /// Bans in chats that do not.
    hidden: usize,
    /// There are older ones, which were not read.
    more: bool,
    follows: bool,
}

/// What somebody is in the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    Is(Status),
    /// Telegram does not know.
    Unknown,
    /// Telegram did not tell in time.
    Late,
}

/// One person, as the store and Telegram tell of them.
struct Found {
    user: UserId,
    looked: Looked,
    bans: Vec<BanEvent>,
    more: bool,
    follows: bool,
}

impl Webhook {
    /// Who that is, where they are known to be banned, what they are here.
    pub async fn preview(&self, asker: &Asker, room: &Room, users: &[UserId]) -> Result<Screen, Stop> {
        let lang = asker.lang;
        for &user in users {
            let subscription = subscription(asker, room, user);
            subscription.check(self.telegram.bot()).map_err(|why| Screen::text(cannot_follow(lang, why)))?;
        }
        let known = self.known(asker, room, users).await?;
        if known.iter().any(|known| matches!(known.here, Here::Is(Status::Creator | Status::Administrator))) {
            return Err(Screen::text(cannot_follow(lang, CannotFollow::ChatAdmin)).into());
        }
        if let [one] = &known[..]
            && one.follows
        {
            return self.followed(asker, room, one.user).await;
        }
        let who = match (asker.group, &known[..]) {
            (None, [one]) => preview_of(lang, one, &room.title()),
            _ => fold(&known.iter().map(|known| in_a_line(lang, known)).collect::<Vec<_>>()),
        };
        let mut parts = vec![who];
        if room.chat.state == ChatState::Suspended {
            parts.push(text!(lang, "cannot-ban-here"));
        }
        let most = options::mode(&room.chat.settings);
        parts.extend(options::why_milder(lang, Mode::Auto, &room.chat.settings));
        let (between, question) = match asker.group {
            Some(_) => ("\n", text!(lang, "follow-question-here", count = known.len())),
            None => ("\n\n", text!(lang, "follow-question", chat = room.title(), count = known.len())),
        };
        let here = |then| Action::In { chat: room.id, then };
        let follow = |mode| here(InChat::Follow { users: users.to_vec(), mode });
        let again = known.iter().any(|known| known.here == Here::Late);
        let again = again.then(|| Choice::new(text!(lang, "button-look-again"), here(InChat::Preview { users: users.to_vec() })));
        let mut screen = Screen::text(format!("{}{between}{question}", parts.join(between)));
        for row in modes(lang, most, follow) {
            screen = screen.row(row);
        }
        Ok(screen.row(again).row([Choice::new(text!(lang, "button-cancel"), Action::Close)]))
    }

    /// What is known of each, in their order.
    async fn known(&self, asker: &Asker, room: &Room, users: &[UserId]) -> Result<Vec<Known>, Stop> {
        let names = self.names(users).await?;
        let looks = self.looks(users.len().min(AT_ONCE.into())).await.map_err(NotNow::from)?;
        let users = users.iter().copied().take(AT_ONCE.into()).enumerate();
        let found: Vec<Found> = stream::iter(users.map(|(place, user)| self.find(asker, room, user, place < looks)))
            .buffered(budget::AT_A_TIME)
            .try_collect()
            .await?;
        let chats = found.iter().flat_map(|found| &found.bans).map(|event| event.chat_id);
        let sight = self.sight(asker, chats).await?;
        let known = found.into_iter().map(|Found { user, looked, bans, more, follows }| {
            let read = bans.len();
            let bans: Vec<_> = bans.into_iter().filter_map(|event| sight.event(event)).collect();
            let hidden = read - bans.len();
            let here = match &looked {
                Looked::There(here) => Here::Is(here.member.status),
                Looked::Unknown => Here::Unknown,
                Looked::Late => Here::Late,
            };
            let told = looked.member().map(|here| here.person.name()).filter(|name| !name.is_empty());
            Known { user, name: told.or_else(|| names.get(&user).cloned()), here, bans, hidden, more, follows }
        });
        Ok(known.collect())
    }

    /// How many of so many people may be looked at now; the others are shown, and looked at by a button. Of several the looks take their places in the pace of
    /// all, as what can wait: anybody may ask for ten in a group of their own, over and over.
    async fn looks(&self, people: usize) -> anyhow::Result<usize> {
        if people == 1 {
            return Ok(1);
        }
        Ok(self.gateway.reserve_unreported(people, Lane::Bulk).await?.unwrap_or(0))
    }

    /// `looks`: Telegram is asked what they are in the chat.
    async fn find(&self, asker: &Asker, room: &Room, user: UserId, looks: bool) -> Result<Found, Stop> {
        let looked = if looks { self.look_at(room.id, user).await? } else { Looked::Late };
        let search = Search { user_id: Some(user), event_type: Some(member::Action::Ban), ..Search::default() };
        let wanted = Wanted { limit: LOOKED_AT, cursor: None };
        let page = self.bans.search(&search, Order::User(user), &wanted).await.map_err(super::history::unreadable(asker.lang))?;
        let item = self.subscriptions.get(&subscription(asker, room, user)).await.map_err(NotNow::from)?;
        Ok(Found { user, looked, bans: page.items, more: page.next.is_some(), follows: item.is_some_and(|item| item.is_active) })
    }
}

/// The answers that are offered: none is bolder than what the chat has chosen.
fn modes(lang: Lang, most: Mode, follow: impl Fn(Mode) -> Action) -> Vec<Vec<Choice>> {
    let auto = Choice::new(text!(lang, "button-follow"), follow(Mode::Auto));
    let ask = Choice::new(text!(lang, "button-follow-ask"), follow(Mode::Confirm));
    let tell = Choice::new(text!(lang, "button-follow-tell"), follow(Mode::Notify));
    match most {
        Mode::Auto => vec![vec![auto], vec![ask, tell]],
        Mode::Confirm => vec![vec![ask, tell]],
        Mode::Notify => vec![vec![tell]],
    }
}

/// In front of a group, and of several people, it is enough to know how many bans are known.
fn in_a_line(lang: Lang, known: &Known) -> String {
    let mut facts = vec![format!("👤 {}", subject(lang, known.user, known.name.as_deref()).0), here(lang, known.here)];
    facts.push(known_bans(lang, known));
    facts.extend(known.follows.then(|| text!(lang, "follows-already")));
    facts.join(" · ")
}

/// `chat`: the title of the one to follow from.
fn preview_of(lang: Lang, known: &Known, chat: &str) -> String {
    let mut lines = vec![
        format!("👤 {}", subject(lang, known.user, known.name.as_deref()).0),
        text!(lang, "here-in", chat = chat, status = Html(here(lang, known.here))),
    ];
    lines.extend(known.follows.then(|| text!(lang, "follows-already")));
    lines.push(match known.bans.len() {
        count @ 1.. if !known.more => text!(lang, "known-bans-newest", count = count),
        _ => known_bans(lang, known),
    });
    lines.extend(known.bans.iter().take(NAMED).map(|event| {
        let line = text!(lang, "known-ban", chat = place(event), time = render::date(event.event_timestamp, lang));
        match &event.reason {
            Some(reason) => format!("{line} — {}", escape(reason)),
            None => line,
        }
    }));
    if known.hidden > 0 {
        lines.push(text!(lang, "history-hidden", count = known.hidden));
    }
    fold(&lines)
}

fn here(lang: Lang, here: Here) -> String {
    match here {
        Here::Is(Status::Creator | Status::Administrator) => text!(lang, "here-admin"),
        Here::Is(Status::Member | Status::Restricted) => text!(lang, "here-member"),
        Here::Is(Status::Kicked) => text!(lang, "here-banned"),
        Here::Is(Status::Left) => text!(lang, "here-not"),
        Here::Is(Status::Unknown) | Here::Unknown => text!(lang, "here-unknown"),
        Here::Late => text!(lang, "here-late"),
    }
}

fn known_bans(lang: Lang, known: &Known) -> String {
    match known.more {
        true => text!(lang, "known-bans-many", count = known.bans.len()),
        false => text!(lang, "known-bans", count = known.bans.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::ChatId;
    use domain::registration::NewBanEvent;

    fn ban(title: &str, reason: Option<&str>) -> BanEvent {
        let new = NewBanEvent {
            event_id: Some("a".to_owned()),
            user_id: UserId(5),
            chat_id: ChatId(-100),
            event_type: member::Action::Ban,
            ban_duration: None,
            reason: reason.map(str::to_owned),
            initiator_user_id: None,
            event_timestamp: 1_764_000_000,
            metadata: Default::default(),
        };
        BanEvent { chat_title: Some(title.to_owned()), ..new.event(1_764_000_000).unwrap() }
    }

    fn known(bans: Vec<BanEvent>, hidden: usize) -> Known {
        let (here, more, follows) = (Here::Is(Status::Member), false, false);
        Known { user: UserId(5), name: Some("Mal".to_owned()), here, bans, hidden, more, follows }
    }

    #[test]
    fn a_preview_names_the_newest_bans_with_their_reasons_and_counts_what_is_hidden() {
        let text = preview_of(Lang::En, &known(vec![ban("A & B", Some("<spam>")), ban("C", None)], 1), "Book club");
        for expected in ["Book club: member", "2 known bans", "A &amp; B", " — &lt;spam&gt;", "1 more is hidden"] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }

    #[test]
    fn six_lines_of_a_preview_are_seen_and_the_rest_is_folded() {
        let all = || vec![ban("A", None), ban("B", None), ban("C", None)];
        assert!(!preview_of(Lang::En, &known(all(), 0), "Book club").contains("<blockquote"));
        let text = preview_of(Lang::En, &known(all(), 1), "Book club");
        let (seen, folded) = text.split_once("\n<blockquote expandable>").unwrap();
        assert_eq!(seen.lines().count(), 6, "{text}");
        assert!(folded.contains("1 more is hidden"), "{text}");
    }

    #[test]
    fn a_group_reads_how_many_bans_are_known_and_not_where() {
        let text = in_a_line(Lang::En, &known(vec![ban("A & B", Some("spam"))], 1));
        assert_eq!(text, "👤 Mal (ID: <code>5</code>) · member · 1 known ban");
        let many = Known { more: true, ..known(vec![ban("A", None), ban("B", None)], 0) };
        assert!(in_a_line(Lang::Ru, &many).ends_with("известных банов: 2 или больше"), "{}", in_a_line(Lang::Ru, &many));
    }

    #[test]
    fn nothing_bolder_is_offered_than_the_chat_has_chosen() {
        for (most, expected) in [(Mode::Auto, 3), (Mode::Confirm, 2), (Mode::Notify, 1)] {
            let follow = |mode| Action::In { chat: ChatId(-1), then: InChat::Follow { users: vec![UserId(5)], mode } };
            assert_eq!(modes(Lang::En, most, follow).concat().len(), expected, "{most:?}");
        }
    }
}
