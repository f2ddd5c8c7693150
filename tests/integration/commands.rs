//! What holds of commands whatever their words are.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use aws::store::subscriptions::Followed;
use aws::time::now;
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Source, Subscription};
use futures_util::future::join_all;
use serde_json::json;
use telegram_sim::control::NewUser;

#[tokio::test]
async fn start_and_help_are_answered_in_the_senders_language() -> Result<()> {
    let play = Play::begin().await?;
    for (language, welcome, help) in
        [("ru", "переношу баны", "Справка"), ("en", "sync bans", "Most used"), ("pt-br", "sync bans", "Most used")]
    {
        let user = NewUser { language_code: Some(language.to_owned()), ..NewUser::named("Newcomer") };
        let user = play.telegram.create_user(user).await?;
        play.telegram.start_bot(user).await?;
        play.telegram.wait_until_sees(user, welcome, PATIENCE).await?;
        play.telegram.say_private(user, "/help").await?;
        play.telegram.wait_until_sees(user, help, PATIENCE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_command_for_another_bot_is_ignored_and_one_for_this_bot_is_not() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    play.telegram.say(chat, boris, "/verify@some_other_bot").await?;
    let me = telegram::client::Client::new(&play.stack.telegram_api, &play.stack.file("bot-token")?)?.username().await?;
    assert!(play.command(chat, boris, &format!("/verify@{me}")).await?.text.contains("My rights"));
    let answers = play.telegram.sees(boris).await?.into_iter().filter(|seen| seen.chat_id == chat && seen.from == play.stack.bot_id);
    assert_eq!(answers.count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_command_brought_again_is_answered_once() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[]).await?;
    play.command(chat, boris, &format!("/subscribe {mallory}")).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let deliveries = play.telegram.deliveries_in(&[chat], 0).await?;
    let command = deliveries.iter().rfind(|delivery| delivery.kind == "message").expect("the command was delivered");
    assert_eq!(play.telegram.redeliver(command.update_id).await?.status, Some(200));
    let answers = play.telegram.sees(boris).await?.into_iter().filter(|seen| seen.chat_id == chat && seen.from == play.stack.bot_id);
    assert_eq!(answers.count(), 1);
    Ok(())
}

#[tokio::test]
async fn the_limit_of_subscriptions_is_exact_when_many_are_made_at_once() -> Result<()> {
    let play = Play::begin().await?;
    let admin = play.admin("Boris", "en").await?;
    let subscription = |chat: i64, user: i64| Subscription {
        admin_user_id: UserId(admin),
        admin_chat_id: ChatId(chat),
        source: Source::User(UserId(user)),
    };
    for user in 1..=95 {
        play.subscriptions.follow(&subscription(-1, user)).await?;
    }
    let more: Vec<_> = (101..=112).map(|user| subscription(-1, user)).collect();
    let mut followed = 0;
    for result in join_all(more.iter().map(|subscription| follow(&play, subscription))).await {
        followed += u32::from(result? == Followed::New);
    }
    assert_eq!(followed, MAX_PER_ADMIN - 95);
    assert_eq!(play.subscriptions.of_admin(UserId(admin), ChatId(-1)).await?.len(), MAX_PER_ADMIN as usize);

    let chat = play.chat("B", admin, &[]).await?;
    let preview = play.command(chat, admin, "/subscribe 5").await?;
    assert!(play.press(admin, &preview, "⚡️").await?.text.contains("Limit reached"));
    Ok(())
}

/// Follows; tried again as long as it meets the other tries, as a caller that is answered 503 would.
async fn follow(play: &Play, subscription: &Subscription) -> Result<Followed> {
    loop {
        if let Ok(followed) = play.subscriptions.follow(subscription).await {
            return Ok(followed);
        }
    }
}

#[tokio::test]
async fn what_was_said_in_a_group_goes_and_what_was_said_in_private_stays() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let answer = play.command(chat, boris, "/list").await?;
    play.telegram.wait_until_sees(boris, "don’t follow anyone", PATIENCE).await?;
    let gone = async || {
        let seen = play.telegram.sees(boris).await?;
        let mut group = seen.iter().filter(|seen| seen.chat_id == chat);
        Ok(group.all(|seen| seen.deleted).then_some(()))
    };
    play.telegram.wait_until("the answer and the command to be deleted", 2 * PATIENCE, gone).await?;
    assert!(answer.text.contains("in private"));
    assert!(play.telegram.private_messages(boris).await?.iter().any(|seen| seen.text.contains("don’t follow anyone")));
    Ok(())
}

#[tokio::test]
async fn an_edited_command_and_a_channels_post_are_left_alone() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let message = json!({"message_id": 77, "from": {"id": boris, "is_bot": false, "first_name": "Boris"}, "chat": {"id": chat, "type": "supergroup"},
        "date": now(), "text": "/verify"});
    for kind in ["edited_message", "channel_post", "edited_channel_post"] {
        let (status, _) = play.post(json!({"update_id": 1, kind: message}).to_string(), Some(&play.stack.webhook_secret)).await?;
        assert_eq!(status, 200, "{kind}");
    }
    assert!(play.telegram.sees(boris).await?.iter().all(|seen| seen.chat_id != chat));
    Ok(())
}

