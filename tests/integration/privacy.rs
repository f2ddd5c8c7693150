//! What admins of other chats, and whoever was banned, see of a chat's bans; and what a person sees of all that is held on them.

use crate::made_up::{told, unique, with};
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result};
use aws::time::now;
use domain::ban::{BanEvent, Occurred, event_id};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::settings::{ChatChange, ShareBans};
use domain::subscription::Mode;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, NewChat, NewUser, Seen};

impl Play {
    /// The answer in private to a command there.
    pub async fn asks(&self, user: i64, command: &str, answer: &str) -> Result<Seen> {
        self.telegram.say_private(user, command).await?;
        Ok(self.telegram.wait_until_sees(user, answer, PATIENCE).await?)
    }

    /// The file that comes of a button.
    pub async fn file(&self, user: i64, under: &Seen, label: &str) -> Result<Seen> {
        let before: BTreeSet<_> = self.telegram.private_messages(user).await?.iter().map(|seen| seen.message_id).collect();
        self.press(user, under, label).await?;
        let file = async || {
            let seen = self.telegram.private_messages(user).await?;
            Ok(seen.into_iter().find(|seen| seen.document.is_some() && !before.contains(&seen.message_id)))
        };
        Ok(self.telegram.wait_until("a file", PATIENCE, file).await?)
    }
}

pub fn content(file: &Seen) -> Result<String> {
    file.document.as_ref().and_then(|document| document.text.clone()).context("the file is a text")
}

#[tokio::test]
async fn a_curious_owner_of_a_fresh_group_learns_of_a_private_group_only_that_it_has_banned() -> Result<()> {
    let play = Play::begin().await?;
    let registrar = play.registrar().await?;
    let (alice, eve) = (play.admin("Alice", "en").await?, play.admin("Eve", "en").await?);
    let mallory = play.person("Mallory").await?;
    let run = unique();
    let (secret, open, reason) = (format!("Secret club {run}"), format!("Open club {run}"), format!("insults {run}"));
    let private = play.chat(&secret, alice, &[mallory]).await?;
    let bot = BotRole::Administrator(AdminRights::moderator());
    let new = NewChat { username: Some(format!("open_{run}")), ..NewChat::supergroup(&open, alice).members(&[mallory]).bot(bot) };
    let public = play.telegram.create_chat(new).await?;
    play.accepted_in(&[public]).await?;
    play.ban(private, alice, mallory).await?;
    play.ban(public, alice, mallory).await?;
    let said = json!({"reason": reason, "initiator_user_id": alice});
    assert_eq!(registrar.register(&with(told(mallory, private, "ban", now() - 50), said)).await?.status, 201);
    play.telegram.wait_until_accepted(PATIENCE).await?;

    let fresh = play.chat("Fresh", eve, &[]).await?;
    let history = play.asks(eve, &format!("/history {mallory}"), "History of").await?;
    let csv = content(&play.file(eve, &history, "📄").await?)?;
    let preview = play.asks(eve, &format!("/subscribe {mallory}"), "known bans").await?.text;
    for (place, text) in [("/history", &history.text), ("CSV", &csv), ("preview", &preview)] {
        for kept in [&secret, &reason, &alice.to_string()] {
            assert!(!text.contains(kept.as_str()), "{place} tells {kept}: {text}");
        }
        assert!(text.contains(&private.to_string()) && text.contains(&open), "{place}: {text}");
    }
    // Its own admins read all of it.
    let history = play.asks(alice, &format!("/history {mallory}"), "History of").await?;
    let csv = content(&play.file(alice, &history, "📄").await?)?;
    assert!([&secret, &reason, &alice.to_string()].iter().all(|known| csv.contains(known.as_str())), "{csv}");
    assert_eq!(csv.matches(&alice.to_string()).count(), 3, "{csv}");
    assert!(play.telegram.sees(eve).await?.iter().all(|seen| seen.chat_id != fresh || !seen.text.contains(&secret)));
    Ok(())
}

/// What stands in a place of a chat that bans: its id, its title, the reason, who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stands {
    id: bool,
    title: bool,
    reason: bool,
    decider: bool,
}

