//! Whether a deploy went well, as its operator sees it.

use crate::operator::xtask;
use crate::play::Play;
use anyhow::Result;
use serde_json::json;

#[tokio::test]
async fn a_stack_that_works_is_told_from_one_that_does_not() -> Result<()> {
    let play = Play::alone().await?;
    play.forget_dead_letters().await?;
    let (alice, mallory) = (play.admin("Alice", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("Test", alice, &[mallory]).await?;
    let (chat, user) = (chat.to_string(), mallory.to_string());
    let verify = || {
        let output = xtask(&["verify", "--chat", &chat, "--user", &user])?;
        let said = String::from_utf8(output.stdout)?;
        assert!(!said.contains(&play.stack.webhook_secret) && !said.contains(&play.stack.file("bot-token")?), "a secret is printed");
        anyhow::Ok((output.status.success(), said))
    };
    let (well, said) = verify()?;
    assert!(well && said.ends_with("All is well.\n"), "{said}");
    for name in play.stack.functions.keys() {
        assert!(said.contains(&format!("function {name}: active")), "{said}");
    }
    assert!(!play.telegram.is_banned(chat.parse()?, mallory).await?, "the test user is let in again");

    let letter = json!({"QueueUrl": play.stack.queues["sync_dlq"], "MessageBody": "given up"});
    play.stack.aws("sqs", "SendMessage", letter).await?;
    let (well, said) = verify()?;
    play.forget_dead_letters().await?;
    assert!(!well && said.contains("sync"), "{said}");
    Ok(())
}
