//! The result of a sync for one admin: a message about his chat, or a card with a line a chat.

use super::html::plain_text;
use super::{decider, escape, name_of, subject};
use crate::message::Button;
use crate::text;
use crate::text::Html;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::{Decision, NamedChat, SyncReport};
use domain::question::{BlockButton, UndoButton};
use domain::settings::ShareBans;
use domain::sync::{Kind, Outcome, Reason, Totals};

/// Buttons of a kind under one report: of more chats, `/undo` and `/block` there.
const MOST_BUTTONS: usize = 5;

/// The report's text as HTML. With a line a chat it may be longer than a message: an admin follows at most a hundred times.
pub fn sync_report(report: &SyncReport, lang: Lang) -> String {
    // First what calls for something to be done.
    let mut chats: Vec<_> = report.chats.iter().flat_map(|(outcome, chats)| chats.iter().map(|chat| (*outcome, chat))).collect();
    chats.sort_by_key(|(outcome, _)| match outcome {
        Outcome::Failed(_) => 0,
        Outcome::Applied => 1,
        Outcome::Already => 2,
        Outcome::Skipped(_) => 3,
    });
    match chats[..] {
        [(outcome, chat)] => about_one(report, outcome, chat, lang),
        _ => card(report, &chats, lang),
    }
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
        _ => text!(lang, "button-undo-in", chat = chat.title.chars().take(30).collect::<String>()),
    };
    let button = |chat: &&NamedChat| {
        let data = UndoButton { sync_id: report.sync_id, chat_id: chat.chat_id }.data();
        vec![Button::data(plain_text(&label(chat)), data)]
    };
    applied.iter().take(MOST_BUTTONS).map(button).collect()
}

/// Buttons that keep the source out of the chats that the report is about.
pub fn block_buttons(report: &SyncReport, lang: Lang) -> Vec<Vec<Button>> {
    let Some(source) = report.decision.source_chat_id else { return Vec::new() };
    let chats: Vec<_> = report.chats.iter().flat_map(|(_, chats)| chats).collect();
    let label = |chat: &NamedChat| match chats.len() {
        1 => text!(lang, "button-never"),
        _ => text!(lang, "button-block-in", chat = chat.title.chars().take(30).collect::<String>()),
    };
    let button = |chat: &&NamedChat| {
        let data = BlockButton { chat_id: chat.chat_id, source }.data();
        vec![Button::data(plain_text(&label(chat)), data)]
    };
    chats.iter().take(MOST_BUTTONS).map(button).collect()
}

/// What happened in the source. `user`: his name as HTML.
pub fn ban_detected(id: UserId, user: &str, decision: &Decision, lang: Lang) -> String {
    let user = Html(user.to_owned());
    let (chat, source) = (&decision.source_chat, source_of(decision, lang));
    let (reason, time) = (reason_of(decision, lang), time_of(decision, lang));
    text!(lang, "ban-detected", user = user, id = id, chat = chat, source = source, reason = reason, time = time)
}

/// A source that bans and unbans somebody over and over.
pub fn cycles(report: &SyncReport, lang: Lang) -> String {
    let person = subject(lang, report.user_id, report.user_name.as_deref());
    text!(lang, "cycles", person = person, id = report.user_id, source = source_of(&report.decision, lang))
}

