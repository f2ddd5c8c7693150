//! A conversation as it is played: people do something, and what the bot then shows them is written down.

use crate::play::{PATIENCE, Play};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::time::Duration;
use telegram_sim::AdminRights;
use telegram_sim::control::{BotRole, DeliveryState, NewChat, NewUser, SayOptions, Seen};

const MONTHS: [&str; 2] =
    ["Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", "янв. февр. марта апр. мая июня июля авг. сент. окт. нояб. дек."];

pub struct Talk<'a> {
    pub play: &'a Play,
    language: &'static str,
    page: String,
    /// What differs from run to run, and what stands for it.
    names: Vec<(String, String)>,
    people: BTreeMap<i64, String>,
    chats: BTreeMap<i64, String>,
    /// What of the bot's was written down: by reader, chat and message.
    known: BTreeMap<(i64, i64, i64), String>,
    last_update: u32,
}

impl<'a> Talk<'a> {
    pub fn begin(play: &'a Play, language: &'static str) -> Self {
        let names = vec![(play.stack.bot_id.to_string(), "‹bot›".to_owned())];
        let (people, chats, known) = Default::default();
        Self { play, language, page: String::new(), names, people, chats, known, last_update: 0 }
    }

    pub fn page(&self) -> &str {
        &self.page
    }

    /// Somebody who has started the bot and speaks the conversation's language.
    pub async fn admin(&mut self, name: &str) -> Result<i64> {
        self.somebody(NewUser { started: true, ..NewUser::named(name) }).await
    }

    /// Somebody who has not started the bot.
    pub async fn person(&mut self, name: &str) -> Result<i64> {
        self.somebody(NewUser::named(name)).await
    }

    pub async fn somebody(&mut self, user: NewUser) -> Result<i64> {
        let name = user.first_name.clone();
        let id = self.play.telegram.create_user(NewUser { language_code: Some(self.language.to_owned()), ..user }).await?;
        self.names.push((id.to_string(), format!("‹{name}’s ID›")));
        self.people.insert(id, name);
        Ok(id)
    }

    /// A supergroup where the bot may ban.
    pub async fn chat(&mut self, title: &str, owner: i64, members: &[i64]) -> Result<i64> {
        self.chat_with(title, owner, members, AdminRights::moderator()).await
    }

    /// A supergroup where the bot has these rights.
    pub async fn chat_with(&mut self, title: &str, owner: i64, members: &[i64], rights: AdminRights) -> Result<i64> {
        let new = NewChat::supergroup(title, owner).members(members).bot(BotRole::Administrator(rights));
        let id = self.play.telegram.create_chat(new).await?;
        self.names.push((id.to_string(), format!("‹{title}’s ID›")));
        self.chats.insert(id, title.to_owned());
        self.accepted(&[id]).await?;
        self.play.trusting(&[id]).await?;
        Ok(id)
    }

    /// Words of the one who tells it.
    pub fn tell(&mut self, words: &str) {
        self.page += &format!("\n*{words}*\n");
    }

    /// Says something in a group or, to the bot, in private, where `chat` is his own id. What the bot shows him is the answer.
    pub async fn says(&mut self, user: i64, chat: i64, text: &str) -> Result<Vec<Seen>> {
        self.says_with(user, chat, text, SayOptions::default()).await
    }

    pub async fn says_with(&mut self, user: i64, chat: i64, text: &str, options: SayOptions) -> Result<Vec<Seen>> {
        let answering = if options.reply_to.is_some() { ", in reply" } else { "" };
        let forwards = if options.forward.is_some() { ", forwarded" } else { "" };
        self.write_deed(user, chat, &format!("{answering}{forwards}: {text}"));
        match chat == user {
            true => self.play.telegram.say_private_with(user, text, options).await?,
            false => self.play.telegram.say_with(chat, user, text, options).await?,
        };
        self.answers(user, chat).await
    }

    /// As [`Talk::says`], by a command that only the bot sees.
    pub async fn whispers(&mut self, user: i64, chat: i64, text: &str) -> Result<Vec<Seen>> {
        self.write_deed(user, chat, &format!(", unseen by others: {text}"));
        self.play.telegram.say_ephemeral(chat, user, text).await?;
        self.answers(user, chat).await
    }

    /// A message that is not for the bot, and is not written down.
    pub async fn chats(&mut self, user: i64, chat: i64, text: &str) -> Result<i64> {
        let said = self.play.telegram.say(chat, user, text).await?;
        self.accepted(&[chat]).await?;
        Ok(said)
    }

