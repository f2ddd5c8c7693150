//! Talks with people: commands, buttons, and what they answer in private.
//!
//! Everything that can be asked for is an [`Action`]; what comes of it is a [`Screen`]. Commands, deep links and answers become actions, and
//! so do buttons, which are numbers of actions stored with their message.
//!
//! # Layout
//! - here: from an update to a screen that was shown
//! - [`action`], [`link`]: what can be asked for
//! - [`screen`], [`show`]: what is shown, and where
//! - [`read`]: a command becomes an action
//! - [`asker`]: who asks, and what he may
//! - [`floods`]: which requests are answered
//! - [`menu`]: a pressed button
//! - [`choose`]: which chat is meant
//! - [`given_up`]: an answer that can never be given
//! - the rest: an idea a file

pub mod action;
mod appeal;
mod asker;
pub mod charts;
mod choose;
mod csv;
mod data;
mod floods;
pub mod follow;
mod given_up;
mod help;
mod history;
mod ignore;
mod link;
mod lists;
mod mended;
mod menu;
mod messages;
mod mine;
mod operators;
mod option;
pub mod options;
mod others;
mod preview;
pub mod read;
mod screen;
mod show;
mod sources;
mod start;
mod stats;
pub mod timeline;
mod verify;
mod web;
mod why;
mod why_me;
mod wrote;

pub use appeal::Decided;
pub use asker::{Asker, Room};
pub use floods::Pace;
pub use given_up::Unanswered;
pub use menu::MenuButton;
pub use show::Reply;

use crate::{NotNow, Webhook, budget};
use action::{Action, InChat};
use domain::ids::UserId;
use domain::message_window::{Standing, Writes};
use screen::Choice;
pub use screen::Screen;
use show::Spot;
use telegram::render::fold;
use telegram::text;
use telegram::update::{Command, CommandName, Target};
use why_me::Further;

/// Why there is no screen.
pub enum Stop {
    /// Another one is shown.
    Show(Box<Screen>),
    NotNow(NotNow),
}

impl From<Screen> for Stop {
    fn from(screen: Screen) -> Self {
        Self::Show(Box::new(screen))
    }
}

impl From<NotNow> for Stop {
    fn from(not_now: NotNow) -> Self {
        Self::NotNow(not_now)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::NotNow(error.into())
    }
}

impl Webhook {
    /// Carries a command out once and answers it. What is not for the bot costs no write.
    pub async fn command(&self, command: Command) -> Result<(), NotNow> {
        if floods::paced(&command).is_some_and(|paced| self.is_silent(paced)) {
            return Ok(());
        }
        if let Some(bot) = &command.addressed_to
            && !self.is_me(bot).await?
        {
            return Ok(());
        }
        // Help is for those who talk with the bot: what strangers' programs send is left alone.
        if command.name == CommandName::Unknown && command.ephemeral_id.is_none() && !self.has_begun(command.from.id).await? {
            return self.saw(&command.from).await;
        }
        if !command.private && self.is_left_alone(command.chat_id, command.from.id, command.update_id).await? {
            return self.saw(&command.from).await;
        }
        self.may_write().await?;
        self.once(command.update_id, self.reply_to(&command)).await
    }

