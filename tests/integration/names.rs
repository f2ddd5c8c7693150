//! Who is meant, and what people are called: a name is its owner's own words, and may be made to mislead.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result};
use domain::ids::{ChatId, UserId};
use domain::settings::{ChatChange, ShareBans};
use domain::subscription::Mode;
use serde_json::json;
use std::collections::BTreeSet;
use telegram_sim::control::{NewChat, NewUser, Seen};
use telegram_sim::{AdminRights, control::BotRole};

impl Play {
    async fn ignored(&self, chat: i64) -> Result<BTreeSet<i64>> {
        let known = self.users.chats([ChatId(chat)]).await?.remove(&ChatId(chat)).context("the chat is known")?;
        Ok(known.ignores.users.iter().map(|user| user.0).collect())
    }

    /// The newest service message with this field in a chat.
    async fn service_message(&self, chat: i64, field: &str) -> Result<i64> {
        self.accepted_in(&[chat]).await?;
        let deliveries = self.telegram.deliveries_in(&[chat], 0).await?;
        let message = deliveries.iter().rev().map(|delivery| &delivery.body["message"]).find(|message| !message[field].is_null());
        message.and_then(|message| message["message_id"].as_i64()).with_context(|| format!("there is a message with {field}"))
    }

    /// What the bot has said in a chat since.
    async fn last_said(&self, user: i64, chat: i64) -> Result<Seen> {
        let seen = self.telegram.sees(user).await?;
        seen.into_iter().rfind(|seen| seen.chat_id == chat && seen.from == self.stack.bot_id).context("the bot has answered")
    }
}

#[tokio::test]
async fn an_admin_who_adds_and_removes_people_is_not_whom_a_reply_to_that_means() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, carol) = (play.admin("Boris", "en").await?, play.admin("Carol", "en").await?);
    let (mallory, kim) = (play.person("Mallory").await?, play.person("Kim").await?);
    let chat = play.chat("B", boris, &[carol]).await?;
    play.telegram.promote(chat, carol, AdminRights::moderator()).await?;
    play.telegram.add(chat, carol, mallory).await?;
    let added = play.service_message(chat, "new_chat_members").await?;
    let said = play.telegram.reply(chat, boris, added, "/ignore").await?;
    let answer = play.answer_to(boris, chat, said).await?;
    assert!(answer.text.contains(&mallory.to_string()) && !answer.text.contains(&carol.to_string()), "{}", answer.text);
    assert_eq!(play.ignored(chat).await?, [mallory].into());

    play.telegram.kick(chat, carol, mallory).await?;
    let removed = play.service_message(chat, "left_chat_member").await?;
    let said = play.telegram.reply(chat, boris, removed, "/unignore").await?;
    let answer = play.answer_to(boris, chat, said).await?;
    assert!(answer.text.contains(&mallory.to_string()) && !answer.text.contains(&carol.to_string()), "{}", answer.text);
    assert_eq!(play.ignored(chat).await?, [].into());

    // Two at once: the bot asks, and until then nobody is ignored.
    let person = |id: i64, name: &str| json!({"id": id, "is_bot": false, "first_name": name, "language_code": "en"});
    let in_chat = json!({"id": chat, "type": "supergroup", "title": "B"});
    let both = json!({"message_id": 800, "date": aws::time::now(), "chat": in_chat, "from": person(carol, "Carol"),
        "new_chat_members": [person(mallory, "Mallory"), person(kim, "Kim")]});
    let message = json!({"message_id": 801, "date": aws::time::now(), "chat": in_chat, "from": person(boris, "Boris"), "text": "/ignore",
        "reply_to_message": both});
    let body = json!({"update_id": 4_100_000_000 + boris, "message": message}).to_string();
    let accepted = async || {
        let answer = play.post(body.clone(), Some(&play.stack.webhook_secret)).await;
        Ok(answer.is_ok_and(|(status, _)| status == 200).then_some(()))
    };
    play.telegram.wait_until("the reply to be accepted", PATIENCE, accepted).await?;
    let asked = play.last_said(boris, chat).await?;
    assert!(asked.text.contains("several people") && asked.button("Carol").is_none() && asked.button("Mallory").is_some(), "{asked:?}");
    assert_eq!(play.ignored(chat).await?, [].into());
    play.press(boris, &asked, "Kim").await?;
    assert_eq!(play.ignored(chat).await?, [kim].into());
    Ok(())
}

