//! Lists that help: a chat's history, whom an admin follows, numbers, settings.

use crate::made_up;
use crate::play::{PATIENCE, Play};
use crate::privacy::content;
use anyhow::Result;
use aws::store::sync::LogEntry;
use aws::time;
use domain::ban::{BanEvent, Occurred, event_id};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::settings::UserChange;
use domain::subscription::Mode;
use domain::sync::ledger::Entry;
use domain::sync::{Kind, Origin, Outcome};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

#[tokio::test]
async fn a_chats_history_and_its_file_tell_what_the_bot_did_there_too() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let trent = play.person("Trent").await?;
    let zone = UserChange { timezone: Some("Asia/Tokyo".to_owned()), ..UserChange::default() };
    play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    play.telegram.ban(pair.target, pair.boris, trent, None).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let history = play.asks(pair.boris, "/history", "History of").await?;
    play.users.choose(UserId(pair.boris), &zone).await?;
    let line = |words: &str| history.text.lines().find(|line| line.contains(words)).unwrap_or_default().to_owned();
    assert!(line("Mallory").contains(&format!("banned by me, after a ban in {}", pair.source)), "{}", history.text);
    assert!(line("Trent").ends_with("· banned"), "{}", history.text);

    let file = content(&play.file(pair.boris, &history, "📄").await?)?;
    assert!(file.contains("time (Asia/Tokyo),time (UTC),event"), "{file}");
    let row = |user: i64| file.lines().find(|row| row.contains(&format!(",{user},"))).unwrap_or_default().to_owned();
    assert!(row(pair.mallory).ends_with(&format!(",{},{}", play.stack.bot_id, pair.source)), "{file}");
    assert!(row(trent).ends_with(&format!(",{},", pair.boris)), "{file}");

    let kicks = play.press(pair.boris, &history, "Kicks").await?;
    assert_eq!(kicks.text, "No kicks in Target yet.");
    let stats = play.asks(pair.boris, "/stats", "the last 30 days").await?;
    assert!(stats.text.contains("bans: 1 ") && stats.text.contains("banned: 1 ") && stats.button("Go on").is_none(), "{}", stats.text);
    let list = play.asks(pair.boris, "/list", "People you follow").await?;
    assert!(list.text.contains("in Target: 1") && list.text.contains("1. ⚡️ "), "{}", list.text);
    assert!(list.text.contains(&format!("1 source: ID {}", pair.source)), "{}", list.text);
    Ok(())
}

#[tokio::test]
async fn what_is_done_today_for_a_ban_of_long_ago_is_told_and_counted_today() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair(Mode::Auto).await?;
    let trent = play.person("Trent").await?;
    play.telegram.ban(pair.target, pair.boris, trent, None).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.next_second().await;
    let now = time::now();
    let id = Uuid::new_v4();
    let entry = Entry {
        sync_id: id,
        ban_event_id: id,
        kind: Kind::Ban,
        origin: Origin::Joined,
        user_id: UserId(pair.mallory),
        chat_id: ChatId(pair.target),
        source_chat_id: ChatId(pair.source),
        occurred: Occurred::new(now - 100 * 24 * 3600, 0),
        outcome: Outcome::Applied,
        at: now,
        millis: 0,
        until: None,
        prior: None,
        was_member: false,
        begun: false,
        mute: None,
        term: None,
    };
    play.syncs.enter(&[LogEntry { entry, tries: 0 }]).await?;
    let stats = play.asks(pair.boris, "/stats", "the last 30 days").await?;
    assert!(stats.text.contains("🚫 banned: 1 ") && stats.button("Go on").is_none(), "{}", stats.text);
    let history = play.asks(pair.boris, "/history", "History of").await?;
    let lines: Vec<_> = history.text.lines().filter(|line| line.starts_with("🚫")).collect();
    assert!(lines.len() == 2 && lines[0].contains("banned by me") && lines[1].contains("Trent"), "{}", history.text);
    let undone = play.privately(pair.boris, "/undo").await?;
    assert!(undone.text.contains("Undoing my ban"), "{}", undone.text);
    Ok(())
}

#[tokio::test]
async fn the_numbers_of_a_chat_count_all_of_its_month_and_not_its_newest_500() -> Result<()> {
    const BANS: i64 = 620;
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("Choir", boris, &[]).await?;
    let (user, at) = (UserId(made_up::user()), time::now());
    let event = |n: i64| BanEvent {
        event_id: event_id(ChatId(chat), user, Action::Ban, Some(at - n), None),
        user_id: user,
        chat_id: ChatId(chat),
        event_type: Action::Ban,
        until: None,
        reason: None,
        initiator_user_id: Some(UserId(boris)),
        initiator_bot: None,
        event_timestamp: at - n,
        occurred: Occurred::new(at - n, 0),
        tracked: false,
        chat_title: None,
        chat_public: false,
        user_name: None,
        metadata: Default::default(),
    };
    stream::iter(1..=BANS).map(|n| play.bans.insert(event(n))).buffer_unordered(8).try_collect::<Vec<_>>().await?;
    let mut stats = play.asks(boris, "/stats", "the last 30 days").await?;
    // A machine that is busy counts on by a button.
    while stats.button("Go on").is_some() {
        stats = play.press(boris, &stats, "Go on").await?;
    }
    assert!(stats.text.contains(&format!("bans: {BANS} ")), "{}", stats.text);
    Ok(())
}

#[tokio::test]
async fn one_choice_sets_what_becomes_of_a_ban_elsewhere() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.admin("Boris", "en").await?;
    let chat = play.chat("B", boris, &[]).await?;
    let mut settings = play.privately(boris, "/settings").await?;
    for (mode, expected) in [("❓", (true, true)), ("🔔", (false, true)), ("⚡️", (true, false))] {
        let modes = play.press(boris, &settings, "Mode").await?;
        settings = play.press(boris, &modes, mode).await?;
        assert!(settings.button(&format!("{mode} Mode")).is_some(), "{:?}", settings.buttons);
        let chosen = play.users.chats([ChatId(chat)]).await?.remove(&ChatId(chat)).map(|chat| chat.settings).unwrap_or_default();
        assert_eq!((chosen.auto_sync_enabled, chosen.require_confirmation), expected, "{mode}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_to_undo_of_a_named_person_names_them() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let answer = play.command(chat, boris, &format!("/undo {mallory}")).await?;
    assert!(answer.text.starts_with("Nothing to undo") && answer.text.contains(&mallory.to_string()), "{}", answer.text);
    assert!(play.command(chat, boris, "/undo").await?.text.contains("/undo 123456789"));
    Ok(())
}
