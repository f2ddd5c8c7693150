//! Following somebody: first a preview, then the choice.

use super::action::{Action, InChat, Purpose};
use super::asker::{Asks, Context};
use super::history::place;
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop, time};
use crate::Webhook;
use aws::store::page::Wanted;
use aws::store::subscriptions::Followed;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member::{self, Member, Status};
use domain::search::{Order, Search};
use domain::subscription::{CannotFollow, MAX_PER_ADMIN, Mode, Source, Subscription};
use telegram::bot::Keyboard;
use telegram::reaction::Reaction;
use telegram::render::subject;
use telegram::text;
use telegram::update::ChatMember;

/// People that can be chosen at once.
const AT_ONCE: u8 = 10;

/// Bans of a person that are looked through for a preview.
const LOOKED_AT: usize = 20;

/// Bans that a preview names.
const NAMED: usize = 3;

/// What is to be known before somebody is followed.
struct Known {
    user: UserId,
    name: Option<String>,
    here: Option<Member>,
    /// Where he was banned and when, newest first: chats that share.
    bans: Vec<(String, i64)>,
    follows: bool,
}

impl Webhook {
    /// Who that is, where he is known to be banned, what he is here.
    pub async fn preview(&self, asker: &Asker, room: &Room, users: &[UserId]) -> Result<Screen, Stop> {
        let lang = asker.lang;
        for &user in users {
            let subscription = subscription(asker, room, user);
            subscription.check(self.telegram.bot()).map_err(|why| Screen::text(cannot_follow(lang, why)))?;
        }
        let names = self.names(users).await?;
        let mut known = Vec::new();
        for &user in users.iter().take(AT_ONCE.into()) {
            let here = self.look_at(room.id, user).await?;
            if here.as_ref().is_some_and(|here| here.member.is_admin()) {
                return Err(Screen::text(cannot_follow(lang, CannotFollow::ChatAdmin)).into());
            }
            let bans = self.known_bans(asker, user).await?;
            let item = self.subscriptions.get(&subscription(asker, room, user)).await?;
            let told = here.as_ref().map(|here| here.person.name()).filter(|name| !name.is_empty());
            let name = told.or_else(|| names.get(&user).cloned());
            known.push(Known { user, name, here: here.map(|here| here.member), bans, follows: item.is_some_and(|item| item.is_active) });
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
        let follow = |mode| Action::In { chat: room.id, then: InChat::Follow { users: users.to_vec(), mode } };
        let screen = Screen::text(format!("{}\n\n{question}", parts.join("\n\n")));
        Ok(screen
            .row([Choice::new(text!(lang, "button-follow"), follow(Mode::Auto))])
            .row([
                Choice::new(text!(lang, "button-follow-ask"), follow(Mode::Confirm)),
                Choice::new(text!(lang, "button-follow-tell"), follow(Mode::Notify)),
            ])
            .row([Choice::new(text!(lang, "button-cancel"), Action::Close)]))
    }

    pub async fn follow(&self, asker: &Asker, room: &Room, users: &[UserId], mode: Mode) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let names = self.names(users).await?;
        let mut lines = Vec::new();
        for &user in users {
            let subscription = subscription(asker, room, user);
            subscription.check(self.telegram.bot()).map_err(|why| Screen::text(cannot_follow(lang, why)))?;
            let who = subject(lang, user, names.get(&user).map(String::as_str));
            lines.push(match self.subscriptions.follow_in(&subscription, mode).await? {
                Followed::New => match mode {
                    Mode::Auto => text!(lang, "followed", who = who),
                    Mode::Confirm => text!(lang, "followed-ask", who = who),
                    Mode::Notify => text!(lang, "followed-tell", who = who),
                },
                Followed::Already => text!(lang, "followed-already", who = who),
                Followed::LimitReached => {
                    lines.push(text!(lang, "limit-reached", most = MAX_PER_ADMIN));
                    break;
                }
            });
        }
        if room.chat.state == ChatState::Suspended {
            lines.push(text!(lang, "cannot-ban-here"));
        }
        Ok(Screen::text(lines.join("\n\n")))
    }

    pub async fn unfollow(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let who = subject(lang, user, self.names(&[user]).await?.get(&user).map(String::as_str));
        Ok(Screen::text(match self.subscriptions.unfollow(&subscription(asker, room, user)).await? {
            true => text!(lang, "unfollowed", who = who),
            false => text!(lang, "not-followed", who = who),
        }))
    }

    pub async fn set_mode(&self, asker: &Asker, room: &Room, user: UserId, mode: Mode) -> Result<Screen, Stop> {
        self.subscriptions.set_mode(&subscription(asker, room, user), mode).await?;
        self.followed(asker, room, user).await
    }

