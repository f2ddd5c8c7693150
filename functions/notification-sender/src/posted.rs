//! A notification for its recipient's own endpoint. One that takes nothing is switched off, and its owner is told by Telegram.
//!
//! An endpoint has five seconds, in which nothing else of its batch is sent. So a host that takes long is left alone for ten times as long, and one that does
//! not answer for a minute, whoever's endpoints are there: messages to it wait, and hold nobody up. While it does not answer, each message that comes counts as
//! tried.

use crate::parcel::Parcel;
use crate::{Sender, Sent};
use aws::store::endpoints::{Endpoint, Rest, Status};
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

/// How long a host that does not answer is left alone, in seconds.
const REST: i64 = 60;

/// What a host may take without being left alone, in milliseconds.
const QUICK_MS: i64 = 1000;

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
        let host = host_of(&endpoint);
        let why = match self.endpoints.rest_of(&host, time::now()).await? {
            Some(rest) if !rest.failed => {
                self.notifications.release(notification, 0).await?;
                return Ok(Sent::Later(rest.until - time::now()));
            }
            Some(_) => Refused::NotReached,
            None => match self.call_endpoint(&endpoint, &host, notification, &templates).await? {
                Ok(()) => return self.end(notification, End::Sent { message_id: None }).await,
                Err(why) => why,
            },
        };
        let tries = parcel.refused + 1;
        tracing::warn!(user_id = notification.recipient.0, correlation_id = notification.correlation_id, %why, tries, "an endpoint did not take a message");
        match TRIED_AGAIN_AFTER.get(parcel.refused).filter(|_| why != Refused::Gone) {
            Some(&seconds) => {
                self.notifications.release(notification, 0).await?;
                Ok(Sent::Refused(seconds))
            }
            None => {
                self.switch_off(notification, &endpoint, &host, why).await?;
                self.end(notification, End::Failed(words(why))).await
            }
        }
    }

    async fn call_endpoint(
        &self,
        endpoint: &Endpoint,
        host: &str,
        notification: &Notification,
        templates: &Templates,
    ) -> anyhow::Result<Result<(), Refused>> {
        let (now, began) = (time::now(), time::now_ms());
        let data = ForPrograms::new(notification, templates);
        let id = data.notification_id.clone();
        let body = serde_json::to_string(&Body { kind: "notification", timestamp: timestamp(now), data })?;
        let letter = Letter { id: &id, at: now, body: &body };
        let answer = self.poster.post(&endpoint.url, &endpoint.secrets(now), &letter).await;
        let (took_ms, failed) = (time::now_ms() - began, matches!(answer, Err(Refused::Late | Refused::NotReached)));
        if failed || took_ms > QUICK_MS {
            let seconds = if failed { REST } else { took_ms * 10 / 1000 };
            self.endpoints.rest(host, Rest { until: time::now() + seconds, failed }).await?;
        }
        Ok(answer)
    }

    /// The owner is told first: told again, they hear it once.
    async fn switch_off(&self, notification: &Notification, endpoint: &Endpoint, host: &str, why: Refused) -> anyhow::Result<()> {
        let owner = notification.recipient;
        let content = Content::WebhookOff { host: host.to_owned() };
        let what = format!("endpoint {} of {owner} since {} is off", endpoint.registered, endpoint.created_at);
        self.teller.tell(&self.users, &notification.correlation_id, vec![Told::once(owner, &what, content, None)]).await?;
        self.endpoints.switch_off(owner, endpoint, words(why)).await?;
        metrics::count("endpoints_switched_off_total", None, 1);
        Ok(())
    }
}

/// The host of an endpoint, which was read when it was registered.
fn host_of(endpoint: &Endpoint) -> String {
    endpoint::url::read(&endpoint.url, Also::Loopback).map(|url| endpoint::url::authority(&url)).unwrap_or_default()
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
