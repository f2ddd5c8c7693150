//! A ban in a community is one in each of its chats, by one hand, within seconds: admins of other chats have one card, or one question.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::{Context, Result};
use domain::settings::ChatChange;
use domain::subscription::Mode;
use serde_json::json;
use telegram_sim::control::{CallFilter, Fault, Seen};

impl Play {
    /// Three chats of one owner and one of somebody else, and all their ids.
    async fn community(&self, mode: Mode) -> Result<(Pair, [i64; 3], Vec<i64>)> {
        let pair = self.pair(mode).await?;
        let second = self.chat("Second", pair.alice, &[pair.mallory]).await?;
        let third = self.chat("Third", pair.alice, &[pair.mallory]).await?;
        let sources = [pair.source, second, third];
        let ids = [&pair.ids()[..], &sources[1..]].concat();
        Ok((pair, sources, ids))
    }

    /// Somebody is banned in all chats at once; their syncs have ended, and all that follows from them.
    async fn banned_in_all(&self, pair: &Pair, sources: [i64; 3], ids: &[i64]) -> Result<()> {
        for source in sources {
            self.telegram.ban(source, pair.alice, pair.mallory, None).await?;
        }
        for source in sources {
            self.sync_of(&self.last_event(source, pair.mallory).await?).await?;
        }
        self.quiet(ids).await
    }

    /// Telegram tells that what the hand last did to somebody in `source` it did in the very same second in `second`, too. The sync of the
    /// first may have ended long before: what is told of both takes an edit.
    async fn also_in(&self, second: i64, source: i64, user: i64) -> Result<()> {
        let deliveries = self.telegram.deliveries_in(&[source], 0).await?;
        let told = deliveries.into_iter().rev().map(|delivery| delivery.body);
        let mut update = told.into_iter().find(|body| body["chat_member"]["new_chat_member"]["user"]["id"] == user).context("an update")?;
        // Later than the first, and nobody else's.
        update["update_id"] = json!(update["update_id"].as_i64().context("an id")? + 1_000_000_000);
        update["chat_member"]["chat"] = json!({"id": second, "type": "supergroup", "title": "Second"});
        let body = update.to_string();
        let accepted = async || Ok((self.telegram.deliver_raw(&body).await?.status == Some(200)).then_some(()));
        Ok(self.telegram.wait_until("the update to be accepted", PATIENCE, accepted).await?)
    }

    /// A pair and a second chat of the source's owner; Boris has the card of a ban in the source alone.
    async fn told_of_one(&self) -> Result<(Pair, i64, Vec<i64>, Seen)> {
        let pair = self.pair(Mode::Auto).await?;
        let second = self.chat("Second", pair.alice, &[pair.mallory]).await?;
        self.telegram.ban(pair.source, pair.alice, pair.mallory, None).await?;
        let card = self.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
        let ids = [&pair.ids()[..], &[second]].concat();
        Ok((pair, second, ids, card))
    }

    /// How often the text of a message to somebody was changed.
    async fn edits(&self, user: i64) -> Result<usize> {
        let edits = CallFilter { ok: Some(true), ..CallFilter::method("editMessageText").chat(user) };
        Ok(self.telegram.calls(edits).await?.len())
    }
}

#[tokio::test]
async fn a_ban_that_is_told_of_later_is_added_to_the_card_of_the_first() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, second, ids, _) = play.told_of_one().await?;
    play.also_in(second, pair.source, pair.mallory).await?;
    play.telegram.wait_until_sees(pair.boris, &format!("ID {second}"), PATIENCE).await?;
    play.quiet(&ids).await?;
    let [card] = &play.notices(pair.boris).await?[..] else { anyhow::bail!("one card: {:#?}", play.notices(pair.boris).await?) };
    assert!(card.contains(&format!("ID {}", pair.source)), "{card}");
    assert_eq!(play.edits(pair.boris).await?, 1);
    let card = play.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
    assert_eq!(card.buttons.len(), 3, "{:?}", card.buttons);
    Ok(())
}

#[tokio::test]
async fn a_ban_that_is_told_of_later_is_a_new_card_where_the_first_is_gone() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, second, ids, _) = play.told_of_one().await?;
    let mut gone = Vec::new();
    for method in ["editMessageText", "editMessageReplyMarkup"] {
        gone.push(play.fault(Fault::error(400, "Bad Request: message to edit not found").method(method).chat(pair.boris)).await?);
    }
    play.also_in(second, pair.source, pair.mallory).await?;
    play.quiet(&ids).await?;
    let notices = play.notices(pair.boris).await?;
    let [_, card] = &notices[..] else { anyhow::bail!("a new card: {notices:#?}") };
    assert!(card.contains(&format!("ID {second}")), "{card}");
    Ok(())
}

