//! Getting to know each other.

use super::conversation;
use super::talk::last;
use crate::play::PATIENCE;
use anyhow::Result;
use aws::store::page::Wanted;
use domain::ids::UserId;
use telegram_sim::control::NewUser;

#[tokio::test]
async fn somebody_meets_the_bot() -> Result<()> {
    conversation("First words", async |talk| {
        let newcomer = talk.person("Nora").await?;
        let start = last(&talk.says(newcomer, newcomer, "/start").await?)?;
        let help = last(&talk.presses(newcomer, &start, "📖").await?)?;
        let deciding = last(&talk.presses(newcomer, &help, "⚖️").await?)?;
        talk.presses(newcomer, &deciding, "◀️").await?;
        talk.tell("A command that there is not, is told so; other words are left alone.");
        talk.says(newcomer, newcomer, "/nonsense").await?;
        talk.says(newcomer, newcomer, "Hello?").await?;
        let boris = talk.admin("Boris").await?;
        let chat = talk.chat("Book club", boris, &[newcomer]).await?;
        talk.says(boris, chat, "/start").await?;
        talk.says(boris, chat, "/help").await?;
        talk.tell("An admin who is known finds the way to what is done most.");
        talk.says(boris, boris, "/start").await?;
        talk.tell("What is for another bot, and what is nobody's, is left alone in a group.");
        talk.says(boris, chat, "/help@some_other_bot").await?;
        talk.says(boris, chat, "/nonsense").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn whoever_never_started_the_bot_is_shown_the_way() -> Result<()> {
    conversation("An admin who never started the bot", async |talk| {
        let eve = talk.somebody(NewUser::named("Eve")).await?;
        let chat = talk.chat("Book club", eve, &[]).await?;
        let pointer = last(&talk.says(eve, chat, "/settings").await?)?;
        talk.opens(eve, &pointer, "💬").await?;
        talk.tell("Now she can be written to.");
        talk.says(eve, chat, "/verify").await?;
        talk.says(eve, chat, "/list").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn what_is_held_on_a_person_is_shown_and_erased() -> Result<()> {
    conversation("Privacy, my data, forgetting", async |talk| {
        let boris = talk.admin("Boris").await?;
        let mallory = talk.person("Mallory").await?;
        let chat = talk.chat("Book club", boris, &[mallory]).await?;
        let preview = last(&talk.says(boris, chat, &format!("/subscribe {mallory}")).await?)?;
        talk.presses(boris, &preview, "⚡️").await?;
        let privacy = last(&talk.says(boris, boris, "/privacy").await?)?;
        let data = last(&talk.presses(boris, &privacy, "🗂").await?)?;
        talk.presses(boris, &data, "📄").await?;
        let data = last(&talk.says(boris, boris, "/mydata").await?)?;
        let sure = last(&talk.presses(boris, &data, "🗑").await?)?;
        talk.presses(boris, &sure, "🗑").await?;
        // Until then the bot still knows the chats.
        let all = Wanted { limit: 1, cursor: None };
        let forgotten =
            async || Ok(talk.play.users.roles(UserId(boris), &all).await.is_ok_and(|roles| roles.items.is_empty()).then_some(()));
        talk.play.telegram.wait_until("the roles to be erased", PATIENCE, forgotten).await?;
        talk.tell("The way back.");
        talk.says(boris, boris, "/start").await.map(drop)
    })
    .await
}
