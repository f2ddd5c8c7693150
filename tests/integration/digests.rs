//! What waits for a digest or for the end of quiet hours: it comes once, together, and nothing else waits with it.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::{Context, Result, ensure};
use aws::Aws;
use aws::store::digests::{Digests, Moment};
use aws::store::notifications::Notifications;
use aws::store::users::Chosen;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::{Content, Notification, notification_id};
use domain::settings::{Channel, ChatChange, QuietHours, Topic, UserChange, When};
use domain::subscription::Mode;
use serde_json::{Value, json};
use telegram_sim::AdminRights;
use telegram_sim::control::CallFilter;

impl Play {
    pub async fn wants(&self, user: i64, change: UserChange) -> Result<()> {
        let chosen = self.users.choose(UserId(user), &change).await?;
        ensure!(matches!(chosen, Chosen::Done(_)), "{chosen:?}");
        Ok(())
    }

    /// It is quiet for somebody now, and will be for some hours.
    pub async fn is_night_for(&self, user: i64) -> Result<()> {
        let minute = (aws::time::now() / 60 % 1440) as u16;
        let hours = QuietHours { from: (minute + 1440 - 60) % 1440, to: (minute + 180) % 1440 };
        self.wants(user, UserChange { quiet_hours: Some(Some(hours)), ..UserChange::default() }).await
    }

    /// The moments that somebody waits for.
    async fn moments(&self, user: i64) -> Result<Vec<Value>> {
        let query = json!({"TableName": self.stack.tables["notifications"], "KeyConditionExpression": "pk = :pk", "ConsistentRead": true,
            "ExpressionAttributeValues": {":pk": {"S": format!("DIGEST#{user}")}}});
        let answer: Value = self.stack.aws("dynamodb", "Query", query).await?;
        Ok(answer["Items"].as_array().context("items")?.clone())
    }

    /// Waits until somebody waits for a moment; then it comes, and the clock wakes the function.
    pub async fn moment_comes(&self, user: i64) -> Result<()> {
        self.moment_is_due(user).await?;
        // Indexes lag.
        let over = async || {
            let woken = self.wake_digest().await.is_ok();
            Ok((woken && self.moments(user).await.is_ok_and(|moments| moments.is_empty())).then_some(()))
        };
        Ok(self.telegram.wait_until("the moment to be over", PATIENCE, over).await?)
    }

    async fn moment_is_due(&self, user: i64) -> Result<()> {
        let waits = async || Ok(self.moments(user).await.ok().filter(|moments| !moments.is_empty()));
        for moment in self.telegram.wait_until("somebody to wait", PATIENCE, waits).await? {
            let update = json!({"TableName": self.stack.tables["notifications"], "Key": {"pk": moment["pk"], "sk": moment["sk"]},
                "UpdateExpression": "SET due_at = :past", "ExpressionAttributeValues": {":past": {"N": "1"}}});
            self.stack.aws("dynamodb", "UpdateItem", update).await?;
        }
        Ok(())
    }

