//! What must have become of everybody.

use anyhow::Result;

use crate::cast::Cast;
use crate::story::Story;

/// What did not hold, as sentences.
pub async fn failures(story: &Story) -> Result<Vec<String>> {
    let mut failures = bans(story).await?;
    failures.extend(messages(story).await?);
    Ok(failures)
}

async fn bans(story: &Story) -> Result<Vec<String>> {
    let cast = &story.cast;
    let banned_in = [cast.source.id, cast.follower.id, cast.other_follower.id];
    let mut failures = Vec::new();
    for chat in cast.chats() {
        for person in cast.people() {
            let expected = person.id == cast.mallory.id && banned_in.contains(&chat.id);
            if story.control.is_banned(chat.id, person.id).await? != expected {
                let (name, title) = (person.name, chat.title);
                failures.push(match expected {
                    true => format!("{name} should be banned in {title} and is not."),
                    false => format!("{name} is banned in {title} and should not be."),
                });
            }
        }
    }
    Ok(failures)
}

async fn messages(story: &Story) -> Result<Vec<String>> {
    let Cast { follower, other_follower, bystander, powerless, mallory, kim, nick, .. } = &story.cast;
    // A word of each message in its reader's language.
    let told = [(follower, "успешно"), (other_follower, "successfully"), (powerless, "right")];
    let mut failures = Vec::new();
    for (chat, word) in told {
        let messages = story.messages_about(&chat.admin, mallory).await?;
        if !messages.iter().any(|message| message.text.contains(word)) {
            failures.push(format!("{} should have read of Mallory a message with “{word}”.", chat.admin.name));
        }
    }
    for person in [mallory, kim, nick] {
        if !story.messages_about(&bystander.admin, person).await?.is_empty() {
            failures.push(format!("{} follows nobody and was written to about {}.", bystander.admin.name, person.name));
        }
    }
    for person in [kim, nick] {
        let messages = story.messages_about(&follower.admin, person).await?;
        if messages.iter().any(|message| message.text.contains("успешно")) {
            failures.push(format!("{} was told of a ban of {} that should not have been.", follower.admin.name, person.name));
        }
    }
    Ok(failures)
}
