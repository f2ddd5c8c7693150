//! A notification on the topic: e-mail for people, JSON for programs. What is subscribed is the operator's affair.

use crate::{Sender, Sent};
use aws::store::notifications::{Claimed, End, LEASE};
use aws::topic::Announcement;
use domain::notification::Notification;
use serde::Serialize;
use telegram::render::ForPrograms;

impl Sender {
    pub(crate) async fn publish(&self, notification: &Notification) -> anyhow::Result<Sent> {
        let templates = self.templates.now().await?;
        match self.notifications.claim(notification, 0).await? {
            Claimed::Mine { .. } => {}
            Claimed::Done => return Ok(Sent::Ended),
            Claimed::Taken => return Ok(Sent::Later(LEASE)),
        }
        let body = ForPrograms::new(notification, &templates);
        let attributes = [("user_id", notification.recipient.to_string()), ("type", word(body.topic)?), ("priority", word(body.priority)?)];
        let announcement = Announcement { subject: "Bansync", text: &body.text, body: &body, attributes: &attributes };
        if let Err(error) = self.topic.publish(&announcement).await {
            self.notifications.release(notification, 0).await?;
            return Err(error);
        }
        self.end(notification, End::Sent { message_id: None }).await
    }
}

/// A topic or a priority as it stands in JSON.
fn word(of: impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&of)?.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::settings::{Priority, Topic};

    #[test]
    fn filters_choose_by_the_words_that_the_settings_have() {
        assert_eq!(word(Topic::BanSynced).unwrap(), "ban_synced");
        assert_eq!(word(Priority::Urgent).unwrap(), "urgent");
    }
}
