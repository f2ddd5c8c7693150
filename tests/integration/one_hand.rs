//! A ban in a community is one in each of its chats, by one hand, within seconds: admins of other chats have one card, or one question.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::Result;
use domain::settings::ChatChange;
use domain::subscription::Mode;
use telegram_sim::control::CallFilter;

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
