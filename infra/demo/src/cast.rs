//! Who is who.

use anyhow::Result;
use telegram_sim::control::{BotRole, NewChat, NewUser};
use telegram_sim::{AdminRights, Control};

/// A person of the story.
pub struct Person {
    pub name: &'static str,
    pub id: i64,
}

/// A chat with its admin.
pub struct Chat {
    pub title: &'static str,
    pub id: i64,
    pub admin: Person,
}

/// Five chats and the three people whom they have in common.
pub struct Cast {
    /// Where people are banned.
    pub source: Chat,
    /// Follows everybody; its admin reads Russian.
    pub follower: Chat,
    /// Follows Mallory; its admin reads English.
    pub other_follower: Chat,
    /// Follows nobody.
    pub bystander: Chat,
    /// Follows Mallory, but the bot may not ban there.
    pub powerless: Chat,
    pub mallory: Person,
    pub kim: Person,
    pub nick: Person,
}

impl Cast {
    /// Has everybody sign up, start the bot and gather in the chats.
    pub async fn gather(control: &Control) -> Result<Self> {
        let mallory = person(control, "Mallory", "en", false).await?;
        let kim = person(control, "Kim", "en", false).await?;
        let nick = person(control, "Nick", "en", false).await?;
        let people = [mallory.id, kim.id, nick.id];
        let may_ban = AdminRights::moderator();
        Ok(Self {
            source: chat(control, "A", ("Alice", "en"), &people, may_ban).await?,
            follower: chat(control, "B", ("Boris", "ru"), &people, may_ban).await?,
            other_follower: chat(control, "C", ("Carol", "en"), &people, may_ban).await?,
            bystander: chat(control, "D", ("Dan", "en"), &people, may_ban).await?,
            powerless: chat(control, "E", ("Eve", "en"), &people, AdminRights::without_restrict()).await?,
            mallory,
            kim,
            nick,
        })
    }

    pub fn chats(&self) -> [&Chat; 5] {
        [&self.source, &self.follower, &self.other_follower, &self.bystander, &self.powerless]
    }

    pub fn people(&self) -> [&Person; 3] {
        [&self.mallory, &self.kim, &self.nick]
    }

    /// Everybody's name, or the id of somebody unknown.
    pub fn name(&self, id: i64) -> String {
        let admins = self.chats().map(|chat| &chat.admin);
        let known = self.people().into_iter().chain(admins).find(|person| person.id == id);
        known.map_or_else(|| id.to_string(), |person| person.name.to_owned())
    }
}

async fn person(control: &Control, name: &'static str, language: &str, starts: bool) -> Result<Person> {
    let id = control.create_user(NewUser { language_code: Some(language.to_owned()), ..NewUser::named(name) }).await?;
    if starts {
        control.start_bot(id).await?;
    }
    Ok(Person { name, id })
}

async fn chat(
    control: &Control,
    title: &'static str,
    (admin, language): (&'static str, &str),
    people: &[i64],
    rights: AdminRights,
) -> Result<Chat> {
    let admin = person(control, admin, language, true).await?;
    let chat = NewChat::supergroup(title, admin.id).members(people).bot(BotRole::Administrator(rights));
    Ok(Chat { title, id: control.create_chat(chat).await?, admin })
}
