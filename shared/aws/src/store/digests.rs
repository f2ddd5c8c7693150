//! Table `notifications`: messages that wait for a moment, and the moments that somebody waits for.
//!
//! | access | by |
//! |---|---|
//! | hold a message | PutItem `USER#<recipient>`, `HELD#<moment>#<notification id>`, unless one that tells as much is there; GetItem `DIGEST#<recipient>`, `<moment>`, and UpdateItem where it is not there or about to end |
//! | whose moment has come | Query `by_due`: `due_shard`, oldest first |
//! | what a person waits for | UpdateItem `DIGEST#<recipient>`, `<moment>`: it is about to end; Query `USER#<recipient>`, `HELD#<moment>#…` |
//! | which of it was told by another way | BatchGetItem `USER#<recipient>`, `N#<notification id>` |
//! | it is told in a digest, and waits no more | UpdateItem and DeleteItem on the same keys, unless they tell more by then |
//! | what waits for somebody | Query `USER#<recipient>`, `HELD#…` |
//! | a moment is over | DeleteItem `DIGEST#<recipient>`, `<moment>`, if nothing was held since it was about to end |
//!
//! A message is written before its moment is looked at. Where that is about to end, it is written anew, and does not end: so what is held after others were
//! read finds it still due, and what is held before costs no write of it. A digest's id follows from what was held, so that the same digest is sent once; a
//! message that was told, in whatever way, is in no further digest. A line costs three write units where it fits into one, and so it is packed.

use super::notifications::{RETENTION as LOGGED, key_of, sort_key};
use super::{Attributes, DAY, Table, VERSION, key, n, s};
use crate::{Aws, time};
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::UserId;
use domain::notification::Notification;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use std::io::{Read, Write};
use uuid::Uuid;

/// How long a message is kept after its moment where nothing sends it, in seconds.
const RETENTION: i64 = 14 * DAY;

/// Parts of the index, so that ten thousand people can be held messages for one moment (a partition takes 1000 writes a second, DynamoDB Developer
/// Guide, "Best practices for designing partition keys").
pub const SHARDS: u8 = 4;

/// Bytes of messages that are read at a time, for each of several people: a function has 128 MB.
const LARGEST_READ: usize = 1 << 20;

/// The largest message that is held, in bytes as JSON; beyond, it goes at once. An item has 400 KB (DynamoDB Developer Guide, "Constraints").
const LARGEST: usize = 50_000;

/// Moments that are read at a time.
const PAGE: i32 = 200;

/// Writes at a time.
const WRITES: usize = 16;

/// Where a page has ended.
pub struct LastKey(Attributes);

/// Somebody waits for messages until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub recipient: UserId,
    /// Unix seconds.
    pub moment: i64,
}

/// What was held for a moment.
pub struct Waiting {
    /// In the order in which they came.
    pub messages: Vec<Notification>,
    /// Names this end of the moment; gone where something was held since.
    pub ending: String,
    /// There are more than are read at a time.
    pub more: bool,
}

/// The messages that wait.
#[derive(Clone)]
pub struct Digests {
    table: Table,
}

/// A message that waits, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Held {
    /// `HELD#<moment>#<notification id>`.
    #[serde(rename = "sk")]
    key: String,
    pub notification_type: String,
    pub channel: String,
    /// Unix seconds.
    pub created_at: i64,
}

impl Held {
    /// When its moment comes, Unix seconds.
    pub fn until(&self) -> Option<i64> {
        self.key.split('#').nth(1)?.parse().ok()
    }

    pub fn notification_id(&self) -> Option<Uuid> {
        self.key.split('#').nth(2)?.parse().ok()
    }
}

/// Of the log of messages.
#[derive(Deserialize)]
struct Logged {
    sk: String,
    status: String,
    #[serde(default)]
    revision: Option<i64>,
    #[serde(default)]
    taken_revision: Option<i64>,
    #[serde(default)]
    taken_until: Option<i64>,
}

/// A message that was held, as JSON.
struct Line {
    created_at: i64,
    message: String,
}

