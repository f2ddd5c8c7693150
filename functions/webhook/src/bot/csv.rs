//! Long lists as a file.

use domain::ban::BanEvent;
use domain::ids::UserId;
use domain::sync::Kind;
use domain::sync::ledger::Entry;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use telegram::bot::Document;

/// A line of a history.
pub struct Row {
    /// Unix seconds.
    at: i64,
    event: &'static str,
    user_id: UserId,
    user_name: Option<String>,
    chat_id: String,
    chat: String,
    /// Unix seconds.
    until: Option<i64>,
    reason: Option<String>,
    by: Option<UserId>,
    source: Option<String>,
}

impl Row {
    /// `chat`: what the event's chat is called.
    pub fn of_event(event: &BanEvent, chat: &str) -> Self {
        Self {
            at: event.event_timestamp,
            event: event.event_type.name(),
            user_id: event.user_id,
            user_name: event.user_name.clone(),
            chat_id: event.chat_id.to_string(),
            chat: chat.to_owned(),
            until: event.until,
            reason: event.reason.clone(),
            by: event.initiator_user_id,
            source: None,
        }
    }

    /// Row of what a sync did. `me`: the bot.
    pub fn of_sync(entry: &Entry, user_name: Option<String>, chat: &str, me: UserId) -> Self {
        Self {
            at: entry.at,
            event: match entry.kind {
                Kind::Ban => "ban",
                Kind::Lift => "unban",
            },
            user_id: entry.user_id,
            user_name,
            chat_id: entry.chat_id.to_string(),
            chat: chat.to_owned(),
            until: entry.until.filter(|_| entry.kind == Kind::Ban),
            reason: None,
            by: Some(me),
            source: Some(entry.source_chat_id.to_string()),
        }
    }
}

/// Rows as a CSV file (RFC 4180) with a byte order mark, by which spreadsheets know that it is UTF-8. Times are those of `zone` (IANA name), with UTC
/// beside.
pub fn file(name: &str, rows: impl Iterator<Item = Row>, zone: &str) -> anyhow::Result<Document> {
    // A zone of before that is known no more.
    let (zone, name_of_zone) = TimeZone::get(zone).map_or((TimeZone::UTC, "UTC"), |found| (found, zone));
    let mut csv = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let local = |of: &str| format!("{of} ({name_of_zone})");
    let (time, until) = (local("time"), local("until"));
    let head = [
        time.as_str(),
        "time (UTC)",
        "event",
        "user_id",
        "user_name",
        "chat_id",
        "chat",
        until.as_str(),
        "until (UTC)",
        "reason",
        "by",
        "source_chat_id",
    ];
    csv.write_record(head)?;
    for row in rows {
        let [time, time_utc] = clock(Some(row.at), &zone);
        let [until, until_utc] = clock(row.until, &zone);
        csv.write_record([
            time,
            time_utc,
            row.event.to_owned(),
            row.user_id.to_string(),
            tame(row.user_name.as_deref().unwrap_or_default()),
            row.chat_id,
            tame(&row.chat),
            until,
            until_utc,
            tame(row.reason.as_deref().unwrap_or_default()),
            row.by.map(|by| by.to_string()).unwrap_or_default(),
            row.source.unwrap_or_default(),
        ])?;
    }
    let content = csv.into_inner().map_err(|error| anyhow::anyhow!("a CSV file cannot be written: {error}"))?;
    Ok(Document { file_name: format!("{name}.csv"), content, is_photo: false })
}

/// A moment (Unix seconds) by the zone's clock and in UTC, as spreadsheets read them.
fn clock(at: Option<i64>, zone: &TimeZone) -> [String; 2] {
    let Some(at) = at.and_then(|at| Timestamp::from_second(at).ok()) else { return Default::default() };
    let write = |zone: TimeZone| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string();
    [write(zone.clone()), write(TimeZone::UTC)]
}

/// Names are strangers' words: a spreadsheet takes those that begin so for formulas.
fn tame(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{ChatId, UserId};
    use domain::member::Action;
    use domain::registration::NewBanEvent;

    #[test]
    fn names_cannot_break_a_line_or_become_a_formula() {
        let new = NewBanEvent {
            event_id: Some("a".to_owned()),
            user_id: UserId(5),
            chat_id: ChatId(-100),
            event_type: Action::Ban,
            ban_duration: Some(60),
            reason: Some("spam, \"lots\"\nof it".to_owned()),
            initiator_user_id: Some(UserId(6)),
            event_timestamp: 1_764_000_000,
            metadata: std::collections::BTreeMap::new(),
        };
        let event = BanEvent { user_name: Some("=cmd()".to_owned()), ..new.event(1_764_000_000).unwrap() };
        let file = file("bans", std::iter::once(Row::of_event(&event, "Chat")), "Europe/Moscow").unwrap();
        assert_eq!(file.file_name, "bans.csv");
        let text = String::from_utf8(file.content).unwrap();
        assert_eq!(
            text.lines().skip(1).collect::<Vec<_>>().join("|"),
            "2025-11-24 19:00,2025-11-24 16:00,ban,5,'=cmd(),-100,Chat,2025-11-24 19:01,2025-11-24 16:01,\"spam, \"\"lots\"\"|of it\",6,"
        );
        assert!(text.lines().next().is_some_and(|head| head.contains("time (Europe/Moscow),time (UTC),event")), "{text}");
    }

    #[test]
    fn a_zone_that_there_is_not_is_utc() {
        let empty = file("x", std::iter::empty(), "Mars/Olympus").unwrap();
        assert!(String::from_utf8(empty.content).unwrap().contains("time (UTC),time (UTC)"));
        assert_eq!(clock(Some(1_764_000_000), &TimeZone::UTC), ["2025-11-24 16:00"; 2]);
        assert_eq!(clock(None, &TimeZone::UTC), ["", ""]);
    }
}
