//! The webhook under pressure: what a retry cannot mend is answered at once and never brought again, and what takes too long goes on by a button.

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use aws::time::{now, now_ms};
use domain::ids::{ChatId, UserId};
use domain::subscription::Mode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use telegram_sim::control::{CallFilter, Delivery, Fault, FaultAction, Seen};

/// Between messages to the bot in private: it answers one a second there, and more are brought again.
const PACE: std::time::Duration = std::time::Duration::from_millis(1100);

/// Refusals that stand however often Telegram is asked.
const LASTING: [(u16, &str); 11] = [
    (400, "Bad Request: PARTICIPANT_ID_INVALID"),
    (400, "Bad Request: user not found"),
    (400, "Bad Request: chat not found"),
    // Without the new id.
    (400, "Bad Request: group chat was upgraded to a supergroup chat"),
    (400, "Bad Request: CHAT_ADMIN_REQUIRED"),
    (400, "Bad Request: member list is inaccessible"),
    (400, "Bad Request: CHANNEL_PRIVATE"),
    (400, "Bad Request: a refusal that nobody has seen yet"),
    (403, "Forbidden: bot was kicked from the supergroup chat"),
    (403, "Forbidden: bot is not a member of the supergroup chat"),
    (403, "Forbidden: a refusal that nobody has seen yet"),
];

impl Play {
    /// Every update of these chats was brought once, and accepted.
    async fn brought_once(&self, chats: &[i64]) -> Result<()> {
        self.accepted_in(chats).await?;
        let again = |delivery: &&Delivery| delivery.attempts != 1 || delivery.last_status != Some(200);
        let deliveries = self.telegram.deliveries_in(chats, 0).await?;
        let again: Vec<_> = deliveries.iter().filter(again).map(|delivery| (&delivery.body, delivery.attempts)).collect();
        ensure!(again.is_empty(), "{again:?}");
        Ok(())
    }

    /// What the bot has written to somebody in private.
    async fn answers(&self, user: i64) -> Result<Vec<Seen>> {
        let mut seen = self.telegram.private_messages(user).await?;
        seen.retain(|seen| seen.from == self.stack.bot_id);
        Ok(seen)
    }

    /// The newest words of the bot to somebody that have these in them, once all is answered.
    async fn newest(&self, user: i64, words: &str) -> Result<Seen> {
        self.accepted_in(&[user]).await?;
        let seen = self.answers(user).await?.into_iter().rfind(|seen| seen.text.contains(words));
        seen.with_context(|| format!("the bot has said: {words}"))
    }

    /// The number of the newest button by which somebody can choose people.
    async fn people_button(&self, user: i64) -> Result<i64> {
        let seen = self.newest(user, "who do you mean?").await?;
        let markup = seen.reply_markup.context("there is a keyboard")?;
        markup["keyboard"][0][0]["request_users"]["request_id"].as_i64().context("its button asks for people")
    }

    /// Looks at people in a chat, or at somebody anywhere, since a moment (Unix milliseconds).
    async fn looks(&self, chat: Option<i64>, user: Option<i64>, since_ms: i64) -> Result<Vec<i64>> {
        let filter = CallFilter { chat_id: chat, user_id: user, since_ms: Some(since_ms), ..CallFilter::method("getChatMember") };
        Ok(self.telegram.calls(filter).await?.iter().map(|call| call.at_ms).collect())
    }
}

fn refused(code: u16, description: &str) -> Fault {
    Fault::error(code, description)
}

fn moved(to: i64) -> Fault {
    let description = "Bad Request: group chat was upgraded to a supergroup chat".to_owned();
    Fault::new(FaultAction::Error { code: 400, description, parameters: Some(json!({ "migrate_to_chat_id": to })) })
}

