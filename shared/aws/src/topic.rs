//! SNS: messages for whoever an operator has subscribed.

use crate::Aws;
use anyhow::Context;
use aws_sdk_sns::types::MessageAttributeValue;
use serde::Serialize;
use serde_json::json;

/// A topic to publish to.
pub struct Topic {
    client: aws_sdk_sns::Client,
    arn: String,
}

/// What is published.
pub struct Announcement<'a, B> {
    /// Of an e-mail: ASCII, no line breaks, less than 100 characters (SNS API Reference, "Publish").
    pub subject: &'a str,
    /// What people read.
    pub text: &'a str,
    /// What programs read.
    pub body: &'a B,
    /// By these a subscription's filter policy chooses.
    pub attributes: &'a [(&'a str, String)],
}

impl Topic {
    pub fn new(aws: &Aws, arn: String) -> Self {
        Self { client: aws.sns(), arn }
    }

    /// Publishes to all subscriptions whose filter lets it through. SNS may deliver it more than once (SNS Developer Guide, "Message delivery
    /// retries").
    pub async fn publish<B: Serialize>(&self, announcement: &Announcement<'_, B>) -> anyhow::Result<()> {
        // Each protocol has its own form: "default" is what those get that are not named.
        let message = json!({"default": serde_json::to_string(announcement.body)?, "email": announcement.text});
        let mut publish = self.client.publish().topic_arn(&self.arn).subject(announcement.subject);
        publish = publish.message_structure("json").message(message.to_string());
        for (name, value) in announcement.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
            publish = publish.message_attributes(*name, value);
        }
        publish.send().await.context("publishing a notification")?;
        Ok(())
    }
}
