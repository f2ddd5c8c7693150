//! A command becomes an action.

use super::action::{Action, InChat, Purpose};
use super::screen::{Choice, Screen};
use super::{Asker, Stop, link};
use crate::Webhook;
use aws::store::users::Holder;
use domain::ids::{ChatId, UserId};
use telegram::render::{self, subject};
use telegram::text;
use telegram::text::Html;
use telegram::update::{Command, CommandName, Person, Target};

/// What a command asks for, as far as the command alone tells.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Action(Action),
    /// About a chat: the group that the command was written in; in private one has yet to be chosen.
    InChat(InChat),
    /// About the person that the command's target names.
    Person(Topic),
}

/// People who are offered by buttons: as many as can be added to a group at a time, as a rule.
const MOST_CHOICES: usize = 10;

/// What is asked for about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    In(Purpose),
    Undo,
    History,
}

impl Topic {
    /// For the example of how the command is written.
    fn command(self) -> &'static str {
        match self {
            Self::In(purpose) => purpose.command(),
            Self::Undo => CommandName::Undo.name(),
            Self::History => CommandName::History.name(),
        }
    }
}

/// The person meant, as far as words tell.
pub enum Meant {
    One(UserId),
    /// One of these people, with what they are called; who it is has to be said by a button under this text.
    OneOf(String, Vec<(UserId, Html)>),
}

impl Webhook {
    pub async fn read(&self, command: &Command, asker: &Asker) -> Result<Action, Stop> {
        let then = match asked(command) {
            Asked::Action(action) => return Ok(action),
            Asked::InChat(then) => then,
            Asked::Person(topic) => {
                let chat = (!command.private).then_some(command.chat_id);
                return match self.named(asker, &command.target, topic.command()).await? {
                    Meant::One(user) => self.about(asker, chat, topic, user).await,
                    Meant::OneOf(text, people) => Err(self.which_one(asker, chat, topic, text, people).await?.into()),
                };
            }
        };
        match command.private {
            false => Ok(Action::In { chat: command.chat_id, then }),
            true => self.in_private(asker, then).await,
        }
    }

    /// What is asked for about a person. `chat`: which one it is about, where that is clear.
    async fn about(&self, asker: &Asker, chat: Option<ChatId>, topic: Topic, user: UserId) -> Result<Action, Stop> {
        let then = match topic {
            Topic::In(purpose) => purpose.with_one(user),
            Topic::Undo => InChat::Undo { user: Some(user) },
            Topic::History => return Ok(Action::Person { user, filter: None, after: Vec::new() }),
        };
        match chat {
            Some(chat) => Ok(Action::In { chat, then }),
            None => self.in_private(asker, then).await,
        }
    }

    /// A button for each person who may be meant.
    pub async fn which_one(
        &self,
        asker: &Asker,
        chat: Option<ChatId>,
        topic: Topic,
        text: String,
        people: Vec<(UserId, Html)>,
    ) -> Result<Screen, Stop> {
        let mut screen = Screen::text(text);
        for (user, who) in people.into_iter().take(MOST_CHOICES) {
            let action = self.about(asker, chat, topic, user).await?;
            screen = screen.row([Choice::new(text!(asker.lang, "button-it-is", who = who), action)]);
        }
        Ok(screen.row([Choice::new(text!(asker.lang, "button-cancel"), Action::Close)]))
    }

    /// The person that is meant; `command`: for the example of how it is written.
    pub async fn named(&self, asker: &Asker, target: &Target, command: &str) -> Result<Meant, Stop> {
        match target {
            Target::Person(person) => Ok(Meant::One(person.id)),
            Target::OneOf(people) => {
                let named = people.iter().map(|person| (person.id, subject(asker.lang, person.id, Some(&person.name()))));
                Ok(Meant::OneOf(text!(asker.lang, "which-one"), named.collect()))
            }
            Target::Id(id) => Ok(Meant::One(*id)),
            Target::Username(username) => match self.users.holder(username).await? {
                Some(holder) => self.still_called(asker, username, &holder).await,
                None => Err(Screen::text(text!(asker.lang, "unknown-username", username = username)).into()),
            },
            Target::Hidden => Err(Screen::text(text!(asker.lang, "hidden-forward")).into()),
            Target::Unclear | Target::None => Err(Screen::text(who_is_meant(asker, command)).into()),
        }
    }