/// A ban in a chat that shares this much, and what stands of it in each place.
async fn shown(play: &Play, step: ShareBans) -> Result<Vec<(&'static str, Stands)>> {
    let (registrar, operator) = (play.registrar().await?, play.operator().await?);
    let (alice, boris, carol) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.admin("Carol", "en").await?);
    let mallory = play.admin("Mallory", "en").await?;
    let run = unique();
    let (title, reason) = (format!("Source {run}"), format!("because {run}"));
    let source = play.chat(&title, alice, &[mallory]).await?;
    let path = format!("chats/{source}/settings");
    let answer = operator.put(&path, json!({"share_bans": step.name()})).await?;
    assert_eq!((answer.status, &answer.body["share_bans"]), (200, &json!(step.name())));
    // Two chats of Boris's make a card; Carol is asked.
    let mut chats = Vec::new();
    for (admin, mode) in [(boris, Mode::Auto), (boris, Mode::Auto), (carol, Mode::Confirm)] {
        let chat = play.chat(&format!("Target {run} {}", chats.len()), admin, &[mallory]).await?;
        play.follow(chat, admin, mallory, mode).await?;
        chats.push(chat);
    }
    let said = json!({"reason": reason, "initiator_user_id": alice});
    let (status, event) = registrar.register(&with(told(mallory, source, "ban", now()), said)).await?.parts();
    assert_eq!(status, 201, "{event}");
    let card = play.telegram.wait_until_sees(boris, "synced to your chats: 2", PATIENCE).await?.text;
    let question = play.telegram.wait_until_sees(carol, "too?", PATIENCE).await?.text;
    let history = play
        .asks(boris, &format!("/history {mallory}"), if step == ShareBans::Nothing { "No entries about" } else { "History of" })
        .await?;
    let csv = match step {
        ShareBans::Nothing => String::new(),
        ShareBans::Events | ShareBans::Full => content(&play.file(boris, &history, "📄").await?)?,
    };
    play.command(chats[0], boris, &format!("/why {mallory}")).await?;
    let why = play.telegram.wait_until_sees(boris, "I banned them here", PATIENCE).await?.text;
    let private_why = play.asks(mallory, "/why", "You are banned").await?.text;
    let data = play.asks(mallory, "/mydata", "What I hold").await?;
    let data = content(&play.file(mallory, &data, "📄").await?)?;
    let stands = |text: &str| Stands {
        id: text.contains(&source.to_string()),
        title: text.contains(&title),
        reason: text.contains(&reason),
        decider: text.contains(&alice.to_string()),
    };
    let places = [
        ("card", &card),
        ("question", &question),
        ("history", &history.text),
        ("csv", &csv),
        ("why", &why),
        ("private why", &private_why),
        ("mydata", &data),
    ];
    Ok(places.map(|(place, text)| (place, stands(text))).into())
}

#[tokio::test]
async fn in_each_place_stands_what_the_step_says_that_a_chat_has_chosen() -> Result<()> {
    let play = Play::begin().await?;
    let [nothing, events, full] = &future::try_join_all(ShareBans::ALL.map(|step| shown(&play, step))).await?[..] else {
        anyhow::bail!("three steps")
    };
    let of = |id, title, reason, decider| Stands { id, title, reason, decider };
    let (none, id, all) = (of(false, false, false, false), of(true, false, false, false), of(true, true, true, true));
    let expected = [
        ("card", id, id, all),
        ("question", id, id, all),
        ("history", none, id, of(false, true, true, false)),
        ("csv", none, id, of(true, true, true, true)),
        ("why", id, id, of(false, true, false, true)),
        // What is said of the reader is theirs to read.
        ("private why", of(false, false, true, false), of(true, false, true, false), of(false, true, true, false)),
        ("mydata", of(true, false, true, false), of(true, false, true, false), of(true, true, true, true)),
    ];
    for (((place, expected_nothing, expected_events, expected_full), nothing), (events, full)) in
        expected.into_iter().zip(nothing).zip(events.iter().zip(full))
    {
        assert_eq!(*nothing, (place, expected_nothing), "nothing");
        assert_eq!(*events, (place, expected_events), "events");
        assert_eq!(*full, (place, expected_full), "full");
    }
    Ok(())
}

