//! What admins are told on their own, not in answer to a command.

use super::{escape, name_of};
use crate::bot::Button;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::{Asking, Content, NamedChat, Notification, SyncReport};
use domain::question::{self, Choice, UndoButton};
use domain::sync::{Kind, Outcome, Reason};
use uuid::Uuid;

/// Chats named in one message; the rest are counted. Keeps the longest report under Telegram's 4096 characters.
const CHATS_NAMED: usize = 10;

/// Buttons to undo under one report: of more chats, `/undo` there.
const UNDO_BUTTONS: usize = 5;

/// The message's text as HTML.
pub fn notification(notification: &Notification) -> String {
    let lang = notification.lang;
    match (&notification.content, lang) {
        (Content::SyncReport(report), _) => sync_report(report, lang),
        (Content::Question(asking), _) => question(asking, lang),
        (Content::BansHeld { chat, .. }, Lang::Ru) => format!(
            "⚠️ В чате {} за час забанено необычно много людей. Эти баны приостановлены: админы других чатов решают о них сами.\nЕсли так и задумано, другой админ вашего чата может пропустить их.",
            escape(chat)
        ),
        (Content::BansHeld { chat, .. }, Lang::En) => format!(
            "⚠️ Unusually many people were banned in {} within an hour. These bans are held: the admins of other chats decide for themselves.\nIf they are meant, another admin of your chat can let them go on.",
            escape(chat)
        ),
        (Content::ChatSuspended { chat }, Lang::Ru) => {
            format!(
                "⚠️ Бот больше не может банить в чате {}\nБаны сюда не переносятся, пока у бота нет права «Блокировка пользователей».",
                escape(chat)
            )
        }
        (Content::ChatSuspended { chat }, Lang::En) => {
            format!(
                "⚠️ The bot can no longer ban in {}\nNo bans are carried over there until it has the right “Ban users” again.",
                escape(chat)
            )
        }
        (Content::ChatRemoved { chat }, Lang::Ru) => {
            format!("⚠️ Бот больше не состоит в чате {}\nВаши подписки в этом чате отключены.", escape(chat))
        }
        (Content::ChatRemoved { chat }, Lang::En) => {
            format!("⚠️ The bot is no longer in {}\nYour subscriptions in that chat have ended.", escape(chat))
        }
    }
}

/// The buttons under it.
pub fn buttons(notification: &Notification) -> Vec<Vec<Button>> {
    let lang = notification.lang;
    let button = |text: &str, data: String| Button { text: text.to_owned(), data };
    let answer = |question_id: Uuid, choice| question::Button { question_id, choice }.data();
    match &notification.content {
        Content::Question(asking) => {
            let id = asking.question_id;
            let [ban, ignore, never] = match lang {
                Lang::Ru => ["🚫 Забанить", "Не сейчас", "Никогда из этого чата"],
                Lang::En => ["🚫 Ban", "Ignore", "Never from this chat"],
            };
            vec![
                vec![button(ban, answer(id, Choice::Ban)), button(ignore, answer(id, Choice::Ignore))],
                vec![button(never, answer(id, Choice::Never))],
            ]
        }
        Content::BansHeld { question_id, .. } => {
            let [release, keep] = match lang {
                Lang::Ru => ["Пропустить", "Не пропускать"],
                Lang::En => ["Let them go on", "Keep them held"],
            };
            vec![vec![button(release, answer(*question_id, Choice::Ban)), button(keep, answer(*question_id, Choice::Ignore))]]
        }
        Content::SyncReport(report) if report.kind == Kind::Ban => {
            let applied = report.chats.iter().filter(|(outcome, _)| *outcome == Outcome::Applied).flat_map(|(_, chats)| chats);
            let applied: Vec<_> = applied.collect();
            let undo = match lang {
                Lang::Ru => "↩️ Отменить",
                Lang::En => "↩️ Undo",
            };
            let text = |chat: &NamedChat| match applied.len() {
                1 => undo.to_owned(),
                _ => format!("{undo}: {}", chat.title.chars().take(30).collect::<String>()),
            };
            let data = |chat: &NamedChat| UndoButton { sync_id: report.sync_id, chat_id: chat.chat_id }.data();
            applied.iter().take(UNDO_BUTTONS).map(|chat| vec![Button { text: text(chat), data: data(chat) }]).collect()
        }
        Content::SyncReport(_) | Content::ChatSuspended { .. } | Content::ChatRemoved { .. } => Vec::new(),
    }
}