    /// Whoever was last seen with a username may have given it up, and somebody else taken it: Telegram tells what they are called now. One that
    /// has changed hands lately may be meant as the name of the person who had it before.
    async fn still_called(&self, asker: &Asker, username: &str, holder: &Holder) -> Result<Meant, Stop> {
        let (lang, seen) = (asker.lang, &holder.profile);
        let user = seen.user_id;
        let chat = match asker.group {
            Some(chat) => Some(chat),
            None => self.chats_of(asker).await?.first().map(|chat| chat.chat_id),
        };
        // A person without a chat decides nothing.
        let Some(chat) = chat else { return Ok(Meant::One(user)) };
        let now = self.look_at(chat, user).await?.member().map(|member| member.person);
        let name = now.as_ref().map(Person::name).unwrap_or_else(|| seen.name());
        let who = subject(lang, user, Some(&name));
        let text = match now.map(|person| person.username) {
            Some(Some(now)) if now.eq_ignore_ascii_case(username) => match holder.taken_at {
                Some(at) => text!(lang, "username-changed-hands", username = username, who = who.clone(), time = render::date(at, lang)),
                None => return Ok(Meant::One(user)),
            },
            Some(Some(now)) => text!(lang, "username-is-another", username = username, who = who.clone(), now = now),
            Some(None) => text!(lang, "username-is-gone", username = username, who = who.clone()),
            None => text!(lang, "username-is-unsure", username = username, who = who.clone()),
        };
        Ok(Meant::OneOf(text, vec![(user, who)]))
    }
}

fn asked(command: &Command) -> Asked {
    let names_nobody = command.target == Target::None;
    let about = |purpose| match command.private && names_nobody {
        // In private there is a button to choose people by.
        true => Asked::InChat(InChat::AskWhom(purpose)),
        false => Asked::Person(Topic::In(purpose)),
    };
    match command.name {
        CommandName::Start => {
            let led = command.argument.as_deref().filter(|_| command.private).and_then(link::read);
            Asked::Action(led.unwrap_or(Action::Start))
        }
        CommandName::Help => Asked::Action(Action::Help),
        CommandName::Unknown => Asked::Action(Action::UnknownCommand { typed: command.typed.clone() }),
        CommandName::Privacy => Asked::Action(Action::Privacy),
        CommandName::MyData => Asked::Action(Action::MyData),
        CommandName::Web => Asked::Action(Action::Web),
        CommandName::Subscribe => about(Purpose::Follow),
        CommandName::Unsubscribe => about(Purpose::Unfollow),
        CommandName::Ignore => about(Purpose::Ignore),
        CommandName::Unignore => about(Purpose::Unignore),
        CommandName::Why if command.private && names_nobody => Asked::Action(Action::WhyMe),
        CommandName::Why => about(Purpose::Why),
        CommandName::Undo if names_nobody => Asked::InChat(InChat::Undo { user: None }),
        CommandName::Undo => Asked::Person(Topic::Undo),
        CommandName::History if names_nobody => Asked::InChat(InChat::History { filter: None, after: Vec::new() }),
        CommandName::History => Asked::Person(Topic::History),
        CommandName::Sources => Asked::InChat(InChat::Sources),
        CommandName::Block | CommandName::Unblock => {
            let source = command.argument.as_deref().and_then(|id| id.parse().ok()).filter(|id| *id < 0).map(ChatId);
            Asked::InChat(match (command.name, source) {
                (CommandName::Block, Some(source)) => InChat::Block { source },
                (_, Some(source)) => InChat::Unblock { source },
                // There is a button for each.
                (_, None) => InChat::Sources,
            })
        }
        CommandName::List => Asked::InChat(InChat::List { after: Vec::new() }),
        CommandName::Settings => Asked::InChat(InChat::Settings),
        CommandName::Stats => Asked::InChat(InChat::Stats),
        CommandName::Operators => Asked::InChat(InChat::Operators),
        CommandName::Verify => Asked::InChat(InChat::Verify),
    }
}

