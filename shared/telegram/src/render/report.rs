//! The result of a sync for one admin: a message about their chat, or a card with a line a chat. Its first lines are the agreed templates.

use super::html::{fold, plain_text};
use super::{Templates, decider, escape, moment, name_of, subject};
use crate::message::{Button, Style};
use crate::text;
use crate::text::Html;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::notification::{Decision, NamedChat, SyncReport};
use domain::question::{BanButton, BlockButton, UndoButton};
use domain::settings::ShareBans;
use domain::sync::{Kind, Outcome, Reason, Totals};
use domain::template::TemplateId;

/// Buttons of a kind under one report: of more chats, `/undo` and `/block` there.
const MOST_BUTTONS: usize = 5;

/// Sources that a card names.
const MOST_SOURCES: usize = 10;

/// Of a title on a button, which has room for about twice as much.
const TITLE_CHARS: usize = 20;

/// The report's text as HTML. With a line a chat it may be longer than a message: an admin follows at most a hundred times.
pub fn sync_report(report: &SyncReport, templates: &Templates, lang: Lang) -> String {
    // First what calls for something to be done.
    let mut chats: Vec<_> = report.chats.iter().flat_map(|(outcome, chats)| chats.iter().map(|chat| (*outcome, chat))).collect();
    chats.sort_by_key(|(outcome, _)| match outcome {
        Outcome::Failed(_) => 0,
        Outcome::Applied => 1,
        Outcome::Already => 2,
        Outcome::Skipped(_) => 3,
    });
    let lines = match chats[..] {
        [(outcome, chat)] => about_one(report, outcome, chat, templates, lang),
        _ => card(report, &chats, lang),
    };
    fold(&lines)
}

/// The result on one line: where there are several chats, how it ended in all of them together.
pub fn in_one_line(report: &SyncReport, lang: Lang) -> String {
    let mut chats = report.chats.iter().flat_map(|(outcome, chats)| chats.iter().map(|chat| (*outcome, chat)));
    let ended = match (chats.next(), chats.next()) {
        (Some((outcome, chat)), None) => line(report.kind, outcome, chat, lang).lines().next().unwrap_or_default().to_owned(),
        _ => title(report.kind, &Totals::of(report.chats.iter().flat_map(|(outcome, chats)| chats.iter().map(move |_| outcome))), lang),
    };
    text!(lang, "digest-line", ended = Html(ended), person = subject(lang, report.user_id, report.user_name.as_deref()))
}

/// Buttons that take the ban back where this sync has set it.
pub fn undo_buttons(report: &SyncReport, lang: Lang) -> Vec<Vec<Button>> {
    if report.kind != Kind::Ban {
        return Vec::new();
    }
    let applied = report.chats.iter().filter(|(outcome, _)| *outcome == Outcome::Applied).flat_map(|(_, chats)| chats);
    let applied: Vec<_> = applied.collect();
    let label = |chat: &NamedChat| match applied.len() {
        1 => text!(lang, "button-undo"),
        _ => text!(lang, "button-undo-in", chat = on_a_button(&chat.title)),
    };
    let button = |chat: &&NamedChat| {
        let data = UndoButton { sync_id: chat.sync_id.unwrap_or(report.sync_id), chat_id: chat.chat_id }.data();
        vec![Button::data(plain_text(&label(chat)), data).styled(Style::Success)]
    };
    applied.iter().take(MOST_BUTTONS).map(button).collect()
}

/// Buttons that ban where the admin is only told.
pub fn ban_buttons(report: &SyncReport, lang: Lang) -> Vec<Vec<Button>> {
    let is_told = |outcome: &Outcome| matches!(outcome, Outcome::Skipped(Reason::AutoSyncOff | Reason::NotifyOnly));
    if report.kind != Kind::Ban {
        return Vec::new();
    }
    let told = report.chats.iter().filter(|(outcome, _)| is_told(outcome)).flat_map(|(_, chats)| chats);
    let button = |chat: &NamedChat| {
        let data = BanButton { sync_id: chat.sync_id.unwrap_or(report.sync_id), chat_id: chat.chat_id }.data();
        vec![Button::data(plain_text(&text!(lang, "button-ban-too", chat = on_a_button(&chat.title))), data).styled(Style::Danger)]
    };
    told.take(MOST_BUTTONS).map(button).collect()
}

