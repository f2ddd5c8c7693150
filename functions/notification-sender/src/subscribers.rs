//! A notification on the topic: e-mail for people, JSON for programs. What is subscribed is the operator's affair.

use crate::{Sender, Sent};
use aws::store::notifications::{Claimed, End, LEASE};
use aws::topic::Announcement;
use domain::notification::Notification;
use domain::settings::{Priority, Topic};
use serde::Serialize;
use telegram::render;

/// A notification as programs read it.
#[derive(Serialize)]
struct Body<'a> {
    notification_id: String,
    /// The event that it follows from.
    correlation_id: &'a str,
    user_id: i64,
    #[serde(rename = "type")]
    topic: Topic,
    priority: Priority,
    /// In the recipient's language.
    text: &'a str,
}

impl Sender {
    pub(crate) async fn publish(&self, notification: &Notification) -> anyhow::Result<Sent> {
        match self.notifications.claim(notification, 0).await? {
            Claimed::Mine { .. } => {}
            Claimed::Done => return Ok(Sent::Ended),
            Claimed::Taken => return Ok(Sent::Later(LEASE)),
        }
        let text = shortened(render::plain_text(&render::notification(notification)));
        let (topic, priority) = (notification.content.topic(), notification.priority());
        let body = Body {
            notification_id: notification.notification_id.to_string(),
            correlation_id: &notification.correlation_id,
            user_id: notification.recipient.0,
            topic,
            priority,
            text: &text,
        };
        let attributes = [("user_id", notification.recipient.to_string()), ("type", word(topic)?), ("priority", word(priority)?)];
        let announcement = Announcement { subject: "Bansync", text: &text, body: &body, attributes: &attributes };
        if let Err(error) = self.topic.publish(&announcement).await {
            self.notifications.release(notification, 0).await?;
            return Err(error);
        }
        self.end(notification, End::Sent { message_id: None }).await
    }
}

/// A text that has room in a message twice, for people and for programs: SNS takes 256 KB (SNS API Reference, "Publish").
const LONGEST: usize = 80_000;

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// A topic or a priority as it stands in JSON.
fn word(of: impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&of)?.trim_matches('"').to_owned())
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

    #[test]
    fn filters_choose_by_the_words_that_the_settings_have() {
        assert_eq!(word(Topic::BanSynced).unwrap(), "ban_synced");
        assert_eq!(word(Priority::Urgent).unwrap(), "urgent");
    }
}
