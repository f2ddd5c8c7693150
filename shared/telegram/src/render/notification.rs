//! What admins are told on their own, not in answer to a command.

use super::{escape, name_of};
use domain::lang::Lang;
use domain::notification::{Content, Notification, SyncReport};
use domain::sync::{Outcome, Reason};

/// Chats named in one message; the rest are counted. Keeps the longest report under Telegram's 4096 characters.
const CHATS_NAMED: usize = 10;

/// The message's text as HTML.
pub fn notification(notification: &Notification) -> String {
    let lang = notification.lang;
    match (&notification.content, lang) {
        (Content::SyncReport(report), _) => sync_report(report, lang),
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
            match (outcome, lang) {
                (Outcome::Applied, Lang::Ru) => {
                    format!("✅ Бан успешно синхронизирован в ваш чат\nПользователь: {user}\nЧат: {chats}")
                }
                (Outcome::Applied, Lang::En) => format!("✅ Ban successfully synced to your chat\nUser: {user}\nChat: {chats}"),
                (Outcome::Already, Lang::Ru) => format!("ℹ️ Уже забанен в вашем чате\nПользователь: {user}\nЧат: {chats}"),
                (Outcome::Already, Lang::En) => format!("ℹ️ Already banned in your chat\nUser: {user}\nChat: {chats}"),
                (Outcome::Skipped(Reason::AutoSyncOff), _) => ban_detected(report, &user, lang),
                (Outcome::Skipped(reason), Lang::Ru) => {
                    format!("ℹ️ Бан не перенесён в ваш чат\nПользователь: {user}\nЧат: {chats}\nПричина: {}", reason_text(*reason, lang))
                }
                (Outcome::Skipped(reason), Lang::En) => {
                    format!("ℹ️ Ban not carried over to your chat\nUser: {user}\nChat: {chats}\nReason: {}", reason_text(*reason, lang))
                }
                (Outcome::Failed(reason), Lang::Ru) => {
                    format!("❌ Ошибка синхронизации бана\nПользователь: {user}\nЧат: {chats}\nПричина: {}", reason_text(*reason, lang))
                }
                (Outcome::Failed(reason), Lang::En) => {
                    format!("❌ Failed to sync ban\nUser: {user}\nChat: {chats}\nError: {}", reason_text(*reason, lang))
                }
            }
        })
        .collect();
    parts.join("\n\n")
}

/// For chats that carry nothing over by themselves: what happened in the source.
fn ban_detected(report: &SyncReport, user: &str, lang: Lang) -> String {
    let (id, chat) = (report.user_id, escape(&report.source_chat));
    let reason = report.reason.as_deref().map(escape);
    let time = jiff::Timestamp::from_second(report.at).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
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

fn chat_names(chats: &[String]) -> String {
    let named: Vec<_> = chats.iter().take(CHATS_NAMED).map(|chat| escape(chat)).collect();
    match chats.len().saturating_sub(CHATS_NAMED) {
        0 => named.join(", "),
        more => format!("{} +{more}", named.join(", ")),
    }
}

fn reason_text(reason: Reason, lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => match reason {
            Reason::AutoSyncOff => "автоматическая синхронизация выключена",
            Reason::Lifted => "бан уже снят",
            Reason::EndsTooSoon => "бан вот-вот закончится",
            Reason::IsAdmin => "это администратор чата",
            Reason::UnknownUser => "Telegram не знает этого пользователя",
            Reason::NotSupported => "в чатах этого типа такой бан невозможен",
            Reason::NoRights => "у бота нет прав. Дайте ему право «Блокировка пользователей»",
            Reason::ChatGone => "бота нет в чате. Добавьте его снова и подпишитесь заново",
            Reason::TelegramError => "Telegram не выполнил запрос",
        },
        Lang::En => match reason {
            Reason::AutoSyncOff => "automatic sync is off",
            Reason::Lifted => "the ban has been lifted",
            Reason::EndsTooSoon => "the ban is about to end",
            Reason::IsAdmin => "this is an administrator of the chat",
            Reason::UnknownUser => "Telegram does not know this user",
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
    use domain::ids::UserId;

    fn report(outcome: Outcome, chats: &[&str]) -> SyncReport {
        SyncReport {
            user_id: UserId(987_654_321),
            user_name: Some("Mal <lory>".to_owned()),
            source_chat: "A & B".to_owned(),
            reason: None,
            at: 1_736_937_000,
            chats: vec![(outcome, chats.iter().map(|&chat| chat.to_owned()).collect())],
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

    #[test]
    fn plain_text_is_what_the_markup_shows() {
        assert_eq!(plain_text("<b>a</b> &lt;b&gt; &amp;lt;"), "a <b> &lt;");
    }
}
