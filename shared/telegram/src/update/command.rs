//! A command: who says what, where, about whom.

use super::wrote::{Forwarded, forwarded};
use super::{Person, raw};
use domain::ids::{ChatId, UserId};
use domain::profile::is_username;

/// A command addressed to this bot or to no bot in particular.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Of the update, where it had one: a redelivery has the same.
    pub update_id: Option<i64>,
    pub name: CommandName,
    /// The same as it was typed, without the slash.
    pub typed: String,
    /// The bot it is addressed to, where one is named (`/cmd@BotName`), without the `@`.
    pub addressed_to: Option<String>,
    pub target: Target,
    /// The first word after the command, as it was written.
    pub argument: Option<String>,
    pub chat_id: ChatId,
    pub chat_title: Option<String>,
    pub private: bool,
    pub message_id: Option<i64>,
    /// In its place, where only the bot sees the command (Bot API, "Ephemeral messages and commands").
    pub ephemeral_id: Option<i64>,
    /// The forum topic it was written in.
    pub thread_id: Option<i32>,
    pub from: Person,
    /// Written by an anonymous admin or in the name of a channel: it cannot be told who it was.
    pub anonymous: bool,
    /// Author of the message that the command replies to; of a service message, the person it is about.
    pub replied_to: Vec<Person>,
}

/// The commands that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandName {
    Start,
    Help,
    Subscribe,
    Unsubscribe,
    List,
    Undo,
    Ignore,
    Unignore,
    Sources,
    Block,
    Unblock,
    History,
    Why,
    Settings,
    Stats,
    Verify,
    Privacy,
    MyData,
    Web,
    Operators,
    /// Not one of ours; only read where nobody else can be meant.
    Unknown,
}

impl CommandName {
    fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "start" => Self::Start,
            "help" => Self::Help,
            "subscribe" => Self::Subscribe,
            "unsubscribe" => Self::Unsubscribe,
            "list" => Self::List,
            "undo" => Self::Undo,
            "ignore" => Self::Ignore,
            "unignore" => Self::Unignore,
            "sources" => Self::Sources,
            "block" => Self::Block,
            "unblock" => Self::Unblock,
            "history" => Self::History,
            "why" => Self::Why,
            "settings" => Self::Settings,
            "stats" => Self::Stats,
            "verify" => Self::Verify,
            "privacy" => Self::Privacy,
            "mydata" => Self::MyData,
            "web" => Self::Web,
            "operators" => Self::Operators,
            _ => Self::Unknown,
        }
    }

    /// As it is typed, without the slash.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Help | Self::Unknown => "help",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::List => "list",
            Self::Undo => "undo",
            Self::Ignore => "ignore",
            Self::Unignore => "unignore",
            Self::Sources => "sources",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::History => "history",
            Self::Why => "why",
            Self::Settings => "settings",
            Self::Stats => "stats",
            Self::Verify => "verify",
            Self::Privacy => "privacy",
            Self::MyData => "mydata",
            Self::Web => "web",
            Self::Operators => "operators",
        }
    }
}

/// Whom a command is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Named by a reply or a text mention.
    Person(Person),
    /// A reply to a message about several people, such as "X added Y and Z".
    OneOf(Vec<Person>),
    Id(UserId),
    /// Without the `@`; has to be looked up.
    Username(String),
    /// Whoever wrote the message that is meant does not let forwards name him.
    Hidden,
    /// The argument is none of these.
    Unclear,
    /// No argument and no reply.
    None,
}

impl Command {
    /// `None`: no command, one that is not ours, or one that its sender did not write himself.
    pub fn read(message: &raw::Message, update_id: Option<i64>) -> Option<Self> {
        if message.forward_origin.is_some() || message.forward_date.is_some() || message.via_bot.is_some() {
            return None;
        }
        let text = message.text()?;
        let mut words = text.split_whitespace();
        let command = words.next()?.strip_prefix('/')?;
        let (typed, addressed_to) = match command.split_once('@') {
            Some((name, bot)) => (name, Some(bot.to_owned())),
            None => (command, None),
        };
        let name = CommandName::parse(typed);
        // An ephemeral command reaches one bot alone.
        if name == CommandName::Unknown && !message.chat.is_private() && message.ephemeral_message_id.is_none() {
            return None;
        }
        let from = sender(message)?;
        let anonymous = message.sender_chat.is_some() || from.id.is_reserved();
        let replied_to = replied_to(message);
        let argument = words.next();
        Some(Self {
            update_id,
            name,
            typed: typed.to_owned(),
            addressed_to,
            target: target(message, argument, &replied_to),
            argument: argument.map(str::to_owned),
            chat_id: message.chat.id,
            chat_title: message.chat.title(),
            private: message.chat.is_private(),
            message_id: message.message_id(),
            ephemeral_id: message.ephemeral_message_id.filter(|_| message.message_id().is_none()),
            thread_id: message.thread_id(),
            from,
            anonymous,
            replied_to,
        })
    }
}