    /// A group reads one answer a second, and who may not wait for a place is left out: so where a stranger asks after somebody else.
    pub async fn a_second_passes(&self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// Opens the link of a button.
    pub async fn opens(&mut self, user: i64, message: &Seen, label: &str) -> Result<Vec<Seen>> {
        let button = message.button(label).with_context(|| format!("there is no button {label}"))?;
        let url = button.url.clone().with_context(|| format!("{label} opens nothing"))?;
        let payload = url.split_once("?start=").context("the link leads into the private chat")?.1.to_owned();
        self.write_deed(user, user, &format!(": presses [{}], then Start", button.text.clone()));
        self.play.telegram.start_bot_with(user, &payload).await?;
        self.answers(user, user).await
    }

    /// Presses a button; what the bot shows then. A note for a moment is written down, too.
    pub async fn presses(&mut self, user: i64, message: &Seen, label: &str) -> Result<Vec<Seen>> {
        let button = message.button(label).with_context(|| format!("there is no button {label} under {}", message.text))?;
        self.write_deed(user, message.chat_id, &format!(": presses [{}]", button.text.clone()));
        let data = button.callback_data.clone().with_context(|| format!("{label} opens something"))?;
        // As it was shown: whether it is there any more is for the bot to say.
        let pressed = self.play.telegram.press_forged(user, message.chat_id, message.message_id, &data).await?;
        ensure!(pressed.answered, "{label} was not answered");
        if let Some(note) = pressed.text {
            self.page += &format!("\n```\n⚡️ {}\n```\n", self.plain(&note));
        }
        self.new_to(user).await
    }

    /// The same, by the button's place: rows and columns count from 0.
    pub async fn presses_at(&mut self, user: i64, message: &Seen, row: usize, column: usize) -> Result<Vec<Seen>> {
        let button = message.buttons.get(row).and_then(|row| row.get(column)).cloned();
        let button = button.with_context(|| format!("there is no button at {row}, {column} under {}", message.text))?;
        self.write_deed(user, message.chat_id, &format!(": presses [{}]", button.text));
        let data = button.callback_data.context("the button opens something")?;
        // As it was shown: whether it is there any more is for the bot to say.
        let pressed = self.play.telegram.press_forged(user, message.chat_id, message.message_id, &data).await?;
        ensure!(pressed.answered, "{} was not answered", button.text);
        if let Some(note) = pressed.text {
            self.page += &format!("\n```\n⚡️ {}\n```\n", self.plain(&note));
        }
        self.new_to(user).await
    }

    /// A word in the conversation's language.
    pub fn word(&self, en: &'static str, ru: &'static str) -> &'static str {
        if self.language == "en" { en } else { ru }
    }

    /// What was shown so far is not written down.
    pub async fn forget(&mut self, user: i64) -> Result<()> {
        self.play.telegram.wait_until_accepted(PATIENCE).await?;
        let written = self.page.len();
        self.new_to(user).await?;
        self.page.truncate(written);
        Ok(())
    }

    /// Waits until all is answered, and writes nothing down.
    pub async fn quietly(&mut self, user: i64, chat: i64) -> Result<()> {
        self.accepted(&[chat]).await?;
        self.forget(user).await
    }

    /// Chooses people by the button that the bot shows in the place of the keyboard.
    pub async fn shares(&mut self, user: i64, people: &[i64]) -> Result<Vec<Seen>> {
        let seen = self.play.telegram.private_messages(user).await?;
        let markup = seen.iter().rev().find_map(|seen| seen.reply_markup.as_ref().filter(|markup| markup.get("keyboard").is_some()));
        let button = markup.map(|markup| markup["keyboard"][0][0].clone()).context("there is a button to choose people by")?;
        let request = button["request_users"]["request_id"].as_i64().context("the button asks for people")?;
        let names: Vec<_> = people.iter().map(|person| self.people[person].clone()).collect();
        self.write_deed(
            user,
            user,
            &format!(": presses [{}] and chooses {}", button["text"].as_str().unwrap_or_default(), names.join(", ")),
        );
        self.play.telegram.share_users(user, request, people).await?;
        self.answers(user, user).await
    }

    /// The bot writes to somebody by itself.
    pub async fn is_told(&mut self, user: i64, words: &str) -> Result<Vec<Seen>> {
        self.play.telegram.wait_until_sees(user, words, PATIENCE).await?;
        self.new_to(user).await
    }

    async fn answers(&mut self, user: i64, chat: i64) -> Result<Vec<Seen>> {
        self.accepted(&[chat]).await?;
        self.new_to(user).await
    }

    /// The bot has done all that it does at once: it answers an update when it is done with it.
    async fn accepted(&mut self, chats: &[i64]) -> Result<()> {
        let (telegram, after) = (&self.play.telegram, self.last_update);
        let all = async || {
            let deliveries = telegram.deliveries_in(chats, after).await?;
            let accepted = deliveries.iter().all(|delivery| delivery.state == DeliveryState::Accepted);
            Ok(accepted.then(|| deliveries.iter().map(|delivery| delivery.update_id).max()))
        };
        let last = telegram.wait_until("the update to be accepted", PATIENCE, all).await?;
        self.last_update = last.unwrap_or_default().max(self.last_update);
        Ok(())
    }