    /// The answer to a command; `None`: there is none.
    async fn reply_to(&self, command: &Command) -> Result<Option<Reply>, NotNow> {
        if command.name == CommandName::Start && command.private {
            self.users.begin(command.from.id).await?;
            self.people.forget(command.from.id);
        }
        if command.private {
            self.place_in_private(command.from.id, Writes::Message).await?;
        }
        let pace = match floods::paced(command) {
            Some(paced) => self.pace(paced, command.update_id).await?,
            None => Pace::Fine,
        };
        if pace == Pace::Silent {
            return Ok(None);
        }
        let mut asker = self.asker(&command.from, (!command.private).then_some(command.chat_id)).await?;
        let mut looks = false;
        let mut refusal = None;
        if !command.private {
            let Some(admitted) = self.admit(&mut asker, command).await? else { return Ok(None) };
            looks = admitted.standing == Standing::Looks;
            refusal = admitted.refusal.filter(|_| !floods::is_for_anybody(command.name));
        }
        let spot = Spot::of(command);
        if let Some(screen) = refusal {
            return Ok(Some(Reply::new(asker, spot, screen, None)));
        }
        let target = match &command.target {
            Target::Person(person) => Some(person),
            _ => None,
        };
        for person in command.replied_to.iter().chain(target) {
            self.people.seen(&self.users, person).await?;
        }
        let (screen, action) = match pace {
            Pace::Fine => match self.read(command, &asker).await {
                Ok(action) if command.anonymous && matches!(action, Action::In { .. }) => {
                    let screen = menu::who_it_is(&asker, action);
                    return Ok(Some(Reply { for_anybody: true, ..Reply::new(asker, spot, screen, None) }));
                }
                Ok(Action::In { then, .. }) if looks && then.needs_right_to_ban() => {
                    if !self.is_refused_first(command.chat_id, asker.id, command.update_id).await? {
                        return Ok(None);
                    }
                    (Screen::text(text!(asker.lang, "may-not-decide")), None)
                }
                Ok(action) => (self.screen(&asker, command.name.name(), &action).await?, Some(action)),
                // Nobody could press what is shown to an anonymous admin.
                Err(Stop::Show(screen)) if command.anonymous => {
                    return Ok(Some(Reply { for_anybody: true, ..Reply::new(asker, spot, *screen, None) }));
                }
                Err(Stop::Show(screen)) => (*screen, None),
                Err(Stop::NotNow(not_now)) => return Err(not_now),
            },
            Pace::Told | Pace::Silent => (Screen::text(text!(asker.lang, "too-fast")), None),
        };
        Ok(Some(Reply::new(asker, spot, screen, action)))
    }

    async fn has_begun(&self, user: UserId) -> anyhow::Result<bool> {
        Ok(self.users.profile(user).await?.is_some_and(|profile| profile.can_write == Some(true)))
    }

    /// Carries an action out, and remembers in private which chat it was about. What stands in its way is a screen, too.
    async fn screen(&self, asker: &Asker, command: &str, action: &Action) -> Result<Screen, NotNow> {
        match self.outcome(asker, command, action).await {
            Ok(screen) => Ok(screen),
            Err(Stop::Show(screen)) => Ok(*screen),
            Err(Stop::NotNow(not_now)) => Err(not_now),
        }
    }

    /// As [`Webhook::screen`]; what stands in the way is told apart. What takes too long goes on by a button: all that is done bears being done again.
    async fn outcome(&self, asker: &Asker, command: &str, action: &Action) -> Result<Screen, Stop> {
        let Some(screen) = budget::within(self.go(asker, action)).await else {
            tracing::warn!(command, "something takes longer than an update may; it goes on by a button");
            let go_on = Choice::new(text!(asker.lang, "button-go-on"), action.clone());
            return Ok(Screen::text(text!(asker.lang, "takes-long")).row([go_on]));
        };
        let screen = screen?;
        if let (Action::In { chat, then }, None) = (action, asker.group)
            && !matches!(then, InChat::AskWhom(_))
        {
            self.remember(asker, command, *chat).await?;
        }
        Ok(screen)
    }