impl Line {
    fn of(item: &Attributes) -> anyhow::Result<Self> {
        let created_at = item.get("created_at").and_then(|at| at.as_n().ok()?.parse().ok()).context("a message that waits has no time")?;
        let message = match (item.get("packed"), item.get("message")) {
            (Some(AttributeValue::B(packed)), _) => unpacked(packed.as_ref())?,
            // Of an older version.
            (_, Some(AttributeValue::S(message))) => message.clone(),
            _ => anyhow::bail!("a message that waits says nothing"),
        };
        Ok(Self { created_at, message })
    }
}

fn packed(message: &str) -> anyhow::Result<Vec<u8>> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    packer.write_all(message.as_bytes())?;
    Ok(packer.finish()?)
}

fn unpacked(packed: &[u8]) -> anyhow::Result<String> {
    let mut message = String::new();
    DeflateDecoder::new(packed).read_to_string(&mut message).context("a message that waits cannot be unpacked")?;
    Ok(message)
}

impl Digests {
    /// `table`: the name of `notifications`.
    pub fn new(aws: &Aws, table: String) -> Self {
        Self { table: Table::new(aws, table) }
    }

    /// Can it be held? A report of very many chats cannot.
    pub fn takes(notification: &Notification) -> anyhow::Result<bool> {
        Ok(serde_json::to_string(notification)?.len() <= LARGEST)
    }

    /// Holds a message until a moment (Unix seconds), once however often it is held. A write and a read; two writes for the first.
    pub async fn hold(&self, notification: &Notification, moment: i64) -> anyhow::Result<()> {
        let (now, recipient) = (time::now(), notification.recipient);
        let mut line = line_key(notification, moment);
        line.extend([
            ("packed".to_owned(), AttributeValue::B(Blob::new(packed(&serde_json::to_string(notification)?)?))),
            ("notification_type".to_owned(), s(notification.content.type_name())),
            ("channel".to_owned(), s(notification.channel.name())),
            ("status".to_owned(), s("held")),
            ("revision".to_owned(), n(notification.revision)),
            ("created_at".to_owned(), n(now)),
            ("expires_at".to_owned(), n(moment + RETENTION)),
            ("version".to_owned(), n(i64::from(VERSION))),
        ]);
        let put = self.table.client.put_item().table_name(&self.table.name).set_item(Some(line));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR revision < :revision")
            .expression_attribute_values(":revision", n(notification.revision));
        match put.send().await {
            Ok(_) => {}
            // Its moment may not have been written then.
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {}
            Err(error) => return Err(error).context("holding a message"),
        }
        let of = moment_key(Moment { recipient, moment });
        let get = self.table.client.get_item().table_name(&self.table.name).set_key(Some(of.clone())).consistent_read(true);
        let known = get.projection_expression("ending, due_at").send().await.context("reading a moment")?.item;
        if known.is_some_and(|known| known.contains_key("due_at") && !known.contains_key("ending")) {
            return Ok(());
        }
        let update = self.table.client.update_item().table_name(&self.table.name).set_key(Some(of));
        update
            .update_expression(
                "SET due_shard = :shard, due_at = if_not_exists(due_at, :moment), expires_at = :expires, version = :version REMOVE ending",
            )
            .expression_attribute_values(":moment", n(moment))
            .expression_attribute_values(":shard", s(shard_of(recipient)))
            .expression_attribute_values(":expires", n(moment + RETENTION))
            .expression_attribute_values(":version", n(i64::from(VERSION)))
            .send()
            .await
            .context("writing until when messages are held")?;
        Ok(())
    }

    /// A page of the moments of a shard, of [`SHARDS`], that have come by `now` (Unix seconds), oldest first; after which the next page begins.
    pub async fn due(&self, shard: u8, now: i64, after: Option<LastKey>) -> anyhow::Result<(Vec<Moment>, Option<LastKey>)> {
        let query = self.table.client.query().table_name(&self.table.name).index_name("by_due");
        let query = query
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", s(shard.to_string()))
            .expression_attribute_values(":now", n(now))
            .set_exclusive_start_key(after.map(|LastKey(key)| key))
            .limit(PAGE);
        let answer = query.send().await.context("reading whose moment has come")?;
        let moment = |item: &Attributes| {
            let recipient = item.get("pk")?.as_s().ok()?.strip_prefix("DIGEST#")?.parse().ok()?;
            Some(Moment { recipient: UserId(recipient), moment: item.get("sk")?.as_s().ok()?.parse().ok()? })
        };
        let moments = answer.items().iter().map(|item| moment(item).context("a moment has another key")).collect::<anyhow::Result<_>>()?;
        Ok((moments, answer.last_evaluated_key.map(LastKey)))
    }

