//! Answers in groups that only the asker sees (Bot API 10.2, "Ephemeral messages and commands").

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result};
use telegram_sim::AdminRights;
use telegram_sim::control::{CallFilter, Fault, Seen};

impl Play {
    /// The answer to an ephemeral command, with which nothing of it is seen by others.
    async fn ephemeral(&self, chat: i64, user: i64, text: &str) -> Result<Seen> {
        let said = self.telegram.say_ephemeral(chat, user, text).await?;
        let answer = async || {
            let seen = self.telegram.sees(user).await?;
            Ok(seen.into_iter().rfind(|seen| seen.chat_id == chat && seen.from == self.stack.bot_id && seen.message_id < said))
        };
        Ok(self.telegram.wait_until("an answer that only the asker sees", PATIENCE, answer).await?)
    }

    /// What others than the asker see of the bot in a chat, gone or not.
    async fn seen_by(&self, other: i64, chat: i64) -> Result<Vec<String>> {
        let seen = self.telegram.sees(other).await?;
        Ok(seen.into_iter().filter(|seen| seen.chat_id == chat).map(|seen| seen.text).collect())
    }

    async fn count_in(&self, chat: i64, method: &str) -> Result<usize> {
        Ok(self.telegram.calls(CallFilter::method(method).chat(chat)).await?.len())
    }
}

#[tokio::test]
async fn a_command_and_all_that_comes_of_it_is_seen_by_who_asked_and_leaves_nothing_to_delete() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mia, mallory) = (play.admin("Boris", "en").await?, play.person("Mia").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mia, mallory]).await?;
    let preview = play.ephemeral(chat, boris, &format!("/subscribe {mallory}")).await?;
    let followed = play.press(boris, &preview, FOLLOW).await?;
    assert_eq!((followed.message_id, followed.ephemeral), (preview.message_id, true), "it changes where it stands");
    let told = play.ephemeral(chat, boris, "/list").await?;
    assert!(told.text.contains("private"), "{}", told.text);
    play.telegram.wait_until_sees(boris, &mallory.to_string(), PATIENCE).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert_eq!(play.seen_by(mia, chat).await?, Vec::<String>::new());
    assert_eq!((play.count_in(chat, "deleteMessage").await?, play.count_in(chat, "editMessageText").await?), (0, 0));
    let sent = play.telegram.calls(CallFilter::method("sendMessage").chat(chat)).await?;
    assert!(sent.iter().all(|call| call.params["ephemeral_message_parameters"]["receiver_user_id"] == boris), "{sent:?}");
    assert!(sent[0].params["reply_parameters"]["ephemeral_message_id"].as_i64().is_some_and(|id| id > 0));
    Ok(())
}

#[tokio::test]
async fn others_cannot_press_a_button_that_only_one_sees() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let preview = play.ephemeral(chat, boris, &format!("/subscribe {mallory}")).await?;
    let data = preview.data_of(FOLLOW).context("there is a button to follow")?;
    assert!(play.telegram.press_forged(mallory, chat, preview.message_id, data).await.is_err(), "she does not even see it");
    assert!(play.press(boris, &preview, FOLLOW).await?.ephemeral);
    Ok(())
}

#[tokio::test]
async fn what_a_server_sends_to_everybody_is_deleted_at_once_and_comes_in_private() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let (old, new) = (play.chat("Old", boris, &[mallory]).await?, play.chat("New", boris, &[mallory]).await?);
    play.telegram.ignore_ephemeral(old).await?;
    // What cannot be deleted at once goes by the queue.
    let failed = Fault::error(500, "Internal Server Error").method("deleteMessage").chat(old).times(1);
    let _failed = play.fault(failed).await?;
    play.telegram.say_ephemeral(old, boris, &format!("/subscribe {mallory}")).await?;
    let asked = async || Ok(play.telegram.private_messages(boris).await?.into_iter().find(|seen| seen.button(FOLLOW).is_some()));
    let preview = play.telegram.wait_until("the answer in private", PATIENCE, asked).await?;
    assert!(play.press(boris, &preview, FOLLOW).await?.text.starts_with('✅'));
    let gone = async || {
        let seen: Vec<_> = play.telegram.sees(mallory).await?.into_iter().filter(|seen| seen.chat_id == old).collect();
        Ok((seen.len() == 1 && seen[0].deleted).then_some(()))
    };
    play.telegram.wait_until("the one public copy to be deleted", PATIENCE, gone).await?;
    assert_eq!(play.count_in(old, "sendMessage").await?, 1);
    // Each chat for itself.
    assert!(play.ephemeral(new, boris, "/undo").await?.ephemeral);
    Ok(())
}

#[tokio::test]
async fn whoever_can_be_written_to_nowhere_else_is_answered_as_by_an_older_bot() -> Result<()> {
    let play = Play::begin().await?;
    let boris = play.person("Boris").await?;
    let chat = play.chat("Old", boris, &[]).await?;
    play.telegram.ignore_ephemeral(chat).await?;
    play.telegram.say_ephemeral(chat, boris, "/undo").await?;
    // The copy that the server showed everybody stands there until it is deleted: the answer is the one left.
    let answered = async || {
        let seen = play.telegram.sees(boris).await?;
        let of_bot: Vec<_> = seen.into_iter().filter(|seen| seen.chat_id == chat && seen.from == play.stack.bot_id).collect();
        let (gone, mut left): (Vec<_>, Vec<_>) = of_bot.into_iter().partition(|seen| seen.deleted);
        Ok((gone.len() == 1 && left.len() == 1).then(|| left.remove(0)))
    };
    let answer = play.telegram.wait_until("a public answer in place of the copy that was deleted", PATIENCE, answered).await?;
    assert_eq!((answer.ephemeral, answer.reply_to), (false, None));
    Ok(())
}

#[tokio::test]
async fn a_bot_that_is_no_admin_is_asked_for_its_rights_where_only_the_asker_sees_it() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mia) = (play.admin("Boris", "en").await?, play.person("Mia").await?);
    let chat = play.chat("B", boris, &[mia]).await?;
    play.telegram.demote_bot(chat).await?;
    assert!(play.ephemeral(chat, boris, "/verify").await?.ephemeral);
    assert_eq!(play.seen_by(mia, chat).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_anonymous_admin_asks_by_an_ephemeral_command_as_themselves() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, anna) = (play.admin("Boris", "en").await?, play.admin("Anna", "en").await?);
    let chat = play.chat("B", boris, &[anna]).await?;
    play.telegram.promote(chat, anna, AdminRights::moderator().anonymous()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    assert!(play.ephemeral(chat, anna, "/verify").await?.text.contains("rights"));
    Ok(())
}

/// Stands on the button that follows somebody.
const FOLLOW: &str = "⚡";
