//! Who may what, and how it is said when something is wrong.

use super::conversation;
use super::talk::last;
use anyhow::Result;
use telegram_sim::AdminRights;

#[tokio::test]
async fn who_is_no_admin_is_told_so_once() -> Result<()> {
    conversation("No rights", async |talk| {
        let (boris, member, other) = (talk.admin("Boris").await?, talk.admin("Mia").await?, talk.admin("Nina").await?);
        let chat = talk.chat("Book club", boris, &[member, other]).await?;
        talk.says(member, chat, "/subscribe 5").await?;
        talk.tell("Mia is told once an hour; whatever else she types is not answered.");
        talk.says(member, chat, "/list").await?;
        // She reads what Mia was told, too.
        talk.quietly(other, chat).await?;
        talk.a_second_passes().await;
        talk.says(other, chat, "/verify").await?;
        talk.tell("Mia becomes an administrator who may not ban: she may look, and decides nothing.");
        talk.play.telegram.promote(chat, member, AdminRights::without_restrict()).await?;
        talk.quietly(member, chat).await?;
        talk.says(member, chat, "/subscribe 5").await?;
        talk.says(member, chat, "/settings").await?;
        talk.says(member, chat, "/list").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_command_that_is_not_right_is_answered_with_how_it_would_be() -> Result<()> {
    conversation("Wrong arguments", async |talk| {
        let (boris, bella) = (talk.admin("Boris").await?, talk.admin("Bella").await?);
        let chat = talk.chat("Book club", boris, &[bella]).await?;
        talk.play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
        for command in ["/subscribe", "/unsubscribe ?", "/ignore nobody", "/unignore -5", "/why", "/undo ?", "/history ?"] {
            talk.says(boris, chat, command).await?;
        }
        talk.says(boris, chat, &format!("/subscribe {boris}")).await?;
        talk.says(boris, chat, &format!("/subscribe {bella}")).await?;
        let bot = talk.play.stack.bot_id;
        talk.says(boris, chat, &format!("/subscribe {bot}")).await?;
        talk.says(boris, chat, "/subscribe 777000").await?;
        talk.says(boris, chat, &format!("/unsubscribe {bella}")).await?;
        talk.says(boris, chat, &format!("/unignore {bella}")).await?;
        talk.says(boris, chat, "/undo").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn who_hides_behind_the_chat_shows_himself_by_a_button() -> Result<()> {
    conversation("An anonymous admin", async |talk| {
        let (boris, anna, member) = (talk.admin("Boris").await?, talk.admin("Anna").await?, talk.admin("Mia").await?);
        let mallory = talk.person("Mallory").await?;
        let chat = talk.chat("Book club", boris, &[anna, member, mallory]).await?;
        talk.play.telegram.promote(chat, anna, AdminRights::moderator().anonymous()).await?;
        let proof = last(&talk.says(anna, chat, &format!("/subscribe {mallory}")).await?)?;
        let label = &proof.buttons[0][0].text.clone();
        talk.tell("Somebody else presses it first.");
        talk.presses(member, &proof, label).await?;
        let preview = last(&talk.presses(anna, &proof, label).await?)?;
        talk.presses(boris, &preview, "⚡️").await?;
        talk.presses(anna, &preview, "⚡️").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn who_asks_too_much_is_told_once_and_then_not_answered() -> Result<()> {
    conversation("Too fast", async |talk| {
        let boris = talk.admin("Boris").await?;
        let chat = talk.chat("Book club", boris, &[]).await?;
        talk.tell("Thirty requests within a minute, whatever they are.");
        talk.play.set_requests(boris, 30).await?;
        talk.says(boris, chat, "/list").await?;
        talk.play.set_requests(boris, 31).await?;
        talk.says(boris, chat, "/stats").await?;
        talk.says(boris, boris, "/help").await.map(drop)
    })
    .await
}
