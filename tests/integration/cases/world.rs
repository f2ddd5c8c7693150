//! The people and chats that all cases have. The files have ids of their own; the simulator gives others.

use crate::play::Play;
use anyhow::{Context, Result};
use serde_json::Value;
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, NewChat, NewUser};

/// The bot's id in the files.
const BOT: i64 = 7_000_000_001;

pub struct World {
    pub alice: i64,
    pub boris: i64,
    pub carol: i64,
    pub mallory: i64,
    pub kim: i64,
    pub source: i64,
    pub target: i64,
    pub third: i64,
    /// Ids in the files, and what stands for them here.
    ids: Vec<(i64, i64)>,
}

impl World {
    pub async fn create(play: &Play) -> Result<Self> {
        let (alice, boris, carol) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?, play.admin("Carol", "en").await?);
        let person = async |name: &str| {
            let person = NewUser { language_code: Some("en".to_owned()), ..NewUser::named(name) };
            anyhow::Ok(play.telegram.create_user(person).await?)
        };
        let (mallory, kim) = (person("Mallory").await?, person("Kim").await?);
        let guard = async |name: &str| anyhow::Ok(play.telegram.create_user(NewUser { is_bot: true, ..NewUser::named(name) }).await?);
        let guards = [guard("GuardA").await?, guard("GuardB").await?];
        let members = [mallory, kim];
        let chat = async |new: NewChat| {
            let bot = BotRole::Administrator(AdminRights::moderator());
            anyhow::Ok(play.telegram.create_chat(new.members(&members).bot(bot)).await?)
        };
        let source = chat(NewChat::supergroup("Source", alice).admins(&guards)).await?;
        let target = chat(NewChat::supergroup("Target", boris).admins(&[carol])).await?;
        let third = chat(NewChat::supergroup("Third", carol)).await?;
        let small = chat(NewChat::group("Small group", boris)).await?;
        play.accepted_in(&[source, target, third, small]).await?;
        play.trusting(&[source, target, third, small]).await?;
        let ids = [
            (BOT, play.stack.bot_id),
            (7_100_000_001, alice),
            (7_100_000_002, boris),
            (7_100_000_003, carol),
            (7_100_000_066, mallory),
            (7_100_000_067, kim),
            (7_100_000_090, guards[0]),
            (7_100_000_091, guards[1]),
            (-1_007_100_000_101, source),
            (-1_007_100_000_102, target),
            (-1_007_100_000_103, third),
            (-710_000_104, small),
        ];
        Ok(Self { alice, boris, carol, mallory, kim, source, target, third, ids: ids.to_vec() })
    }

    /// Its people and chats.
    pub fn ids(&self) -> Vec<i64> {
        self.ids.iter().map(|&(_, here)| here).filter(|&here| here != self.ids[0].1).collect()
    }

    /// The id that stands here for one of the files.
    pub fn here(&self, id: i64) -> Result<i64> {
        let known = self.ids.iter().find(|&&(there, _)| there == id);
        known.map(|&(_, here)| here).with_context(|| format!("{id} is nobody's in this world"))
    }

    /// From now on an id of the files has another one here.
    pub fn call(&mut self, id: i64, here: i64) {
        self.ids.push((id, here));
    }

    /// Puts this world's ids in place of the files', in numbers and in texts.
    pub fn fill(&self, value: &mut Value) {
        match value {
            Value::Number(number) => {
                if let Some(here) = number.as_i64().and_then(|id| self.here(id).ok()) {
                    *value = here.into();
                }
            }
            Value::String(text) => *text = self.fill_text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.fill(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.fill(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// In one go: an id of this world may be another one of the files.
    pub fn fill_text(&self, text: &str) -> String {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some(first) = rest.chars().next() {
            let found = self.ids.iter().find_map(|(there, here)| Some((here, rest.strip_prefix(&there.to_string())?)));
            rest = match found {
                Some((here, after)) => {
                    filled.push_str(&here.to_string());
                    after
                }
                None => {
                    filled.push(first);
                    &rest[first.len_utf8()..]
                }
            };
        }
        filled
    }
}

#[test]
fn ids_are_put_in_place_of_those_of_the_files_though_the_numbers_meet() {
    let ids = vec![(7_100_000_066, 7_100_000_067), (7_100_000_067, 7_100_000_068), (-1_007_100_000_101, -1_002)];
    let world = World { alice: 0, boris: 0, carol: 0, mallory: 0, kim: 0, source: 0, target: 0, third: 0, ids };
    assert_eq!(
        world.fill_text("/subscribe 7100000066 in -1007100000101, not 7100000067"),
        "/subscribe 7100000067 in -1002, not 7100000068"
    );
}
