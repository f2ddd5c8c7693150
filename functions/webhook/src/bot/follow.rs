//! Following somebody, once a preview was shown.

use super::action::{Action, InChat, Purpose};
use super::asker::{Asks, Context};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop, options};
use crate::Webhook;
use aws::store::subscriptions::Followed;
use domain::chat::ChatState;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::subscription::{CannotFollow, MAX_PER_ADMIN, Mode, Source, Subscription};
use telegram::message::Keyboard;
use telegram::render::subject;
use telegram::text;
use telegram::text::Html;

/// People that can be chosen at once.
pub const AT_ONCE: u8 = 10;

impl Webhook {
    pub async fn follow(&self, asker: &Asker, room: &Room, users: &[UserId], mode: Mode) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let names = self.names(users).await?;
        let (mut new, mut already, mut limited) = (Vec::new(), Vec::new(), false);
        for &user in users {
            let subscription = subscription(asker, room, user);
            subscription.check(self.telegram.bot()).map_err(|why| Screen::text(cannot_follow(lang, why)))?;
            let who = subject(lang, user, names.get(&user).map(String::as_str));
            match self.follow_one(asker, room, user, mode).await? {
                Followed::New => new.push(who),
                Followed::Already => already.push(who),
                Followed::LimitReached => {
                    limited = true;
                    break;
                }
            }
        }
        let chat = asker.group.is_none().then(|| room.title());
        let settings = &room.chat.settings;
        let mut parts: Vec<_> = followed_now(lang, chat, mode.weaker(options::mode(settings)), &new).into_iter().collect();
        if !new.is_empty() {
            parts.extend(options::why_milder(lang, mode, settings));
        }
        parts.extend(already.into_iter().map(|who| text!(lang, "followed-already", who = who)));
        if limited {
            parts.push(text!(lang, "limit-reached", most = MAX_PER_ADMIN));
        }
        if room.chat.state == ChatState::Suspended {
            parts.push(text!(lang, "cannot-ban-here"));
        }
        let list = Choice::new(text!(lang, "button-list"), Action::In { chat: room.id, then: InChat::List { after: Vec::new() } });
        Ok(Screen::text(parts.join("\n\n")).row(asker.group.is_none().then_some(list)))
    }

    /// The asker may ban there, by Telegram's word of this moment.
    pub async fn follow_one(&self, asker: &Asker, room: &Room, user: UserId, mode: Mode) -> anyhow::Result<Followed> {
        let subscription = subscription(asker, room, user);
        let followed = self.subscriptions.follow_in(&subscription, mode).await?;
        if matches!(followed, Followed::Already) {
            self.subscriptions.resume(&subscription).await?;
        }
        Ok(followed)
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
        Ok(followed(lang, room, user, who, item.mode))
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

/// Somebody whom an admin follows with the mode `wanted`. What is said is what happens, and nothing bolder is offered than the chat has chosen.
fn followed(lang: Lang, room: &Room, user: UserId, who: Html, wanted: Mode) -> Screen {
    let here = |then| Action::In { chat: room.id, then };
    let most = options::mode(&room.chat.settings);
    let mode = wanted.weaker(most);
    let text = match mode {
        Mode::Auto => text!(lang, "follows-auto", who = who, chat = room.title()),
        Mode::Confirm => text!(lang, "follows-ask", who = who, chat = room.title()),
        Mode::Notify => text!(lang, "follows-tell", who = who, chat = room.title()),
    };
    let text = [Some(text), options::why_milder(lang, wanted, &room.chat.settings)].into_iter().flatten().collect::<Vec<_>>().join("\n");
    let others = Mode::ALL.into_iter().filter(|&other| other != mode && other.weaker(most) == other);
    let others = others.map(|other| {
        let label = match other {
            Mode::Auto => text!(lang, "button-follow-auto"),
            Mode::Confirm => text!(lang, "button-follow-ask"),
            Mode::Notify => text!(lang, "button-follow-tell"),
        };
        Choice::new(label, here(InChat::SetMode { user, mode: other }))
    });
    Screen::text(text)
        .row(others)
        .row([
            Choice::new(text!(lang, "button-history"), Action::Person { user, filter: None, after: Vec::new() }),
            Choice::new(text!(lang, "button-why"), here(InChat::Why { user })),
        ])
        .row([Choice::new(text!(lang, "button-unfollow"), here(InChat::Unfollow { user }))])
        .row([Choice::new(text!(lang, "button-list"), here(InChat::List { after: Vec::new() }))])
}

/// New follows, and what comes of them; `chat`: its title in private, where it has to be said. `None`: nobody.
fn followed_now(lang: Lang, chat: Option<String>, mode: Mode, new: &[Html]) -> Option<String> {
    let count = new.len();
    if count == 0 {
        return None;
    }
    if let (None, [who]) = (&chat, new) {
        return Some(match mode {
            Mode::Auto => text!(lang, "followed", who = who.clone()),
            Mode::Confirm => text!(lang, "followed-ask", who = who.clone()),
            Mode::Notify => text!(lang, "followed-tell", who = who.clone()),
        });
    }
    let mut lines = vec![match &chat {
        Some(chat) => text!(lang, "followed-from", chat = chat),
        None => text!(lang, "followed-here"),
    }];
    lines.extend(new.iter().map(|who| format!("• {}", who.0)));
    lines.push(match (mode, chat) {
        (Mode::Auto, Some(chat)) => text!(lang, "followed-then", count = count, chat = chat),
        (Mode::Auto, None) => text!(lang, "followed-then-here", count = count),
        (Mode::Confirm, _) => text!(lang, "followed-then-ask", count = count),
        (Mode::Notify, _) => text!(lang, "followed-then-tell", count = count),
    });
    Some(lines.join("\n"))
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

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use aws::store::users::ChatItem;
    use domain::ids::ChatId;
    use domain::settings::ChatSettings;

    fn people(names: &[&str]) -> Vec<Html> {
        names.iter().map(|&name| Html(name.to_owned())).collect()
    }

    #[test]
    fn what_is_promised_of_somebody_is_what_the_chats_mode_lets_happen_and_nothing_bolder_is_offered() {
        for (chat, wanted, promised, why, offered) in [
            (Mode::Auto, Mode::Auto, "I ban them automatically", None, &[Mode::Confirm, Mode::Notify][..]),
            (Mode::Auto, Mode::Notify, "I only tell you", None, &[Mode::Auto, Mode::Confirm]),
            (Mode::Confirm, Mode::Auto, "I ask you first", Some("I ask before every ban"), &[Mode::Notify]),
            (Mode::Confirm, Mode::Notify, "I only tell you", None, &[Mode::Confirm]),
            (Mode::Notify, Mode::Auto, "I only tell you", Some("I only tell: /settings"), &[]),
            (Mode::Notify, Mode::Notify, "I only tell you", None, &[]),
        ] {
            let (auto_sync_enabled, require_confirmation) = (chat != Mode::Notify, chat == Mode::Confirm);
            let settings = ChatSettings { auto_sync_enabled, require_confirmation, ..ChatSettings::default() };
            let id = ChatId(-1);
            let room = Room { id, chat: ChatItem::new(id, ChatState::Active, settings).into(), is_owner: false };
            let screen = followed(Lang::En, &room, UserId(5), Html("Mal".to_owned()), wanted);
            assert!(screen.text.contains(promised), "{chat:?} {wanted:?}: {}", screen.text);
            assert_eq!(screen.text.lines().count(), 1 + usize::from(why.is_some()), "{chat:?} {wanted:?}: {}", screen.text);
            assert!(why.is_none_or(|why| screen.text.contains(why)), "{chat:?} {wanted:?}: {}", screen.text);
            let modes = screen.rows.iter().flatten().filter_map(|choice| match &choice.to {
                To::Action(action) => match **action {
                    Action::In { then: InChat::SetMode { mode, .. }, .. } => Some(mode),
                    _ => None,
                },
                _ => None,
            });
            assert_eq!(modes.collect::<Vec<_>>(), offered, "{chat:?} {wanted:?}");
        }
    }

    #[test]
    fn several_people_are_one_list_with_one_sentence_and_in_private_the_chat_is_named() {
        let private = || Some("Book club".to_owned());
        assert_eq!(followed_now(Lang::En, private(), Mode::Auto, &[]), None);
        let both = followed_now(Lang::En, private(), Mode::Auto, &people(&["Mal", "Trent"])).unwrap();
        assert_eq!(both.lines().collect::<Vec<_>>()[1..3], ["• Mal", "• Trent"]);
        assert!(both.contains("from Book club") && both.contains("any of them") && both.matches('✅').count() == 1, "{both}");
        let one = followed_now(Lang::En, private(), Mode::Auto, &people(&["Mal"])).unwrap();
        assert!(one.contains("If they’re banned in another chat, I’ll ban them in Book club too."), "{one}");
        let group = followed_now(Lang::En, None, Mode::Auto, &people(&["Mal"])).unwrap();
        assert_eq!(group.lines().count(), 1, "{group}");
    }
}