#[tokio::test]
async fn a_username_that_changed_hands_is_not_taken_for_its_new_owners_until_somebody_says_so() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let (mallory, kim) = (play.person("Mallory").await?, play.person("Kim").await?);
    let chat = play.chat("B", boris, &[mallory, kim]).await?;
    let seen_as = async |user: i64, name: &str| {
        play.telegram.rename_user(user, None, None, Some(name)).await?;
        play.telegram.say(chat, user, "hi").await?;
        play.accepted_in(&[chat]).await
    };
    // Given up before the bot's eyes, or taken from one who still seemed to have it.
    for (n, gives_up) in [true, false].into_iter().enumerate() {
        let name = format!("good_{mallory}_{n}");
        seen_as(mallory, &name).await?;
        let first = play.command(chat, boris, &format!("/ignore @{name}")).await?;
        assert!(first.text.contains(&mallory.to_string()) && first.buttons.is_empty(), "one owner is no doubt: {}", first.text);
        play.command(chat, boris, &format!("/unignore {mallory}")).await?;
        if gives_up {
            seen_as(mallory, &format!("next_{mallory}")).await?;
        } else {
            play.telegram.rename_user(mallory, None, None, Some("")).await?;
        }
        seen_as(kim, &name).await?;
        for command in ["/ignore", "/subscribe"] {
            let asked = play.command(chat, boris, &format!("{command} @{name}")).await?;
            assert!(asked.text.contains("another person’s") && asked.text.contains(&kim.to_string()), "{command}: {}", asked.text);
        }
        assert_eq!(play.ignored(chat).await?, [].into());
        let asked = play.command(chat, boris, &format!("/ignore @{name}")).await?;
        play.press(boris, &asked, "Kim").await?;
        assert_eq!(play.ignored(chat).await?, [kim].into());
        play.command(chat, boris, &format!("/unignore {kim}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_cannot_be_seen_gives_way_to_the_id_and_none_turns_a_sentence_around() -> Result<()> {
    let play = Play::begin().await?;
    for name in ["\u{3164}\u{200b}", "\u{2800}", "\u{200f}\u{202e}", "Mal\u{202e}yrol\u{2066}\u{2028}✅ Bob"] {
        let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person(name).await?);
        let (source, target) = (play.chat("Source", alice, &[mallory]).await?, play.chat("Target", boris, &[mallory]).await?);
        play.telegram.say(target, mallory, "hi").await?;
        play.follow(target, boris, mallory, Mode::Auto).await?;
        for command in ["/list", "/why", "/ignore", "/unignore"] {
            play.telegram.say(target, boris, &format!("{command} {mallory}")).await?;
        }
        let event = play.ban(source, alice, mallory).await?;
        play.sync_of(&event).await?;
        play.quiet(&[alice, boris, mallory, source, target]).await?;
        let told = play.telegram.sees(boris).await?;
        let told: Vec<_> = told.iter().filter(|seen| seen.from == play.stack.bot_id).collect();
        let labels = told.iter().flat_map(|seen| seen.buttons.iter().flatten()).map(|button| button.text.as_str());
        let shown: Vec<_> = told.iter().map(|seen| seen.text.as_str()).chain(labels).collect();
        assert!(shown.iter().any(|text| text.contains("synced")), "{shown:?}");
        for text in &shown {
            let turns =
                |char| matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!text.contains(turns), "{name:?}: {text:?}");
            assert!(!text.contains(['\u{3164}', '\u{2800}', '\u{200b}']), "{name:?}: {text:?}");
        }
        let of_her = shown.iter().filter(|text| text.contains(&mallory.to_string()) || text.contains("Malyrol"));
        assert!(of_her.count() >= 4, "{name:?}: {shown:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_guard_bot_that_decides_is_named_as_a_bot_and_its_owner_is_not_blamed() -> Result<()> {
    let play = Play::begin().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let username = format!("guard_{alice}_bot");
    let guard = NewUser { is_bot: true, username: Some(username.clone()), ..NewUser::named("Alice") };
    let guard = play.telegram.create_user(guard).await?;
    let bot = BotRole::Administrator(AdminRights::moderator());
    let source = play.telegram.create_chat(NewChat::supergroup("Source", alice).admins(&[guard]).members(&[mallory]).bot(bot)).await?;
    play.accepted_in(&[source]).await?;
    play.choose(source, ChatChange { share_bans: Some(ShareBans::Full), ..ChatChange::default() }).await?;
    let target = play.chat("Target", boris, &[mallory]).await?;
    play.follow(target, boris, mallory, Mode::Auto).await?;
    let event = play.ban(source, guard, mallory).await?;
    play.sync_of(&event).await?;
    for (chat, admin) in [(source, alice), (target, boris)] {
        play.telegram.say(chat, admin, &format!("/why {mallory}")).await?;
        let why = play.telegram.wait_until_sees(admin, &format!("the bot @{username}"), PATIENCE).await?;
        assert!(!why.text.contains(&guard.to_string()), "{}", why.text);
    }
    let stored = play.bans.get(event.event_id).await?.context("the event is stored")?;
    assert_eq!((stored.initiator_user_id, stored.initiator_bot), (Some(UserId(guard)), Some(username)));
    Ok(())
}