#[tokio::test]
async fn no_command_and_no_button_is_brought_again_for_what_telegram_refuses_for_good() -> Result<()> {
    let play = Play::begin().await?;
    let play = &play;
    // Beside each other: a chat takes a message a second.
    let refusals = LASTING.into_iter().map(async |(code, description)| {
        let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
        let chat = play.chat("B", boris, &[mallory]).await?;
        let mut menus = Vec::new();
        for (command, words, button) in [("/settings", "When a followed person", "⬜️"), ("/list", "don’t follow anyone", "➕")] {
            play.telegram.say_private(boris, command).await?;
            tokio::time::sleep(PACE).await;
            menus.push((play.newest(boris, words).await?, button));
        }
        let preview = format!("/subscribe {mallory}");
        play.telegram.say_private(boris, &preview).await?;
        menus.push((play.newest(boris, "what should I do").await?, "⚡️"));

        let _refused = play.fault(refused(code, description).method("getChatMember").chat(chat)).await?;
        let before = play.answers(boris).await?.len();
        let about_her =
            ["/subscribe", "/unsubscribe", "/ignore", "/unignore", "/undo", "/why"].map(|command| format!("{command} {mallory}"));
        let commands = ["/undo", "/history", "/list", "/settings", "/stats", "/verify"].map(str::to_owned).into_iter().chain(about_her);
        let mut asked = 0;
        for command in commands {
            play.telegram.say_private(boris, &command).await?;
            tokio::time::sleep(PACE).await;
            asked += 1;
        }
        // Brought again for the pace of the private chat at most: what stood for good would not end within the patience.
        play.accepted_in(&[boris]).await.with_context(|| description.to_owned())?;
        assert_eq!(play.answers(boris).await?.len(), before + asked, "each is answered: {description}");

        for (menu, button) in &menus {
            let pressed = play.telegram.press_button(boris, menu, button).await?;
            assert!(pressed.answered, "{description}: {button} under {}", menu.text);
        }
        // One that its message does not offer asks Telegram nothing.
        let undo = format!("u:00000000000000000000000000000007:{chat}");
        let pressed = play.telegram.press_forged(boris, boris, menus[0].0.message_id, &undo).await?;
        assert!(pressed.text.is_some_and(|text| text.contains("no longer works")), "{description}");
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(refusals).await?;
    Ok(())
}

#[tokio::test]
async fn a_command_whose_answer_telegram_refuses_for_good_is_not_brought_again() -> Result<()> {
    let play = Play::begin().await?;
    for (code, description) in LASTING {
        let boris = play.admin("Boris", "en").await?;
        let chat = play.chat("B", boris, &[]).await?;
        let _refused = play.fault(refused(code, description).method("sendMessage").chat(chat)).await?;
        play.telegram.say(chat, boris, "/verify").await?;
        play.brought_once(&[chat]).await.with_context(|| description.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn an_old_link_an_old_button_and_an_old_command_lead_into_the_supergroup_that_a_group_became() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    // The bot has missed the service messages of the change.
    for asked in ["link", "button", "command"] {
        let old = play.chat(&format!("Group {asked}"), boris, &[]).await?;
        let new = play.chat(&format!("Supergroup {asked}"), boris, &[]).await?;
        let link = format!("settings_{old}");
        tokio::time::sleep(PACE).await;
        play.telegram.start_bot_with(boris, &link).await?;
        let menu = play.newest(boris, &format!("Group {asked}")).await?;
        let _moved = [
            play.fault(moved(new).method("getChatMember").chat(old)).await?,
            play.fault(moved(new).method("sendMessage").chat(old)).await?,
        ];
        tokio::time::sleep(PACE).await;
        match asked {
            "link" => drop(play.telegram.start_bot_with(boris, &link).await?),
            "button" => drop(play.telegram.press_button(boris, &menu, "⬜️").await?),
            _ => drop(play.telegram.say(old, boris, "/verify").await?),
        }
        let answer = play.telegram.wait_until_sees(boris, &format!("Supergroup {asked}"), PATIENCE).await?;
        let there = if asked == "command" { new } else { boris };
        assert_eq!(answer.chat_id, there, "{asked}: {}", answer.text);
        assert_eq!(play.users.present_id(ChatId(old)).await?, ChatId(new), "{asked}: it is known from now on");
        play.brought_once(&[boris, old]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_press_takes_one_place_whatever_comes_of_it_and_none_while_it_waits_for_one() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    play.chat("B", boris, &[]).await?;
    let (settings, list) = (play.privately(boris, "/settings").await?, play.privately(boris, "/list").await?);
    let switch =
        settings.buttons.iter().flatten().find_map(|button| button.text.strip_prefix("⬜️")).context("something is off")?.to_owned();
    let mut menu = settings;
    for _ in 0..4 {
        menu = play.press(boris, &menu, &switch).await?;
    }
    play.press(boris, &list, "➕").await?;
    let key = json!({"pk": {"S": format!("WINDOW#{boris}")}});
    let window = play.stack.aws("dynamodb", "GetItem", json!({"TableName": play.stack.tables["gateway"], "Key": key})).await?;
    assert_eq!(window["Item"]["taken"]["N"], "7", "two answers, four changes and the keyboard");
    Ok(())
}

#[tokio::test]
async fn a_preview_of_several_people_is_shown_without_looks_while_the_pace_has_no_room_for_them() -> Result<()> {
    let play = Play::alone().await?;
    let boris = play.admin("Boris", "en").await?;
    let people = [play.person("Kim").await?, play.person("Lee").await?, play.person("Max").await?];
    let chat = play.chat("B", boris, &people).await?;
    play.telegram.say_private(boris, "/subscribe").await?;
    let button = play.people_button(boris).await?;
    play.promise_calls(60_000).await?;
    let since = now_ms();
    play.telegram.share_users(boris, button, &people).await?;
    let preview = play.telegram.wait_until_sees(boris, "these 3 people", PATIENCE).await;
    play.promise_calls(0).await?;
    let preview = preview?;
    assert_eq!(play.looks(Some(chat), None, since).await?.len(), 1, "the admin alone");
    let again = play.press(boris, &preview, "Check again").await?;
    assert_eq!(again.text.matches("· member ·").count(), 3, "{}", again.text);
    play.brought_once(&[boris]).await
}

#[tokio::test]
async fn ten_people_are_looked_at_beside_each_other_and_shown_though_telegram_is_slow() -> Result<()> {
    // Alone: others' calls would leave no room for looks at all of them at once.
    let play = Play::alone().await?;
    let boris = play.admin("Boris", "en").await?;
    let mut people = Vec::new();
    for n in 0..10 {
        people.push(play.person(&format!("Person {n}")).await?);
    }
    let chat = play.chat("B", boris, &people).await?;
    play.telegram.say_private(boris, "/subscribe").await?;
    let button = play.people_button(boris).await?;
    // Five at a time take three seconds; two would take six, which is all that a handler has for it.
    let _slow = play.fault(Fault::new(FaultAction::Slow { ms: 1_000 }).method("getChatMember").chat(chat)).await?;
    let since = now_ms();
    play.telegram.share_users(boris, button, &people).await?;
    let preview = play.telegram.wait_until_sees(boris, "these 10 people", PATIENCE).await?;
    assert_eq!(preview.text.matches("· member ·").count(), 10, "{}", preview.text);
    let looks = play.looks(Some(chat), None, since).await?;
    assert_eq!(looks.len(), 11, "the admin and ten people");
    play.brought_once(&[boris]).await
}

#[tokio::test]
async fn somebody_of_whom_telegram_does_not_tell_in_time_is_shown_all_the_same_and_looked_at_by_a_button() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let hangs = play.fault(Fault::new(FaultAction::Hang { ms: 20_000 }).method("getChatMember").user(mallory)).await?;
    play.telegram.say_private(boris, &format!("/subscribe {mallory}")).await?;
    let preview = play.telegram.wait_until_sees(boris, "didn’t answer in time", PATIENCE).await?;
    assert!(preview.text.contains(&mallory.to_string()) && preview.button("⚡️").is_some(), "{}", preview.text);
    play.brought_once(&[boris]).await?;
    hangs.end().await?;
    let looked = play.press(boris, &preview, "Check again").await?;
    assert!(looked.text.contains("B: member") && looked.button("Check again").is_none(), "{}", looked.text);
    play.press(boris, &looked, "⚡️").await?;
    assert_eq!(play.subscriptions.of_admin(UserId(boris), ChatId(chat)).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn somebody_who_is_banned_in_many_chats_reads_of_eight_at_a_time_the_newest_first() -> Result<()> {
    let play = Play::begin().await?;
    let scene = play.large_scene(19).await?;
    let event = play.ban(scene.source, scene.alice, scene.mallory).await?;
    play.all_applied(&scene, &event).await?;
    // Another source, and one more chat.
    let (carol, mallory) = (play.admin("Carol", "en").await?, scene.mallory);
    let (source, fresh) = (play.chat("Another source", carol, &[mallory]).await?, play.chat("Fresh", scene.boris, &[mallory]).await?);
    play.follow(fresh, scene.boris, mallory, Mode::Auto).await?;
    let event = play.ban(source, carol, mallory).await?;
    play.sync_of(&event).await?;

    // Nothing tells what she speaks.
    let mut since = now_ms();
    play.telegram.say_private(mallory, "/why").await?;
    let mut page = play.newest(mallory, "Вы забанены").await?;
    let mut told = BTreeSet::new();
    for (n, expected) in [8, 8, 4].into_iter().enumerate() {
        let lines: Vec<_> = page.text.lines().filter(|line| line.starts_with('🚫')).map(str::to_owned).collect();
        assert_eq!(lines.len(), expected, "page {n}: {}", page.text);
        assert_eq!(n == 0, lines[0].contains("Fresh"), "page {n}: {}", page.text);
        assert_eq!(play.looks(None, Some(mallory), since).await?.len(), expected, "page {n}");
        told.extend(lines);
        assert_eq!(page.button("Дальше").is_some(), n < 2, "page {n}");
        if n < 2 {
            since = now_ms();
            page = play.press(mallory, &page, "Дальше").await?;
        }
    }
    assert_eq!(told.len(), 20);

    // In all chats but the first Telegram is slow: what was looked at in time is told, and the button goes on behind it.
    let mut slow = Vec::new();
    for &chat in &scene.chats {
        slow.push(play.fault(Fault::new(FaultAction::Slow { ms: 9_000 }).method("getChatMember").chat(chat).user(mallory)).await?);
    }
    play.telegram.say_private(mallory, "/why").await?;
    let page = play.newest(mallory, "Вы забанены").await?;
    play.brought_once(&[mallory]).await?;
    let first: BTreeSet<_> = page.text.lines().filter(|line| line.starts_with('🚫')).map(str::to_owned).collect();
    assert!(first.len() == 1 && page.text.contains("Fresh"), "{}", page.text);
    for slow in slow {
        slow.end().await?;
    }
    let page = play.press(mallory, &page, "Дальше").await?;
    let next: BTreeSet<_> = page.text.lines().filter(|line| line.starts_with('🚫')).map(str::to_owned).collect();
    assert!(next.len() == 8 && next.is_disjoint(&first), "{first:?} {}", page.text);
    Ok(())
}

#[tokio::test]
async fn what_takes_longer_than_a_function_may_goes_on_by_a_button() -> Result<()> {
    let play = Play::begin().await?;
    if !play.stack.is_instrumented().await {
        return skipped("this AWS has no calls that hang");
    }
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let webhook = &play.stack.functions["webhook"];
    let hangs = json!({"service": "dynamodb", "operation": "Query", "function": webhook, "contains": chat.to_string(), "hang": 20_000});
    let hangs = play.stack.fail(hangs).await?;
    play.telegram.say_private(boris, "/history").await?;
    let slow = play.telegram.wait_until_sees(boris, "takes longer than usual", PATIENCE).await?;
    play.brought_once(&[boris]).await?;
    hangs.heal().await?;
    let history = play.press(boris, &slow, "Go on").await?;
    assert!(history.text.contains("No entries for B yet"), "{}", history.text);
    Ok(())
}

#[tokio::test]
async fn an_update_that_has_failed_for_an_hour_is_given_up_and_its_sender_is_told() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    // What is stored of him can be read by nobody.
    let profile = json!({"pk": {"S": format!("USER#{boris}")}, "sk": {"S": "PROFILE"}, "user_id": {"N": boris.to_string()},
        "first_name": {"S": "Boris"}, "settings": {"S": "nonsense"}, "version": {"N": "1"}});
    let put = async |table: &str, item: Value| {
        let parameters = json!({"TableName": play.stack.tables[table], "Item": item});
        play.stack.aws("dynamodb", "PutItem", parameters).await
    };
    put("users", profile).await?;
    let from = json!({"id": boris, "is_bot": false, "first_name": "Boris", "language_code": "en"});
    let message = json!({"message_id": 900, "date": now(), "text": "/mydata", "from": from, "chat": {"id": boris, "type": "private"}});
    let update = json!({"update_id": boris, "message": message}).to_string();
    let post = async || anyhow::Ok(play.post(update.clone(), Some(&play.stack.webhook_secret)).await?.0);
    assert_eq!((post().await?, post().await?), (503, 503), "it may be mended");
    let long = json!({"pk": {"S": format!("UPDATE#{boris}")}, "taken_until_ms": {"N": "0"}, "failing_since": {"N": (now() - 3700).to_string()},
        "expires_at": {"N": (now() + 3600).to_string()}, "version": {"N": "1"}});
    put("gateway", long).await?;
    assert_eq!((post().await?, post().await?), (200, 200), "given up, and done with");
    let told = play.answers(boris).await?;
    assert_eq!(told.iter().filter(|seen| seen.text.contains("Something went wrong")).count(), 1, "{told:?}");
    Ok(())
}
