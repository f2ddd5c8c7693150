//! What admins are told on their own, not in answer to a command.

use super::html::plain_text;
use super::report::{ban_detected, block_buttons, cycles, facts, sync_report, undo_buttons};
use super::{escape_words, name_of, subject};
use crate::message::Button;
use crate::text;
use crate::text::Html;
use domain::appeal::AppealButton;
use domain::lang::Lang;
use domain::notification::{Asking, Content, Notification};
use domain::question::{self, Choice};

/// The longest appeal that is shown, in characters. Leaves room for names below Telegram's 4096 UTF-16 units, of which a character has
/// one or two.
const APPEAL_CHARS: usize = 1000;

/// The message's text as HTML; a long one has to be parted by [`split`](super::split).
pub fn notification(notification: &Notification) -> String {
    let lang = notification.lang;
    match &notification.content {
        Content::SyncReport(report) => sync_report(report, lang),
        Content::Question(asking) => question(asking, lang),
        Content::Cycles(report) => cycles(report, lang),
        Content::BansHeld { chat } => text!(lang, "bans-held", chat = chat),
        Content::AdminSuspended { chat } => text!(lang, "admin-suspended", chat = chat),
        Content::AdminResumed { chat } => text!(lang, "admin-resumed", chat = chat),
        Content::ChatSuspended { chat } => text!(lang, "chat-suspended", chat = chat),
        Content::ChatResumed { chat } => text!(lang, "chat-resumed", chat = chat),
        Content::ChatRemoved { chat } => text!(lang, "chat-removed", chat = chat),
        Content::AppealDecided { chat, lifted: true } => text!(lang, "appeal-granted", chat = chat),
        Content::AppealDecided { chat, lifted: false } => text!(lang, "appeal-refused", chat = chat),
        Content::Appeal { chat, user_id, user_name, text: words, decision, .. } => {
            let person = subject(lang, *user_id, user_name.as_deref());
            let appeal = text!(lang, "appeal", person = person, chat = chat, words = Html(escape_words(words, APPEAL_CHARS)));
            let about = decision.as_ref().map(|decision| facts(decision, lang));
            [Some(appeal), about, Some(format!("🔍 /why {user_id}"))].into_iter().flatten().collect::<Vec<_>>().join("\n")
        }
    }
}

/// The buttons under it.
pub fn buttons(notification: &Notification) -> Vec<Vec<Button>> {
    let lang = notification.lang;
    // What a button shows is no HTML.
    let button = |label: String, data: String| Button::data(plain_text(&label), data);
    match &notification.content {
        Content::Question(asking) => {
            let answer = |choice| question::Button { question_id: asking.question_id, choice }.data();
            vec![
                vec![button(text!(lang, "button-ban"), answer(Choice::Ban)), button(text!(lang, "button-ignore"), answer(Choice::Ignore))],
                vec![button(text!(lang, "button-never"), answer(Choice::Never))],
            ]
        }
        Content::Appeal { appeal_id, .. } => {
            let answer = |lift| AppealButton { appeal_id: *appeal_id, lift }.data();
            let lift = button(text!(lang, "button-lift"), answer(true));
            vec![vec![lift, button(text!(lang, "button-let-stand"), answer(false))]]
        }
        Content::SyncReport(report) => [undo_buttons(report, lang), block_buttons(report, lang)].concat(),
        Content::Cycles(report) => block_buttons(report, lang),
        Content::BansHeld { .. }
        | Content::ChatSuspended { .. }
        | Content::ChatResumed { .. }
        | Content::ChatRemoved { .. }
        | Content::AdminSuspended { .. }
        | Content::AdminResumed { .. }
        | Content::AppealDecided { .. } => Vec::new(),
    }
}

fn question(asking: &Asking, lang: Lang) -> String {
    let user = name_of(asking.user_id, asking.user_name.as_deref());
    let (ban, chat) = (Html(ban_detected(asking.user_id, &user, &asking.decision, lang)), &asking.chat);
    match (asking.held, asking.flooded, asking.new_source) {
        (true, _, _) => text!(lang, "question-held", ban = ban, chat = chat),
        (_, true, _) => text!(lang, "question-flooded", ban = ban, chat = chat),
        (_, _, true) => text!(lang, "question-new-source", ban = ban, chat = chat),
        _ => text!(lang, "question-ban", ban = ban, chat = chat),
    }
}

#[cfg(test)]
mod tests {
    use super::super::html::{LONGEST, length};
    use super::*;
    use domain::ids::{ChatId, UserId};
    use domain::notification::Decision;
    use domain::settings::ShareBans;
    use uuid::Uuid;

    fn sent(lang: Lang, content: Content) -> Notification {
        let (notification_id, correlation_id) = (Uuid::nil(), String::new());
        Notification { notification_id, correlation_id, recipient: UserId(1), lang, silent: false, content }
    }

    fn data(message: &Notification) -> Vec<String> {
        buttons(message).into_iter().flatten().filter_map(|button| button.callback().map(str::to_owned)).collect()
    }

    fn asking(held: bool) -> Content {
        Content::Question(Asking {
            question_id: Uuid::from_u128(7),
            held,
            flooded: false,
            new_source: false,
            user_id: UserId(5),
            user_name: Some("Mal".to_owned()),
            decision: Decision {
                source_chat: "A & B".to_owned(),
                source_chat_id: Some(ChatId(-9)),
                shared: ShareBans::Full,
                by: None,
                reason: None,
                at: Some(1_736_937_000),
            },
            chat: "Mine".to_owned(),
        })
    }

