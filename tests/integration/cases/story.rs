//! A case that is played.

use super::case::{Case, RestCall, SimCommand, Step};
use super::folder;
use super::world::World;
use crate::aws_calls::http;
use crate::caller::Answer;
use crate::guard::Guard;
use crate::made_up::unique;
use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use aws::time::now;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::ops::Deref;
use std::time::{Duration, Instant};
use telegram_sim::control::{CallFilter, Control, Limits, Seen};

/// A case, its own world, and what of it has yet to happen.
pub struct Story {
    play: Play,
    pub world: World,
    steps: VecDeque<Step>,
    /// `$t0`, Unix seconds.
    began: i64,
    /// What is put back at the end.
    guards: Vec<Guard>,
}

impl Deref for Story {
    type Target = Play;

    fn deref(&self) -> &Play {
        &self.play
    }
}

impl Story {
    /// The case with this number, in a world of its own; `None` where there is no folder of cases.
    pub async fn begin(number: &str) -> Result<Option<Self>> {
        match folder() {
            Some(_) => Self::of(number, Play::begin().await?).await,
            None => Ok(None),
        }
    }

    /// As [`Story::begin`], when nobody else plays.
    pub async fn alone(number: &str) -> Result<Option<Self>> {
        match folder() {
            Some(_) => Self::of(number, Play::alone().await?).await,
            None => Ok(None),
        }
    }

    async fn of(number: &str, play: Play) -> Result<Option<Self>> {
        let Some(folder) = folder() else { return Ok(None) };
        let steps = Case::read(&folder, number)?.steps.into();
        let world = World::create(&play).await?;
        Ok(Some(Self { play, world, steps, began: now(), guards: Vec::new() }))
    }

    /// Plays up to the next pause, or to the end; what the REST API answered meanwhile.
    pub async fn go(&mut self) -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        for step in self.act() {
            match step {
                Step::Webhook { update, or_sim, times } => match or_sim.filter(|_| !is_a_reply(&update)) {
                    Some(command) => self.command(command, Some(&update)).await?,
                    None => self.update(update, times).await?,
                },
                Step::Sim(command) => self.command(command, None).await?,
                Step::Rest(call) => answers.push(self.call(call).await?),
                Step::Wait => {}
            }
        }
        Ok(answers)
    }

    /// Leaves out what happens up to the next pause.
    pub fn skip(&mut self) {
        self.act();
    }

    /// The steps up to the next pause, which is over with them.
    fn act(&mut self) -> Vec<Step> {
        let is_pause = |step: &Step| matches!(step, Step::Wait);
        let end = self.steps.iter().position(is_pause).unwrap_or(self.steps.len());
        let act = self.steps.drain(..end).collect();
        let pause = self.steps.iter().take_while(|step| is_pause(step)).count();
        self.steps.drain(..pause);
        act
    }

    /// Waits until nothing more comes of what happened.
    pub async fn settle(&self) -> Result<()> {
        self.quiet(&self.world.ids()).await
    }

    /// Waits until this many seconds of the case have passed: something runs out by the clock.
    pub async fn until(&self, seconds: i64) {
        while now() < self.began + seconds {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What the bot has written in a chat, oldest first; its deleted messages, too.
    pub async fn said_in(&self, chat: i64) -> Result<Vec<Seen>> {
        let mut seen = self.telegram.sees(self.world.boris).await?;
        seen.retain(|seen| seen.chat_id == chat && seen.from == self.stack.bot_id);
        Ok(seen)
    }

    /// No call of the Bot API was about a message 0, which no message is.
    pub async fn nothing_about_message_0(&self) -> Result<()> {
        for chat in self.world.ids() {
            for call in self.telegram.calls(CallFilter { chat_id: Some(chat), ..CallFilter::default() }).await? {
                ensure!(!is_about_message_0(&call.params), "{} {}", call.method, call.params);
            }
        }
        Ok(())
    }

    /// Posts an update as Telegram does: again while it is told to come later.
    async fn update(&mut self, mut update: Value, times: usize) -> Result<()> {
        self.fill(&mut update).await?;
        speak_english(&mut update);
        // Every id of a file is brought once only, however often its case is played.
        update["update_id"] = unique().into();
        let delivered = (0..times).map(|_| self.deliver(&update));
        join_all(delivered).await.into_iter().collect()
    }

    async fn deliver(&self, update: &Value) -> Result<()> {
        let began = Instant::now();
        loop {
            let (status, answer) = self.post(update.to_string(), Some(&self.stack.webhook_secret)).await?;
            match status {
                200..300 => return Ok(()),
                500.. if began.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_secs(1)).await,
                _ => anyhow::bail!("the webhook answers {status} {answer} to {update}"),
            }
        }
    }

    /// `update`: what it brings about, as the file has it.
    async fn command(&mut self, SimCommand { command, mut body }: SimCommand, update: Option<&Value>) -> Result<()> {
        self.fill(&mut body).await?;
        match command.as_str() {
            "add_fault" => self.guards.push(self.fault(serde_json::from_value(body)?).await?),
            "set_limits" => {
                let limits: Limits = serde_json::from_value(body)?;
                self.telegram.set_limits(limits).await?;
                let url = self.telegram.url().to_owned();
                let undo = async move { Ok(Control::new(&url).set_limits(Limits::default()).await?) };
                self.guards.push(Guard::new("the limits of the simulator", undo));
            }
            _ => {
                let answer = http().post(format!("{}/control/{command}", self.telegram.url())).json(&body).send().await?;
                let (status, answer) = (answer.status(), answer.json::<Value>().await?);
                ensure!(status.is_success(), "{command}: {status} {answer}");
                // A group that becomes a supergroup gets a new id.
                if let Some(to) = update.and_then(|update| update["message"]["migrate_to_chat_id"].as_i64()) {
                    self.world.call(to, answer.as_i64().context("the new id is answered")?);
                }
            }
        }
        Ok(())
    }

    async fn call(&self, RestCall { method, path, scope, body, expect_status }: RestCall) -> Result<Answer> {
        // A token takes a moment to get.
        let caller = self.caller(&[&scope]).await?;
        let mut body = body.unwrap_or_default();
        self.fill(&mut body).await?;
        let path = self.world.fill_text(&path);
        let answer = caller.call(&method, &path, Some(body).filter(|body| !body.is_null())).await?;
        ensure!(expect_status.is_none_or(|status| status == answer.status), "{method} {path}: {answer:?}");
        Ok(answer)
    }

    /// Puts this world's ids, this moment and the newest button in their places.
    async fn fill(&self, value: &mut Value) -> Result<()> {
        self.world.fill(value);
        fill_moments(value, now(), self.began);
        if value.pointer("/callback_query/data") == Some(&"$data".into()) {
            let message = self.newest_menu().await?;
            let data = message.buttons.iter().flatten().find_map(|button| button.callback_data.clone());
            value["callback_query"]["data"] = json!(data);
            value["callback_query"]["message"]["message_id"] = message.message_id.into();
            value["callback_query"]["message"]["reply_markup"] = json!(message.reply_markup);
        }
        Ok(())
    }

    /// The message with buttons that the bot sent last.
    async fn newest_menu(&self) -> Result<Seen> {
        let mut seen = Vec::new();
        for person in [self.world.alice, self.world.boris, self.world.carol] {
            seen.extend(self.telegram.sees(person).await?);
        }
        seen.retain(|seen| seen.from == self.stack.bot_id && seen.buttons.iter().flatten().any(|button| button.callback_data.is_some()));
        seen.into_iter().max_by_key(|seen| seen.at_ms).context("the bot has sent a button")
    }
}