/// The source's title and id, and who decided there where that is told.
fn source_of(decision: &Decision, lang: Lang) -> Html {
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
pub fn facts(decision: &Decision, lang: Lang) -> String {
    let (source, reason) = (source_of(decision, lang), reason_of(decision, lang));
    text!(lang, "decision-facts", source = source, reason = reason, time = time_of(decision, lang))
}

fn about_one(report: &SyncReport, outcome: Outcome, chat: &NamedChat, lang: Lang) -> String {
    let name = name_of(report.user_id, report.user_name.as_deref());
    let (user, chat) = (Html(name.clone()), &chat.title);
    let told = match (report.kind, outcome) {
        (Kind::Ban, Outcome::Applied) => text!(lang, "report-banned", user = user, chat = chat),
        (Kind::Ban, Outcome::Already) => text!(lang, "report-already-banned", user = user, chat = chat),
        (Kind::Ban, Outcome::Skipped(Reason::AutoSyncOff | Reason::NotifyOnly)) => {
            return ban_detected(report.user_id, &name, &report.decision, lang);
        }
        (Kind::Ban, Outcome::Skipped(why)) => text!(lang, "report-not-banned", user = user, chat = chat, reason = reason_text(why, lang)),
        (Kind::Ban, Outcome::Failed(why)) => text!(lang, "report-ban-failed", user = user, chat = chat, reason = reason_text(why, lang)),
        (Kind::Lift, Outcome::Applied | Outcome::Already) => text!(lang, "report-lifted", user = user, chat = chat),
        (Kind::Lift, Outcome::Skipped(why)) => text!(lang, "report-not-lifted", user = user, chat = chat, reason = reason_text(why, lang)),
        (Kind::Lift, Outcome::Failed(why)) => text!(lang, "report-lift-failed", user = user, chat = chat, reason = reason_text(why, lang)),
    };
    let told = format!("{told}\n{}", facts(&report.decision, lang));
    match fix(report.kind, outcome, lang) {
        Some(fix) => format!("{told}\n🔧 {fix}"),
        None => told,
    }
}

fn card(report: &SyncReport, chats: &[(Outcome, &NamedChat)], lang: Lang) -> String {
    let totals = Totals::of(chats.iter().map(|(outcome, _)| outcome));
    let mut lines = vec![head(report, &totals, lang)];
    lines.extend(chats.iter().map(|(outcome, chat)| line(report.kind, *outcome, chat, lang)));
    let counted = [("✅", totals.applied), ("ℹ️", totals.already), ("⏭", totals.skipped), ("❌", totals.failed)];
    let counted = counted.iter().filter(|(_, count)| *count > 0).map(|(mark, count)| format!("{mark} {count}"));
    lines.push(counted.collect::<Vec<_>>().join(" · "));
    lines.join("\n")
}

/// Who, from where, why and when, and a line of space.
fn head(report: &SyncReport, totals: &Totals, lang: Lang) -> String {
    let (mark, [done, failed]) = match [totals.applied + totals.already, totals.failed].map(|count| count > 0) {
        done @ [true, false] => ("✅", done),
        done @ [true, true] => ("⚠️", done),
        done @ [false, true] => ("❌", done),
        done @ [false, false] => ("ℹ️", done),
    };
    let title = match (report.kind, done, failed) {
        (Kind::Ban, true, false) => text!(lang, "card-synced"),
        (Kind::Ban, true, true) => text!(lang, "card-synced-in-part"),
        (Kind::Ban, false, _) => text!(lang, "card-not-synced"),
        (Kind::Lift, true, false) => text!(lang, "card-lifted"),
        (Kind::Lift, true, true) => text!(lang, "card-lifted-in-part"),
        (Kind::Lift, false, _) => text!(lang, "card-not-lifted"),
    };
    let head = text!(
        lang,
        "card-head",
        mark = mark,
        title = title,
        person = subject(lang, report.user_id, report.user_name.as_deref()),
        facts = Html(facts(&report.decision, lang))
    );
    format!("{head}\n")
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
    Html(match (&decision.reason, decision.shared) {
        (Some(reason), _) => escape(reason),
        (None, ShareBans::Full) => text!(lang, "reason-not-given"),
        (None, ShareBans::Events | ShareBans::Nothing) => text!(lang, "not-shared"),
    })
}

fn time_of(decision: &Decision, lang: Lang) -> String {
    decision.at.map_or_else(|| text!(lang, "not-shared"), time)
}

fn time(at: i64) -> String {
    jiff::Timestamp::from_second(at).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
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
