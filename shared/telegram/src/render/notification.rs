//! What admins are told on their own, not in answer to a command.

use super::html::{fold, plain_text};
use super::report::{self, ban_buttons, ban_detected, block_buttons, cycles, facts, lines, source_of, sync_report, undo_buttons};
use super::{Templates, escape_words, moment, name_of, subject};
use crate::message::{Button, Style};
use crate::text;
use crate::text::Html;
use domain::appeal::AppealButton;
use domain::lang::Lang;
use domain::notification::{AskedBan, Asking, Content, Notification};
use domain::question::{self, Choice};

/// The longest appeal that is shown, in characters. Leaves room for names below Telegram's 4096 UTF-16 units, of which a character has
/// one or two.
const APPEAL_CHARS: usize = 1000;

/// The longest description of an alarm that is shown, in characters.
const ALARM_CHARS: usize = 1000;

/// The message's text as HTML; a long one has to be parted by [`split`](super::split).
pub fn notification(notification: &Notification, templates: &Templates) -> String {
    let lang = notification.lang;
    match &notification.content {
        Content::SyncReport(report) => sync_report(report, templates, lang),
        Content::Question(asking) => question(asking, templates, lang),
        Content::Cycles(report) => cycles(report, lang),
        Content::BansHeld { chat } => text!(lang, "bans-held", chat = chat),
        Content::AdminSuspended { chat } => text!(lang, "admin-suspended", chat = chat),
        Content::AdminResumed { chat } => text!(lang, "admin-resumed", chat = chat),
        Content::ChatSuspended { chat } => text!(lang, "chat-suspended", chat = chat),
        Content::ChatResumed { chat } => text!(lang, "chat-resumed", chat = chat),
        Content::ChatRemoved { chat } => text!(lang, "chat-removed", chat = chat),
        Content::CommunityAdded { chat, community } => text!(lang, "community-added", chat = chat, community = community),
        Content::AppealDecided { chat, lifted: true } => text!(lang, "appeal-granted", chat = chat),
        Content::AppealDecided { chat, lifted: false } => text!(lang, "appeal-refused", chat = chat),
        Content::Templated { template, values, .. } => {
            let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
            templates.render(*template, lang, &values)
        }
        Content::Alarm { name, description } => {
            let title = text!(lang, "alarm-raised", name = name);
            match description {
                Some(description) => format!("{title}\n{}", escape_words(description, ALARM_CHARS)),
                None => title,
            }
        }
        Content::WebhookOn { host } => text!(lang, "webhook-on", host = host),
        Content::WebhookOff { host } => text!(lang, "webhook-off", host = host),
        Content::Digest { lines, count, .. } => digest(lines, *count, lang),
        Content::Appeal { chat, user_id, user_name, text: words, decision, .. } => {
            let person = subject(lang, *user_id, user_name.as_deref());
            let appeal = text!(lang, "appeal", person = person, chat = chat, words = Html(escape_words(words, APPEAL_CHARS)));
            let about = decision.as_ref().map(|decision| facts(decision, &[], lang));
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
            let ban = match asking.count {
                0 | 1 => text!(lang, "button-ban"),
                count if asking.also.is_empty() => text!(lang, "button-ban-all", count = count),
                _ => text!(lang, "button-ban"),
            };
            let ban = button(ban, answer(Choice::Ban)).styled(Style::Danger);
            let mut rows = vec![vec![ban, button(text!(lang, "button-ignore"), answer(Choice::Ignore))]];
            // Of several sources none is "this" one.
            if asking.also.is_empty() {
                rows.push(vec![button(text!(lang, "button-never"), answer(Choice::Never))]);
            }
            rows
        }
        Content::Appeal { appeal_id, .. } => {
            let answer = |lift| AppealButton { appeal_id: *appeal_id, lift }.data();
            let lift = button(text!(lang, "button-lift"), answer(true)).styled(Style::Success);
            vec![vec![lift, button(text!(lang, "button-let-stand"), answer(false))]]
        }
        Content::SyncReport(report) => [undo_buttons(report, lang), ban_buttons(report, lang), block_buttons(report, lang)].concat(),
        Content::Cycles(report) => block_buttons(report, lang),
        Content::BansHeld { .. }
        | Content::ChatSuspended { .. }
        | Content::ChatResumed { .. }
        | Content::ChatRemoved { .. }
        | Content::AdminSuspended { .. }
        | Content::AdminResumed { .. }
        | Content::CommunityAdded { .. }
        | Content::AppealDecided { .. }
        | Content::Templated { .. }
        | Content::Alarm { .. }
        | Content::WebhookOn { .. }
        | Content::WebhookOff { .. }
        | Content::Digest { .. } => Vec::new(),
    }
}