/// Buttons that keep a source out of the chats that the report is about.
pub fn block_buttons(report: &SyncReport, lang: Lang) -> Vec<Vec<Button>> {
    let chats: Vec<_> = report.chats.iter().flat_map(|(_, chats)| chats).collect();
    let sources = decisions(&report.decision, &report.also).filter_map(|decision| Some((decision.source_chat_id?, &decision.source_chat)));
    let sources: Vec<_> = sources.collect();
    let pairs = chats.iter().flat_map(|chat| sources.iter().map(move |source| (chat, source)));
    let label = |chat: &NamedChat, source: &str| match (chats.len(), sources.len()) {
        (1, 1) => text!(lang, "button-never"),
        (1, _) => text!(lang, "button-block-source", source = on_a_button(source)),
        (_, 1) => text!(lang, "button-block-in", chat = on_a_button(&chat.title)),
        _ => text!(lang, "button-block-source-in", source = on_a_button(source), chat = on_a_button(&chat.title)),
    };
    // A chat is no source of its own.
    let pairs = pairs.filter(|(chat, (source, _))| chat.chat_id != *source);
    let button = |(chat, (source, title)): (&&NamedChat, &(ChatId, &String))| {
        let data = BlockButton { chat_id: chat.chat_id, source: *source }.data();
        vec![Button::data(plain_text(&label(chat, title)), data)]
    };
    pairs.take(MOST_BUTTONS).map(button).collect()
}

/// A chat's title as long as a button shows it.
fn on_a_button(title: &str) -> String {
    title.chars().take(TITLE_CHARS).collect()
}

/// Text of a decision in the source, and in further ones by the same hand. `user`: the name as HTML.
pub fn ban_detected(id: UserId, user: String, decision: &Decision, also: &[Decision], templates: &Templates, lang: Lang) -> String {
    let (count, source) = sources(decision, also, lang);
    let values = [
        ("username", Html(user).into()),
        ("user_id", Html(id.to_string()).into()),
        ("chat_name", Html(escape(&decision.source_chat)).into()),
        ("reason", reason_of(decision, lang).into()),
        ("timestamp", time_of(decision, lang).into()),
    ];
    let banned = templates.render(TemplateId::BanDetected, lang, &values);
    format!("{banned}\n{}", text!(lang, "ban-sources", count = count, source = source))
}

/// A source that bans and unbans somebody over and over.
pub fn cycles(report: &SyncReport, lang: Lang) -> String {
    let person = subject(lang, report.user_id, report.user_name.as_deref());
    text!(lang, "cycles", person = person, id = report.user_id, source = source_of(&report.decision, lang))
}

/// The first decision, and those that were merged with it.
fn decisions<'a>(first: &'a Decision, also: &'a [Decision]) -> impl Iterator<Item = &'a Decision> {
    std::iter::once(first).chain(also)
}

/// How many sources there are, and each of them on one line.
fn sources(first: &Decision, also: &[Decision], lang: Lang) -> (usize, Html) {
    let named: Vec<_> = decisions(first, also).take(MOST_SOURCES).map(|decision| source_of(decision, lang).0).collect();
    let (count, mut line) = (1 + also.len(), named.join("; "));
    if count > named.len() {
        line = format!("{line}; {}", text!(lang, "question-more", count = count - named.len()));
    }
    (count, Html(line))
}

/// The source's title and id, and who decided there where that is told.
pub fn source_of(decision: &Decision, lang: Lang) -> Html {
    let chat = &decision.source_chat;
    let source = match decision.source_chat_id {
        // What has no title that may be told is called by its id.
        Some(id) if *chat == id.to_string() => text!(lang, "subject-unnamed", id = id),
        Some(id) => text!(lang, "decision-source", chat = chat, id = id),
        None => escape(chat),
    };
    let Some(by) = &decision.by else { return Html(source) };
    let by = decider(lang, Some(by.user_id), by.name.as_deref(), by.bot.as_deref());
    Html(text!(lang, "decision-by", source = Html(source), by = by))
}

/// Source, reason and time of the decision.
pub fn facts(decision: &Decision, also: &[Decision], lang: Lang) -> String {
    let (count, source) = sources(decision, also, lang);
    let (reason, time) = (reason_of(decision, lang), time_of(decision, lang));
    text!(lang, "decision-facts", count = count, source = source, reason = reason, time = time)
}

/// The lines of a message.
pub fn lines(text: &str) -> Vec<Html> {
    text.lines().map(|line| Html(line.to_owned())).collect()
}

