//! The story as a reader's table: when, who, what.

use anyhow::Result;
use telegram_sim::control::{CallFilter, Seen};

use crate::story::Story;

/// Columns before the text: time and place.
const INDENT: usize = 26;

/// Prints everything that happened, then who is banned where.
pub async fn print(story: &Story) -> Result<()> {
    let mut events: Vec<(i64, String, String)> = story.deeds.iter().map(|(at, deed)| (*at, String::new(), format!("▶ {deed}"))).collect();
    events.extend(seen(story).await?);
    events.extend(acts_of_the_bot(story).await?);
    events.sort_by_key(|(at, ..)| *at);

    println!("\n seconds  where            what");
    for (at, place, text) in events {
        // Lossless: the story takes a minute.
        let seconds = (at - story.began_ms) as f64 / 1000.0;
        let text = text.replace('\n', &format!("\n{:INDENT$}", ""));
        println!("{seconds:8.1}  {place:15} {text}");
    }
    print_bans(story).await
}

/// What each admin read that the bot wrote, in private and in the chat.
async fn seen(story: &Story) -> Result<Vec<(i64, String, String)>> {
    let mut events = Vec::new();
    for chat in story.cast.chats() {
        let messages = story.control.sees(chat.admin.id).await?;
        let of_bot = messages.into_iter().filter(|message| message.from == story.bot && !message.deleted);
        for message in of_bot {
            let place = if message.private { chat.admin.name.to_owned() } else { format!("{}, {}", chat.title, chat.admin.name) };
            events.push((message.at_ms, place, with_buttons(&message)));
        }
    }
    Ok(events)
}

fn with_buttons(message: &Seen) -> String {
    let rows = message.buttons.iter().map(|row| row.iter().map(|button| format!("[{}]", button.text)).collect::<Vec<_>>().join(" "));
    [message.text.clone()].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

async fn acts_of_the_bot(story: &Story) -> Result<Vec<(i64, String, String)>> {
    let calls = story.control.calls(CallFilter::method("banChatMember")).await?;
    let events = calls.into_iter().map(|call| {
        let title = story.cast.chats().into_iter().find(|chat| Some(chat.id) == call.chat_id).map_or("?", |chat| chat.title);
        let name = story.cast.name(call.user_id.unwrap_or_default());
        let result = call.description.map_or(String::new(), |reason| format!(": {reason}"));
        (call.at_ms, title.to_owned(), format!("● the bot bans {name}{result}"))
    });
    Ok(events.collect())
}

async fn print_bans(story: &Story) -> Result<()> {
    let people = story.cast.people();
    print!("\n{:16}", "");
    for person in people {
        print!("{:9}", person.name);
    }
    println!();
    for chat in story.cast.chats() {
        print!("{:16}", format!("{} ({})", chat.title, chat.admin.name));
        for person in people {
            let banned = story.control.is_banned(chat.id, person.id).await?;
            print!("{:9}", if banned { "banned" } else { "–" });
        }
        println!();
    }
    Ok(())
}