    async fn wake_digest(&self) -> Result<()> {
        let answer = self.stack.invoke(&self.stack.functions["notification-digest"], r#"{"detail-type":"Scheduled Event"}"#).await?;
        ensure!(!answer.failed, "{answer:?}");
        Ok(())
    }

    pub async fn enqueue(&self, notification: &Notification) -> Result<()> {
        let body = json!({"QueueUrl": self.stack.queues["notification"], "MessageBody": serde_json::to_string(notification)?});
        self.stack.aws("sqs", "SendMessage", body).await.map(drop)
    }

    /// The topic's ARN.
    pub async fn notifications_topic(&self) -> Result<String> {
        let sender = self.stack.configuration(&self.stack.functions["notification-sender"]).await?;
        Ok(sender["Environment"]["Variables"]["NOTIFICATIONS_TOPIC_ARN"].as_str().context("a topic")?.to_owned())
    }

    /// What the bot sent to somebody without a sound.
    async fn silent(&self, user: i64) -> Result<usize> {
        let calls = self.telegram.calls(CallFilter::method("sendMessage").chat(user)).await?;
        Ok(calls.iter().filter(|call| call.params["disable_notification"] == true).count())
    }

    /// A source, and a chat whose admin has news of bans in a digest.
    async fn digest_pair(&self) -> Result<Pair> {
        let pair = self.pair(Mode::Auto).await?;
        self.wants(pair.boris, UserChange { topics: [(Topic::BanSynced, When::Digest)].into(), ..UserChange::default() }).await?;
        Ok(pair)
    }
}

#[tokio::test]
async fn two_bans_are_one_digest_and_nothing_of_it_comes_twice() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.digest_pair().await?;
    play.choose(pair.target, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.quiet(&pair.ids()).await?;
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0], "both wait");
    play.moment_comes(pair.boris).await?;
    let digest = play.telegram.wait_until_sees(pair.boris, "🗞 2 messages waited for you", PATIENCE).await?;
    ensure!(
        digest.text.contains("✅ Target: banned · Mallory") && digest.text.contains("✅ Target: unbanned · Mallory"),
        "{}",
        digest.text
    );
    play.wake_digest().await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_digest_of_one_is_its_card_with_its_buttons() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.digest_pair().await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    play.moment_comes(pair.boris).await?;
    let card = play.telegram.wait_until_sees(pair.boris, "Ban successfully synced", PATIENCE).await?;
    let undone = play.press(pair.boris, &card, "Undo").await?;
    ensure!(undone.text.contains("Mallory"), "{}", undone.text);
    Ok(())
}

#[tokio::test]
async fn at_night_news_wait_for_the_morning_and_a_question_comes_without_a_sound() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.is_night_for(pair.boris).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0]);
    play.wants(pair.boris, UserChange { quiet_hours: Some(None), ..UserChange::default() }).await?;
    play.moment_comes(pair.boris).await?;
    play.telegram.wait_until_sees(pair.boris, "Ban successfully synced", PATIENCE).await?;
    assert_eq!(play.silent(pair.boris).await?, 0, "it is morning");

    let asked = play.pair(Mode::Confirm).await?;
    play.is_night_for(asked.boris).await?;
    play.ban(asked.source, asked.alice, asked.mallory).await?;
    let question = play.telegram.wait_until_sees(asked.boris, "Ban them in", PATIENCE).await?;
    assert_eq!(play.silent(asked.boris).await?, 1);
    play.press(asked.boris, &question, "🚫 Ban").await?;
    play.telegram.wait_until_sees(asked.boris, "synced", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_question_that_is_to_wait_for_the_morning_comes_then_with_its_buttons() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Confirm).await?;
    play.is_night_for(pair.boris).await?;
    play.wants(pair.boris, UserChange { urgent_in_quiet_hours: Some(false), ..UserChange::default() }).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0]);
    play.moment_is_due(pair.boris).await?;
    play.wake_digest().await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0], "it is still night");
    play.wants(pair.boris, UserChange { quiet_hours: Some(None), ..UserChange::default() }).await?;
    play.moment_comes(pair.boris).await?;
    let question = play.telegram.wait_until_sees(pair.boris, "Ban them in", PATIENCE).await?;
    play.press(pair.boris, &question, "🚫 Ban").await?;
    play.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn what_somebody_wants_none_of_is_logged_and_not_sent() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    play.wants(pair.boris, UserChange { topics: [(Topic::BanSynced, When::Off)].into(), ..UserChange::default() }).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0]);
    let query = json!({"TableName": play.stack.tables["notifications"], "KeyConditionExpression": "pk = :pk", "ConsistentRead": true,
        "ExpressionAttributeValues": {":pk": {"S": format!("USER#{}", pair.boris)}}});
    let log: Value = play.stack.aws("dynamodb", "Query", query).await?;
    assert_eq!(log["Items"][0]["status"]["S"], "suppressed", "{log}");
    // What failed is another topic, and has the id of the card that nobody wanted.
    let mut item = log["Items"][0].clone();
    let id = item["sk"]["S"].take().as_str().and_then(|sk| sk.strip_prefix("N#")?.parse().ok()).context("an id")?;
    let notification = Notification {
        notification_id: id,
        correlation_id: "ban".to_owned(),
        recipient: UserId(pair.boris),
        channel: Channel::Telegram,
        lang: Lang::En,
        silent: false,
        answers: false,
        revision: i64::MAX,
        content: Content::ChatResumed { chat: "Choir".to_owned() },
    };
    play.enqueue(&notification).await?;
    play.telegram.wait_until_sees(pair.boris, "in Choir again", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn what_the_bot_tells_by_itself_in_a_chat_waits_as_well_or_is_not_told() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, bella) = (play.admin("Alice", "en").await?, play.admin("Bella", "en").await?);
    let chat = play.chat("Tomatoes", alice, &[bella]).await?;
    play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
    play.greeting(bella).await?;
    play.is_night_for(alice).await?;
    play.wants(bella, UserChange { topics: [(Topic::System, When::Off)].into(), ..UserChange::default() }).await?;
    play.telegram.add_to_community(chat, i64::from(u32::MAX) + alice, "Allotments").await?;
    play.quiet(&[chat, alice, bella]).await?;
    assert_eq!((play.notices(alice).await?.len(), play.notices(bella).await?.len()), (0, 0));
    play.wants(alice, UserChange { quiet_hours: Some(None), ..UserChange::default() }).await?;
    play.moment_comes(alice).await?;
    play.telegram.wait_until_sees(alice, "is now in the community", PATIENCE).await?;
    play.quiet(&[chat, alice, bella]).await?;
    assert_eq!((play.notices(alice).await?.len(), play.notices(bella).await?.len()), (1, 0));
    Ok(())
}

