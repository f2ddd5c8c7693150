//! What a command is answered.

use super::{escape, name_of};
use domain::chat::MOST_IGNORED;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::question::{About, Choice};
use domain::subscription::{CannotFollow, MAX_PER_ADMIN};

/// An answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Start,
    Help,
    /// `can_ban`: whether the bot may ban in this chat.
    Subscribed {
        user: UserId,
        name: Option<String>,
        can_ban: bool,
    },
    AlreadySubscribed {
        user: UserId,
        name: Option<String>,
    },
    Unsubscribed {
        user: UserId,
        name: Option<String>,
    },
    NotSubscribed {
        user: UserId,
        name: Option<String>,
    },
    LimitReached,
    /// Names where known.
    Subscriptions(Vec<(UserId, Option<String>)>),
    CannotFollow(CannotFollow),
    /// Whom the command is about is missing or unclear; the command's name.
    WhoIsMeant(&'static str),
    UnknownUsername(String),
    /// The sender is no administrator of the chat.
    AdminsOnly,
    /// The sender hides behind the chat or a channel.
    Anonymous,
    /// A command about a chat was sent in private.
    InAGroup,
    /// The bot cannot see who is an administrator here.
    CannotCheckAdmins,
    /// A button that leads nowhere any more.
    StaleButton,
    /// A press by somebody who may not ban in the chat that it is about.
    MayNotDecide,
    /// Whose own bans are held may not let them go on.
    NotTheOneWhoBanned,
    /// A question that was open for too long.
    RanOut,
    /// A question that is answered: by this person or another one before him.
    Decided {
        about: About,
        choice: Choice,
        by: Option<UserId>,
    },
    /// A ban of ours is being taken back.
    Undoing {
        user: UserId,
        name: Option<String>,
        everywhere: bool,
    },
    /// There is nothing of ours to take back.
    NothingToUndo,
    /// A person is kept out of the bans that are carried over here.
    Ignored {
        user: UserId,
        name: Option<String>,
    },
    NoLongerIgnored {
        user: UserId,
        name: Option<String>,
    },
    NotIgnored {
        user: UserId,
        name: Option<String>,
    },
    IgnoreListFull,
}