/// A message on one line of a digest, as HTML.
pub fn digest_line(message: &Notification, templates: &Templates) -> String {
    match &message.content {
        Content::SyncReport(report) => report::in_one_line(report, message.lang),
        _ => notification(message, templates).lines().next().unwrap_or_default().to_owned(),
    }
}

fn digest(shown: &[String], count: usize, lang: Lang) -> String {
    let mut digest = lines(&text!(lang, "digest", count = count));
    digest.extend(shown.iter().cloned().map(Html));
    if count > shown.len() {
        digest.push(Html(text!(lang, "question-more", count = count - shown.len())));
    }
    format!("{}\n{}", fold(&digest), text!(lang, "digest-details"))
}

/// A question: what happened, what is asked, and how long it can be answered.
fn question(asking: &Asking, templates: &Templates, lang: Lang) -> String {
    let asked = match asking.bans.is_empty() {
        true => about_one(asking, templates, lang),
        false => about_many(asking, lang),
    };
    let Some(until) = asking.until else { return asked };
    let asks = text!(lang, "question-asked", count = asking.admins, until = moment(until, lang));
    format!("{asked}\n{asks}")
}

fn about_one(asking: &Asking, templates: &Templates, lang: Lang) -> String {
    let user = name_of(asking.user_id, asking.user_name.as_deref());
    let (ban, chat) = (Html(ban_detected(asking.user_id, user, &asking.decision, &asking.also, templates, lang)), &asking.chat);
    match asking.new_source {
        true => text!(lang, "question-new-source", ban = ban, chat = chat),
        false => text!(lang, "question-ban", ban = ban, chat = chat),
    }
}