fn about_one(report: &SyncReport, outcome: Outcome, chat: &NamedChat, templates: &Templates, lang: Lang) -> Vec<Html> {
    let (user, chat) = (subject(lang, report.user_id, report.user_name.as_deref()), &chat.title);
    let templated = |template, error| {
        let (id, chat) = (Html(report.user_id.to_string()), Html(escape(chat)));
        let values = [("username", user.clone().into()), ("user_id", id.into()), ("chat_name", chat.into()), ("error", error)];
        templates.render(template, lang, &values)
    };
    let told = match (report.kind, outcome) {
        (Kind::Ban, Outcome::Applied) => templated(TemplateId::SyncSuccess, Html(String::new()).into()),
        (Kind::Ban, Outcome::Already) => text!(lang, "report-already-banned", user = user, chat = chat),
        (Kind::Ban, Outcome::Skipped(why @ (Reason::AutoSyncOff | Reason::NotifyOnly))) => {
            let name = name_of(report.user_id, report.user_name.as_deref());
            let banned = ban_detected(report.user_id, name, &report.decision, &report.also, templates, lang);
            let unchanged = match why {
                Reason::NotifyOnly => text!(lang, "told-only-you", chat = chat),
                _ => text!(lang, "told-only-chat", chat = chat),
            };
            return lines(&format!("{banned}\n{unchanged}"));
        }
        (Kind::Ban, Outcome::Skipped(why)) => text!(lang, "report-not-banned", user = user, chat = chat, reason = reason_text(why, lang)),
        (Kind::Ban, Outcome::Failed(why)) => templated(TemplateId::SyncFailed, reason_text(why, lang).into()),
        (Kind::Lift, Outcome::Applied | Outcome::Already) => text!(lang, "report-lifted", user = user, chat = chat),
        (Kind::Lift, Outcome::Skipped(why)) => text!(lang, "report-not-lifted", user = user, chat = chat, reason = reason_text(why, lang)),
        (Kind::Lift, Outcome::Failed(why)) => text!(lang, "report-lift-failed", user = user, chat = chat, reason = reason_text(why, lang)),
    };
    let facts = facts(&report.decision, &report.also, lang);
    // Seen without a tap: what the admin can do about it.
    lines(&match fix(report.kind, outcome, lang) {
        Some(fix) => format!("{told}\n🔧 {fix}\n{facts}"),
        None => format!("{told}\n{facts}"),
    })
}

fn card(report: &SyncReport, chats: &[(Outcome, &NamedChat)], lang: Lang) -> Vec<Html> {
    let totals = Totals::of(chats.iter().map(|(outcome, _)| outcome));
    let person = text!(lang, "card-user", person = subject(lang, report.user_id, report.user_name.as_deref()));
    let mut card = lines(&format!("{}\n{person}\n{}", title(report.kind, &totals, lang), facts(&report.decision, &report.also, lang)));
    card.extend(chats.iter().flat_map(|(outcome, chat)| lines(&line(report.kind, *outcome, chat, lang))));
    card
}

/// How it ended in all chats together.
fn title(kind: Kind, totals: &Totals, lang: Lang) -> String {
    let (done, count) = match kind {
        Kind::Ban => (totals.applied, totals.chats()),
        Kind::Lift => (totals.applied + totals.already, totals.chats()),
    };
    match (kind, done > 0, totals.failed > 0) {
        (Kind::Ban, true, false) => text!(lang, "card-synced-all", done = done),
        (Kind::Ban, true, true) => text!(lang, "card-synced-some", done = done, count = count),
        (Kind::Ban, false, true) => text!(lang, "card-sync-failed"),
        (Kind::Ban, false, false) if totals.already > 0 => text!(lang, "card-already-banned"),
        (Kind::Ban, false, false) => text!(lang, "card-not-synced"),
        (Kind::Lift, true, false) => text!(lang, "card-lifted-all", done = done),
        (Kind::Lift, true, true) => text!(lang, "card-lifted-some", done = done, count = count),
        (Kind::Lift, false, true) => text!(lang, "card-lift-failed"),
        (Kind::Lift, false, false) => text!(lang, "card-not-lifted"),
    }
}

