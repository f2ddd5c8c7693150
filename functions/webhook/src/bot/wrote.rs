//! What somebody writes in private that is no command: the answer to what the bot asked, or somebody who is forwarded.

use super::action::{Action, InChat, MyOption, Purpose};
use super::asker::Asks;
use super::read::{Meant, Topic};
use super::screen::Screen;
use super::show::{Reply, Spot};
use super::{Asker, Pace, Stop};
use crate::{NotNow, Webhook};
use domain::ids::{ChatId, UserId};
use domain::message_window::Writes;
use telegram::text;
use telegram::update::{Forwarded, Target, Written, Wrote};

impl Webhook {
    /// A text that nobody asked for is left alone.
    pub async fn wrote(&self, wrote: Wrote) -> Result<(), NotNow> {
        if self.is_silent(wrote.from.id) {
            return Ok(());
        }
        let asks = self.context(wrote.from.id).await?.asks;
        if asks.is_none() && matches!(wrote.what, Written::Text(_)) {
            return self.saw(&wrote.from).await;
        }
        self.may_write().await?;
        let asker = self.asker(&wrote.from, None).await?;
        // Whoever is forwarded by somebody else is nobody's to follow.
        if asks.is_none() && self.chats_of(&asker).await?.is_empty() {
            return Ok(());
        }
        self.once(wrote.update_id, self.reply_to_words(asker, asks, &wrote)).await
    }

    async fn reply_to_words(&self, asker: Asker, asks: Option<Asks>, wrote: &Wrote) -> Result<Option<Reply>, NotNow> {
        let spot = Spot { reply_to: wrote.message_id, ..Spot::private(asker.id) };
        self.place_in_private(asker.id, Writes::Message).await?;
        let screen = match self.pace(asker.id, wrote.update_id).await? {
            Pace::Fine => match self.answered_with(&asker, asks, &wrote.what).await {
                Ok(screen) => screen,
                Err(Stop::Show(screen)) => *screen,
                Err(Stop::NotNow(not_now)) => return Err(not_now),
            },
            Pace::Told => Screen::text(text!(asker.lang, "too-fast")),
            Pace::Silent => return Ok(None),
        };
        Ok(Some(Reply::new(asker, spot, screen, None)))
    }

    async fn answered_with(&self, asker: &Asker, asks: Option<Asks>, what: &Written) -> Result<Screen, Stop> {
        match asks {
            Some(Asks::Whom { chat, purpose, request_id }) => {
                if let Written::Shared { request_id: given, .. } = what
                    && *given != i64::from(request_id)
                {
                    return Ok(Screen::text(text!(asker.lang, "stale-button")));
                }
                let users = self.people_in(asker, what, purpose, Some(chat)).await?;
                self.go_on(asker, purpose.with(users), Some(chat), purpose.command()).await
            }
            Some(Asks::Zone) => match what {
                Written::Text(zone) => {
                    let screen = self.set_mine(asker, MyOption::Zone(zone.trim().to_owned())).await?;
                    // A wrong one may be followed by a right one.
                    if screen.toast.is_some() {
                        self.dialogue.end_talk(asker.id).await?;
                    }
                    Ok(screen)
                }
                _ => Ok(Screen::text(text!(asker.lang, "no-such-zone"))),
            },
            Some(Asks::Appeal { chat, sync_id }) => match what {
                Written::Text(words) => self.appeal(asker, chat, sync_id, words).await,
                _ => Ok(Screen::text(text!(asker.lang, "appeal-in-words"))),
            },
            // Whoever is forwarded is to be followed, as a rule.
            None => {
                let users = self.people_in(asker, what, Purpose::Follow, None).await?;
                self.go_on(asker, Purpose::Follow.with(users), None, Purpose::Follow.command()).await
            }
        }
    }

    /// `chat`: the one that somebody was asked for; the keyboard to choose them by goes now.
    async fn go_on(&self, asker: &Asker, then: Option<InChat>, chat: Option<ChatId>, command: &str) -> Result<Screen, Stop> {
        let Some(then) = then else { return Ok(Screen::text(text!(asker.lang, "who-is-meant", command = command))) };
        let action = match chat {
            Some(chat) => Action::In { chat, then },
            None => self.in_private(asker, then).await?,
        };
        let ends_keyboard = match chat {
            Some(chat) => {
                let title = self.users.chat(chat).await?.and_then(|chat| chat.title).unwrap_or_else(|| chat.to_string());
                Some(text!(asker.lang, "about-chat", chat = title))
            }
            None => None,
        };
        Ok(Screen { ends_keyboard, ..self.screen(asker, command, &action).await? })
    }

    /// Who is named by it.
    async fn people_in(&self, asker: &Asker, what: &Written, purpose: Purpose, chat: Option<ChatId>) -> Result<Vec<UserId>, Stop> {
        match what {
            Written::Text(text) => {
                let target = text.split_whitespace().next().map_or(Target::None, Target::written);
                match self.named(asker, &target, purpose.command()).await? {
                    Meant::One(user) => Ok(vec![user]),
                    Meant::OneOf(text, people) => Err(self.which_one(asker, chat, Topic::In(purpose), text, people).await?.into()),
                }
            }
            Written::Forward(Forwarded::From(person)) => {
                self.people.seen(&self.users, person).await?;
                Ok(vec![person.id])
            }
            Written::Forward(Forwarded::Hidden) => Err(Screen::text(text!(asker.lang, "hidden-forward")).into()),
            Written::Forward(Forwarded::FromChat) => Err(Screen::text(text!(asker.lang, "forward-of-chat")).into()),
            Written::Shared { people, .. } => {
                for person in people.iter().filter(|person| !person.first_name.is_empty()) {
                    self.people.named(&self.users, person).await?;
                }
                Ok(people.iter().map(|person| person.id).collect())
            }
        }
    }
}