#[tokio::test]
async fn a_chat_chooses_a_step_by_button_and_a_program_that_sends_the_switch_of_before_is_told_of_the_steps() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    play.command(chat, boris, "/settings").await?;
    let settings = play.telegram.wait_until_sees(boris, "When a followed person", PATIENCE).await?;
    let steps = play.press(boris, &settings, "👁").await?;
    assert!(steps.button("● that it happened").is_some(), "{:?}", steps.buttons);
    let settings = play.press(boris, &steps, "everything").await?;
    assert!(settings.button("our bans: everything").is_some(), "{:?}", settings.buttons);
    let path = format!("chats/{chat}/settings");
    assert_eq!(operator.there(&path).await?["share_bans"], "full");
    for switch in [true, false] {
        let (status, body) = operator.put(&path, json!({ "share_bans": switch })).await?.parts();
        assert!(
            status == 400 && body["message"].as_str().is_some_and(|words| words.contains("\"events\" for what was true")),
            "{status} {body}"
        );
    }
    assert_eq!(operator.there(&path).await?["share_bans"], "full");
    // As it was stored before there were steps.
    let stored = json!({"TableName": play.stack.tables["users"], "Key": {"pk": {"S": format!("CHAT#{chat}")}, "sk": {"S": "CHAT"}},
        "UpdateExpression": "SET settings.share_bans = :on", "ExpressionAttributeValues": {":on": {"BOOL": true}}});
    play.stack.aws("dynamodb", "UpdateItem", stored).await?;
    assert_eq!(operator.there(&path).await?["share_bans"], "events");
    Ok(())
}

#[tokio::test]
async fn a_person_with_1200_events_reads_all_that_is_held_on_them_file_by_file() -> Result<()> {
    let play = Play::begin().await?;
    let alice = play.admin("Alice", "en").await?;
    let name = format!("Mallory{}", unique());
    let user = NewUser { username: Some(name.clone()), language_code: Some("en".to_owned()), started: true, ..NewUser::named(&name) };
    let mallory = play.telegram.create_user(user).await?;
    let (source, chat) = (play.chat("Source", alice, &[mallory]).await?, play.chat("Own", mallory, &[]).await?);
    let trent = play.person("Trent").await?;
    play.subscribe(chat, mallory, trent).await?;
    let decided = play.ban(chat, mallory, trent).await?;
    let (user, at) = (UserId(mallory), now());
    let event = |n: i64| BanEvent {
        event_id: event_id(ChatId(source), user, Action::Kick, Some(at - n), None),
        user_id: user,
        chat_id: ChatId(source),
        event_type: Action::Kick,
        until: None,
        reason: Some(format!("reason {n}")),
        initiator_user_id: Some(UserId(alice)),
        initiator_bot: None,
        event_timestamp: at - n,
        occurred: Occurred::new(at - n, 0),
        tracked: false,
        chat_title: Some("Source".to_owned()),
        chat_public: false,
        user_name: Some(name.clone()),
        metadata: Default::default(),
    };
    let events: Vec<_> = (1..=1200).map(event).collect();
    stream::iter(&events).map(|event| play.bans.insert(event.clone())).buffer_unordered(8).try_collect::<Vec<_>>().await?;
    let ban = play.ban(source, alice, mallory).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;

    let data = play.asks(mallory, "/mydata", "What I hold").await?;
    let mut files: Vec<Value> = Vec::new();
    let mut file = play.file(mallory, &data, "📄").await?;
    loop {
        files.push(serde_json::from_str(&content(&file)?)?);
        if file.buttons.is_empty() {
            break;
        }
        file = play.file(mallory, &file, "📄").await?;
    }
    assert!(files.len() > 1, "a file has its bounds");
    let list = |name: &str| files.iter().flat_map(|file| file[name].as_array().into_iter().flatten().cloned()).collect::<Vec<_>>();
    let ids: BTreeSet<_> = list("ban_events").iter().filter_map(|event| event["event_id"].as_str().map(str::to_owned)).collect();
    let expected: BTreeSet<_> = events.iter().chain([&ban]).map(|event| event.event_id.to_string()).collect();
    assert_eq!((ids.len(), list("ban_events").len()), (1201, 1201));
    assert_eq!(ids, expected);
    assert!(list("ban_events").iter().filter(|event| event["event_type"] == "kick").all(|event| event["reason"].is_string()));
    let profile = &files[0]["profile"];
    assert_eq!((&profile["first_name"], &profile["language_code"]), (&json!(name), &json!("en")));
    assert!(profile["last_seen"].is_i64(), "{profile}");
    assert_eq!(list("subscriptions").len(), 1);
    assert!(list("roles").iter().any(|role| role["chat_id"] == chat && role["role"] == "owner"), "{:?}", list("roles"));
    let decisions = list("decisions");
    assert!(decisions.iter().any(|event| event["event_id"] == decided.event_id.to_string()), "{decisions:?}");
    assert!(files.iter().all(|file| !file.to_string().contains("Trent") && !file.to_string().contains(&alice.to_string())));
    Ok(())
}

