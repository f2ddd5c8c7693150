//! What admins type, and what they are answered.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use aws::store::subscriptions::Followed;
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Source, Subscription};
use futures_util::future::join_all;
use telegram_sim::AdminRights;
use telegram_sim::control::{NewUser, SayOptions, TextMention};

#[tokio::test]
async fn start_and_help_are_answered_in_the_senders_language() -> Result<()> {
    let play = Play::begin().await?;
    for (language, welcome, help) in
        [("ru", "переношу баны", "В группе"), ("en", "carry bans", "In a group"), ("pt-br", "carry bans", "In a group")]
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
async fn somebody_is_followed_listed_and_no_longer_followed() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mal <i>lory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let said = play.telegram.say(chat, mallory, "hello").await?;

    let asked = play.telegram.reply(chat, boris, said, "/subscribe").await?;
    let answer = play.answer_to(boris, chat, asked).await?;
    assert!(answer.text.starts_with("✅ You follow Mal <i>lory"), "{}", answer.text);
    assert!(play.command(chat, boris, &format!("/subscribe {mallory}")).await?.text.contains("already"));
    let list = play.command(chat, boris, "/list").await?.text;
    assert!(list.contains("Mal <i>lory") && list.contains(&mallory.to_string()), "{list}");
    assert!(play.command(chat, boris, &format!("/unsubscribe {mallory}")).await?.text.contains("no longer follow"));
    assert!(play.command(chat, boris, &format!("/unsubscribe {mallory}")).await?.text.contains("do not follow"));
    assert!(play.command(chat, boris, "/list").await?.text.contains("follow nobody"));
    // Again after it ended: the item is there already.
    assert!(play.command(chat, boris, &format!("/subscribe {mallory}")).await?.text.starts_with('✅'));
    Ok(())
}

#[tokio::test]
async fn a_person_is_named_by_mention_or_by_a_username_that_was_seen() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let named = NewUser { username: Some(format!("Mallory_{boris}")), ..NewUser::named("Mallory") };
    let mallory = play.telegram.create_user(named).await?;
    let eve = play.person("Eve").await?;
    let chat = play.chat("B", boris, &[mallory, eve]).await?;

    let command = format!("/subscribe @mallory_{boris}");
    assert!(play.command(chat, boris, &command).await?.text.contains("have not met"));
    play.telegram.say(chat, mallory, "hello").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert!(play.command(chat, boris, &command).await?.text.contains(&mallory.to_string()));

    let mention = SayOptions { text_mentions: vec![TextMention { text: "Eve".to_owned(), user: eve }], ..SayOptions::default() };
    let said = play.telegram.say_with(chat, boris, "/subscribe Eve", mention).await?;
    assert!(play.answer_to(boris, chat, said).await?.text.contains(&eve.to_string()));

    // The name is taken by somebody else: the old owner is not meant any more.
    play.telegram.rename_user(mallory, None, None, Some(&format!("Other_{boris}"))).await?;
    play.telegram.say(chat, mallory, "me again").await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert!(play.command(chat, boris, &format!("/unsubscribe @mallory_{boris}")).await?.text.contains("have not met"));
    Ok(())
}

#[tokio::test]
async fn only_administrators_of_the_chat_are_obeyed() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, member, mallory) = (play.admin("Boris", "en").await?, play.admin("Member", "ru").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[member, mallory]).await?;
    for command in ["/subscribe 5", "/unsubscribe 5", "/list"] {
        assert!(play.command(chat, member, command).await?.text.contains("только для администраторов"), "{command}");
    }
    // Rights are Telegram's of this moment.
    play.telegram.promote(chat, member, AdminRights::moderator()).await?;
    assert!(play.command(chat, member, &format!("/subscribe {mallory}")).await?.text.starts_with('✅'));
    play.telegram.demote(chat, member).await?;
    assert!(play.command(chat, member, "/list").await?.text.contains("только для администраторов"));

    // In the chat's own name nobody can be recognised, nor his language: then it is Russian.
    play.telegram.promote(chat, member, AdminRights::moderator().anonymous()).await?;
    play.telegram.say(chat, member, "/list").await?;
    play.telegram.wait_until_sees(boris, "анонимно", PATIENCE).await?;

    play.telegram.say_private(boris, "/list").await?;
    play.telegram.wait_until_sees(boris, "Send this command in a group", PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn a_command_that_is_not_right_is_answered_with_how_it_would_be() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    for wrong in ["/subscribe", "/subscribe nobody", "/subscribe -5", "/unsubscribe ?"] {
        assert!(play.command(chat, boris, wrong).await?.text.contains("123456789"), "{wrong}");
    }
    assert!(play.command(chat, boris, &format!("/subscribe {boris}")).await?.text.contains("cannot follow yourself"));
    assert!(play.command(chat, boris, &format!("/subscribe {}", play.stack.bot_id)).await?.text.contains("cannot follow me"));
    assert!(play.command(chat, boris, "/subscribe 777000").await?.text.contains("no single person"));
    Ok(())
}

#[tokio::test]
async fn a_command_for_another_bot_is_ignored_and_one_for_this_bot_is_not() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    play.telegram.say(chat, boris, "/list@some_other_bot").await?;
    let me = telegram::client::Client::new(&play.stack.telegram_api, &play.stack.file("bot-token")?)?.username().await?;
    assert!(play.command(chat, boris, &format!("/list@{me}")).await?.text.contains("follow nobody"));
    let answers = play.telegram.sees(boris).await?.into_iter().filter(|seen| seen.chat_id == chat && seen.from == play.stack.bot_id);
    assert_eq!(answers.count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_command_brought_again_is_answered_once() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[]).await?;
    play.subscribe(chat, boris, mallory).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let deliveries = play.telegram.deliveries().await?;
    let command = deliveries.iter().rfind(|delivery| delivery.body["message"]["chat"]["id"] == chat).expect("the command was delivered");
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
    assert!(play.command(chat, admin, "/subscribe 5").await?.text.contains("Limit reached"));
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