    /// What was held for a moment, which is about to end; `None`: it is over.
    pub async fn waiting(&self, of: Moment) -> anyhow::Result<Option<Waiting>> {
        let ending = Uuid::new_v4().to_string();
        let update = self.table.client.update_item().table_name(&self.table.name).set_key(Some(moment_key(of)));
        let update = update
            .update_expression("SET ending = :ending")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":ending", s(&ending));
        match update.send().await {
            Ok(_) => {}
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => return Ok(None),
            Err(error) => return Err(error).context("ending a moment"),
        }
        let query = self.table.client.query().table_name(&self.table.name).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .expression_attribute_values(":pk", s(format!("USER#{}", of.recipient)))
            .expression_attribute_values(":sk", s(format!("{}#", held_until(of.moment))))
            .projection_expression("created_at, message, packed");
        let (mut items, mut lines, mut bytes) = (query.into_paginator().items().send(), Vec::new(), 0);
        while let Some(item) = items.next().await.filter(|_| bytes < LARGEST_READ) {
            let line = Line::of(&item.context("reading what was held")?)?;
            bytes += line.message.len();
            lines.push(line);
        }
        let more = bytes >= LARGEST_READ;
        lines.sort_by_key(|line| line.created_at);
        let messages = lines.iter().map(|line| serde_json::from_str(&line.message)).collect::<Result<_, _>>()?;
        Ok(Some(Waiting { messages, ending, more }))
    }

    /// Messages that wait for somebody, of whatever moment, the next one first; at most `limit`.
    pub async fn held(&self, recipient: UserId, limit: i32) -> anyhow::Result<Vec<Held>> {
        let query = self.table.client.query().table_name(&self.table.name).key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
        let query = query
            .expression_attribute_values(":pk", s(format!("USER#{recipient}")))
            .expression_attribute_values(":sk", s("HELD#"))
            .projection_expression("sk, notification_type, channel, created_at")
            .limit(limit);
        let answer = query.send().await.context("reading what waits for somebody")?;
        Ok(serde_dynamo::from_items(answer.items.unwrap_or_default())?)
    }

    /// Those of `messages` that were not told yet: by another way, or in another digest.
    pub async fn untold(&self, messages: Vec<Notification>) -> anyhow::Result<Vec<Notification>> {
        let logged = self.table.get_newest(messages.iter().map(key_of).collect()).await?;
        let told: Vec<Logged> = logged.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?;
        let now = time::now();
        let is_told = |message: &Notification| {
            let sk = sort_key(message);
            told.iter().any(|logged| logged.sk == sk && logged.has_told(message.revision, now))
        };
        Ok(messages.into_iter().filter(|message| !is_told(message)).collect())
    }

    /// Records that messages were told in a digest, and lets go what waits no more, of whatever kind.
    pub async fn told(&self, of: Moment, told: Vec<Notification>, gone: Vec<Notification>) -> anyhow::Result<()> {
        stream::iter(told.into_iter().map(|message| self.log(message))).buffer_unordered(WRITES).try_collect::<()>().await?;
        let gone = gone.into_iter().map(|message| self.let_go(message, of.moment));
        stream::iter(gone).buffer_unordered(WRITES).try_collect::<()>().await
    }

    async fn log(&self, message: Notification) -> anyhow::Result<()> {
        let now = time::now();
        let update = self.table.client.update_item().table_name(&self.table.name).set_key(Some(key_of(&message)));
        let update = update
            .update_expression(
                "SET #status = :sent, notification_type = :type, channel = :channel, correlation_id = :correlation, revision = :revision, \
                 created_at = if_not_exists(created_at, :now), sent_at = :now, expires_at = :expires, version = :version REMOVE taken_until, error_message",
            )
            .condition_expression("attribute_not_exists(revision) OR revision <= :revision")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":sent", s("sent"))
            .expression_attribute_values(":type", s(message.content.type_name()))
            .expression_attribute_values(":channel", s(message.channel.name()))
            .expression_attribute_values(":correlation", s(&message.correlation_id))
            .expression_attribute_values(":revision", n(message.revision))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":expires", n(now + LOGGED))
            .expression_attribute_values(":version", n(i64::from(VERSION)));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("recording what a digest tells"),
        }
    }

    async fn let_go(&self, message: Notification, moment: i64) -> anyhow::Result<()> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(line_key(&message, moment)));
        let delete = delete
            .condition_expression("attribute_not_exists(pk) OR revision <= :revision")
            .expression_attribute_values(":revision", n(message.revision));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("letting go what waited"),
        }
    }

    /// Ends a moment whose messages were sent on. `false`: something was held since they were read; it is still due.
    pub async fn end(&self, of: Moment, ending: &str) -> anyhow::Result<bool> {
        let delete = self.table.client.delete_item().table_name(&self.table.name).set_key(Some(moment_key(of)));
        let delete = delete.condition_expression("ending = :ending").expression_attribute_values(":ending", s(ending));
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(error).context("ending a moment"),
        }
    }
}