/// Who wrote a message; in a private chat that is the chat's own person, named or not.
fn sender(message: &raw::Message) -> Option<Person> {
    match &message.from {
        Some(from) => Some(from.person()),
        None => message.chat.is_private().then(|| Person { id: UserId(message.chat.id.0), ..Person::default() }),
    }
}

fn replied_to(message: &raw::Message) -> Vec<Person> {
    let Some(replied) = message.reply_to() else { return Vec::new() };
    // Whoever brought it about is not meant: an admin who adds and removes people.
    let people = replied.people();
    if !people.is_empty() {
        return people;
    }
    // In a forum every message replies to the one that opened its topic; a channel's post has no person behind it.
    if replied.forum_topic_created.is_some() || replied.sender_chat.is_some() {
        return Vec::new();
    }
    replied.from.iter().map(raw::User::person).collect()
}

/// What is written wins over what is replied to.
fn target(message: &raw::Message, argument: Option<&str>, replied_to: &[Person]) -> Target {
    if let Some(person) = message.text_mention() {
        return Target::Person(person);
    }
    if let Some(word) = argument {
        return Target::written(word);
    }
    // In private all that can be replied to is the bot's, or was forwarded to it.
    if message.chat.is_private() {
        let forwarded = message.reply_to().and_then(|replied| forwarded(replied.forward_origin?));
        return match forwarded {
            Some(Forwarded::From(person)) => Target::Person(person),
            Some(Forwarded::Hidden) => Target::Hidden,
            Some(Forwarded::FromChat) => Target::Unclear,
            None => Target::None,
        };
    }
    match replied_to {
        [] => Target::None,
        [one] => Target::Person(one.clone()),
        several => Target::OneOf(several.to_vec()),
    }
}

