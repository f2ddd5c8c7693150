//! The bot's commands as Telegram's clients list them: to whom, in which languages, in which order.

use domain::lang::Lang;
use serde_json::{Value, json};

/// Languages of people's clients and the language that they are spoken to in. Empty: all that are not named.
/// Telegram knows no fallback from one language to another, so all that [`Lang::from_code`] takes for Russian are named.
pub const LANGUAGES: [(&str, Lang); 5] = [("", Lang::En), ("ru", Lang::Ru), ("be", Lang::Ru), ("kk", Lang::Ru), ("uk", Lang::Ru)];

/// Who sees a list (`BotCommandScope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Private,
    GroupAdmins,
    /// In groups, everybody who is no administrator.
    GroupMembers,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Private, Self::GroupAdmins, Self::GroupMembers];

    /// Its name in the Bot API.
    fn kind(self) -> &'static str {
        match self {
            Self::Private => "all_private_chats",
            Self::GroupAdmins => "all_chat_administrators",
            Self::GroupMembers => "all_group_chats",
        }
    }

    pub fn describe(self) -> &'static str {
        match self {
            Self::Private => "in private",
            Self::GroupAdmins => "for administrators of groups",
            Self::GroupMembers => "for members of groups",
        }
    }

    fn shows(self, command: &Command) -> bool {
        match self {
            Self::Private => true,
            Self::GroupAdmins => !command.only_private,
            Self::GroupMembers => command.name == "help",
        }
    }

    /// `scope` and `language_code` of a call about this list.
    pub fn audience(self, language: &str) -> Value {
        json!({"scope": {"type": self.kind()}, "language_code": language})
    }

    /// The list in a language, as `BotCommand`s. In groups they are ephemeral: nobody else sees them or their answers (Bot API 10.2); older apps
    /// send them to everybody.
    pub fn commands(self, lang: Lang) -> Value {
        let shown = COMMANDS.iter().filter(|command| self.shows(command));
        let of = |command: &Command| match self {
            Self::Private => json!({"command": command.name, "description": command.description(lang)}),
            Self::GroupAdmins | Self::GroupMembers => {
                json!({"command": command.name, "description": command.description(lang), "is_ephemeral": true})
            }
        };
        shown.map(of).collect()
    }
}

struct Command {
    name: &'static str,
    en: &'static str,
    ru: &'static str,
    only_private: bool,
}

impl Command {
    fn description(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Ru => self.ru,
        }
    }
}

const fn command(name: &'static str, en: &'static str, ru: &'static str) -> Command {
    Command { name, en, ru, only_private: false }
}

const fn only_private(name: &'static str, en: &'static str, ru: &'static str) -> Command {
    Command { name, en, ru, only_private: true }
}

/// What is used most comes first: clients show a few lines.
const COMMANDS: [Command; 18] = [
    command(
        "subscribe",
        "Follow a person: a ban elsewhere becomes a ban here",
        "Следить за человеком: бан в другом чате станет баном здесь",
    ),
    command("unsubscribe", "Stop following a person", "Перестать следить за человеком"),
    command("list", "Whom you follow", "За кем вы следите"),
    command("history", "Where a person was banned", "Где человека банили"),
    command("why", "Why a person is banned here", "Почему человек забанен здесь"),
    command("undo", "Take back a ban that was carried over", "Снять перенесённый бан"),
    command("ignore", "Carry over no bans of a person", "Не переносить баны человека"),
    command("unignore", "Carry over a person's bans again", "Снова переносить баны человека"),
    command("sources", "Chats whose bans come here: let in, block", "Откуда приходят баны: разрешить, отключить"),
    command("block", "Carry over no bans of a chat", "Не переносить баны из чата"),
    command("unblock", "Carry over a chat's bans again", "Снова переносить баны из чата"),
    command("settings", "How bans arrive, and what you are told", "Как приходят баны и о чём сообщать"),
    command("stats", "How much was carried over", "Сколько банов перенесено"),
    command("verify", "Check the bot's rights", "Проверить права бота"),
    command("help", "What the bot does", "Что умеет бот"),
    only_private("start", "Let the bot write to you", "Разрешить боту писать вам"),
    only_private("privacy", "What is stored, and for how long", "Что хранится и как долго"),
    only_private("mydata", "Your data: see it, have it erased", "Ваши данные: увидеть или стереть"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(scope: Scope, lang: Lang) -> Vec<String> {
        let commands = scope.commands(lang);
        commands.as_array().unwrap().iter().map(|command| command["command"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_language_that_is_answered_in_russian_has_russian_commands() {
        for (code, lang) in LANGUAGES {
            assert_eq!(Lang::from_code(Some(code)), lang, "{code}");
        }
        for code in ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}"))) {
            let named = LANGUAGES.iter().find(|(named, _)| *named == code).map_or(Lang::En, |(_, lang)| *lang);
            assert_eq!(Lang::from_code(Some(&code)), named, "{code}");
        }
    }

    #[test]
    fn each_sees_the_commands_that_are_for_him() {
        for lang in [Lang::En, Lang::Ru] {
            let (private, admins) = (names(Scope::Private, lang), names(Scope::GroupAdmins, lang));
            assert_eq!((private.len(), admins.len()), (18, 15));
            assert_eq!((private[0].as_str(), admins[0].as_str()), ("subscribe", "subscribe"));
            assert!(["start", "privacy", "mydata"].iter().all(|name| !admins.iter().any(|admin| admin == name)));
            assert_eq!(names(Scope::GroupMembers, lang), ["help"]);
        }
    }

    /// The Bot API takes names of 1–32 of a-z, 0-9 and _, and descriptions of 1–256 characters; a phone shows about 60 of them.
    #[test]
    fn names_and_descriptions_are_as_telegram_takes_them() {
        for Command { name, en, ru, .. } in &COMMANDS {
            assert!(name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
            assert!([en, ru].iter().all(|text| (3..=60).contains(&text.chars().count())), "{name}");
            assert_eq!(COMMANDS.iter().filter(|other| other.name == *name).count(), 1, "{name}");
        }
    }
}