#[tokio::test]
async fn who_was_banned_and_appealed_finds_that_and_what_was_written_to_them_in_their_data_and_has_it_erased() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let (alice, boris, mallory) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.admin("Mallory", "en").await?);
    let (source, chat) = (play.chat("A", alice, &[mallory]).await?, play.chat("B", boris, &[mallory]).await?);
    play.choose(source, ChatChange { share_bans: Some(ShareBans::Nothing), ..ChatChange::default() }).await?;
    play.follow(chat, boris, mallory, Mode::Auto).await?;
    let (sync, _) = play.sync_of(&play.ban(source, alice, mallory).await?).await?;
    let why = play.asks(mallory, "/why", "You are banned").await?;
    assert!(why.text.contains("in B") && !why.text.contains("first"), "a member knows the chat's title: {}", why.text);
    play.press(mallory, &why, "✍️").await?;
    play.telegram.say_private(mallory, "Please!").await?;
    let appeal = play.telegram.wait_until_sees(boris, "Please!", PATIENCE).await?;
    play.press(boris, &appeal, "Keep the ban").await?;
    play.telegram.wait_until_sees(mallory, "declined", PATIENCE).await?;
    play.quiet(&[mallory, boris, source, chat]).await?;

    let data = play.asks(mallory, "/mydata", "What I hold").await?;
    let data: Value = serde_json::from_str(&content(&play.file(mallory, &data, "📄").await?)?)?;
    assert_eq!(data["goes_on"], false, "{data}");
    assert_eq!((&data["appeals"][0]["chat_id"], &data["appeals"][0]["lifted"]), (&json!(chat), &json!(false)), "{data}");
    assert_eq!(data["syncs"][0]["sync_id"], sync.sync_id.to_string());
    assert_eq!((&data["messages"][0]["notification_type"], &data["messages"][0]["status"]), (&json!("appeal_decided"), &json!("sent")));
    let path = format!("users/{mallory}/data");
    let told = operator.there(&path).await?;
    assert_eq!(told["appeals"]["items"][0]["appeal_id"], data["appeals"][0]["appeal_id"]);
    assert_eq!(told["syncs"]["items"][0]["sync_id"], data["syncs"][0]["sync_id"]);
    let decided = operator.there(&format!("users/{alice}/data?part=decisions")).await?;
    assert_eq!(decided["decisions"]["items"][0]["user_id"], mallory, "{decided}");

    assert_eq!(operator.delete(&path).await?.status, 202);
    let gone = async || {
        let told = operator.there(&path).await.unwrap_or_default();
        Ok((told["appeals"]["items"] == json!([]) && told["notifications"]["items"] == json!([])).then_some(()))
    };
    play.telegram.wait_until("the appeal to be erased", PATIENCE, gone).await?;
    let id = mallory.to_string();
    let appeals = play.items("sync").await?.into_iter().filter(|item| !item["appeal_id"].is_null() && item["user_id"]["N"] == id);
    assert_eq!(appeals.count(), 0);
    Ok(())
}

#[tokio::test]
async fn whoever_erases_themselves_by_the_button_is_found_by_their_username_no_more() -> Result<()> {
    let play = Play::begin().await?;
    let username = format!("mallory_{}", unique());
    let user =
        NewUser { username: Some(username.clone()), language_code: Some("en".to_owned()), started: true, ..NewUser::named("Mallory") };
    let mallory = play.telegram.create_user(user).await?;
    let data = play.asks(mallory, "/mydata", "What I hold").await?;
    assert!(play.users.by_username(&username).await?.is_some());
    let really = play.press(mallory, &data, "🗑").await?;
    play.press(mallory, &really, "Yes").await?;
    let gone = async || Ok(play.users.by_username(&username).await.is_ok_and(|found| found.is_none()).then_some(()));
    Ok(play.telegram.wait_until("the username to be nobody's", PATIENCE, gone).await?)
}
