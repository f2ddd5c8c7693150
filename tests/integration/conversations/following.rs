//! Following somebody, in groups and in private.

use super::conversation;
use super::talk::last;
use anyhow::Result;
use telegram_sim::control::{Forward, NewUser, SayOptions, TextMention};

#[tokio::test]
async fn somebody_is_followed_in_a_group() -> Result<()> {
    conversation("Following in a group", async |talk| {
        let boris = talk.admin("Boris").await?;
        let mallory = talk.person("Mal <i>lory").await?;
        let chat = talk.chat("Book club", boris, &[mallory]).await?;
        let spam = talk.chats(mallory, chat, "Buy my coins!").await?;
        let reply = SayOptions { reply_to: Some(spam), ..SayOptions::default() };
        let preview = last(&talk.says_with(boris, chat, "/subscribe", reply.clone()).await?)?;
        talk.presses(boris, &preview, "⚡️").await?;
        talk.tell("Again: he is followed.");
        let followed = last(&talk.says_with(boris, chat, "/subscribe", reply).await?)?;
        talk.presses(boris, &followed, "🔔").await?;
        talk.says(boris, chat, "/list").await?;
        talk.says(boris, chat, &format!("/unsubscribe {mallory}")).await?;
        talk.says(boris, chat, &format!("/unsubscribe {mallory}")).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn people_are_named_in_many_ways() -> Result<()> {
    conversation("Naming somebody", async |talk| {
        let boris = talk.admin("Boris").await?;
        let username = format!("Mallory_{boris}");
        let mallory = talk.somebody(NewUser { username: Some(username.clone()), ..NewUser::named("Mallory") }).await?;
        let eve = talk.person("Eve").await?;
        let chat = talk.chat("Book club", boris, &[mallory, eve]).await?;
        talk.tell("A username that was never seen cannot be looked up.");
        talk.says(boris, chat, &format!("/subscribe @{username}")).await?;
        talk.chats(mallory, chat, "hello").await?;
        talk.says(boris, chat, &format!("/subscribe @{username}")).await?;
        let mention = SayOptions { text_mentions: vec![TextMention { text: "Eve".to_owned(), user: eve }], ..SayOptions::default() };
        talk.says_with(boris, chat, "/subscribe Eve", mention).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn somebody_is_followed_in_private() -> Result<()> {
    conversation("Following in private", async |talk| {
        let boris = talk.admin("Boris").await?;
        let (mallory, trent, eve) = (talk.person("Mallory").await?, talk.person("Trent").await?, talk.person("Eve").await?);
        talk.tell("Who administers nothing, has nothing to follow from.");
        talk.says(boris, boris, "/subscribe").await?;
        talk.chat("Book club", boris, &[mallory]).await?;
        talk.chat("Chess club", boris, &[]).await?;
        let chats = last(&talk.says(boris, boris, "/subscribe").await?)?;
        talk.presses(boris, &chats, "Book").await?;
        let preview = last(&talk.shares(boris, &[mallory, trent]).await?)?;
        talk.presses(boris, &preview, "⚡️").await?;
        talk.tell("The chat is remembered for an hour. Anybody may be forwarded.");
        let forward = |of| SayOptions { forward: Some(of), ..SayOptions::default() };
        talk.says_with(boris, boris, "I am nobody", forward(Forward::HiddenUser("Ghost".to_owned()))).await?;
        let preview = last(&talk.says_with(boris, boris, "Buy!", forward(Forward::User(eve))).await?)?;
        talk.presses(boris, &preview, "❓").await?;
        let list = last(&talk.says(boris, boris, "/list").await?)?;
        let one = last(&talk.presses(boris, &list, "1").await?)?;
        let one = last(&talk.presses(boris, &one, "🔔").await?)?;
        talk.presses(boris, &one, "✖️").await?;
        talk.tell("An old list says that it is old.");
        talk.presses(boris, &list, "2").await?;
        talk.says(boris, boris, "/subscribe 5x").await?;
        talk.says(boris, boris, &format!("/subscribe {boris}")).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_preview_tells_of_bans_that_chats_share() -> Result<()> {
    conversation("What a preview knows", async |talk| {
        let (alice, boris) = (talk.admin("Alice").await?, talk.admin("Boris").await?);
        let mallory = talk.person("Mallory").await?;
        let open = talk.chat("Open club", alice, &[mallory]).await?;
        let closed = talk.chat("Closed club", alice, &[mallory]).await?;
        let chat = talk.chat("Book club", boris, &[mallory]).await?;
        let change = domain::settings::ChatChange { share_bans: Some(domain::settings::ShareBans::Nothing), ..Default::default() };
        talk.play.users.choose_for_chat(domain::ids::ChatId(closed), &change).await?;
        for source in [open, closed] {
            talk.play.ban(source, alice, mallory).await?;
        }
        talk.play.telegram.wait_until_accepted(crate::play::PATIENCE).await?;
        talk.tell("In front of the group only how many; in private where and when.");
        talk.says(boris, chat, &format!("/subscribe {mallory}")).await?;
        talk.says(boris, boris, &format!("/subscribe {mallory}")).await?;
        talk.says(boris, boris, &format!("/history {mallory}")).await.map(drop)
    })
    .await
}
