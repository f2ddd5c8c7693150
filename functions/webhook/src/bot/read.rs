//! A command becomes an action.

use super::action::{Action, InChat, Purpose};
use super::screen::Screen;
use super::{Asker, Stop, link};
use crate::Webhook;
use domain::ids::UserId;
use telegram::text;
use telegram::update::{Command, CommandName, Target};

impl Webhook {
    pub async fn read(&self, command: &Command, asker: &Asker) -> Result<Action, Stop> {
        let then = match command.name {
            CommandName::Start => {
                let led = command.argument.as_deref().filter(|_| command.private).and_then(link::read);
                return Ok(led.unwrap_or(Action::Start));
            }
            CommandName::Help | CommandName::Unknown => return Ok(Action::Help),
            CommandName::Privacy => return Ok(Action::Privacy),
            CommandName::MyData => return Ok(Action::MyData),
            CommandName::Subscribe => self.about(command, asker, Purpose::Follow).await?,
            CommandName::Unsubscribe => self.about(command, asker, Purpose::Unfollow).await?,
            CommandName::Ignore => self.about(command, asker, Purpose::Ignore).await?,
            CommandName::Unignore => self.about(command, asker, Purpose::Unignore).await?,
            CommandName::Why if command.private && command.target == Target::None => return Ok(Action::WhyMe),
            CommandName::Why => self.about(command, asker, Purpose::Why).await?,
            CommandName::Undo => {
                let user = match command.target {
                    Target::None => None,
                    _ => Some(self.named(asker, &command.target, "undo").await?),
                };
                InChat::Undo { user }
            }
            CommandName::History => match command.target {
                Target::None => InChat::History { filter: None, after: Vec::new() },
                _ => {
                    let user = self.named(asker, &command.target, "history").await?;
                    return Ok(Action::Person { user, filter: None, after: Vec::new() });
                }
            },
            CommandName::List => InChat::List { after: Vec::new() },
            CommandName::Settings => InChat::Settings,
            CommandName::Stats => InChat::Stats,
            CommandName::Verify => InChat::Verify,
        };
        match command.private {
            false => Ok(Action::In { chat: command.chat_id, then }),
            true => self.in_private(asker, then).await,
        }
    }

    async fn about(&self, command: &Command, asker: &Asker, purpose: Purpose) -> Result<InChat, Stop> {
        // In private there is a button to choose people by.
        if command.private && command.target == Target::None {
            return Ok(InChat::AskWhom(purpose));
        }
        let user = self.named(asker, &command.target, purpose.command()).await?;
        purpose.with(vec![user]).ok_or_else(|| Screen::text(who_is_meant(asker, purpose.command())).into())
    }

    /// The person that is meant; `command`: for the example of how it is written.
    pub async fn named(&self, asker: &Asker, target: &Target, command: &str) -> Result<UserId, Stop> {
        match target {
            Target::Person(person) => Ok(person.id),
            Target::Id(id) => Ok(*id),
            Target::Username(username) => match self.users.by_username(username).await? {
                Some(profile) => Ok(profile.user_id),
                None => Err(Screen::text(text!(asker.lang, "unknown-username", username = username)).into()),
            },
            Target::Hidden => Err(Screen::text(text!(asker.lang, "hidden-forward")).into()),
            Target::Unclear | Target::None => Err(Screen::text(who_is_meant(asker, command)).into()),
        }
    }
}

fn who_is_meant(asker: &Asker, command: &str) -> String {
    text!(asker.lang, "who-is-meant", command = command)
}