impl Reply {
    /// The text as HTML; [`Reply::StaleButton`] is plain text without any markup.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Ru => self.ru(),
            Lang::En => self.en(),
        }
    }

    fn ru(&self) -> String {
        match self {
            Self::Start => "👋 Я переношу баны между чатами: подпишитесь на человека, и когда его забанят в одном чате, я забаню его и в вашем.\n\nДобавьте меня в группу администратором с правом «Блокировка пользователей» и напишите там /subscribe в ответ на сообщение этого человека. Справка: /help".to_owned(),
            Self::Help => "В группе, для её администраторов:\n/subscribe — следить за банами человека\n/unsubscribe — перестать следить\n/list — за кем вы следите в этом чате\n/undo — снять бан, который я сюда перенёс; в чате, где забанили, — снять его везде\n/ignore, /unignore — не переносить сюда баны человека, или снова переносить\n\nЧеловека можно указать ответом на его сообщение, упоминанием, @username или числовым ID: <code>/subscribe 123456789</code>".to_owned(),
            Self::Subscribed { user, name, can_ban } => {
                let warning = if *can_ban { "" } else { "\n\n⚠️ У меня здесь нет права «Блокировка пользователей»: дайте его, иначе забанить не смогу." };
                format!("✅ Вы следите за {} (ID: {user}). Если его забанят там, где я есть, забаню и здесь.{warning}", name_of(*user, name.as_deref()))
            }
            Self::AlreadySubscribed { user, name } => format!("Вы уже следите за {} (ID: {user}) в этом чате.", name_of(*user, name.as_deref())),
            Self::Unsubscribed { user, name } => format!("Вы больше не следите за {} (ID: {user}) в этом чате.", name_of(*user, name.as_deref())),
            Self::NotSubscribed { user, name } => format!("Вы не следите за {} (ID: {user}) в этом чате.", name_of(*user, name.as_deref())),
            Self::LimitReached => format!("⚠️ Достигнут лимит: {MAX_PER_ADMIN} подписок. Отключите ненужные: /list, /unsubscribe"),
            Self::Subscriptions(users) if users.is_empty() => "Вы ни за кем не следите в этом чате. Начать: /subscribe".to_owned(),
            Self::Subscriptions(users) => format!("Вы следите в этом чате ({}):\n{}", users.len(), lines(users)),
            Self::CannotFollow(CannotFollow::Yourself) => "Нельзя подписаться на самого себя.".to_owned(),
            Self::CannotFollow(CannotFollow::Bot) => "На меня подписаться нельзя.".to_owned(),
            Self::CannotFollow(CannotFollow::ChatAdmin) => "Это администратор этого чата: здесь его забанить нельзя.".to_owned(),
            Self::CannotFollow(CannotFollow::NotAPerson) => "За этим ID не стоит один человек: это служебный аккаунт, анонимный администратор или канал.".to_owned(),
            Self::WhoIsMeant(command) => format!("О ком речь? Ответьте командой на сообщение человека или укажите его: <code>/{command} 123456789</code> или <code>/{command} @username</code>"),
            Self::UnknownUsername(name) => format!("Я ещё не встречал @{}. Ответьте на его сообщение или укажите числовой ID.", escape(name)),
            Self::AdminsOnly => "Эта команда только для администраторов чата.".to_owned(),
            Self::Anonymous => "Вы пишете анонимно, и я не вижу, кто вы. Выключите анонимность на минуту и повторите команду.".to_owned(),
            Self::InAGroup => "Напишите эту команду в группе, где вы администратор. Справка: /help".to_owned(),
            Self::CannotCheckAdmins => "Я не вижу администраторов этого чата. Сделайте меня администратором и повторите команду.".to_owned(),
            Self::StaleButton => "Эта кнопка больше не действует.".to_owned(),
            Self::MayNotDecide => "Решать может только админ этого чата с правом банить.".to_owned(),
            Self::NotTheOneWhoBanned => "Это ваши баны: пропустить их может только другой админ.".to_owned(),
            Self::RanOut => "Вопрос устарел: прошло больше 7 дней.".to_owned(),
            Self::Decided { about, choice, by } => {
                let what = match (about, choice) {
                    (About::Release, Choice::Ban) => "✅ Баны пропущены",
                    (About::Release, _) => "Баны остаются приостановленными",
                    (_, Choice::Ban) => "🚫 Решено: забанить",
                    (_, Choice::Ignore) => "Решено: не банить",
                    (_, Choice::Never) => "Решено: не банить и больше не переносить баны из этого чата",
                };
                by.map_or_else(|| what.to_owned(), |by| format!("{what} (решил админ {by})"))
            }
            Self::Undoing { user, name, everywhere } => {
                let place = if *everywhere { "везде, где его поставил я" } else { "в этом чате" };
                format!("↩️ Снимаю бан {place}: {} (ID: {user})", name_of(*user, name.as_deref()))
            }
            Self::NothingToUndo => "Здесь нечего отменять: нет бана, который поставил бы я. Человека можно указать: <code>/undo 123456789</code>".to_owned(),
            Self::Ignored { user, name } => format!("✅ {} (ID: {user}): баны этого человека сюда больше не переносятся. Вернуть: /unignore", name_of(*user, name.as_deref())),
            Self::NoLongerIgnored { user, name } => format!("✅ {} (ID: {user}): баны этого человека снова переносятся сюда.", name_of(*user, name.as_deref())),
            Self::NotIgnored { user, name } => format!("{} (ID: {user}): этого человека нет в списке исключений.", name_of(*user, name.as_deref())),
            Self::IgnoreListFull => format!("⚠️ В списке исключений уже {MOST_IGNORED}: уберите кого-нибудь через /unignore"),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Start => "👋 I carry bans between chats: follow a person, and when they are banned in one chat, I ban them in yours too.\n\nAdd me to a group as an administrator with the right “Ban users” and send /subscribe there in reply to that person. Help: /help".to_owned(),
            Self::Help => "In a group, for its administrators:\n/subscribe — follow a person’s bans\n/unsubscribe — stop following\n/list — whom you follow in this chat\n/undo — lift a ban that I carried over here; in the chat that banned, lift it everywhere\n/ignore, /unignore — keep a person’s bans out of this chat, or let them in again\n\nName the person by a reply, a mention, @username or numeric ID: <code>/subscribe 123456789</code>".to_owned(),
            Self::Subscribed { user, name, can_ban } => {
                let warning = if *can_ban { "" } else { "\n\n⚠️ I lack the right “Ban users” here: grant it, or I cannot ban." };
                format!("✅ You follow {} (ID: {user}). When they are banned where I am, I ban them here too.{warning}", name_of(*user, name.as_deref()))
            }
            Self::AlreadySubscribed { user, name } => format!("You follow {} (ID: {user}) in this chat already.", name_of(*user, name.as_deref())),
            Self::Unsubscribed { user, name } => format!("You no longer follow {} (ID: {user}) in this chat.", name_of(*user, name.as_deref())),
            Self::NotSubscribed { user, name } => format!("You do not follow {} (ID: {user}) in this chat.", name_of(*user, name.as_deref())),
            Self::LimitReached => format!("⚠️ Limit reached: {MAX_PER_ADMIN} subscriptions. End those you do not need: /list, /unsubscribe"),
            Self::Subscriptions(users) if users.is_empty() => "You follow nobody in this chat. To begin: /subscribe".to_owned(),
            Self::Subscriptions(users) => format!("You follow in this chat ({}):\n{}", users.len(), lines(users)),
            Self::CannotFollow(CannotFollow::Yourself) => "You cannot follow yourself.".to_owned(),
            Self::CannotFollow(CannotFollow::Bot) => "You cannot follow me.".to_owned(),
            Self::CannotFollow(CannotFollow::ChatAdmin) => "This is an administrator of this chat, who cannot be banned here.".to_owned(),
            Self::CannotFollow(CannotFollow::NotAPerson) => "This ID stands for no single person: it is a service account, an anonymous administrator or a channel.".to_owned(),
            Self::WhoIsMeant(command) => format!("Who is meant? Reply to a message of theirs, or name them: <code>/{command} 123456789</code> or <code>/{command} @username</code>"),
            Self::UnknownUsername(name) => format!("I have not met @{} yet. Reply to a message of theirs or use the numeric ID.", escape(name)),
            Self::AdminsOnly => "This command is for administrators of the chat.".to_owned(),
            Self::Anonymous => "You write anonymously, so I cannot see who you are. Turn anonymity off for a minute and repeat the command.".to_owned(),
            Self::InAGroup => "Send this command in a group that you administer. Help: /help".to_owned(),
            Self::CannotCheckAdmins => "I cannot see the administrators of this chat. Make me an administrator and repeat the command.".to_owned(),
            Self::StaleButton => "This button no longer works.".to_owned(),
            Self::MayNotDecide => "Only an admin of that chat who may ban can decide.".to_owned(),
            Self::NotTheOneWhoBanned => "These are your own bans: only another admin can let them go on.".to_owned(),
            Self::RanOut => "This question has run out: it is older than 7 days.".to_owned(),
            Self::Decided { about, choice, by } => {
                let what = match (about, choice) {
                    (About::Release, Choice::Ban) => "✅ The bans go on",
                    (About::Release, _) => "The bans stay held",
                    (_, Choice::Ban) => "🚫 Decided: ban",
                    (_, Choice::Ignore) => "Decided: no ban",
                    (_, Choice::Never) => "Decided: no ban, and none from that chat any more",
                };
                by.map_or_else(|| what.to_owned(), |by| format!("{what} (by admin {by})"))
            }
            Self::Undoing { user, name, everywhere } => {
                let place = if *everywhere { "wherever it is mine" } else { "in this chat" };
                format!("↩️ Lifting the ban {place}: {} (ID: {user})", name_of(*user, name.as_deref()))
            }
            Self::NothingToUndo => "There is nothing to undo here: no ban that I have set. You can name the person: <code>/undo 123456789</code>".to_owned(),
            Self::Ignored { user, name } => format!("✅ {} (ID: {user}): their bans are no longer carried over here. To change that: /unignore", name_of(*user, name.as_deref())),
            Self::NoLongerIgnored { user, name } => format!("✅ {} (ID: {user}): their bans are carried over here again.", name_of(*user, name.as_deref())),
            Self::NotIgnored { user, name } => format!("{} (ID: {user}) is not on the ignore list.", name_of(*user, name.as_deref())),
            Self::IgnoreListFull => format!("⚠️ The ignore list has {MOST_IGNORED} entries already: take somebody off with /unignore"),
        }
    }
}

/// At most [`MAX_PER_ADMIN`] short lines: within one message.
fn lines(users: &[(UserId, Option<String>)]) -> String {
    let line = |(user, name): &(UserId, Option<String>)| match name {
        Some(name) => format!("• {} (<code>{user}</code>)", name_of(*user, Some(&name.chars().take(16).collect::<String>()))),
        None => format!("• <code>{user}</code>"),
    };
    users.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_answers_are_escaped() {
        let reply = Reply::Subscribed { user: UserId(5), name: Some("<i>".to_owned()), can_ban: true };
        for lang in [Lang::Ru, Lang::En] {
            assert!(reply.text(lang).contains("&lt;i&gt; (ID: 5)"));
        }
    }

    #[test]
    fn the_longest_list_fits_into_a_message() {
        let users: Vec<_> = (0..MAX_PER_ADMIN).map(|n| (UserId(9_007_199_254_740_000 + i64::from(n)), Some("Ж".repeat(64)))).collect();
        let shown = super::super::plain_text(&Reply::Subscriptions(users).text(Lang::Ru));
        assert!(shown.encode_utf16().count() <= 4096, "{}", shown.encode_utf16().count());
    }
}
