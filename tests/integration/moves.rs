//! Groups that become supergroups: what they have, and what was done in them, is there under the new id.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use crate::travel::ON_ITS_WAY;
use anyhow::Result;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::Mode;
use domain::subscription::{Source, Subscription};
use domain::sync::{Origin, Outcome, Reason, further_sync_id, sync_id};
use serde_json::{Value, json};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, Fault, NewChat};

impl Play {
    /// As [`Play::pair`], with a group as the target.
    async fn pair_with_group(&self, mode: Mode) -> Result<Pair> {
        let (alice, boris, mallory) = (self.admin("Alice", "en").await?, self.admin("Boris", "en").await?, self.person("Mallory").await?);
        let source = self.chat("Source", alice, &[mallory]).await?;
        let bot = BotRole::Administrator(AdminRights::moderator());
        let target = self.telegram.create_chat(NewChat::group("Target", boris).members(&[mallory]).bot(bot)).await?;
        self.telegram.wait_until_accepted(PATIENCE).await?;
        self.trusting(&[target]).await?;
        self.follow(target, boris, mallory, mode).await?;
        Ok(Pair { alice, boris, mallory, source, target })
    }

    /// A group becomes a supergroup, and its subscriptions have followed.
    async fn moved(&self, pair: &Pair) -> Result<i64> {
        let supergroup = self.telegram.migrate(pair.target).await?;
        self.wait_until_followed(pair.boris, supergroup, 1).await?;
        Ok(supergroup)
    }

    /// An event on the bus, as `chat-lifecycle` is called with it.
    async fn lifecycle(&self, event_type: &str, payload: Value) -> Result<()> {
        let id = "6cf0ff3a-994f-5a9f-ba28-47e9a9ed6002";
        let detail = json!({"event_id": id, "event_type": event_type, "timestamp": "2026-01-01T10:00:00Z", "payload": payload});
        let answer = self.stack.invoke(&self.stack.functions["chat-lifecycle"], &json!({ "detail": detail }).to_string()).await?;
        anyhow::ensure!(!answer.failed, "{answer:?}");
        Ok(())
    }
}