/// The simulator's commands cannot say what is replied to in these files.
fn is_a_reply(update: &Value) -> bool {
    !update["message"]["reply_to_message"].is_null()
}

/// Everybody speaks the language in which tests read the answers, where the file leaves it open.
fn speak_english(update: &mut Value) {
    for person in ["/message/from", "/callback_query/from"] {
        if let Some(Value::Object(person)) = update.pointer_mut(person) {
            person.entry("language_code").or_insert_with(|| "en".into());
        }
    }
}

/// Is a message 0 replied to, changed or deleted by a call with these parameters?
pub fn is_about_message_0(params: &Value) -> bool {
    // Parameters of a form come as text.
    let is_0 = |value: &Value| value == 0 || value == "0";
    let reply = match &params["reply_parameters"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    is_0(&params["message_id"]) || is_0(&reply["message_id"])
}

/// Puts moments in place of `$now`, `$now+45`, `$t0` and the like.
pub fn fill_moments(value: &mut Value, now: i64, t0: i64) {
    match value {
        Value::String(text) => {
            if let Some(moment) = moment(text, now, t0) {
                *value = moment.into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| fill_moments(value, now, t0)),
        Value::Object(fields) => fields.values_mut().for_each(|value| fill_moments(value, now, t0)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn moment(text: &str, now: i64, t0: i64) -> Option<i64> {
    let (base, rest) = text.strip_prefix("$now").map(|rest| (now, rest)).or_else(|| Some((t0, text.strip_prefix("$t0")?)))?;
    // `+45` and `-60` are numbers.
    let offset: i64 = if rest.is_empty() { 0 } else { rest.parse().ok()? };
    Some(base + offset)
}

#[test]
fn a_moment_of_a_case_is_now_or_its_beginning_and_so_many_seconds() {
    for (text, expected) in [("$now", Some(100)), ("$now+45", Some(145)), ("$now-60", Some(40)), ("$t0", Some(7)), ("$t0+1", Some(8))] {
        assert_eq!(moment(text, 100, 7), expected, "{text}");
    }
    for text in ["now", "$data", "$now+x", ""] {
        assert_eq!(moment(text, 100, 7), None, "{text}");
    }
}
