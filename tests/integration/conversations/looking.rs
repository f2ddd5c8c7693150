//! Looking at what happened.

use super::conversation;
use super::talk::last;
use crate::play::PATIENCE;
use anyhow::Result;
use telegram_sim::AdminRights;

#[tokio::test]
async fn a_history_is_turned_narrowed_and_taken_along() -> Result<()> {
    conversation("History", async |talk| {
        let boris = talk.admin("Boris").await?;
        let mut people = Vec::new();
        for n in 1..=12 {
            people.push(talk.person(&format!("Spammer {n:02}")).await?);
        }
        let chat = talk.chat("Book club", boris, &people).await?;
        for (n, person) in people.iter().enumerate() {
            let until = (n == 0).then(|| aws::time::now() + 7 * 24 * 3600);
            talk.play.telegram.ban(chat, boris, *person, until).await?;
            // Telegram's moments are whole seconds: the list is to have one order.
            talk.play.next_second().await;
        }
        talk.play.telegram.unban(chat, boris, people[11]).await?;
        talk.play.telegram.wait_until_accepted(PATIENCE).await?;
        talk.says(boris, chat, "/history").await?;
        let page = last(&talk.says(boris, boris, "/history").await?)?;
        let page = last(&talk.presses(boris, &page, "▶️").await?)?;
        let page = last(&talk.presses(boris, &page, "◀️").await?)?;
        let page = last(&talk.presses(boris, &page, "✅").await?)?;
        talk.presses(boris, &page, "📄").await?;
        talk.says(boris, boris, "/stats").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn the_bots_rights_are_looked_at() -> Result<()> {
    conversation("Rights", async |talk| {
        let boris = talk.admin("Boris").await?;
        let chat = talk.chat("Book club", boris, &[]).await?;
        talk.says(boris, chat, "/verify").await?;
        talk.play.telegram.set_bot_rights(chat, AdminRights::without_restrict()).await?;
        talk.says(boris, chat, "/verify").await.map(drop)
    })
    .await
}