    /// Writes down what the bot shows to somebody that was not there before, or is another now.
    async fn new_to(&mut self, user: i64) -> Result<Vec<Seen>> {
        let mut new = Vec::new();
        let mut all = self.play.telegram.sees(user).await?;
        // What comes to two places within a millisecond has no order.
        all.sort_by_key(|seen| (!seen.private, seen.at_ms, seen.message_id));
        for seen in all {
            if seen.from != self.play.stack.bot_id {
                continue;
            }
            let key = (user, seen.chat_id, seen.message_id);
            let shown = self.shown(&seen);
            let before = self.known.insert(key, shown.clone());
            if before.as_ref() == Some(&shown) {
                continue;
            }
            let place = match self.chats.get(&seen.chat_id) {
                Some(title) => format!("in {title}"),
                None => format!("to {}", self.people.get(&user).cloned().unwrap_or_default()),
            };
            let place = if seen.ephemeral { format!("{place}, to {} alone", self.people[&user]) } else { place };
            let how = match (seen.deleted, before.is_some()) {
                (true, _) => " (goes)",
                (false, true) => " (changes)",
                (false, false) => "",
            };
            let shown = if seen.deleted { "" } else { &shown };
            self.page += &format!("\n```\n🤖 {place}{how}\n{shown}```\n");
            new.push(seen);
        }
        Ok(new)
    }

    fn shown(&self, seen: &Seen) -> String {
        if seen.deleted {
            return "gone".to_owned();
        }
        let mut shown = String::new();
        let (mut html, mut folded) = (seen.html.lines(), false);
        for line in seen.text.lines() {
            let tagged = html.next().unwrap_or_default();
            folded |= tagged.contains("<blockquote expandable>");
            shown += &format!("{}{}\n", if folded { "▸ " } else { "" }, self.plain(line));
            folded &= !tagged.contains("</blockquote>");
        }
        if let Some(document) = &seen.document {
            shown += &format!("📎 {}\n", self.plain(&document.file_name));
            let lines: Vec<_> = document.text.iter().flat_map(|text| text.lines()).take(3).map(|line| self.plain(line)).collect();
            shown += &format!("   {}\n", lines.join("\n   "));
        }
        for row in &seen.buttons {
            let row: Vec<_> = row.iter().map(|button| format!("[{}]", self.plain(&button.text))).collect();
            shown += &format!("{}\n", row.join(" "));
        }
        if let Some(keyboard) = seen.reply_markup.as_ref().and_then(|markup| markup["keyboard"][0][0]["text"].as_str()) {
            shown += &format!("⌨️ [{}]\n", self.plain(keyboard));
        }
        shown
    }

    fn write_deed(&mut self, user: i64, chat: i64, deed: &str) {
        let place = self.chats.get(&chat).map_or_else(|| "in private".to_owned(), |title| format!("in {title}"));
        let name = self.people.get(&user).cloned().unwrap_or_default();
        self.page += &format!("\n**{name}** {place}{}\n", self.plain(deed));
    }

    /// Without what is another in each run.
    fn plain(&self, text: &str) -> String {
        let mut text = text.trim_start_matches('\u{feff}').to_owned();
        for (from, to) in &self.names {
            text = text.replace(from, to);
        }
        for (pattern, by) in [("0000-00-00 00:00 UTC", "‹time›"), ("0000-00-00 00:00", "‹time›"), ("0000-00-00", "‹date›")] {
            text = replace_digits(&text, pattern, by);
        }
        // As apps show them that do not know the reader's own times.
        for month in MONTHS.iter().flat_map(|months| months.split(' ')) {
            for day in ["00", "0"] {
                text = replace_digits(&text, &format!("{day} {month} 0000, 00:00 UTC"), "‹time›");
                text = replace_digits(&text, &format!("{day} {month} 0000"), "‹date›");
            }
        }
        text
    }
}

/// Puts `by` in the place of whatever is like `pattern`, where 0 is any digit.
fn replace_digits(text: &str, pattern: &str, by: &str) -> String {
    let (chars, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut replaced, mut at) = (String::new(), 0);
    while at < chars.len() {
        let fits = chars.len() - at >= pattern.len()
            && chars[at..].iter().zip(&pattern).all(|(char, wanted)| if *wanted == '0' { char.is_ascii_digit() } else { char == wanted });
        if fits {
            replaced.push_str(by);
            at += pattern.len();
        } else {
            replaced.push(chars[at]);
            at += 1;
        }
    }
    replaced
}

/// The newest of what was shown.
pub fn last(seen: &[Seen]) -> Result<Seen> {
    seen.last().cloned().context("the bot shows something")
}