/// What became of it in a chat, and below a failure what helps.
fn line(kind: Kind, outcome: Outcome, chat: &NamedChat, lang: Lang) -> String {
    let title = &chat.title;
    let line = match (kind, outcome) {
        (Kind::Ban, Outcome::Applied) => text!(lang, "card-line-banned", chat = title),
        (Kind::Ban, Outcome::Already) => text!(lang, "card-line-already-banned", chat = title),
        (Kind::Lift, Outcome::Applied) => text!(lang, "card-line-lifted", chat = title),
        (Kind::Lift, Outcome::Already) => text!(lang, "card-line-already-lifted", chat = title),
        (_, Outcome::Skipped(why)) => text!(lang, "card-line-skipped", chat = title, reason = short_reason(why, lang)),
        (_, Outcome::Failed(why)) => text!(lang, "card-line-failed", chat = title, reason = short_reason(why, lang)),
    };
    match fix(kind, outcome, lang) {
        Some(fix) => format!("{line}\n    🔧 {fix}"),
        None => line,
    }
}

/// The source's reason; where there is none, whether that is because it is kept back.
fn reason_of(decision: &Decision, lang: Lang) -> Html {
    reason_or_why_not(decision.reason.as_deref(), decision.shared, lang)
}

/// As [`reason_of`], of a decision of a source that shares so much.
pub fn reason_or_why_not(reason: Option<&str>, shared: ShareBans, lang: Lang) -> Html {
    Html(match (reason, shared) {
        (Some(reason), _) => escape(reason),
        (None, ShareBans::Full) => text!(lang, "reason-not-given"),
        (None, ShareBans::Events | ShareBans::Nothing) => text!(lang, "not-shared"),
    })
}

fn time_of(decision: &Decision, lang: Lang) -> Html {
    decision.at.map_or_else(|| Html(text!(lang, "not-shared")), |at| moment(at, lang))
}

/// What an admin can do about a failure.
fn fix(kind: Kind, outcome: Outcome, lang: Lang) -> Option<String> {
    let Outcome::Failed(reason) = outcome else { return None };
    match (reason, kind) {
        (Reason::NoRights, _) => Some(text!(lang, "fix-no-rights")),
        (Reason::ChatGone, _) => Some(text!(lang, "fix-chat-gone")),
        (Reason::TelegramError | Reason::TimedOut, Kind::Ban) => Some(text!(lang, "fix-telegram-error")),
        (Reason::TelegramError | Reason::TimedOut, Kind::Lift) => Some(text!(lang, "fix-telegram-error-lift")),
        _ => None,
    }
}

/// Where the fix follows, the reason need not name it.
fn short_reason(why: Reason, lang: Lang) -> Html {
    match why {
        Reason::NoRights => Html(text!(lang, "reason-no-rights-short")),
        Reason::ChatGone => Html(text!(lang, "reason-chat-gone-short")),
        _ => reason_text(why, lang),
    }
}

/// Why something was not done.
pub fn reason_text(reason: Reason, lang: Lang) -> Html {
    Html(match reason {
        Reason::Asked => text!(lang, "reason-asked"),
        Reason::NewSource => text!(lang, "reason-new-source"),
        Reason::Held => text!(lang, "reason-held"),
        Reason::Flooded => text!(lang, "reason-flooded"),
        Reason::Delayed => text!(lang, "reason-delayed"),
        Reason::AutoSyncOff => text!(lang, "reason-auto-sync-off"),
        Reason::NotifyOnly => text!(lang, "reason-notify-only"),
        Reason::Ignored => text!(lang, "reason-ignored"),
        Reason::Lifted => text!(lang, "reason-lifted"),
        Reason::Undone => text!(lang, "reason-undone"),
        Reason::EndsTooSoon => text!(lang, "reason-ends-too-soon"),
        Reason::Kick => text!(lang, "reason-kick"),
        Reason::IsAdmin => text!(lang, "reason-is-admin"),
        Reason::IsBot => text!(lang, "reason-is-bot"),
        Reason::LocalDecision => text!(lang, "reason-local-decision"),
        Reason::NotOurs => text!(lang, "reason-not-ours"),
        Reason::NotBanned => text!(lang, "reason-not-banned"),
        Reason::StillBanned => text!(lang, "reason-still-banned"),
        Reason::UnknownUser => text!(lang, "reason-unknown-user"),
        Reason::NotSupported => text!(lang, "reason-not-supported"),
        Reason::NoRights => text!(lang, "reason-no-rights"),
        Reason::ChatGone => text!(lang, "reason-chat-gone"),
        Reason::TelegramError => text!(lang, "reason-telegram-error"),
        Reason::TimedOut => text!(lang, "reason-timed-out"),
    })
}

#[cfg(test)]
mod tests;
