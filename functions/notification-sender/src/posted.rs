//! A notification for its recipient's own endpoint. One that takes nothing is switched off, and its owner is told by Telegram.
//!
//! An endpoint has five seconds, in which nothing else of its batch is sent. So one that did not take a message is left alone for a minute: its other
//! messages wait, and hold nobody up.

use crate::parcel::Parcel;
use crate::{Sender, Sent};
use aws::store::endpoints::{Endpoint, Status};
use aws::store::notifications::{Claimed, End, LEASE};
use aws::tell::Told;
use aws::{metrics, time};
use domain::event::timestamp;
use domain::notification::{Content, Notification};
use endpoint::address::Also;
use endpoint::post::{Letter, Refused};
use serde::Serialize;
use telegram::render::{ForPrograms, Templates};

/// Seconds until a message is tried again, by how often it was tried; then its endpoint is switched off.
const TRIED_AGAIN_AFTER: [i64; 2] = [60, 900];

/// How long an endpoint that did not take a message is left alone, in seconds.
const REST: i64 = 60;

/// What an endpoint is sent, in the form that Standard Webhooks recommends ("Payload structure").
#[derive(Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: ForPrograms,
}

impl Sender {
    pub(crate) async fn post(&self, parcel: &Parcel) -> anyhow::Result<Sent> {
        let notification = &parcel.notification;
        let templates = self.templates.now().await?;
        match self.notifications.claim(notification, 0).await? {
            Claimed::Mine { .. } => {}
            Claimed::Done => return Ok(Sent::Ended),
            Claimed::Taken => return Ok(Sent::Later(LEASE)),
        }
        let endpoint = match self.endpoints.get(notification.recipient).await? {
            None => return self.end(notification, End::Failed("no endpoint is registered")).await,
            Some(endpoint) if endpoint.status == Status::Off => {
                return self.end(notification, End::Failed("the endpoint is switched off")).await;
            }
            Some(endpoint) => endpoint,
        };
        if let Some(seconds) = endpoint.rests_for(time::now()) {
            self.notifications.release(notification, 0).await?;
            return Ok(Sent::Later(seconds));
        }
        let why = match self.call_endpoint(&endpoint, notification, &templates).await? {
            Ok(()) => return self.end(notification, End::Sent { message_id: None }).await,
            Err(why) => why,
        };
        let tries = parcel.refused + 1;
        tracing::warn!(user_id = notification.recipient.0, correlation_id = notification.correlation_id, %why, tries, "an endpoint did not take a message");
        match TRIED_AGAIN_AFTER.get(parcel.refused).filter(|_| why != Refused::Gone) {
            Some(&seconds) => {
                self.endpoints.rest(notification.recipient, &endpoint, time::now() + REST).await?;
                self.notifications.release(notification, 0).await?;
                Ok(Sent::Refused(seconds))
            }
            None => {
                self.switch_off(notification, &endpoint, why).await?;
                self.end(notification, End::Failed(words(why))).await
            }
        }
    }

    async fn call_endpoint(
        &self,
        endpoint: &Endpoint,
        notification: &Notification,
        templates: &Templates,
    ) -> anyhow::Result<Result<(), Refused>> {
        let now = time::now();
        let data = ForPrograms::new(notification, templates);
        let id = data.notification_id.clone();
        let body = serde_json::to_string(&Body { kind: "notification", timestamp: timestamp(now), data })?;
        let letter = Letter { id: &id, at: now, body: &body };
        Ok(self.poster.post(&endpoint.url, &endpoint.secrets(now), &letter).await)
    }

    /// The owner is told first: told again, they hear it once.
    async fn switch_off(&self, notification: &Notification, endpoint: &Endpoint, why: Refused) -> anyhow::Result<()> {
        let owner = notification.recipient;
        let host = endpoint::url::read(&endpoint.url, Also::Loopback).ok().and_then(|url| url.host_str().map(str::to_owned));
        let content = Content::WebhookOff { host: host.unwrap_or_default() };
        let what = format!("endpoint {} of {owner} since {} is off", endpoint.registered, endpoint.created_at);
        self.teller.tell(&self.users, &notification.correlation_id, vec![Told::once(owner, &what, content, None)]).await?;
        self.endpoints.switch_off(owner, endpoint, words(why)).await?;
        metrics::count("endpoints_switched_off_total", None, 1);
        Ok(())
    }
}

/// As the log has it.
fn words(why: Refused) -> &'static str {
    match why {
        Refused::Gone => "the endpoint is gone",
        Refused::Redirects => "the endpoint redirects",
        Refused::Status => "the endpoint refused it",
        Refused::Late => "the endpoint did not answer in time",
        Refused::NotReached => "the endpoint cannot be reached",
        Refused::NotCalled => "the endpoint cannot be called",
    }
}