fn who_is_meant(asker: &Asker, command: &str) -> String {
    text!(asker.lang, "who-is-meant", command = command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telegram::update::{self, Update};

    const GROUP: &str = r#"{"id":-100,"type":"supergroup","title":"T"}"#;
    const PRIVATE: &str = r#"{"id":1,"type":"private"}"#;
    const REPLY: &str = r#","reply_to_message":{"message_id":2,"from":{"id":5,"first_name":"Mal"},"chat":{"id":-100}}"#;

    /// What somebody's words ask for. `more`: of the message's JSON.
    fn typed(chat: &str, text: &str, more: &str) -> Asked {
        let body = format!(
            r#"{{"update_id":3,"message":{{"message_id":9,"from":{{"id":1,"is_bot":false,"first_name":"A"}},"chat":{chat},"date":1,"text":"{text}"{more}}}}}"#
        );
        match update::read(body.as_bytes(), UserId(99), 0) {
            Ok(Update::Command(command)) => asked(&command),
            _ => panic!("{text} is no command"),
        }
    }

    fn in_chat(then: InChat) -> Asked {
        Asked::InChat(then)
    }

    fn about(purpose: Purpose) -> Asked {
        Asked::Person(Topic::In(purpose))
    }

    #[test]
    fn a_command_asks_the_same_in_a_group_and_in_private_where_it_says_whom_it_is_about() {
        for (text, expected) in [
            ("/help", Asked::Action(Action::Help)),
            ("/privacy", Asked::Action(Action::Privacy)),
            ("/mydata", Asked::Action(Action::MyData)),
            ("/web", Asked::Action(Action::Web)),
            ("/subscribe 42", about(Purpose::Follow)),
            ("/subscribe @mallory", about(Purpose::Follow)),
            ("/subscribe somebody", about(Purpose::Follow)),
            ("/unsubscribe 42", about(Purpose::Unfollow)),
            ("/ignore 42", about(Purpose::Ignore)),
            ("/unignore 42", about(Purpose::Unignore)),
            ("/why 42", about(Purpose::Why)),
            ("/undo 42", Asked::Person(Topic::Undo)),
            ("/undo", in_chat(InChat::Undo { user: None })),
            ("/history 42", Asked::Person(Topic::History)),
            ("/history", in_chat(InChat::History { filter: None, after: vec![] })),
            ("/list", in_chat(InChat::List { after: vec![] })),
            ("/list 42", in_chat(InChat::List { after: vec![] })),
            ("/sources", in_chat(InChat::Sources)),
            ("/block -1005", in_chat(InChat::Block { source: ChatId(-1005) })),
            ("/unblock -1005", in_chat(InChat::Unblock { source: ChatId(-1005) })),
            ("/block", in_chat(InChat::Sources)),
            ("/block 42", in_chat(InChat::Sources)),
            ("/settings", in_chat(InChat::Settings)),
            ("/stats", in_chat(InChat::Stats)),
            ("/verify", in_chat(InChat::Verify)),
        ] {
            assert_eq!(typed(GROUP, text, ""), expected, "{text} in a group");
            assert_eq!(typed(PRIVATE, text, ""), expected, "{text} in private");
        }
    }

    #[test]
    fn a_command_that_names_nobody_offers_a_choice_in_private_and_is_refused_in_a_group() {
        for (text, purpose) in [
            ("/subscribe", Purpose::Follow),
            ("/unsubscribe", Purpose::Unfollow),
            ("/ignore", Purpose::Ignore),
            ("/unignore", Purpose::Unignore),
        ] {
            assert_eq!(typed(PRIVATE, text, ""), in_chat(InChat::AskWhom(purpose)), "{text} in private");
            // The target is nobody: the person who is meant has yet to be named.
            assert_eq!(typed(GROUP, text, ""), about(purpose), "{text} in a group");
        }
        assert_eq!(typed(PRIVATE, "/why", ""), Asked::Action(Action::WhyMe), "anybody may ask why the bot has banned them");
        assert_eq!(typed(GROUP, "/why", ""), about(Purpose::Why));
    }

    #[test]
    fn a_reply_in_a_group_names_its_author() {
        for (text, expected) in [
            ("/subscribe", about(Purpose::Follow)),
            ("/why", about(Purpose::Why)),
            ("/undo", Asked::Person(Topic::Undo)),
            ("/history", Asked::Person(Topic::History)),
        ] {
            assert_eq!(typed(GROUP, text, REPLY), expected, "{text}");
        }
    }

    #[test]
    fn a_link_leads_somewhere_in_private_only() {
        let stats = Action::In { chat: ChatId(-5), then: InChat::Stats };
        assert_eq!(typed(PRIVATE, "/start stats_-5", ""), Asked::Action(stats));
        assert_eq!(typed(GROUP, "/start stats_-5", ""), Asked::Action(Action::Start));
        for text in ["/start", "/start nowhere"] {
            assert_eq!(typed(PRIVATE, text, ""), Asked::Action(Action::Start), "{text}");
        }
    }

    #[test]
    fn an_unknown_command_is_told_so() {
        assert_eq!(typed(PRIVATE, "/subscrive 42", ""), Asked::Action(Action::UnknownCommand { typed: "subscrive".to_owned() }));
    }

    #[test]
    fn the_example_of_a_topic_is_written_with_its_command() {
        for (topic, command) in [(Topic::In(Purpose::Unignore), "unignore"), (Topic::Undo, "undo"), (Topic::History, "history")] {
            assert_eq!(topic.command(), command);
        }
    }
}
