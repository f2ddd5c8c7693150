//! A notification as programs read it: subscribers of the topic, and endpoints.

use super::{Templates, notification, plain_text};
use domain::notification::Notification;
use domain::settings::{Priority, Topic};
use serde::Serialize;

/// A text that has room in a message of SNS twice, for people and for programs: SNS takes 256 KB (SNS API Reference, "Publish").
const LONGEST: usize = 80_000;

/// A notification without markup and buttons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForPrograms {
    /// The same for the same message, however often it comes; one that tells more of the same thing has another.
    pub notification_id: String,
    /// The event that it follows from.
    pub correlation_id: String,
    pub user_id: i64,
    #[serde(rename = "type")]
    pub topic: Topic,
    pub priority: Priority,
    /// In the recipient's language.
    pub text: String,
}

impl ForPrograms {
    pub fn new(message: &Notification, templates: &Templates) -> Self {
        let id = message.notification_id;
        Self {
            notification_id: if message.revision > 0 { format!("{id}-{}", message.revision) } else { id.to_string() },
            correlation_id: message.correlation_id.clone(),
            user_id: message.recipient.0,
            topic: message.content.topic(),
            priority: message.priority(),
            text: shortened(plain_text(&notification(message, templates))),
        }
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_for_the_topic_is_cut_between_characters() {
        assert_eq!(shortened("я".repeat(10)), "я".repeat(10));
        let cut = shortened(format!("x{}", "я".repeat(LONGEST)));
        assert!(cut.len() <= LONGEST + 3 && cut.ends_with("я…"), "{}", cut.len());
    }
}
