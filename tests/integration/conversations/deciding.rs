//! A ban travels; what admins are told, and take back.

use super::conversation;
use super::talk::last;
use crate::play::PATIENCE;
use anyhow::Result;
use telegram_sim::AdminRights;

#[tokio::test]
async fn a_ban_is_carried_over_told_explained_and_undone() -> Result<()> {
    conversation("A ban that was carried over", async |talk| {
        let (alice, boris) = (talk.admin("Alice").await?, talk.admin("Boris").await?);
        let mallory = talk.person("Mallory").await?;
        let source = talk.chat("Open club", alice, &[mallory]).await?;
        let chat = talk.chat("Book club", boris, &[mallory]).await?;
        talk.play.subscribe(chat, boris, mallory).await?;
        talk.forget(boris).await?;
        talk.tell("Alice bans Mallory in Open club.");
        talk.play.telegram.ban(source, alice, mallory, None).await?;
        let card = last(&talk.is_told(boris, talk.word("synced", "синхронизирован")).await?)?;
        talk.says(boris, boris, &format!("/why {mallory}")).await?;
        talk.presses(boris, &card, "↩️").await?;
        talk.is_told(boris, talk.word("Unbanned", "Бан снят")).await?;
        talk.says(boris, boris, &format!("/why {mallory}")).await?;
        talk.says(boris, chat, &format!("/undo {mallory}")).await?;
        let ignored = talk.says(boris, chat, &format!("/ignore {mallory}")).await?;
        assert_eq!(ignored.len(), 1);
        talk.says(boris, chat, &format!("/unignore {mallory}")).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_ban_is_taken_back_by_command_here_and_everywhere() -> Result<()> {
    conversation("/undo", async |talk| {
        let (alice, boris) = (talk.admin("Alice").await?, talk.admin("Boris").await?);
        let (mallory, trent) = (talk.person("Mallory").await?, talk.person("Trent").await?);
        let source = talk.chat("Open club", alice, &[mallory, trent]).await?;
        let chat = talk.chat("Book club", boris, &[mallory, trent]).await?;
        for person in [mallory, trent] {
            talk.play.subscribe(chat, boris, person).await?;
            talk.play.telegram.ban(source, alice, person, None).await?;
            talk.play.telegram.wait_until_banned(chat, person, PATIENCE).await?;
        }
        talk.play.telegram.wait_until_sees(boris, talk.word("User: Trent", "Пользователь: Trent"), PATIENCE).await?;
        talk.forget(boris).await?;
        talk.tell("Alice has banned Mallory and Trent in Open club, and the bot in Book club. Boris takes back the last one.");
        talk.says(boris, chat, "/undo").await?;
        talk.is_told(boris, talk.word("Unbanned", "Бан снят")).await?;
        talk.tell("Alice takes the other one back, wherever it is.");
        talk.says(alice, source, &format!("/undo {mallory}")).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn an_admin_of_several_chats_has_one_card() -> Result<()> {
    conversation("One card for several chats", async |talk| {
        let (alice, boris) = (talk.admin("Alice").await?, talk.admin("Boris").await?);
        let mallory = talk.person("Mallory").await?;
        let source = talk.chat("Open club", alice, &[mallory]).await?;
        let club = talk.chat("Book club", boris, &[mallory]).await?;
        let chess = talk.chat("Chess club", boris, &[mallory]).await?;
        let choir = talk.chat_with("Choir", boris, &[mallory], AdminRights::without_restrict()).await?;
        let admins = talk.chat("Dance club", boris, &[mallory]).await?;
        // Before anybody follows him: it is carried nowhere.
        talk.play.telegram.ban(chess, boris, mallory, None).await?;
        talk.play.telegram.wait_until_accepted(PATIENCE).await?;
        for chat in [club, chess, choir, admins] {
            talk.play.subscribe(chat, boris, mallory).await?;
        }
        talk.play.telegram.promote(admins, mallory, AdminRights::moderator()).await?;
        talk.play.telegram.wait_until_accepted(PATIENCE).await?;
        talk.forget(boris).await?;
        talk.tell("Mallory is banned in Chess club already, an administrator of Dance club, and in Choir the bot may not ban. Alice bans him in Open club.");
        talk.play.telegram.ban(source, alice, mallory, None).await?;
        talk.is_told(boris, "Choir").await.map(drop)
    })
    .await
}