    /// Somebody who is followed, and what can be done about it.
    pub async fn followed(&self, asker: &Asker, room: &Room, user: UserId) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let who = subject(lang, user, self.names(&[user]).await?.get(&user).map(String::as_str));
        let item = self.subscriptions.get(&subscription(asker, room, user)).await?.filter(|item| item.is_active);
        let Some(item) = item else { return Ok(Screen::text(text!(lang, "not-followed", who = who))) };
        let here = |then| Action::In { chat: room.id, then };
        let (text, modes) = match item.mode {
            Mode::Auto => (text!(lang, "follows-auto", who = who, chat = room.title()), [Mode::Confirm, Mode::Notify]),
            Mode::Confirm => (text!(lang, "follows-ask", who = who, chat = room.title()), [Mode::Auto, Mode::Notify]),
            Mode::Notify => (text!(lang, "follows-tell", who = who, chat = room.title()), [Mode::Auto, Mode::Confirm]),
        };
        let modes = modes.map(|mode| {
            let label = match mode {
                Mode::Auto => text!(lang, "button-follow-auto"),
                Mode::Confirm => text!(lang, "button-follow-ask"),
                Mode::Notify => text!(lang, "button-follow-tell"),
            };
            Choice::new(label, here(InChat::SetMode { user, mode }))
        });
        Ok(Screen::text(text)
            .row(modes)
            .row([
                Choice::new(text!(lang, "button-history"), Action::Person { user, filter: None, after: Vec::new() }),
                Choice::new(text!(lang, "button-why"), here(InChat::Why { user })),
            ])
            .row([Choice::new(text!(lang, "button-unfollow"), here(InChat::Unfollow { user }))])
            .row([Choice::new(text!(lang, "button-list"), here(InChat::List { after: Vec::new() }))]))
    }

    /// Shows the button by which people can be chosen, and waits for whoever is named in any way.
    pub async fn ask_whom(&self, asker: &Asker, room: &Room, purpose: Purpose) -> Result<Screen, Stop> {
        let lang = asker.lang;
        // Tells the button of this question from those of before: a Bot API number of 32 bits.
        let request_id = (aws::time::now() & 0x3fff_ffff) as i32;
        let asks = Some(Asks::Whom { chat: room.id, purpose, request_id });
        self.set_context(asker.id, purpose.command(), &Context { chat: Some(room.id), asks }).await?;
        let most = if purpose == Purpose::Follow { AT_ONCE } else { 1 };
        let keyboard = Keyboard::ChoosePeople { request_id, label: text!(lang, "button-choose-people", count = i64::from(most)), most };
        Ok(Screen { keyboard: Some(keyboard), ..Screen::text(text!(lang, "ask-whom", chat = room.title(), command = purpose.command())) })
    }

    /// What Telegram tells of somebody in a chat, his name with it; `None`: nothing.
    pub async fn look_at(&self, chat: ChatId, user: UserId) -> Result<Option<ChatMember>, Stop> {
        match self.telegram.chat_member(chat, user).await {
            Ok(member) => {
                if !member.person.first_name.is_empty() {
                    self.people.named(&self.users, &member.person).await?;
                }
                Ok(Some(member))
            }
            Err(failure) => match failure.reaction() {
                Reaction::RetryAfter(_) | Reaction::Retry | Reaction::StopEverything => Err(self.not_now(failure).await.into()),
                _ => Ok(None),
            },
        }
    }

    /// Where somebody was banned, as far as the asker may see it.
    async fn known_bans(&self, asker: &Asker, user: UserId) -> Result<Vec<(String, i64)>, Stop> {
        let search = Search { user_id: Some(user), event_type: Some(member::Action::Ban), ..Search::default() };
        let wanted = Wanted { limit: LOOKED_AT, cursor: None };
        let page = self.bans.search(&search, Order::User(user), &wanted).await.map_err(super::history::unreadable)?;
        let sight = self.sight(asker, page.items.iter().map(|event| event.chat_id)).await?;
        let seen = page.items.into_iter().filter_map(|event| sight.event(event));
        Ok(seen.map(|event| (place(&event), event.event_timestamp)).collect())
    }

    /// What people are called, where that is known.
    pub async fn names(&self, users: &[UserId]) -> anyhow::Result<std::collections::BTreeMap<UserId, String>> {
        let profiles = self.users.profiles(users.iter().copied()).await?;
        let named = profiles.into_iter().filter(|(_, profile)| profile.erased_at.is_none()).map(|(user, profile)| (user, profile.name()));
        Ok(named.filter(|(_, name)| !name.is_empty()).collect())
    }
}

fn preview_of(lang: Lang, known: &Known, short: bool) -> String {
    let here = match known.here.map(|here| here.status) {
        Some(Status::Creator | Status::Administrator) => text!(lang, "here-admin"),
        Some(Status::Member | Status::Restricted) => text!(lang, "here-member"),
        Some(Status::Kicked) => text!(lang, "here-banned"),
        Some(Status::Left) => text!(lang, "here-not"),
        Some(Status::Unknown) | None => text!(lang, "here-unknown"),
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

pub fn subscription(asker: &Asker, room: &Room, user: UserId) -> Subscription {
    Subscription { admin_user_id: asker.id, admin_chat_id: room.id, source: Source::User(user) }
}

fn cannot_follow(lang: Lang, why: CannotFollow) -> String {
    match why {
        CannotFollow::Yourself => text!(lang, "cannot-follow-yourself"),
        CannotFollow::Bot => text!(lang, "cannot-follow-me"),
        CannotFollow::ChatAdmin => text!(lang, "cannot-follow-admin"),
        CannotFollow::NotAPerson => text!(lang, "cannot-follow-nobody"),
    }
}
