//! Cards, as admins read them.

use super::NO_CASES;
use super::story::Story;
use crate::play::PATIENCE;
use crate::stack::skipped;
use anyhow::Result;
use domain::ids::{ChatId, UserId};
use domain::subscription::{Source, Subscription};
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, CallFilter, NewChat};

/// The longest message, in UTF-16 units (Bot API).
const LONGEST: usize = 4096;

#[tokio::test]
async fn somebody_without_a_visible_name_is_called_by_the_id() -> Result<()> {
    let Some(mut story) = Story::begin("52").await? else { return skipped(NO_CASES) };
    let (target, boris, mallory) = (story.world.target, story.world.boris, story.world.mallory);
    // Nothing is known of them but what the update tells.
    story.go().await?;
    story.telegram.wait_until_banned(target, mallory, PATIENCE).await?;
    let card = story.telegram.wait_until_sees(boris, "synced", PATIENCE).await?;
    assert!(card.text.contains(&mallory.to_string()) && !card.text.contains('\u{3164}'), "{}", card.text);
    assert!(!card.html.contains("<a"), "{}", card.html);
    story.settle().await?;
    let refused = story.telegram.calls(CallFilter::method("sendMessage").chat(boris).ok(false)).await?;
    assert!(refused.is_empty(), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_long_card_comes_in_parts_and_lacks_nothing() -> Result<()> {
    let Some(mut story) = Story::begin("53").await? else { return skipped(NO_CASES) };
    let (boris, mallory) = (story.world.boris, story.world.mallory);
    let mut chats = Vec::new();
    for n in 10..70 {
        let title = format!("{n} A & B <c> 🐝{}", "&🐝".repeat(56));
        let bot = BotRole::Administrator(AdminRights::moderator());
        chats.push(story.telegram.create_chat(NewChat::supergroup(&title, boris).bot(bot)).await?);
    }
    story.accepted_in(&chats).await?;
    story.trusting(&chats).await?;
    for &chat in &chats {
        let (admin_user_id, admin_chat_id) = (UserId(boris), ChatId(chat));
        story.subscriptions.follow(&Subscription { admin_user_id, admin_chat_id, source: Source::User(UserId(mallory)) }).await?;
    }
    // The case begins with a look at all that.
    story.skip();
    story.go().await?;
    story.telegram.wait_until_sees(boris, "chats: 60", PATIENCE).await?;
    story.quiet(&[story.world.ids(), chats].concat()).await?;
    let mut parts = story.telegram.private_messages(boris).await?;
    parts.retain(|seen| seen.from == story.stack.bot_id);
    assert!(parts.len() > 1);
    for (n, part) in parts.iter().enumerate() {
        assert!(part.text.encode_utf16().count() <= LONGEST, "{}", part.text);
        assert_eq!(part.html.matches("<b>").count(), part.html.matches("</b>").count(), "{}", part.html);
        assert!(part.html.matches("</").count() <= 100, "{}", part.html);
        assert_eq!(part.buttons.is_empty(), n + 1 < parts.len(), "buttons are under the last part only");
    }
    let all = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
    for n in 10..70 {
        assert_eq!(all.matches(&format!(" {n} A & B <c> 🐝")).count(), 1, "{n} in {all}");
    }
    let refused = story.telegram.calls(CallFilter::method("sendMessage").chat(boris).ok(false)).await?;
    assert!(refused.is_empty(), "{refused:?}");
    Ok(())
}
