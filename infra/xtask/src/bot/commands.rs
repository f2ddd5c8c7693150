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
            Self::Private => command.listed != Listed::InGroups,
            Self::GroupAdmins => command.listed != Listed::InPrivate,
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
    listed: Listed,
}

/// The lists that have a command: `/why` means another thing in private than in groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    Everywhere,
    InGroups,
    InPrivate,
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
    Command { name, en, ru, listed: Listed::Everywhere }
}

const fn only_in_groups(name: &'static str, en: &'static str, ru: &'static str) -> Command {
    Command { name, en, ru, listed: Listed::InGroups }
}

const fn only_private(name: &'static str, en: &'static str, ru: &'static str) -> Command {
    Command { name, en, ru, listed: Listed::InPrivate }
}

/// What is used most comes first: clients show a few lines.
const COMMANDS: [Command; 20] = [
    command("subscribe", "Follow someone’s bans: banned elsewhere, banned here too", "Подписаться на баны человека из других чатов"),
    command("unsubscribe", "Stop following someone", "Отписаться от банов человека"),
    command("list", "People you follow", "Ваши подписки"),
    command("history", "Bans in this chat, or one person’s bans", "Баны в чате или баны одного человека"),
    only_in_groups("why", "What happened to someone here, and who decided it", "Что было с человеком в чате и кто это решил"),
    only_private("why", "Where I banned you, and how to appeal", "Где я вас забанил и как подать апелляцию"),
    command("undo", "Undo my ban", "Отменить мой бан"),
    command("ignore", "Never sync someone’s bans to this chat", "Не переносить баны человека в этот чат"),
    command("unignore", "Sync someone’s bans to this chat again", "Снова переносить баны человека в этот чат"),
    command("sources", "Chats whose bans are synced here", "Чаты, из которых сюда переносятся баны"),
    command("block", "Block a source: sync none of its bans", "Отключить источник: не переносить его баны"),
    command("unblock", "Unblock a source", "Снова включить источник"),
    command("settings", "How bans are synced, language, quiet hours", "Как переносятся баны, язык, тихие часы"),
    command("stats", "The last 30 days in numbers", "Последние 30 дней в цифрах"),
    command("verify", "Check my rights in this chat", "Проверить мои права в этом чате"),
    command("help", "All commands", "Все команды"),
    only_private("web", "Your chats as a web page, with charts", "Ваши чаты на веб-странице, с графиками"),
    only_private("start", "Begin, and let me write to you", "Начать и разрешить мне писать вам"),
    only_private("privacy", "What I keep, how long, and who sees it", "Что я храню, как долго и кто это видит"),
    only_private("mydata", "See or erase your data", "Увидеть или стереть свои данные"),
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
            assert_eq!((private.len(), admins.len()), (19, 15));
            assert_eq!((private[0].as_str(), admins[0].as_str()), ("subscribe", "subscribe"));
            for names in [&private, &admins] {
                let once: std::collections::BTreeSet<_> = names.iter().collect();
                assert_eq!(once.len(), names.len(), "{names:?}");
            }
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
        }
    }
}
