//! Deep links: `t.me/<bot>?start=<payload>` opens the private chat, and the payload comes as the argument of /start. It has 64 characters at
//! most, of `A-Za-z0-9_-` (Bot API, "Deep linking").

use super::action::{Action, InChat};
use domain::ids::{ChatId, UserId};

/// The payload that leads to an action; `None`: no link leads there.
pub fn payload(action: &Action) -> Option<String> {
    Some(match action {
        Action::Help => "help".to_owned(),
        Action::Privacy => "privacy".to_owned(),
        Action::MyData => "mydata".to_owned(),
        Action::Person { user, .. } => format!("person_{user}"),
        Action::In { chat, then } => match then {
            InChat::Settings => format!("settings_{chat}"),
            InChat::List { .. } => format!("list_{chat}"),
            InChat::History { .. } => format!("history_{chat}"),
            InChat::Stats => format!("stats_{chat}"),
            InChat::Verify => format!("verify_{chat}"),
            InChat::Ignored => format!("ignored_{chat}"),
            InChat::Why { user } => format!("why_{chat}_{user}"),
            InChat::Preview { users } => format!("follow_{chat}_{}", users.first()?),
            _ => return None,
        },
        _ => return None,
    })
}

/// Where a payload leads; `None`: it is none of ours.
pub fn read(payload: &str) -> Option<Action> {
    let mut parts = payload.split('_');
    let (name, first, second) = (parts.next()?, parts.next(), parts.next());
    let user = |id: Option<&str>| id.and_then(|id| id.parse().ok()).filter(|id| *id > 0).map(UserId);
    let first_user = user(first);
    let chat = first.and_then(|id| id.parse().ok()).filter(|id| *id < 0).map(ChatId);
    let then = match name {
        "help" => return Some(Action::Help),
        "privacy" => return Some(Action::Privacy),
        "mydata" => return Some(Action::MyData),
        "person" => return Some(Action::Person { user: first_user?, filter: None, after: Vec::new() }),
        "settings" => InChat::Settings,
        "list" => InChat::List { after: Vec::new() },
        "history" => InChat::History { filter: None, after: Vec::new() },
        "stats" => InChat::Stats,
        "verify" => InChat::Verify,
        "ignored" => InChat::Ignored,
        "why" => InChat::Why { user: user(second)? },
        "follow" => InChat::Preview { users: vec![user(second)?] },
        _ => return None,
    };
    Some(Action::In { chat: chat?, then })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_is_read_back() {
        let (chat, user) = (ChatId(-1_001_234_567_890_123), UserId(9_007_199_254_740_991));
        let inside = [
            InChat::Settings,
            InChat::List { after: Vec::new() },
            InChat::History { filter: None, after: Vec::new() },
            InChat::Stats,
            InChat::Verify,
            InChat::Ignored,
            InChat::Why { user },
            InChat::Preview { users: vec![user] },
        ];
        let alone = [Action::Help, Action::Privacy, Action::MyData, Action::Person { user, filter: None, after: Vec::new() }];
        for action in inside.map(|then| Action::In { chat, then }).into_iter().chain(alone) {
            let payload = payload(&action).unwrap();
            assert!(payload.len() <= 64 && payload.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{payload}");
            assert_eq!(read(&payload), Some(action));
        }
    }

    #[test]
    fn a_payload_of_somebody_elses_leads_nowhere() {
        for payload in ["", "settings", "settings_5", "settings_x", "why_-5", "why_-5_-6", "person_-1", "nowhere_-5", "____"] {
            assert_eq!(read(payload), None, "{payload}");
        }
    }
}
