//! Settings by buttons.

use super::conversation;
use super::talk::last;
use anyhow::Result;
use telegram_sim::AdminRights;

#[tokio::test]
async fn a_chats_settings_are_changed_in_one_message() -> Result<()> {
    conversation("A chat’s settings", async |talk| {
        let (boris, bella) = (talk.admin("Boris").await?, talk.admin("Bella").await?);
        let chat = talk.chat("Book club", boris, &[bella]).await?;
        talk.play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
        talk.says(boris, chat, "/settings").await?;
        let menu = last(&talk.says(boris, boris, "/settings").await?)?;
        let modes = last(&talk.presses_at(boris, &menu, 0, 0).await?)?;
        let menu = last(&talk.presses_at(boris, &modes, 1, 0).await?)?;
        let types = last(&talk.presses_at(boris, &menu, 1, 0).await?)?;
        let menu = last(&talk.presses_at(boris, &types, 2, 0).await?)?;
        let delays = last(&talk.presses_at(boris, &menu, 2, 0).await?)?;
        let menu = last(&talk.presses_at(boris, &delays, 0, 1).await?)?;
        for row in [4, 5, 6] {
            talk.presses_at(boris, &menu_now(talk, boris, &menu).await?, row, 0).await?;
        }
        let first_bans = last(&talk.presses_at(boris, &menu_now(talk, boris, &menu).await?, 3, 0).await?)?;
        talk.presses_at(boris, &first_bans, 0, 0).await?;
        let steps = last(&talk.presses_at(boris, &menu_now(talk, boris, &menu).await?, 7, 0).await?)?;
        talk.presses_at(boris, &steps, 1, 0).await?;
        let languages = last(&talk.presses_at(boris, &menu_now(talk, boris, &menu).await?, 9, 0).await?)?;
        talk.presses(boris, &languages, "English").await?;
        talk.tell("The group is answered in its own language now, whatever the sender speaks.");
        talk.says(boris, chat, "/verify").await?;
        talk.tell("A menu of before is stale, and nobody presses another one's.");
        talk.presses_at(boris, &delays, 0, 0).await?;
        let settings = menu_now(talk, boris, &menu).await?;
        talk.presses(boris, &settings, "🙈").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_person_chooses_language_quiet_hours_and_time_zone() -> Result<()> {
    conversation("My settings", async |talk| {
        let boris = talk.admin("Boris").await?;
        let start = last(&talk.says(boris, boris, "/settings").await?)?;
        let menu = last(&talk.presses(boris, &start, "👤").await?)?;
        let menu = last(&talk.presses_at(boris, &menu, 0, 0).await?)?;
        let hours = last(&talk.presses(boris, &menu, "🌙").await?)?;
        let menu = last(&talk.presses(boris, &hours, "22:00").await?)?;
        talk.presses(boris, &menu, "🕰").await?;
        talk.says(boris, boris, "Mars/Olympus").await?;
        let menu = last(&talk.says(boris, boris, "asia/tokyo").await?)?;
        let languages = last(&talk.presses(boris, &menu, "🌐").await?)?;
        let menu = last(&talk.presses(boris, &languages, "Русский").await?)?;
        talk.presses_at(boris, &menu, 5, 0).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_person_chooses_what_to_be_told_and_when() -> Result<()> {
    conversation("What I am told", async |talk| {
        let boris = talk.admin("Boris").await?;
        let start = last(&talk.says(boris, boris, "/settings").await?)?;
        let menu = last(&talk.presses(boris, &start, "👤").await?)?;
        let messages = last(&talk.presses(boris, &menu, "🔔").await?)?;
        let messages = last(&talk.presses_at(boris, &messages, 0, 0).await?)?;
        let digests = last(&talk.presses(boris, &messages, "🗞").await?)?;
        let messages = last(&talk.presses_at(boris, &digests, 2, 1).await?)?;
        talk.presses_at(boris, &messages, 7, 0).await.map(drop)
    })
    .await
}

/// The menu's message as it stands now.
async fn menu_now(talk: &super::Talk<'_>, user: i64, menu: &telegram_sim::control::Seen) -> Result<telegram_sim::control::Seen> {
    let seen = talk.play.telegram.sees(user).await?;
    last(&seen.into_iter().filter(|seen| (seen.chat_id, seen.message_id) == (menu.chat_id, menu.message_id)).collect::<Vec<_>>())
}
