//! The state of the simulated Telegram and its rules, without any I/O.
//!
//! Whoever holds a [`World`] sets its clock ([`World::at`]) and then acts: as people ([`World::command`]), as the bot
//! ([`World::call`](crate::bot_api)), or as the webhook's postman ([`outbox`]).

mod actions;
mod api_error;
mod chats;
mod command;
mod communities;
mod lifecycle;
mod membership;
mod messages;
pub mod outbox;
mod people;
mod sharing;
mod traffic;
mod web_app;
mod writing;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use api_error::ApiError;
pub use chats::{Chat, Life, Status};
pub use messages::{Message, Note, Query};
use outbox::{Outbox, Queue};
pub use people::User;
pub use traffic::{Traffic, Verdict};

use crate::config::Config;
use crate::control::NewUser;
use crate::rights::AdminRights;
use crate::schema::SchemaReport;

/// The refusal of a human action, in words.
pub type Refused = String;

/// What the bot has told Telegram about itself.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// `{scope, language_code, commands}` as set, newest of each scope and language.
    pub commands: Vec<Value>,
    pub description: String,
    pub short_description: String,
    /// What clients propose when somebody makes the bot an administrator; `None` = nothing.
    pub rights_in_groups: Option<AdminRights>,
    pub rights_in_channels: Option<AdminRights>,
    /// `MenuButton` of private chats; `None`: it was never set.
    pub menu_button: Option<Value>,
}

/// Somebody who asks the bot, which guards a chat, to be let in.
#[derive(Debug, Clone)]
pub struct JoinQuery {
    pub at_ms: i64,
    pub chat: i64,
    pub user: i64,
    /// The bot's answer.
    pub result: Option<String>,
}

/// Something that happens by itself later.
#[derive(Debug, Clone, Copy)]
enum Later {
    /// The second half of a kick.
    Unban { chat: i64, admin: i64, user: i64 },
}

#[derive(Debug)]
pub struct World {
    now_ms: i64,
    kick_pause_ms: i64,
    pub bot: User,
    /// Signs what Mini Apps are opened with; made of the token, which is not kept here.
    launch_key: ring::hmac::Key,
    pub profile: Profile,
    pub users: BTreeMap<i64, User>,
    pub chats: BTreeMap<i64, Chat>,
    /// By chat (a user's id for the private chat) and message id.
    pub messages: BTreeMap<(i64, i64), Message>,
    pub queries: BTreeMap<String, Query>,
    pub join_queries: BTreeMap<String, JoinQuery>,
    pub outbox: Outbox,
    pub traffic: Traffic,
    /// Outlives [`reset`](Self::reset): it is about a whole run.
    pub schema: SchemaReport,
    scheduled: Vec<(i64, Later)>,
    last_message_ids: BTreeMap<i64, i64>,
    last_id: i64,
}

impl World {
    /// An empty world in which only the bot exists. `now_ms`: Unix milliseconds.
    pub fn new(config: &Config, now_ms: i64) -> Self {
        let bot = NewUser {
            first_name: config.bot_name.clone(),
            username: Some(config.bot_username.clone()),
            is_bot: true,
            ..NewUser::default()
        };
        let mut world = Self {
            now_ms,
            kick_pause_ms: i64::try_from(config.kick_pause.as_millis()).unwrap_or(i64::MAX),
            bot: User::new(config.bot_id().unwrap_or_default(), bot),
            launch_key: web_app::key(&config.token),
            profile: Profile::default(),
            users: BTreeMap::new(),
            chats: BTreeMap::new(),
            messages: BTreeMap::new(),
            queries: BTreeMap::new(),
            join_queries: BTreeMap::new(),
            outbox: Outbox::new(config, now_ms),
            traffic: Traffic::default(),
            schema: SchemaReport::default(),
            scheduled: Vec::new(),
            last_message_ids: BTreeMap::new(),
            last_id: 0,
        };
        world.people_of_old();
        world
    }

    fn people_of_old(&mut self) {
        for user in User::special().into_iter().chain([self.bot.clone()]) {
            self.users.insert(user.id, user);
        }
    }