impl Logged {
    /// Was as much told as a message of this revision tells, or is it on its way at `now`? One that was given back is not: what waits may be that.
    fn has_told(&self, revision: i64, now: i64) -> bool {
        match self.status.as_str() {
            "sent" => self.revision.unwrap_or_default() >= revision,
            "pending" => self.taken_revision.unwrap_or_default() >= revision && self.taken_until.is_some_and(|until| until >= now),
            "failed" => true,
            _ => false,
        }
    }
}

fn line_key(message: &Notification, moment: i64) -> Attributes {
    key(format!("USER#{}", message.recipient), format!("{}#{}", held_until(moment), message.notification_id))
}

fn shard_of(recipient: UserId) -> String {
    recipient.0.rem_euclid(i64::from(SHARDS)).to_string()
}

/// Keys sort as numbers do, until the year 2286.
fn held_until(moment: i64) -> String {
    format!("HELD#{moment:010}")
}

fn moment_key(of: Moment) -> Attributes {
    key(format!("DIGEST#{}", of.recipient), format!("{:010}", of.moment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::lang::Lang;
    use domain::notification::Content;
    use domain::settings::Channel;

    #[test]
    fn a_message_that_no_item_has_room_for_does_not_wait() {
        let takes = |chars: usize| {
            Digests::takes(&Notification {
                notification_id: Uuid::nil(),
                correlation_id: "ban".to_owned(),
                recipient: UserId(1),
                channel: Channel::Telegram,
                lang: Lang::En,
                silent: false,
                answers: false,
                revision: 0,
                content: Content::ChatResumed { chat: "x".repeat(chars) },
            })
        };
        assert!(takes(1000).unwrap() && !takes(LARGEST).unwrap());
    }

    #[test]
    fn a_message_comes_out_as_it_was_packed_and_smaller() {
        let message = r#"{"chat":"Чат <b>","title":"Чат <b>","lines":["Чат <b>","Чат <b>"]}"#;
        let small = packed(message).unwrap();
        assert!(small.len() < message.len() && unpacked(&small).unwrap() == message, "{}", small.len());
        assert!(unpacked(b"nothing").is_err());
    }

    #[test]
    fn what_was_told_or_is_on_its_way_is_in_no_digest_and_what_tells_more_or_was_given_back_is() {
        let logged = |status: &str, revision, taken_revision| {
            let (sk, status) = (String::new(), status.to_owned());
            Logged { sk, status, revision, taken_revision, taken_until: Some(100) }
        };
        for (logged, expected) in [
            (logged("sent", Some(5), None), true),
            (logged("sent", Some(4), None), false),
            (logged("pending", Some(-1), Some(5)), true),
            (Logged { taken_until: Some(0), ..logged("pending", Some(-1), Some(5)) }, false),
            (logged("pending", Some(4), Some(4)), false),
            (logged("failed", None, None), true),
            (logged("suppressed", None, None), false),
        ] {
            assert_eq!(logged.has_told(5, 50), expected, "{} {:?}", logged.status, logged.revision);
        }
    }
}