/// `html` without its markup, for an answer that says the markup is wrong.
pub fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for char in html.chars() {
        match char {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            _ => text.push(char),
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn sync_report(report: &SyncReport, lang: Lang) -> String {
    let user = name_of(report.user_id, report.user_name.as_deref());
    let parts: Vec<_> = report
        .chats
        .iter()
        .map(|(outcome, chats)| {
            let chats = chat_names(chats);
            match report.kind {
                Kind::Ban => banned(report, *outcome, &user, &chats, lang),
                Kind::Lift => lifted(*outcome, &user, &chats, lang),
            }
        })
        .collect();
    parts.join("\n\n")
}

fn banned(report: &SyncReport, outcome: Outcome, user: &str, chats: &str, lang: Lang) -> String {
    match (outcome, lang) {
        (Outcome::Applied, Lang::Ru) => {
            format!("✅ Бан успешно синхронизирован в ваш чат\nПользователь: {user}\nЧат: {chats}")
        }
        (Outcome::Applied, Lang::En) => format!("✅ Ban successfully synced to your chat\nUser: {user}\nChat: {chats}"),
        (Outcome::Already, Lang::Ru) => format!("ℹ️ Уже забанен в вашем чате\nПользователь: {user}\nЧат: {chats}"),
        (Outcome::Already, Lang::En) => format!("ℹ️ Already banned in your chat\nUser: {user}\nChat: {chats}"),
        (Outcome::Skipped(Reason::AutoSyncOff | Reason::NotifyOnly), _) => {
            ban_detected(report.user_id, user, &report.source_chat, report.reason.as_deref(), report.at, lang)
        }
        (Outcome::Skipped(reason), Lang::Ru) => {
            format!("ℹ️ Бан не перенесён в ваш чат\nПользователь: {user}\nЧат: {chats}\nПричина: {}", reason_text(reason, lang))
        }
        (Outcome::Skipped(reason), Lang::En) => {
            format!("ℹ️ Ban not carried over to your chat\nUser: {user}\nChat: {chats}\nReason: {}", reason_text(reason, lang))
        }
        (Outcome::Failed(reason), Lang::Ru) => {
            format!("❌ Ошибка синхронизации бана\nПользователь: {user}\nЧат: {chats}\nПричина: {}", reason_text(reason, lang))
        }
        (Outcome::Failed(reason), Lang::En) => {
            format!("❌ Failed to sync ban\nUser: {user}\nChat: {chats}\nError: {}", reason_text(reason, lang))
        }
    }
}

fn lifted(outcome: Outcome, user: &str, chats: &str, lang: Lang) -> String {
    match (outcome, lang) {
        (Outcome::Applied | Outcome::Already, Lang::Ru) => format!("✅ Бан снят в вашем чате\nПользователь: {user}\nЧат: {chats}"),
        (Outcome::Applied | Outcome::Already, Lang::En) => format!("✅ Ban lifted in your chat\nUser: {user}\nChat: {chats}"),
        (Outcome::Skipped(reason), Lang::Ru) => {
            format!("ℹ️ Бан в вашем чате не снят\nПользователь: {user}\nЧат: {chats}\nПричина: {}", reason_text(reason, lang))
        }
        (Outcome::Skipped(reason), Lang::En) => {
            format!("ℹ️ The ban in your chat was not lifted\nUser: {user}\nChat: {chats}\nReason: {}", reason_text(reason, lang))
        }
        (Outcome::Failed(reason), Lang::Ru) => {
            format!("❌ Не удалось снять бан\nПользователь: {user}\nЧат: {chats}\nПричина: {}", reason_text(reason, lang))
        }
        (Outcome::Failed(reason), Lang::En) => {
            format!("❌ Failed to lift the ban\nUser: {user}\nChat: {chats}\nError: {}", reason_text(reason, lang))
        }
    }
}

fn question(asking: &Asking, lang: Lang) -> String {
    let user = name_of(asking.user_id, asking.user_name.as_deref());
    let what = ban_detected(asking.user_id, &user, &asking.source_chat, asking.reason.as_deref(), asking.at, lang);
    let chat = escape(&asking.chat);
    match (asking.held, lang) {
        (false, Lang::Ru) => format!("{what}\n\nЗабанить и в чате {chat}?"),
        (false, Lang::En) => format!("{what}\n\nBan in {chat}, too?"),
        (true, Lang::Ru) => {
            format!("{what}\n\n⚠️ За час таких банов необычно много, поэтому они приостановлены. Перенести их в чат {chat}?")
        }
        (true, Lang::En) => {
            format!("{what}\n\n⚠️ There are unusually many such bans within an hour, so they are held. Carry them over to {chat}?")
        }
    }
}

/// What happened in the source.
fn ban_detected(id: UserId, user: &str, source: &str, reason: Option<&str>, at: i64, lang: Lang) -> String {
    let (chat, reason) = (escape(source), reason.map(escape));
    let time = jiff::Timestamp::from_second(at).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
    match lang {
        Lang::Ru => format!(
            "🚫 Пользователь {user} (ID: {id}) был забанен в чате {chat}\nПричина: {}\nВремя: {time}",
            reason.as_deref().unwrap_or("не указана")
        ),
        Lang::En => {
            format!("🚫 User {user} (ID: {id}) was banned in {chat}\nReason: {}\nTime: {time}", reason.as_deref().unwrap_or("not given"))
        }
    }
}

fn chat_names(chats: &[NamedChat]) -> String {
    let named: Vec<_> = chats.iter().take(CHATS_NAMED).map(|chat| escape(&chat.title)).collect();
    match chats.len().saturating_sub(CHATS_NAMED) {
        0 => named.join(", "),
        more => format!("{} +{more}", named.join(", ")),
    }
}

fn reason_text(reason: Reason, lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => match reason {
            Reason::Asked => "решают админы чата",
            Reason::Held => "необычно много банов за час; решают админы чата",
            Reason::Delayed => "в чате задана задержка; бан будет перенесён позже",
            Reason::AutoSyncOff => "автоматическая синхронизация выключена",
            Reason::NotifyOnly => "вы просили только сообщать",
            Reason::Ignored => "этот человек или этот чат в списке исключений",
            Reason::Lifted => "бан уже снят",
            Reason::Undone => "перенос бана отменён",
            Reason::EndsTooSoon => "бан вот-вот закончится",
            Reason::IsAdmin => "это администратор чата",
            Reason::IsBot => "это бот, а ботов в этом чате не банят",
            Reason::LocalDecision => "админ этого чата решил иначе",
            Reason::NotOurs => "этот бан поставил не бот",
            Reason::NotBanned => "этот человек здесь не забанен",
            Reason::StillBanned => "его бан в другом чате ещё действует",
            Reason::UnknownUser => "Telegram не знает этого пользователя. Забаню, когда он придёт",
            Reason::NotSupported => "в чатах этого типа такой бан невозможен",
            Reason::NoRights => "у бота нет прав. Дайте ему право «Блокировка пользователей»",
            Reason::ChatGone => "бота нет в чате. Добавьте его снова и подпишитесь заново",
            Reason::TelegramError => "Telegram не выполнил запрос",
        },
        Lang::En => match reason {
            Reason::Asked => "the chat’s admins decide",
            Reason::Held => "unusually many bans within an hour; the chat’s admins decide",
            Reason::Delayed => "the chat has a delay; the ban is carried over later",
            Reason::AutoSyncOff => "automatic sync is off",
            Reason::NotifyOnly => "you asked only to be told",
            Reason::Ignored => "this person or this chat is on the ignore list",
            Reason::Lifted => "the ban has been lifted",
            Reason::Undone => "the sync was undone",
            Reason::EndsTooSoon => "the ban is about to end",
            Reason::IsAdmin => "this is an administrator of the chat",
            Reason::IsBot => "this is a bot, and bots are left alone in this chat",
            Reason::LocalDecision => "an admin of this chat has decided otherwise",
            Reason::NotOurs => "this ban was not set by the bot",
            Reason::NotBanned => "this person is not banned here",
            Reason::StillBanned => "their ban in another chat still stands",
            Reason::UnknownUser => "Telegram does not know this user. I ban them when they come",
            Reason::NotSupported => "this kind of chat has no such bans",
            Reason::NoRights => "the bot lacks the right to ban. Give it the right “Ban users”",
            Reason::ChatGone => "the bot is not in the chat. Add it again and subscribe anew",
            Reason::TelegramError => "Telegram did not carry out the request",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::ChatId;

    fn report(outcome: Outcome, chats: &[&str]) -> SyncReport {
        let named = |(id, title): (i64, &&str)| NamedChat { chat_id: ChatId(-id), title: (*title).to_owned() };
        SyncReport {
            sync_id: Uuid::nil(),
            kind: Kind::Ban,
            user_id: UserId(987_654_321),
            user_name: Some("Mal <lory>".to_owned()),
            source_chat: "A & B".to_owned(),
            reason: None,
            at: 1_736_937_000,
            chats: vec![(outcome, (1..).zip(chats).map(named).collect())],
        }
    }

    #[test]
    fn a_synced_ban_is_told_in_the_agreed_words() {
        assert_eq!(
            sync_report(&report(Outcome::Applied, &["My chat", "Other"]), Lang::Ru),
            "✅ Бан успешно синхронизирован в ваш чат\nПользователь: Mal &lt;lory&gt;\nЧат: My chat, Other"
        );
        assert_eq!(
            sync_report(&report(Outcome::Applied, &["My chat"]), Lang::En),
            "✅ Ban successfully synced to your chat\nUser: Mal &lt;lory&gt;\nChat: My chat"
        );
        assert_eq!(
            sync_report(&report(Outcome::Failed(Reason::IsAdmin), &["My chat"]), Lang::En),
            "❌ Failed to sync ban\nUser: Mal &lt;lory&gt;\nChat: My chat\nError: this is an administrator of the chat"
        );
    }

    #[test]
    fn a_chat_without_automatic_sync_hears_of_the_ban_itself() {
        assert_eq!(
            sync_report(&report(Outcome::Skipped(Reason::AutoSyncOff), &["My chat"]), Lang::En),
            "🚫 User Mal &lt;lory&gt; (ID: 987654321) was banned in A &amp; B\nReason: not given\nTime: 2025-01-15 10:30 UTC"
        );
    }

    #[test]
    fn a_report_about_many_chats_stays_within_a_message() {
        let chats: Vec<String> = (0..1000).map(|_| "Ж".repeat(128)).collect();
        let chats: Vec<_> = chats.iter().map(String::as_str).collect();
        let mut long = report(Outcome::Applied, &chats);
        long.chats = vec![long.chats[0].clone(); 4];
        let text = sync_report(&long, Lang::Ru);
        assert!(text.contains("+990") && text.encode_utf16().count() < 4096);
    }

    fn sent(content: Content) -> Notification {
        let (notification_id, correlation_id) = (Uuid::nil(), String::new());
        Notification { notification_id, correlation_id, recipient: UserId(1), lang: Lang::En, content }
    }

    #[test]
    fn a_ban_of_ours_can_be_undone_by_a_button_a_chat_and_an_unban_cannot() {
        let buttons_of = |report: SyncReport| {
            let rows = buttons(&sent(Content::SyncReport(report)));
            rows.into_iter().flatten().map(|button| button.text).collect::<Vec<_>>()
        };
        assert_eq!(buttons_of(report(Outcome::Applied, &["A"])), ["↩️ Undo"]);
        assert_eq!(buttons_of(report(Outcome::Applied, &["A", "B"])), ["↩️ Undo: A", "↩️ Undo: B"]);
        assert_eq!(buttons_of(report(Outcome::Already, &["A"])), [""; 0]);
        assert_eq!(buttons_of(SyncReport { kind: Kind::Lift, ..report(Outcome::Applied, &["A"]) }), [""; 0]);
        assert_eq!(buttons_of(report(Outcome::Applied, &["A"; 20])).len(), UNDO_BUTTONS);
    }

    #[test]
    fn a_question_names_who_where_and_why_and_has_its_three_answers() {
        let asking = Asking {
            question_id: Uuid::from_u128(7),
            held: false,
            user_id: UserId(5),
            user_name: Some("Mal".to_owned()),
            source_chat: "A & B".to_owned(),
            chat: "Mine".to_owned(),
            reason: None,
            at: 1_736_937_000,
        };
        let message = sent(Content::Question(asking));
        let expected = "🚫 User Mal (ID: 5) was banned in A &amp; B\nReason: not given\nTime: 2025-01-15 10:30 UTC\n\nBan in Mine, too?";
        assert_eq!(notification(&message), expected);
        let data: Vec<_> = buttons(&message).into_iter().flatten().map(|button| button.data).collect();
        let choices: Vec<_> = data.iter().map(|data| question::Button::read(data).unwrap().choice).collect();
        assert_eq!(choices, [Choice::Ban, Choice::Ignore, Choice::Never]);
    }

    #[test]
    fn plain_text_is_what_the_markup_shows() {
        assert_eq!(plain_text("<b>a</b> &lt;b&gt; &amp;lt;"), "a <b> &lt;");
    }
}