#[tokio::test]
async fn a_group_whose_old_id_answers_that_it_was_deleted_before_its_migration_is_told_keeps_its_subscriptions() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair_with_group(Mode::Auto).await?;
    let trent = play.person("Trent").await?;
    play.follow(pair.target, pair.boris, trent, Mode::Notify).await?;
    let gone = Fault::error(403, "Forbidden: the group chat was deleted");
    let _gone = play.fault(gone.chat(pair.target).times(1)).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Failed(Reason::ChatGone));
    play.wait_until_followed(pair.boris, pair.target, 0).await?;

    let supergroup = play.telegram.migrate(pair.target).await?;
    play.wait_until_followed(pair.boris, supergroup, 2).await?;
    assert_eq!(play.subscriptions.count_of(UserId(pair.boris)).await?, 2);

    // The ban that failed there meanwhile comes by another try.
    play.dispatcher().await?.asks_for(&format!("retry/{}", sync_id(event.event_id)), None).await?;
    play.telegram.wait_until_banned(supergroup, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn that_a_chat_was_removed_and_that_it_has_moved_may_come_in_any_order_and_twice() -> Result<()> {
    let play = Play::begin().await?;
    for order in [["removed", "migrated"], ["migrated", "removed"]] {
        let (boris, mallory, trent) = (play.admin("Boris", "en").await?, play.person("Mallory").await?, play.person("Trent").await?);
        // Nobody has told of these chats: the events are the test's own.
        let (group, supergroup) = (ChatId(-boris), ChatId(-1_009_000_000_000 - boris));
        play.follow(group.0, boris, mallory, Mode::Confirm).await?;
        play.follow(group.0, boris, trent, Mode::Auto).await?;
        // Ended by himself, before the chat was gone.
        let his = Subscription { admin_user_id: UserId(boris), admin_chat_id: group, source: Source::User(UserId(trent)) };
        play.subscriptions.unfollow(&his).await?;
        let at = aws::time::now();
        play.users.lost(group, ChatState::Removed).await?;
        play.wait_until_followed(boris, group.0, 0).await?;
        play.users.migrated(group, supergroup, None).await?;
        play.wait_until_followed(boris, supergroup.0, 1).await?;
        let removed = json!({"chat_id": group, "title": null, "cause": "sync", "changed_at": at});
        let migrated =
            json!({"chat_id": group, "title": null, "migrated_to": supergroup, "gone_since": at, "cause": "membership", "changed_at": at});
        for event in order.into_iter().chain(order) {
            let payload = if event == "removed" { &removed } else { &migrated };
            play.lifecycle(&format!("chat.{event}"), payload.clone()).await?;
            let followed = play.subscriptions.of_admin(UserId(boris), supergroup).await?;
            assert_eq!((followed.len(), play.subscriptions.count_of(UserId(boris)).await?), (1, 1), "{order:?}");
        }
        let moved = Subscription { admin_chat_id: supergroup, source: Source::User(UserId(mallory)), ..his };
        assert_eq!(play.subscriptions.get(&moved).await?.map(|item| (item.mode, item.is_active)), Some((Mode::Confirm, true)));
    }
    Ok(())
}

#[tokio::test]
async fn whom_a_group_ignores_and_what_it_chose_moves_with_it_once() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair_with_group(Mode::Auto).await?;
    let (group, user) = (ChatId(pair.target), UserId(pair.mallory));
    let ignored = aws::store::users::Listed::IgnoredUser(user);
    play.users.enlist(group, ignored).await?;
    let supergroup = ChatId(play.moved(&pair).await?);
    assert_eq!(play.users.former_id(supergroup).await?, Some(group));
    assert_eq!(play.users.present_id(group).await?, supergroup);
    let known = play.users.chats([supergroup]).await?;
    assert!(known[&supergroup].ignores.users.contains(&user));
    // Let in again, they stay so when the event comes once more.
    play.users.delist(supergroup, ignored).await?;
    let migrated = json!({"chat_id": group, "title": null, "migrated_to": supergroup, "cause": "membership", "changed_at": 1});
    play.lifecycle("chat.migrated", migrated).await?;
    assert!(play.users.chats([supergroup]).await?[&supergroup].ignores.users.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_ban_from_before_the_move_is_explained_listed_and_taken_back_in_the_supergroup() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair_with_group(Mode::Auto).await?;
    let trent = play.person("Trent").await?;
    play.telegram.join(pair.target, trent).await?;
    play.ban(pair.target, pair.boris, trent).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    let (summary, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Applied);
    let supergroup = play.moved(&pair).await?;

    play.telegram.say(supergroup, pair.boris, &format!("/why {}", pair.mallory)).await?;
    play.telegram.wait_until_sees(pair.boris, "I banned them here", PATIENCE).await?;
    play.telegram.say(supergroup, pair.boris, "/history").await?;
    let history = play.telegram.wait_until_sees(pair.boris, "History of Target", PATIENCE).await?;
    assert!(history.text.contains("Trent"), "{}", history.text);
    let undone = play.command(supergroup, pair.boris, "/undo").await?;
    assert!(undone.text.starts_with("↩️ Undoing my ban"), "{}", undone.text);
    let id = further_sync_id(event.event_id, Origin::UndoneHere, &format!("{supergroup} {}", summary.sync_id));
    let (_, results) = play.results_of(id).await?;
    // Basic groups keep no list of the banned: Telegram has forgotten that one, the ledger has not.
    assert_eq!((results[0].chat_id.0, results[0].outcome), (supergroup, Outcome::Skipped(Reason::NotBanned)));
    Ok(())
}

#[tokio::test]
async fn who_is_waited_for_in_a_group_is_banned_when_they_come_into_the_supergroup() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair_with_group(Mode::Auto).await?;
    play.telegram.leave(pair.target, pair.mallory).await?;
    let _unknown = play.fault(Fault::error(400, "Bad Request: user not found").chat(pair.target).user(pair.mallory).times(2)).await?;
    let (_, results) = play.sync_of(&play.ban(pair.source, pair.alice, pair.mallory).await?).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
    let supergroup = play.moved(&pair).await?;
    let waited =
        async || Ok(play.syncs.pending(ChatId(supergroup), UserId(pair.mallory)).await.ok().and_then(|pending| pending.into_iter().next()));
    let pending = play.telegram.wait_until("the wait to move", PATIENCE, waited).await?;
    assert_eq!(pending.chat_id, ChatId(supergroup));
    play.telegram.join(supergroup, pair.mallory).await?;
    play.telegram.wait_until_banned(supergroup, pair.mallory, PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn who_is_not_known_in_the_supergroup_that_a_group_became_while_a_ban_was_on_its_way_is_waited_for_there() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair_with_group(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_delay_seconds: Some(ON_ITS_WAY), ..ChatChange::default() }).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.wait_until_begun(&event).await?;
    let supergroup = play.telegram.migrate(pair.target).await?;
    let unknown = Fault::error(400, "Bad Request: user not found").method("banChatMember").chat(supergroup);
    let _unknown = play.fault(unknown.user(pair.mallory).times(1)).await?;
    let (_, results) = play.sync_of(&event).await?;
    assert_eq!(results[0].outcome, Outcome::Skipped(Reason::UnknownUser));
    let pending = play.syncs.pending(ChatId(supergroup), UserId(pair.mallory)).await?.into_iter().next();
    assert_eq!(pending.map(|pending| pending.ban_event_id), Some(event.event_id));
    Ok(())
}