/// Cause, source and names; the answer counts for all of them.
fn about_many(asking: &Asking, lang: Lang) -> String {
    let (source, chat, count) = (source_of(&asking.decision, lang), &asking.chat, asking.count);
    let why = match (asking.held, asking.flooded) {
        (true, _) => text!(lang, "question-many-held", source = source, chat = chat),
        (_, true) => text!(lang, "question-many-flooded", source = source, chat = chat),
        _ => text!(lang, "question-many-new-source", source = source, chat = chat),
    };
    let one = |ban: &AskedBan| {
        let reason = report::reason_or_why_not(ban.reason.as_deref(), asking.decision.shared, lang);
        Html(text!(lang, "question-one-of-many", person = subject(lang, ban.user_id, ban.user_name.as_deref()), reason = reason))
    };
    let mut asked = lines(&why);
    asked.extend(asking.bans.iter().map(one));
    if count > asking.bans.len() {
        asked.push(Html(text!(lang, "question-more", count = count - asking.bans.len())));
    }
    let asked = fold(&asked);
    match count {
        0 | 1 => asked,
        _ => format!("{asked}\n{}", text!(lang, "question-answers-all", count = count)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::html::{LONGEST, length};
    use super::*;
    use domain::ids::{ChatId, UserId};
    use domain::notification::{Decision, MOST_BANS_SHOWN, NamedChat, SyncReport};
    use domain::settings::{Channel, ShareBans};
    use domain::sync::{Kind, Outcome, Reason};
    use uuid::Uuid;

    fn notification(message: &Notification) -> String {
        super::notification(message, &Templates::default())
    }

    fn digest_line(message: &Notification) -> String {
        super::digest_line(message, &Templates::default())
    }

    fn sent(lang: Lang, content: Content) -> Notification {
        let (notification_id, correlation_id) = (Uuid::nil(), String::new());
        Notification {
            notification_id,
            correlation_id,
            recipient: UserId(1),
            channel: Channel::Telegram,
            lang,
            silent: false,
            answers: false,
            revision: 0,
            content,
        }
    }

    fn data(message: &Notification) -> Vec<String> {
        buttons(message).into_iter().flatten().filter_map(|button| button.callback().map(str::to_owned)).collect()
    }

    fn asking() -> Asking {
        Asking {
            question_id: Uuid::from_u128(7),
            held: false,
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
            also: Vec::new(),
            chat: "Mine".to_owned(),
            admins: 3,
            until: Some(1_736_937_000 + question::OPEN),
            count: 1,
            bans: Vec::new(),
        }
    }

    /// About so many bans.
    fn of_many(count: usize, asking: Asking) -> Asking {
        let ban = |n: usize| AskedBan { user_id: UserId(n as i64), user_name: Some("😀".repeat(64)), reason: Some("x".repeat(64)) };
        Asking { count, bans: (0..count.min(MOST_BANS_SHOWN)).map(ban).collect(), ..asking }
    }

    fn labels(message: &Notification) -> Vec<String> {
        buttons(message).into_iter().flatten().map(|button| button.text).collect()
    }

    #[test]
    fn a_question_names_who_where_and_why_how_long_it_is_open_and_has_its_three_answers() {
        let message = sent(Lang::En, Content::Question(asking()));
        let expected = "🚫 User Mal (ID: 5) was banned in A &amp; B\nReason: not given\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>\n\
                        Source: A &amp; B (ID: <code>-9</code>)\n\nBan them in Mine too?\n\
                        Asked: 3 admins. The first answer counts, until <tg-time unix=\"1737541800\" format=\"Dt\">22 Jan 2025, 10:30 UTC</tg-time>";
        assert_eq!(notification(&message), expected);
        let choices: Vec<_> = data(&message).iter().map(|data| question::Button::read(data).unwrap().choice).collect();
        assert_eq!(choices, [Choice::Ban, Choice::Ignore, Choice::Never]);
        let alone = notification(&sent(Lang::Ru, Content::Question(Asking { admins: 1, ..asking() })));
        assert!(
            alone.ends_with(
                "\nВопрос получили только вы. Ответить можно до <tg-time unix=\"1737541800\" format=\"Dt\">22 янв. 2025, 10:30 UTC</tg-time>"
            ),
            "{alone}"
        );
        // As an older version put it on the queue.
        let older = notification(&sent(Lang::En, Content::Question(Asking { until: None, ..asking() })));
        assert!(older.ends_with("\nBan them in Mine too?"), "{older}");
    }

    #[test]
    fn a_question_about_several_sources_names_them_all_and_blocks_none() {
        let also = vec![Decision { source_chat: "-8".to_owned(), source_chat_id: Some(ChatId(-8)), ..asking().decision }];
        let message = sent(Lang::En, Content::Question(Asking { also, count: 2, ..asking() }));
        let text = notification(&message);
        assert!(text.contains("\nSources: A &amp; B (ID: <code>-9</code>); ID <code>-8</code>\n"), "{text}");
        assert_eq!(labels(&message), ["🚫 Ban", "Don’t ban"]);
    }

    #[test]
    fn a_question_about_many_says_why_names_them_and_how_many_the_answer_counts_for() {
        let held = || Asking { held: true, ..asking() };
        for (asking, cause) in [
            (held(), "⚠️ Unusually many people were banned by one source within an hour\nSource: A &amp; B (ID: <code>-9</code>)\n"),
            (Asking { flooded: true, ..asking() }, "⚠️ Unusually many members of Mine were banned within an hour\n"),
            (Asking { new_source: true, ..asking() }, "⚠️ Mine has had no bans from this source yet\n"),
        ] {
            let message = sent(Lang::En, Content::Question(of_many(50, asking)));
            let text = notification(&message);
            assert!(text.starts_with(cause), "{text}");
            // The answer counts for what is folded, too.
            let (folded, after) = text.split_once("</blockquote>").unwrap();
            assert!(folded.ends_with("\n…and 35 more") && folded.contains("\n<blockquote expandable>• 😀"), "{text}");
            assert!(after.starts_with("\nYour answer counts for all 50.\nAsked: 3 admins."), "{text}");
            assert_eq!(labels(&message), ["🚫 Ban all 50", "Don’t ban", "⛔️ Block this source"]);
            assert!(length(&text) <= LONGEST, "it is one message: {}", length(&text));
        }
        let one = sent(Lang::Ru, Content::Question(of_many(1, held())));
        let text = notification(&one);
        assert!(text.contains("\nЭти баны я придержал. Те, что касаются чата Mine:\n• ") && !text.contains("Ответ — сразу"), "{text}");
        assert_eq!(labels(&one), ["🚫 Забанить", "Не банить", "⛔️ Отключить источник"]);
    }

    #[test]
    fn a_sources_own_admins_hear_that_its_bans_are_held_and_release_nothing() {
        let held = sent(Lang::En, Content::BansHeld { chat: "<A>".to_owned() });
        assert!(notification(&held).contains("banned in &lt;A&gt; within an hour"));
        assert_eq!(data(&held), [""; 0]);
    }

    #[test]
    fn a_digest_counts_what_waited_and_has_a_line_of_each() {
        let held = |content| digest_line(&sent(Lang::En, content));
        let report = |chats: &[&str], outcome| SyncReport {
            sync_id: Uuid::nil(),
            kind: Kind::Ban,
            user_id: UserId(5),
            user_name: Some("<Mal>".to_owned()),
            decision: asking().decision,
            also: Vec::new(),
            chats: vec![(outcome, chats.iter().map(|title| named(title)).collect())],
        };
        let one = held(Content::SyncReport(report(&["A & B"], Outcome::Applied)));
        assert_eq!(one, "✅ A &amp; B: banned · &lt;Mal&gt; (ID: <code>5</code>)");
        let failed = held(Content::SyncReport(report(&["A & B"], Outcome::Failed(Reason::NoRights))));
        assert!(failed.starts_with("❌ A &amp; B: failed — ") && failed.lines().count() == 1, "{failed}");
        let two = held(Content::SyncReport(report(&["One", "Two"], Outcome::Applied)));
        assert_eq!(two, "✅ Ban successfully synced to your chats: 2 · &lt;Mal&gt; (ID: <code>5</code>)");
        assert_eq!(held(Content::ChatResumed { chat: "A & B".to_owned() }), "✅ I can ban in A &amp; B again");
        let text = notification(&sent(Lang::En, Content::Digest { lines: vec![one.clone(), two], count: 7, told: Vec::new() }));
        assert!(text.starts_with(&format!("🗞 7 messages waited for you\n{one}\n")) && text.contains("\n…and 5 more\n"), "{text}");
        assert!(text.ends_with("\n🔍 Details: /history, or /why and the ID"), "{text}");
    }

    fn named(title: &str) -> NamedChat {
        NamedChat { chat_id: ChatId(-1), title: title.to_owned(), sync_id: None }
    }

    #[test]
    fn the_first_ban_of_a_source_says_what_a_yes_lets_in() {
        let text = notification(&sent(Lang::En, Content::Question(Asking { new_source: true, ..asking() })));
        assert!(text.contains("\n\n⚠️ Mine has had no bans from this source yet. Ban them there too?"), "{text}");
    }

    #[test]
    fn admins_hear_what_the_bot_lost_in_their_chat_and_that_it_has_it_again() {
        let chat = || "A & B".to_owned();
        for (lang, content, expected) in [
            (Lang::En, Content::AdminSuspended { chat: chat() }, "⏸ You can no longer ban in A &amp; B\n"),
            (Lang::Ru, Content::AdminResumed { chat: chat() }, "▶️ Вы снова можете банить в чате A &amp; B\n"),
            (Lang::En, Content::ChatSuspended { chat: chat() }, "⚠️ I can no longer ban in A &amp; B\n"),
            (Lang::Ru, Content::ChatSuspended { chat: chat() }, "⚠️ Я больше не могу банить в чате A &amp; B\n"),
            (Lang::En, Content::ChatResumed { chat: chat() }, "✅ I can ban in A &amp; B again\n"),
            (Lang::Ru, Content::ChatResumed { chat: chat() }, "✅ Я снова могу банить в чате A &amp; B\n"),
            (Lang::En, Content::ChatRemoved { chat: chat() }, "⚠️ I’m no longer in A &amp; B\n"),
            (Lang::Ru, Content::ChatRemoved { chat: chat() }, "⚠️ Меня больше нет в чате A &amp; B\n"),
        ] {
            let message = sent(lang, content);
            assert!(notification(&message).starts_with(expected), "{}", notification(&message));
            assert_eq!(data(&message), [""; 0]);
        }
    }

    #[test]
    fn admins_hear_what_a_ban_in_their_chats_community_is() {
        let content = Content::CommunityAdded { chat: "A & B".to_owned(), community: "<C>".to_owned() };
        let text = notification(&sent(Lang::En, content.clone()));
        assert!(text.starts_with("ℹ️ A &amp; B is now in the community &lt;C&gt;\n"), "{text}");
        let text = notification(&sent(Lang::Ru, content));
        assert!(text.starts_with("ℹ️ Чат A &amp; B теперь в сообществе &lt;C&gt;\n"), "{text}");
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