    async fn go(&self, asker: &Asker, action: &Action) -> Result<Screen, Stop> {
        match action {
            Action::Start => Ok(self.start(asker).await?),
            Action::Help => Ok(help::help(asker.lang)),
            Action::HelpOn(topic) => Ok(help::help_on(asker.lang, *topic)),
            Action::UnknownCommand { typed } => Ok(Screen::text(text!(asker.lang, "unknown-command", command = typed))),
            Action::Privacy => Ok(privacy(asker)),
            Action::Web => self.web_link(asker).await,
            Action::Close => Ok(Screen { close: true, ..Screen::default() }),
            Action::Choose { then, page } => self.choose(asker, then, *page).await,
            Action::In { chat, then } => {
                let room = match then.needs_no_role() {
                    true => self.room_of_anybody(*chat).await?,
                    false => self.room(asker, *chat, then.needs_right_to_ban()).await?,
                };
                self.go_in(asker, &room, then).await
            }
            Action::Person { user, filter, after } => self.person_history(asker, *user, *filter, after).await,
            Action::PersonFile { user, filter, part } => self.person_file(asker, *user, *filter, part.as_ref()).await,
            Action::MySettings => self.my_settings(asker).await,
            Action::PickMine(topic) => self.pick_mine(asker, *topic).await,
            Action::SetMine(option) => self.set_mine(asker, option.clone()).await,
            Action::MyData => self.my_data(asker).await,
            Action::MyDataFile => self.my_data_file(asker, &data::Place::default()).await,
            Action::MyDataPart(place) => self.my_data_file(asker, place).await,
            Action::AskErase => Ok(self.ask_erase(asker)),
            Action::Erase => self.erase(asker).await,
            Action::WhyMe => self.why_me(asker, Further::default()).await,
            Action::WhyMeFurther { looked, from } => self.why_me(asker, Further { looked: *looked, from: *from }).await,
            Action::AskAppeal { chat, sync_id } => self.ask_appeal(asker, *chat, *sync_id).await,
        }
    }

    async fn go_in(&self, asker: &Asker, room: &Room, then: &InChat) -> Result<Screen, Stop> {
        match then {
            InChat::Preview { users } => self.preview(asker, room, users).await,
            InChat::Follow { users, mode } => self.follow(asker, room, users, *mode).await,
            InChat::Unfollow { user } => self.unfollow(asker, room, *user).await,
            InChat::List { after } => self.list(asker, room, after).await,
            InChat::Followed { user } => self.followed(asker, room, *user).await,
            InChat::SetMode { user, mode } => self.set_mode(asker, room, *user, *mode).await,
            InChat::Undo { user } => self.undo_command(asker, room, *user).await,
            InChat::Ignore { user } => self.ignore(asker, room, *user).await,
            InChat::Unignore { user } => self.unignore(asker, room, *user).await,
            InChat::Ignored => Ok(self.ignored(asker, room).await?),
            InChat::Sources => Ok(self.sources(asker, room).await?),
            InChat::Block { source } => self.block(asker, room, *source).await,
            InChat::Unblock { source } => self.unblock(asker, room, *source).await,
            InChat::LetIn { source } => self.let_in(asker, room, *source).await,
            InChat::Forget { source } => self.forget(asker, room, *source).await,
            InChat::Others { after } => self.others(asker, room, after).await,
            InChat::EndOf { admin, user } => self.end_of(asker, room, *admin, *user).await,
            InChat::Settings => Ok(options::settings(asker, room)),
            InChat::Pick(topic) => Ok(options::pick(asker, room, *topic)),
            InChat::Set(option) => self.set_option(asker, room, option.clone()).await,
            InChat::History { filter, after } => self.chat_history(asker, room, *filter, after).await,
            InChat::HistoryFile { filter, part } => self.chat_file(asker, room, *filter, part.as_ref()).await,
            InChat::Why { user } => self.why(asker, room, *user).await,
            InChat::Stats => self.stats(asker, room, None).await,
            InChat::StatsFurther { tally } => self.stats(asker, room, Some(tally.clone())).await,
            InChat::Charts(view) => self.charts(asker, room, *view).await,
            InChat::Verify => self.verify(asker, room).await,
            InChat::Operators => Ok(self.operators(asker, room)),
            InChat::AskWhom(purpose) => self.ask_whom(asker, room, *purpose).await,
        }
    }
}

fn privacy(asker: &Asker) -> Screen {
    let lang = asker.lang;
    let lines: Vec<_> = text!(lang, "privacy").lines().map(str::to_owned).collect();
    Screen::text(fold(&lines)).row([Choice::new(text!(lang, "button-my-data"), Action::MyData)])
}

/// May it be answered where everybody reads it?
fn is_for_the_group(action: &Action) -> bool {
    match action {
        Action::In { then, .. } => then.is_for_the_group(),
        // Of an unknown command only an ephemeral one comes from a group.
        Action::Start | Action::Close | Action::UnknownCommand { .. } => true,
        _ => false,
    }
}