#[tokio::test]
async fn a_question_that_was_asked_in_a_group_is_answered_in_the_supergroup() -> Result<()> {
    let play = Play::begin().await?;
    for (choice, old_id_says_deleted) in [("Ban", false), ("Ban", true), ("Block", false)] {
        let pair = play.pair_with_group(Mode::Confirm).await?;
        let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
        play.sync_of(&event).await?;
        let card = play.telegram.wait_until_sees(pair.boris, "Ban them in Target too?", PATIENCE).await?;
        let supergroup = play.moved(&pair).await?;
        let gone = Fault::error(403, "Forbidden: the group chat was deleted").chat(pair.target);
        let _gone = if old_id_says_deleted { Some(play.fault(gone).await?) } else { None };
        let pressed = play.telegram.press_button(pair.boris, &card, choice).await?;
        assert!(pressed.text.as_deref().is_some_and(|text| text.contains("Decided")), "{choice}: {pressed:?}");
        if choice == "Block" {
            let chats = play.users.chats([ChatId(supergroup)]).await?;
            assert!(chats[&ChatId(supergroup)].ignores.sources.contains(&ChatId(pair.source)));
            continue;
        }
        play.telegram.wait_until_banned(supergroup, pair.mallory, PATIENCE).await?;
        let (_, results) = play.results_of(further_sync_id(event.event_id, Origin::Confirmed, &pair.target.to_string())).await?;
        assert_eq!(results.iter().map(|result| (result.chat_id.0, result.outcome)).collect::<Vec<_>>(), [(supergroup, Outcome::Applied)]);
    }
    Ok(())
}

#[tokio::test]
async fn a_delayed_ban_finds_the_supergroup_that_its_group_became() -> Result<()> {
    let play = Play::begin().await?;
    let pair = play.pair_with_group(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_delay_seconds: Some(604_800), ..ChatChange::default() }).await?;
    let event = play.ban(pair.source, pair.alice, pair.mallory).await?;
    play.sync_of(&event).await?;
    let supergroup = play.moved(&pair).await?;
    let later = further_sync_id(event.event_id, Origin::Delayed, "0:604800");
    play.is_due(later).await?;
    play.telegram.wait_until_banned(supergroup, pair.mallory, PATIENCE).await?;
    Ok(())
}
