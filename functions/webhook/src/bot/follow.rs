//! Following somebody, once a preview was shown.

use super::action::{Action, InChat, Purpose};
use super::asker::{Asks, Context};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use aws::store::subscriptions::Followed;
use domain::chat::ChatState;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::subscription::{CannotFollow, MAX_PER_ADMIN, Mode, Source, Subscription};
use telegram::message::Keyboard;
use telegram::render::subject;
use telegram::text;

/// People that can be chosen at once.
pub const AT_ONCE: u8 = 10;

impl Webhook {
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
                Followed::Already => {
                    // Whoever may follow now may ban there: by Telegram's word of this moment.
                    self.subscriptions.resume(&subscription).await?;
                    text!(lang, "followed-already", who = who)
                }
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

    /// What people are called, where that is known.
    pub async fn names(&self, users: &[UserId]) -> anyhow::Result<std::collections::BTreeMap<UserId, String>> {
        let profiles = self.users.profiles(users.iter().copied()).await?;
        let named = profiles.into_iter().filter(|(_, profile)| profile.erased_at.is_none()).map(|(user, profile)| (user, profile.name()));
        Ok(named.filter(|(_, name)| !name.is_empty()).collect())
    }
}

pub fn subscription(asker: &Asker, room: &Room, user: UserId) -> Subscription {
    Subscription { admin_user_id: asker.id, admin_chat_id: room.id, source: Source::User(user) }
}

pub fn cannot_follow(lang: Lang, why: CannotFollow) -> String {
    match why {
        CannotFollow::Yourself => text!(lang, "cannot-follow-yourself"),
        CannotFollow::Bot => text!(lang, "cannot-follow-me"),
        CannotFollow::ChatAdmin => text!(lang, "cannot-follow-admin"),
        CannotFollow::NotAPerson => text!(lang, "cannot-follow-nobody"),
    }
}
