//! Each message to a person is taken for sending once, and one that tells more takes the place of one that tells less.

use crate::made_up;
use crate::play::Play;
use anyhow::Result;
use aws::Aws;
use aws::store::notifications::{Claimed, End, Notifications};
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::{Content, Notification};
use domain::settings::Channel;
use serde_json::json;
use uuid::Uuid;

/// The log of messages, and one message in two revisions: the second tells more.
async fn log(play: &Play) -> (Notifications, [Notification; 2]) {
    let of = Notification {
        notification_id: Uuid::new_v4(),
        correlation_id: "ban".to_owned(),
        recipient: UserId(made_up::user()),
        channel: Channel::Telegram,
        lang: Lang::En,
        silent: false,
        answers: false,
        revision: 1,
        content: Content::ChatSuspended { chat: "One".to_owned() },
    };
    let log = Notifications::new(&Aws::patient().await, play.stack.tables["notifications"].clone());
    (log, [of.clone(), Notification { revision: 2, ..of }])
}

fn is_mine(claimed: Claimed) -> bool {
    matches!(claimed, Claimed::Mine { .. })
}

#[tokio::test]
async fn a_message_that_tells_less_does_not_take_the_place_of_one_that_tells_more() -> Result<()> {
    let play = Play::begin().await?;
    let (log, [less, more]) = log(&play).await;
    assert!(is_mine(log.claim(&less, 0).await?));
    assert_eq!(log.claim(&more, 0).await?, Claimed::Taken);
    log.release(&less, 0).await?;
    assert!(is_mine(log.claim(&more, 0).await?));
    // Its sender has died or was refused: it comes again by itself.
    log.release(&more, 0).await?;
    assert_eq!(log.claim(&less, 0).await?, Claimed::Done);
    assert!(is_mine(log.claim(&more, 0).await?));
    log.end(&more, End::Sent { message_id: Some(7) }).await?;
    assert_eq!((log.claim(&less, 0).await?, log.claim(&more, 0).await?), (Claimed::Done, Claimed::Done));
    Ok(())
}

#[tokio::test]
async fn a_message_of_several_parts_is_sent_to_its_end_before_one_that_tells_more() -> Result<()> {
    let play = Play::begin().await?;
    let (log, [less, more]) = log(&play).await;
    assert!(is_mine(log.claim(&less, 0).await?));
    log.release(&less, 1).await?;
    assert_eq!(log.claim(&more, 0).await?, Claimed::Taken);
    assert_eq!(log.claim(&less, 0).await?, Claimed::Taken, "its first part has arrived");
    assert!(is_mine(log.claim(&less, 1).await?));
    assert_eq!(log.claim(&less, 1).await?, Claimed::Taken, "the same part at the same time");
    log.end(&less, End::Sent { message_id: None }).await?;
    assert!(is_mine(log.claim(&more, 0).await?));
    Ok(())
}

#[tokio::test]
async fn what_an_older_version_has_sent_is_told_anew_where_there_is_more_to_tell() -> Result<()> {
    let play = Play::begin().await?;
    let (log, [_, more]) = log(&play).await;
    let (pk, sk) = (format!("USER#{}", more.recipient), format!("N#{}", more.notification_id));
    let item = json!({"pk": {"S": pk}, "sk": {"S": sk}, "status": {"S": "sent"}, "created_at": {"N": "1"}, "sent_at": {"N": "1"}});
    play.stack.aws("dynamodb", "PutItem", json!({"TableName": play.stack.tables["notifications"], "Item": item})).await?;
    let once = Notification { revision: 0, ..more.clone() };
    assert_eq!(log.claim(&once, 0).await?, Claimed::Done, "the same as was sent");
    assert_eq!(log.claim(&more, 0).await?, Claimed::Mine { replaces: None });
    Ok(())
}