#[tokio::test]
async fn who_is_erased_while_messages_wait_is_sent_none_of_them() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.digest_pair().await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&pair.ids()).await?;
    play.users.erase(UserId(pair.boris)).await?;
    play.moment_comes(pair.boris).await?;
    play.quiet(&pair.ids()).await?;
    assert_eq!(play.notices(pair.boris).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_subscriber_of_the_topic_has_each_message_once_of_whom_its_filter_names() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, other) = (play.pair(Mode::Auto).await?, play.pair(Mode::Auto).await?);
    let topic = play.notifications_topic().await?;
    let name = format!("subscriber-{}", pair.boris);
    let created = play.stack.aws("sqs", "CreateQueue", json!({"QueueName": name})).await?;
    let url = created["QueueUrl"].as_str().context("a queue")?;
    let asked = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]});
    let arn = play.stack.aws("sqs", "GetQueueAttributes", asked).await?["Attributes"]["QueueArn"].take();
    let arn = arn.as_str().context("a queue has an ARN")?;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]});
    let policy = json!({"QueueUrl": url, "Attributes": {"Policy": policy.to_string()}});
    play.stack.aws("sqs", "SetQueueAttributes", policy).await?;
    let filter = json!({"user_id": [pair.boris.to_string()], "type": ["ban_synced"]}).to_string();
    let subscription = [
        ("TopicArn", topic.as_str()),
        ("Protocol", "sqs"),
        ("Endpoint", arn),
        ("Attributes.entry.1.key", "FilterPolicy"),
        ("Attributes.entry.1.value", &filter),
    ];
    play.stack.sns("Subscribe", &subscription).await?;
    let both = UserChange { channels: Some([Channel::Telegram, Channel::Sns].into()), ..UserChange::default() };
    for pair in [&pair, &other] {
        play.wants(pair.boris, both.clone()).await?;
        let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
        play.sync_of(&event).await?;
        play.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
    }
    play.quiet(&[pair.ids(), other.ids()].concat()).await?;
    let asked = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 2});
    let received = play.stack.aws("sqs", "ReceiveMessage", asked).await?;
    let [message] = &received["Messages"].as_array().context("messages")?[..] else { anyhow::bail!("one message: {received}") };
    let envelope: Value = serde_json::from_str(message["Body"].as_str().context("a body")?)?;
    let body: Value = serde_json::from_str(envelope["Message"].as_str().context("a message")?)?;
    assert_eq!((&body["user_id"], &body["type"], &body["priority"]), (&json!(pair.boris), &json!("ban_synced"), &json!("normal")));
    ensure!(body["text"].as_str().is_some_and(|text| text.contains("Mallory") && !text.contains('<')), "{body}");
    play.stack.aws("sqs", "DeleteQueue", json!({"QueueUrl": url})).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_held_while_its_moment_is_being_sent_is_sent_too_and_what_is_held_twice_is_sent_once() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let digests = Digests::new(&Aws::patient().await, play.stack.tables["notifications"].clone());
    let held = |what: &str| {
        let recipient = UserId(boris);
        let content = Content::ChatResumed { chat: what.to_owned() };
        let (notification_id, lang) = (notification_id(&format!("{what} {boris}"), recipient), Lang::En);
        Notification {
            notification_id,
            correlation_id: what.to_owned(),
            recipient,
            channel: Channel::Telegram,
            lang,
            silent: false,
            answers: false,
            revision: 0,
            content,
        }
    };
    let of = Moment { recipient: UserId(boris), moment: aws::time::now() + 7200 };
    for what in ["One", "Two", "One"] {
        digests.hold(&held(what), of.moment).await?;
    }
    let read = digests.waiting(of).await?.context("somebody waits")?;
    assert_eq!(read.messages.len(), 2);
    digests.hold(&held("Three"), of.moment).await?;
    assert!(!digests.end(of, &read.ending).await?, "one more is held");
    play.moment_comes(boris).await?;
    let digest = play.telegram.wait_until_sees(boris, "🗞 3 messages waited for you", PATIENCE).await?;
    ensure!(["One", "Two", "Three"].iter().all(|what| digest.text.contains(what)), "{}", digest.text);
    // Events that come again when all is over, and one that comes late.
    for what in ["Two", "Three"] {
        digests.hold(&held(what), of.moment).await?;
    }
    play.moment_comes(boris).await?;
    play.quiet(&[boris]).await?;
    assert_eq!(play.notices(boris).await?.len(), 1);
    digests.hold(&held("Four"), of.moment).await?;
    play.moment_comes(boris).await?;
    play.telegram.wait_until_sees(boris, "in Four again", PATIENCE).await?;
    play.quiet(&[boris]).await?;
    assert_eq!(play.notices(boris).await?.len(), 2, "of the others nothing is told again");
    // Its first try has failed, and then there was no place for it.
    let log = Notifications::new(&Aws::patient().await, play.stack.tables["notifications"].clone());
    log.claim(&held("Five"), 0).await?;
    log.release(&held("Five"), 0).await?;
    digests.hold(&held("Five"), of.moment).await?;
    play.moment_comes(boris).await?;
    play.telegram.wait_until_sees(boris, "in Five again", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn beyond_twenty_messages_a_minute_news_come_as_one_and_none_is_lost() -> Result<()> {
    const MESSAGES: usize = 26;
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    for n in 0..MESSAGES {
        let (recipient, chat) = (UserId(boris), format!("Chat {n}."));
        let notification = Notification {
            notification_id: notification_id(&format!("{n} {boris}"), recipient),
            correlation_id: "ban".to_owned(),
            recipient,
            channel: Channel::Telegram,
            lang: Lang::En,
            silent: false,
            answers: false,
            revision: 0,
            content: Content::ChatResumed { chat },
        };
        play.enqueue(&notification).await?;
    }
    play.quiet(&[boris]).await?;
    // More where a minute ended while they were sent.
    let at_once = play.notices(boris).await?.len();
    ensure!((20..MESSAGES).contains(&at_once), "{at_once} at once");
    let names = (0..MESSAGES).map(|n| format!("Chat {n}.")).collect::<Vec<_>>();
    let all = async || {
        // The clock may be there first.
        if play.moments(boris).await.is_ok_and(|moments| !moments.is_empty()) {
            play.moment_comes(boris).await.ok();
        }
        let told = play.notices(boris).await.unwrap_or_default().concat();
        Ok(names.iter().all(|name| told.contains(name)).then_some(()))
    };
    play.telegram.wait_until("all to be told", PATIENCE, all).await?;
    play.quiet(&[boris]).await?;
    let told = play.notices(boris).await?;
    for (n, name) in names.iter().enumerate() {
        let times = told.iter().filter(|text| text.contains(name)).count();
        assert_eq!(times, 1, "chat {n} of {told:#?}");
    }
    let calls = play.telegram.calls(CallFilter::method("sendMessage").chat(boris)).await?;
    ensure!(calls.len() <= MESSAGES, "{}", calls.len());
    Ok(())
}