#[tokio::test]
async fn every_command_counts_and_none_is_answered_beyond_the_pace() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, since) = (play.admin("Boris", "en").await?, now());
    let all = [
        "/start",
        "/help",
        "/subscribe",
        "/unsubscribe",
        "/list",
        "/history",
        "/settings",
        "/stats",
        "/undo",
        "/ignore",
        "/unignore",
        "/why",
        "/verify",
        "/privacy",
        "/mydata",
    ];
    for command in all.into_iter().chain(all) {
        play.telegram.say_private(boris, command).await?;
    }
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let before = play.telegram.private_messages(boris).await?.len();
    assert!(before >= 30, "{before} answers to thirty commands");
    assert_eq!(play.requests(boris, since).await?.iter().sum::<usize>(), 30, "every command counts, whatever minute it was in");
    play.set_requests(boris, 30).await?;
    for command in all {
        play.telegram.say_private(boris, command).await?;
    }
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let after = play.telegram.private_messages(boris).await?;
    assert!(after.last().is_some_and(|last| last.text.contains("limit is 30 a minute")), "{:?}", after.last());
    // One more, should the minute have turned.
    let minutes = play.requests(boris, since).await?.into_iter().filter(|requests| *requests > 30).count();
    assert_eq!(after.len(), before + minutes, "one answer a minute, and then silence");
    Ok(())
}

impl Play {
    /// How many requests of somebody were counted in each minute since that of `since` (Unix seconds).
    async fn requests(&self, user: i64, since: i64) -> Result<Vec<usize>> {
        let mut counts = Vec::new();
        for minute in since / 60..=now() / 60 {
            let key = json!({"pk": {"S": format!("PACE#{user}#{minute}")}});
            let item = self.stack.aws("dynamodb", "GetItem", json!({"TableName": self.stack.tables["gateway"], "Key": key})).await?;
            counts.push(item["Item"]["updates"]["NS"].as_array().map_or(0, Vec::len));
        }
        Ok(counts)
    }

    /// As if somebody had made so many requests in this minute already, and in the next, should it begin meanwhile.
    pub async fn set_requests(&self, user: i64, requests: usize) -> Result<()> {
        let (this, updates) = (now() / 60, (1..=requests).map(|update| update.to_string()).collect::<Vec<_>>());
        for minute in [this, this + 1] {
            let item = json!({"pk": {"S": format!("PACE#{user}#{minute}")}, "updates": {"NS": updates},
                "expires_at": {"N": (now() + 3600).to_string()}, "version": {"N": "1"}});
            self.stack.aws("dynamodb", "PutItem", json!({"TableName": self.stack.tables["gateway"], "Item": item})).await?;
        }
        Ok(())
    }
}
