//! Who that is, before anybody is followed: up to ten people at once, who are looked at beside each other.

use super::action::{Action, InChat};
use super::follow::{AT_ONCE, cannot_follow, subscription};
use super::history::place;
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop, time};
use crate::look::Looked;
use crate::{NotNow, Webhook, budget};
use aws::store::page::Wanted;
use domain::ban::BanEvent;
use domain::chat::ChatState;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::member::{self, Status};
use domain::search::{Order, Search};
use domain::subscription::{CannotFollow, Mode};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use telegram::render::subject;
use telegram::text;

/// Bans of a person that are looked through for a preview.
const LOOKED_AT: usize = 20;

/// Bans that a preview names.
const NAMED: usize = 3;

/// What is to be known before somebody is followed.
struct Known {
    user: UserId,
    name: Option<String>,
    here: Here,
    /// Where they were banned and when, newest first: chats that share.
    bans: Vec<(String, i64)>,
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
        let mut parts: Vec<_> = known.iter().map(|known| preview_of(lang, known, asker.group.is_some())).collect();
        if room.chat.state == ChatState::Suspended {
            parts.push(text!(lang, "cannot-ban-here"));
        }
        let question = match asker.group {
            Some(_) => text!(lang, "follow-question-here"),
            None => text!(lang, "follow-question", chat = room.title(), count = known.len()),
        };
        let here = |then| Action::In { chat: room.id, then };
        let follow = |mode| here(InChat::Follow { users: users.to_vec(), mode });
        let again = known.iter().any(|known| known.here == Here::Late);
        let again = again.then(|| Choice::new(text!(lang, "button-look-again"), here(InChat::Preview { users: users.to_vec() })));
        Ok(Screen::text(format!("{}\n\n{question}", parts.join("\n\n")))
            .row([Choice::new(text!(lang, "button-follow"), follow(Mode::Auto))])
            .row([
                Choice::new(text!(lang, "button-follow-ask"), follow(Mode::Confirm)),
                Choice::new(text!(lang, "button-follow-tell"), follow(Mode::Notify)),
            ])
            .row(again)
            .row([Choice::new(text!(lang, "button-cancel"), Action::Close)]))
    }

    /// What is known of each, in their order.
    async fn known(&self, asker: &Asker, room: &Room, users: &[UserId]) -> Result<Vec<Known>, Stop> {
        let names = self.names(users).await?;
        let users = users.iter().copied().take(AT_ONCE.into());
        let found: Vec<Found> =
            stream::iter(users.map(|user| self.find(asker, room, user))).buffered(budget::AT_A_TIME).try_collect().await?;
        let chats = found.iter().flat_map(|found| &found.bans).map(|event| event.chat_id);
        let sight = self.sight(asker, chats).await?;
        let known = found.into_iter().map(|Found { user, looked, bans, follows }| {
            let seen = bans.into_iter().filter_map(|event| sight.event(event));
            let bans = seen.map(|event| (place(&event), event.event_timestamp)).collect();
            let here = match &looked {
                Looked::There(here) => Here::Is(here.member.status),
                Looked::Unknown => Here::Unknown,
                Looked::Late => Here::Late,
            };
            let told = looked.member().map(|here| here.person.name()).filter(|name| !name.is_empty());
            Known { user, name: told.or_else(|| names.get(&user).cloned()), here, bans, follows }
        });
        Ok(known.collect())
    }

    async fn find(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Found, Stop> {
        let looked = self.look_at(room.id, user).await?;
        let search = Search { user_id: Some(user), event_type: Some(member::Action::Ban), ..Search::default() };
        let wanted = Wanted { limit: LOOKED_AT, cursor: None };
        let page = self.bans.search(&search, Order::User(user), &wanted).await.map_err(super::history::unreadable)?;
        let item = self.subscriptions.get(&subscription(asker, room, user)).await.map_err(NotNow::from)?;
        Ok(Found { user, looked, bans: page.items, follows: item.is_some_and(|item| item.is_active) })
    }
}

fn preview_of(lang: Lang, known: &Known, short: bool) -> String {
    let here = match known.here {
        Here::Is(Status::Creator | Status::Administrator) => text!(lang, "here-admin"),
        Here::Is(Status::Member | Status::Restricted) => text!(lang, "here-member"),
        Here::Is(Status::Kicked) => text!(lang, "here-banned"),
        Here::Is(Status::Left) => text!(lang, "here-not"),
        Here::Is(Status::Unknown) | Here::Unknown => text!(lang, "here-unknown"),
        Here::Late => text!(lang, "here-late"),
    };
    let mut lines = vec![format!("👤 {}", subject(lang, known.user, known.name.as_deref()).0), here];
    lines.push(text!(lang, "known-bans", count = known.bans.len()));
    // In front of a group it is enough to know how many.
    if !short {
        lines.extend(known.bans.iter().take(NAMED).map(|(chat, at)| text!(lang, "known-ban", chat = chat, time = time::date(*at))));
    }
    if known.follows {
        lines.push(text!(lang, "follows-already"));
    }
    lines.join("\n")
}