    /// Sets the clock (Unix milliseconds; it never goes back) and does what was due by then.
    pub fn at(&mut self, now_ms: i64) -> &mut Self {
        self.now_ms = self.now_ms.max(now_ms);
        let now_ms = self.now_ms;
        let due: Vec<Later> = self.scheduled.extract_if(.., |(at, _)| *at <= now_ms).map(|(_, what)| what).collect();
        for what in due {
            match what {
                // Refused when the chat or the ban has gone meanwhile: then there is nothing to undo.
                Later::Unban { chat, admin, user } => self.unban(chat, admin, user).unwrap_or_default(),
            }
        }
        self
    }

    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The clock in Unix seconds.
    pub fn now(&self) -> i64 {
        self.now_ms / 1000
    }

    /// When [`at`](Self::at) has something to do next, Unix milliseconds.
    pub fn next_scheduled(&self) -> Option<i64> {
        self.scheduled.iter().map(|(at, _)| *at).min()
    }

    /// Updates not yet accepted, and actions under way that will make some.
    pub fn pending(&self) -> usize {
        self.outbox.pending() + self.scheduled.len()
    }

    /// A number never given before in this world: the source of ids.
    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub fn user(&self, id: i64) -> Result<&User, Refused> {
        self.users.get(&id).ok_or_else(|| format!("no user {id}"))
    }

    /// A chat that is neither deleted nor migrated.
    pub fn chat(&self, id: i64) -> Result<&Chat, Refused> {
        let chat = self.chats.get(&id).ok_or_else(|| format!("no chat {id}"))?;
        if chat.life == Life::Active { Ok(chat) } else { Err(format!("chat {id} is {:?}", chat.life)) }
    }

    /// What `user` is in `chat` now; left where there is no such chat.
    pub fn status(&self, chat: i64, user: i64) -> Status {
        self.chats.get(&chat).map_or(Status::Left, |c| c.status(user, self.now()))
    }

    /// What the bot is in `chat` now.
    pub fn bot_status(&self, chat: i64) -> Status {
        self.status(chat, self.bot.id)
    }

    fn user_json(&self, id: i64) -> Value {
        self.users.get(&id).map_or_else(|| json!({"id": id, "is_bot": false, "first_name": ""}), User::json)
    }

    /// The Bot API's `Chat`, of a group or of the private chat with a user.
    pub fn chat_json(&self, id: i64) -> Value {
        match (self.chats.get(&id), self.users.get(&id)) {
            (Some(chat), _) => chat.json(),
            (None, Some(user)) => user.chat_json(),
            (None, None) => json!({"id": id, "type": "private"}),
        }
    }

    fn send_update(&mut self, kind: &'static str, queue: Queue, content: Value) {
        self.schema.update(kind, &content);
        self.outbox.push(self.now_ms, kind, queue, &content);
    }

    /// Forgets everything but the webhook, the bot's profile, and where the counters stand.
    pub fn reset(&mut self) {
        self.users.clear();
        self.chats.clear();
        self.messages.clear();
        self.queries.clear();
        self.join_queries.clear();
        self.scheduled.clear();
        self.outbox.clear();
        self.traffic = Traffic::default();
        self.people_of_old();
    }

    /// The whole state, for people to read.
    pub fn snapshot(&self) -> Value {
        let member = |chat: &Chat, id: &i64| {
            let mut json = json!(chat.status(*id, self.now()));
            let user = self.users.get(id);
            json["name"] = json!(user.map(User::name));
            json["username"] = json!(user.and_then(|u| u.username.clone()));
            json
        };
        let chat_json = |chat: &Chat| {
            let mut json = json!(chat);
            let members = chat.members.keys().map(|id| (id.to_string(), member(chat, id)));
            json["members"] = Value::Object(members.collect());
            json
        };
        json!({
            "now_ms": self.now_ms,
            "bot": self.bot,
            "users": self.users.values().collect::<Vec<_>>(),
            "chats": self.chats.values().map(chat_json).collect::<Vec<_>>(),
            "messages": self.messages.len(),
            "pending": self.pending(),
            "webhook": self.outbox.info(),
        })
    }
}

#[cfg(test)]
pub mod tests;
