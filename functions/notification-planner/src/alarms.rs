//! Alarms of CloudWatch, for the operators' chat. They come by the topic that mails them as well.

use crate::Planner;
use anyhow::Context;
use aws::batch::TopicEvent;
use aws::tell::Told;
use domain::ids::UserId;
use domain::notification::Content;
use serde::Deserialize;

/// What CloudWatch says of an alarm (CloudWatch User Guide, "Notifying users on alarm changes").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarm {
    alarm_name: String,
    #[serde(default)]
    alarm_description: Option<String>,
    new_state_value: String,
    state_change_time: String,
}

impl Planner {
    pub(crate) async fn alarms(&self, event: TopicEvent) -> anyhow::Result<()> {
        let Some(chat) = self.operators else { return Ok(()) };
        let lang = self.users.chats([chat]).await?.remove(&chat).and_then(|chat| chat.settings.language);
        let mut told = Vec::new();
        for record in event.records {
            let alarm: Alarm = serde_json::from_str(&record.sns.message).context("a message of the topic is no alarm")?;
            // The template has nobody told of their ends.
            if alarm.new_state_value != "ALARM" {
                continue;
            }
            let what = format!("{} at {}", alarm.alarm_name, alarm.state_change_time);
            let content = Content::Alarm { name: alarm.alarm_name, description: alarm.alarm_description };
            // A chat is told as a person is, by its id.
            told.push(Told::once(UserId(chat.0), &what, content, lang));
        }
        let id = told.first().map(|told| told.what.clone()).unwrap_or_default();
        self.send(&id, told).await
    }
}