#[tokio::test]
async fn a_ban_by_one_hand_in_several_chats_is_one_card_that_names_them_all_and_is_undone_at_once() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, sources, ids) = play.community(Mode::Auto).await?;
    play.banned_in_all(&pair, sources, &ids).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);
    let [card] = &play.notices(pair.boris).await?[..] else { anyhow::bail!("one card: {:#?}", play.notices(pair.boris).await?) };
    assert!(card.starts_with("✅ Ban successfully synced to your chat\n"), "{card}");
    for source in sources {
        assert!(card.contains(&format!("ID {source}")), "{card}");
    }

    let card = play.telegram.wait_until_sees(pair.boris, "synced", PATIENCE).await?;
    let labels: Vec<_> = card.buttons.iter().flatten().map(|button| button.text.chars().next()).collect();
    assert_eq!(labels, [Some('↩'), Some('⛔'), Some('⛔'), Some('⛔')], "{:?}", card.buttons);
    play.telegram.press_button(pair.boris, &card, "Undo").await?;
    play.telegram.wait_until_sees(pair.boris, "Unbanned in your chat", PATIENCE).await?;
    play.quiet(&ids).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?, "no other ban of the same hand brings it back");
    Ok(())
}

#[tokio::test]
async fn a_ban_is_not_carried_back_to_chats_that_have_it_already_and_their_admins_hear_nothing() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, sources, ids) = play.community(Mode::Auto).await?;
    for source in sources {
        play.follow(source, pair.alice, pair.mallory, Mode::Auto).await?;
    }
    play.banned_in_all(&pair, sources, &ids).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?);
    for source in sources {
        let echoes = play.telegram.calls(CallFilter::method("banChatMember").chat(source)).await?;
        assert!(echoes.is_empty(), "{echoes:?}");
    }
    assert_eq!(play.notices(pair.alice).await?, [""; 0]);
    assert_eq!(play.notices(pair.boris).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_ban_by_one_hand_in_several_chats_is_one_question_and_one_answer() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, sources, ids) = play.community(Mode::Confirm).await?;
    play.banned_in_all(&pair, sources, &ids).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    let [question] = &play.notices(pair.boris).await?[..] else { anyhow::bail!("one question: {:#?}", play.notices(pair.boris).await?) };
    for source in sources {
        assert!(question.contains(&format!("ID {source}")), "{question}");
    }
    let question = play.card(&pair).await?;
    play.telegram.press_button(pair.boris, &question, "Ban").await?;
    play.telegram.wait_until_banned(pair.target, pair.mallory, PATIENCE).await?;
    play.quiet(&ids).await?;
    let notices = play.notices(pair.boris).await?;
    let [_, card] = &notices[..] else { anyhow::bail!("a question and a card: {notices:#?}") };
    assert!(card.starts_with("✅ Ban successfully synced to your chat\n") && card.contains("Sources: "), "{card}");
    Ok(())
}

#[tokio::test]
async fn an_unban_by_one_hand_in_several_chats_is_one_card() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, sources, ids) = play.community(Mode::Auto).await?;
    play.choose(pair.target, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await?;
    play.banned_in_all(&pair, sources, &ids).await?;
    for source in sources {
        play.telegram.unban(source, pair.alice, pair.mallory).await?;
    }
    for source in sources {
        play.sync_of(&play.last_event(source, pair.mallory).await?).await?;
    }
    play.quiet(&ids).await?;
    assert!(!play.telegram.is_banned(pair.target, pair.mallory).await?);
    let notices = play.notices(pair.boris).await?;
    let [_, lift] = &notices[..] else { anyhow::bail!("a ban and an unban: {notices:#?}") };
    assert!(lift.starts_with("✅ Unbanned in your chat\n"), "{lift}");
    Ok(())
}

#[tokio::test]
async fn an_unban_that_is_told_of_later_is_added_to_the_card_of_the_first() -> Result<()> {
    let play = Play::begin().await?;
    let (pair, second, ids, _) = play.told_of_one().await?;
    play.choose(pair.target, ChatChange { sync_unban: Some(true), ..ChatChange::default() }).await?;
    play.also_in(second, pair.source, pair.mallory).await?;
    play.quiet(&ids).await?;
    let (seen, edits) = (play.telegram.private_messages(pair.boris).await?.len(), play.edits(pair.boris).await?);
    play.telegram.unban(pair.source, pair.alice, pair.mallory).await?;
    let told = async || Ok((play.telegram.private_messages(pair.boris).await?.len() > seen).then_some(()));
    play.telegram.wait_until("word of the first unban", PATIENCE, told).await?;
    assert!(play.telegram.is_banned(pair.target, pair.mallory).await?, "one chat still bans");
    play.also_in(second, pair.source, pair.mallory).await?;
    play.telegram.wait_until_sees(pair.boris, "Unbanned in your chat", PATIENCE).await?;
    play.quiet(&ids).await?;
    let notices = play.notices(pair.boris).await?;
    let [_, lift] = &notices[..] else { anyhow::bail!("a ban and an unban: {notices:#?}") };
    assert!(lift.starts_with("✅ Unbanned in your chat\n"), "{lift}");
    assert_eq!(play.edits(pair.boris).await?, edits + 1);
    Ok(())
}