impl Target {
    /// Of an id or a username.
    pub fn written(word: &str) -> Self {
        match (word.strip_prefix('@'), word.parse()) {
            (Some(name), _) if is_username(name) => Self::Username(name.to_owned()),
            (None, Ok(id)) if id > 0 => Self::Id(UserId(id)),
            _ => Self::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Update, read};
    use super::*;

    fn command(text: &str, more: &str) -> Option<Command> {
        let body = format!(
            r#"{{"update_id":3,"message":{{"message_id":9,"from":{{"id":1,"is_bot":false,"first_name":"A","language_code":"ru"}},
            "chat":{{"id":-100,"type":"supergroup","title":"T"}},"date":1,"text":"{text}"{more}}}}}"#
        );
        match read(body.as_bytes(), UserId(99), 0).unwrap() {
            Update::Command(command) => Some(*command),
            _ => None,
        }
    }

    const REPLY: &str = r#","reply_to_message":{"message_id":2,"from":{"id":5,"first_name":"Mal"},"chat":{"id":-100}}"#;

    #[test]
    fn a_target_is_named_by_id_username_mention_or_reply() {
        let target = |text: &str, more: &str| command(text, more).unwrap().target;
        assert_eq!(target("/subscribe 42", ""), Target::Id(UserId(42)));
        assert_eq!(target("/subscribe   @Mal_lory", ""), Target::Username("Mal_lory".to_owned()));
        assert!(matches!(target("/subscribe", REPLY), Target::Person(person) if person.id == UserId(5)));
        assert_eq!(target("/subscribe 42", REPLY), Target::Id(UserId(42)));
        let mention = r#","entities":[{"type":"bot_command","offset":0,"length":10},{"type":"a_new_kind","offset":0,"length":1},
            {"type":"text_mention","offset":11,"length":3,"user":{"id":6,"first_name":"Eve"}}]"#;
        assert!(matches!(target("/subscribe Eve", mention), Target::Person(person) if person.id == UserId(6)));
        for argument in ["Mallory", "-5", "0", "@", "@a-b", "12x", "99999999999999999999"] {
            assert_eq!(target(&format!("/subscribe {argument}"), REPLY), Target::Unclear, "{argument}");
        }
        assert_eq!(target("/subscribe", ""), Target::None);
    }

    #[test]
    fn the_message_that_opened_a_topic_is_no_reply() {
        let opened = r#","is_topic_message":true,"message_thread_id":2,"reply_to_message":{"from":{"id":5,"first_name":"Mal"},"forum_topic_created":{"name":"x"}}"#;
        let command = command("/subscribe", opened).unwrap();
        assert_eq!((command.target, command.thread_id), (Target::None, Some(2)));
    }

    #[test]
    fn a_reply_to_a_service_message_names_whom_it_is_about_and_not_who_brought_it_about() {
        let people = |message: &str| {
            let reply =
                format!(r#","reply_to_message":{{"message_id":2,"from":{{"id":3,"first_name":"Carol"}},"chat":{{"id":-100}},{message}}}"#);
            match command("/ignore", &reply).unwrap().target {
                Target::Person(person) => vec![person.id.0],
                Target::OneOf(people) => people.iter().map(|person| person.id.0).collect(),
                other => panic!("{message}: {other:?}"),
            }
        };
        for (message, expected) in [
            (r#""new_chat_members":[{"id":5,"first_name":"Mal"}]"#, &[5][..]),
            (
                r#""new_chat_member":{"id":5,"first_name":"Mal"},"new_chat_members":[{"id":5,"first_name":"Mal"},{"id":6,"first_name":"Kim"}]"#,
                &[5, 6],
            ),
            (r#""left_chat_member":{"id":5,"first_name":"Mal"}"#, &[5]),
            // By an anonymous admin.
            (r#""sender_chat":{"id":-100},"left_chat_member":{"id":5,"first_name":"Mal"}"#, &[5]),
            (r#""video_chat_participants_invited":{"users":[{"id":5,"first_name":"Mal"}]}"#, &[5]),
            (
                r#""proximity_alert_triggered":{"traveler":{"id":5,"first_name":"Mal"},"watcher":{"id":6,"first_name":"Kim"},"distance":9}"#,
                &[5],
            ),
            // A message about nobody else is its author's.
            (r#""new_chat_title":"T""#, &[3]),
            (r#""new_chat_members":[],"left_chat_member":null"#, &[3]),
            (r#""new_chat_members":5"#, &[3]),
        ] {
            assert_eq!(people(message), expected, "{message}");
        }
    }

    #[test]
    fn an_ephemeral_command_has_a_number_of_its_own_and_is_for_the_bot_alone() {
        let of = |more: &str, text: &str| {
            let body = format!(
                r#"{{"update_id":2,"message":{{"message_id":0{more},"from":{{"id":1,"first_name":"A"}},"chat":{{"id":-100,"type":"supergroup"}},"text":"{text}"}}}}"#
            );
            match read(body.as_bytes(), UserId(99), 0).unwrap() {
                Update::Command(command) => Some((command.name, command.message_id, command.ephemeral_id)),
                _ => None,
            }
        };
        assert_eq!(of(r#","ephemeral_message_id":7"#, "/list"), Some((CommandName::List, None, Some(7))));
        assert_eq!(of("", "/list"), Some((CommandName::List, None, None)));
        assert_eq!(of(r#","ephemeral_message_id":7"#, "/nonsense"), Some((CommandName::Unknown, None, Some(7))));
        assert_eq!(of("", "/nonsense"), None);
    }

    #[test]
    fn a_command_may_name_its_bot_and_its_case_does_not_matter() {
        let command = command("/LIST@Some_Bot", "").unwrap();
        assert_eq!((command.name, command.addressed_to.as_deref()), (CommandName::List, Some("Some_Bot")));
    }

    #[test]
    fn entities_and_replies_of_an_odd_shape_do_not_hide_a_command() {
        for more in [
            r#","entities":null"#,
            r#","entities":[{"offset":"x"}]"#,
            r#","reply_to_message":5"#,
            r#","is_topic_message":null"#,
            r#","is_topic_message":"yes""#,
        ] {
            assert!(command("/list", more).is_some(), "{more}");
        }
        let reply = REPLY.replace(r#""id":5"#, r#""is_bot":[1],"id":5"#);
        assert!(matches!(command("/list", &reply).unwrap().target, Target::Person(person) if person.id == UserId(5) && !person.is_bot));
    }

    #[test]
    fn what_its_sender_did_not_write_as_a_command_is_none() {
        for (text, more) in [
            ("hello /list", ""),
            ("/unknown", ""),
            ("/", ""),
            ("", ""),
            ("/list", r#","forward_origin":{"type":"hidden_user"}"#),
            ("/list", r#","forward_date":1"#),
            ("/list", r#","via_bot":{"id":3,"is_bot":true,"first_name":"x"}"#),
        ] {
            assert_eq!(command(text, more), None, "{text}{more}");
        }
    }

    #[test]
    fn a_private_command_without_a_sender_is_the_chats_own_person() {
        let body = r#"{"update_id":2,"message":{"message_id":10,"chat":{"id":556677,"type":"private"},"text":"/start"},"future":{}}"#;
        let Update::Command(command) = read(body.as_bytes(), UserId(99), 0).unwrap() else { panic!() };
        assert_eq!((command.from.id, command.private, command.anonymous), (UserId(556677), true, false));
    }

    #[test]
    fn an_anonymous_admin_is_recognised() {
        let sender = r#","sender_chat":{"id":-100,"type":"supergroup","title":"T"}"#;
        assert!(command("/list", sender).unwrap().anonymous);
        assert!(!command("/list", "").unwrap().anonymous);
    }
}
