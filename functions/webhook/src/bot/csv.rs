//! Long lists as a file.

use super::time;
use domain::ban::BanEvent;
use telegram::bot::Document;

/// Events as a CSV file (RFC 4180) with a byte order mark, by which spreadsheets know that it is UTF-8.
pub fn of_events(name: &str, events: &[BanEvent], title: impl Fn(&BanEvent) -> String) -> anyhow::Result<Document> {
    let mut csv = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    csv.write_record(["time", "event", "user_id", "user_name", "chat_id", "chat", "until", "reason", "by"])?;
    for event in events {
        csv.write_record([
            time::moment(event.event_timestamp),
            event.event_type.name().to_owned(),
            event.user_id.to_string(),
            tame(event.user_name.as_deref().unwrap_or_default()),
            event.chat_id.to_string(),
            tame(&title(event)),
            event.until.map(time::moment).unwrap_or_default(),
            tame(event.reason.as_deref().unwrap_or_default()),
            event.initiator_user_id.map(|by| by.to_string()).unwrap_or_default(),
        ])?;
    }
    let content = csv.into_inner().map_err(|error| anyhow::anyhow!("a CSV file cannot be written: {error}"))?;
    Ok(Document { file_name: format!("{name}.csv"), content })
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
        let file = of_events("bans", &[event], |_| "Chat".to_owned()).unwrap();
        assert_eq!(file.file_name, "bans.csv");
        let text = String::from_utf8(file.content).unwrap();
        assert_eq!(
            text.lines().skip(1).collect::<Vec<_>>().join("|"),
            "2025-11-24 16:00 UTC,ban,5,'=cmd(),-100,Chat,2025-11-24 16:01 UTC,\"spam, \"\"lots\"\"|of it\",6"
        );
    }
}