    #[test]
    fn a_question_names_who_where_and_why_and_has_its_three_answers() {
        let message = sent(Lang::En, asking(false));
        let expected = "🚫 User Mal (ID: 5) was banned in A &amp; B\nReason: not given\nTime: 2025-01-15 10:30 UTC\n\
                        Source: A &amp; B (ID: <code>-9</code>)\n\nBan in Mine, too?";
        assert_eq!(notification(&message), expected);
        let choices: Vec<_> = data(&message).iter().map(|data| question::Button::read(data).unwrap().choice).collect();
        assert_eq!(choices, [Choice::Ban, Choice::Ignore, Choice::Never]);
    }

    #[test]
    fn a_question_about_bans_that_are_held_says_that_they_are() {
        let text = notification(&sent(Lang::Ru, asking(true)));
        assert!(text.contains("Причина: не указана") && text.contains("приостановлены. Перенести их в чат Mine?"), "{text}");
        let held = sent(Lang::En, Content::BansHeld { chat: "<A>".to_owned() });
        assert!(notification(&held).contains("banned in &lt;A&gt; within an hour"));
        assert_eq!(data(&held), [""; 0], "the source's own admins release nothing");
    }

    #[test]
    fn a_question_says_why_it_is_asked() {
        for (flooded, new_source, expected) in [
            (true, false, "members of Mine were banned within an hour"),
            (false, true, "Your chat has had no bans from this source yet"),
            (false, false, "\n\nBan in Mine, too?"),
        ] {
            let Content::Question(asking) = asking(false) else { panic!("a question") };
            let text = notification(&sent(Lang::En, Content::Question(Asking { flooded, new_source, ..asking })));
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn admins_hear_what_the_bot_lost_in_their_chat_and_that_it_has_it_again() {
        let chat = || "A & B".to_owned();
        for (lang, content, expected) in [
            (Lang::En, Content::AdminSuspended { chat: chat() }, "⏸ You can no longer ban in A &amp; B\n"),
            (Lang::Ru, Content::AdminResumed { chat: chat() }, "▶️ Вы снова можете банить в чате A &amp; B\n"),
            (Lang::En, Content::ChatSuspended { chat: chat() }, "⚠️ The bot can no longer ban in A &amp; B\n"),
            (Lang::Ru, Content::ChatSuspended { chat: chat() }, "⚠️ Бот больше не может банить в чате A &amp; B\n"),
            (Lang::En, Content::ChatResumed { chat: chat() }, "✅ I can ban in A &amp; B again\n"),
            (Lang::Ru, Content::ChatResumed { chat: chat() }, "✅ Я снова могу банить в чате A &amp; B\n"),
            (Lang::En, Content::ChatRemoved { chat: chat() }, "⚠️ The bot is no longer in A &amp; B\n"),
            (Lang::Ru, Content::ChatRemoved { chat: chat() }, "⚠️ Бот больше не состоит в чате A &amp; B\n"),
        ] {
            let message = sent(lang, content);
            assert!(notification(&message).starts_with(expected), "{}", notification(&message));
            assert_eq!(data(&message), [""; 0]);
        }
    }

    fn appeal(lang: Lang, name: &str, text: &str) -> Notification {
        let (chat, user_name, text) = ("A & B".to_owned(), Some(name.to_owned()), text.to_owned());
        let decision = Decision {
            source_chat: "Open".to_owned(),
            source_chat_id: Some(ChatId(-9)),
            shared: ShareBans::Full,
            by: None,
            reason: Some("spam".to_owned()),
            at: Some(1_736_937_000),
        };
        sent(lang, Content::Appeal { chat, user_id: UserId(5), user_name, text, appeal_id: Uuid::from_u128(7), decision: Some(decision) })
    }

    #[test]
    fn an_appeal_says_who_asks_in_his_own_words_and_has_its_two_answers() {
        let message = appeal(Lang::En, "Mal", "It was not me.\n<b>Please!</b>");
        let expected = "🙏 Mal (ID: <code>5</code>) appeals their ban in A &amp; B:\n\
                        <blockquote>It was not me.\n&lt;b&gt;Please!&lt;/b&gt;</blockquote>\n\
                        Source: Open (ID: <code>-9</code>)\nReason: spam\nTime: ";
        let text = notification(&message);
        assert!(text.starts_with(expected) && text.ends_with("\n🔍 /why 5"), "{text}");
        let answers: Vec<_> = data(&message).iter().map(|data| AppealButton::read(data).unwrap()).collect();
        assert_eq!(answers.iter().map(|answer| answer.lift).collect::<Vec<_>>(), [true, false]);
        assert!(answers.iter().all(|answer| answer.appeal_id == Uuid::from_u128(7)));
    }

    #[test]
    fn a_long_appeal_is_cut() {
        let text = notification(&appeal(Lang::Ru, &"😀".repeat(128), &"😀".repeat(4096)));
        assert!(text.contains(&format!("{}…</blockquote>", "😀".repeat(1000))) && !text.contains(&"😀".repeat(1001)));
        assert!(length(&text) <= LONGEST);
    }
}
