//! What a person chose, and erasing what is held on them; [`super::data`] shows it.

use super::action::{Action, MyOption, MyTopic};
use super::asker::{Asks, Context};
use super::messages::{digests, messages};
use super::options::{language, mark};
use super::screen::{Choice, Screen};
use super::{Asker, Stop};
use crate::Webhook;
use aws::store::page::Wanted;
use aws::store::users::{Chosen, Profile};
use domain::lang::Lang;
use domain::settings::{Channel, QuietHours, Topic, UserSettings, When};
use domain::subscription::{MAX_PER_ADMIN, Mode, Source};
use std::collections::BTreeSet;
use telegram::message::Style;
use telegram::render;
use telegram::text;
use telegram::text::Html;

/// Quiet hours that can be chosen by button, in minutes of the day; the REST API takes any.
const QUIET: [(u16, u16); 3] = [(22 * 60, 7 * 60), (23 * 60, 8 * 60), (0, 9 * 60)];

/// Time zones that can be chosen by button: the most people that speak one of the bot's languages.
const ZONES: [&str; 8] =
    ["UTC", "Europe/London", "Europe/Berlin", "Europe/Moscow", "Europe/Kyiv", "Asia/Almaty", "Asia/Yekaterinburg", "America/New_York"];

impl Webhook {
    pub async fn my_settings(&self, asker: &Asker) -> Result<Screen, Stop> {
        let profile = self.users.profile(asker.id).await?;
        let unasked = self.unasked(asker, profile.as_ref()).await?;
        Ok(mine(asker.lang, profile.as_ref(), unasked))
    }

    pub async fn pick_mine(&self, asker: &Asker, topic: MyTopic) -> Result<Screen, Stop> {
        let profile = self.users.profile(asker.id).await?;
        let settings = profile.as_ref().map(|profile| profile.settings.clone()).unwrap_or_default();
        // A zone without a button can be written.
        if topic == MyTopic::Zone {
            let chat = self.context(asker.id).await?.chat;
            self.set_context(asker.id, "settings", &Context { chat, asks: Some(Asks::Zone) }).await?;
        }
        if topic == MyTopic::Messages {
            let unasked = self.unasked(asker, profile.as_ref()).await?;
            return Ok(messages(asker.lang, &settings, unasked));
        }
        Ok(pick(asker.lang, &settings, topic))
    }

    pub async fn set_mine(&self, asker: &Asker, option: MyOption) -> Result<Screen, Stop> {
        let of_messages =
            matches!(option, MyOption::Topic(..) | MyOption::DigestHours(_) | MyOption::UrgentInQuietHours(_) | MyOption::Channels(_));
        match self.users.choose(asker.id, &option.into()).await? {
            Chosen::Done(profile) => {
                // What is remembered of him has his old language.
                self.people.forget(asker.id);
                let lang = profile.lang();
                let unasked = self.unasked(asker, Some(&profile)).await?;
                let screen = match of_messages {
                    true => messages(lang, &profile.settings, unasked),
                    false => mine(lang, Some(&profile), unasked),
                };
                Ok(Screen { toast: Some(text!(lang, "saved")), ..screen })
            }
            Chosen::Unknown => Ok(Screen::toast(text!(asker.lang, "stale-button"))),
            Chosen::Refused(_) => Ok(Screen::text(text!(asker.lang, "no-such-zone"))),
        }
    }

    /// In how many chats somebody wants to be asked, but has switched off the messages that ask.
    async fn unasked(&self, asker: &Asker, profile: Option<&Profile>) -> Result<usize, Stop> {
        let is_asked = |settings: &UserSettings| {
            let chosen = &settings.preferences;
            let by_button = settings.notifications_enabled && chosen.channels.contains(&Channel::Telegram);
            by_button && [Topic::UserBanned, Topic::LimitReached].iter().all(|topic| chosen.when(*topic) != When::Off)
        };
        if profile.is_none_or(|profile| is_asked(&profile.settings)) {
            return Ok(0);
        }
        let all = Wanted { limit: MAX_PER_ADMIN as usize, cursor: None };
        let follows =
            self.subscriptions.page_of_admin(asker.id, None, Some(true), &all).await.map_err(super::history::unreadable(asker.lang))?;
        let asking = follows.items.iter().filter(|item| item.mode == Mode::Confirm).map(|item| item.subscription.admin_chat_id);
        Ok(asking.collect::<BTreeSet<_>>().len())
    }

    pub async fn my_data(&self, asker: &Asker) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let profile = self.users.profile(asker.id).await?;
        let follows = self.subscriptions.count_of(asker.id).await?;
        let followers = self.subscriptions.count_of_source(Source::User(asker.id)).await?;
        let (name, username, known_since) = match &profile {
            Some(profile) => (
                profile.name(),
                profile.username.clone().map(|name| format!("@{name}")).unwrap_or_else(|| "—".to_owned()),
                profile.created_at.map_or_else(|| Html("—".to_owned()), |at| render::date(at, lang)),
            ),
            None => ("—".to_owned(), "—".to_owned(), Html("—".to_owned())),
        };
        let text = text!(
            lang,
            "my-data",
            name = name,
            id = asker.id,
            username = username,
            since = known_since,
            follows = follows,
            followers = followers
        );
        Ok(Screen::text(text)
            .row([Choice::new(text!(lang, "button-data-file"), Action::MyDataFile)])
            .row([Choice::new(text!(lang, "button-erase"), Action::AskErase)]))
    }

    pub fn ask_erase(&self, asker: &Asker) -> Screen {
        let lang = asker.lang;
        Screen::text(text!(lang, "ask-erase"))
            .row([Choice::new(text!(lang, "button-erase-really"), Action::Erase).styled(Style::Danger)])
            .row([Choice::new(text!(lang, "button-cancel"), Action::Close)])
    }

    pub async fn erase(&self, asker: &Asker) -> Result<Screen, Stop> {
        self.users.erase(asker.id).await?;
        self.people.forget(asker.id);
        self.dialogue.end_talk(asker.id).await?;
        Ok(Screen::text(text!(asker.lang, "erased")))
    }
}

/// `unasked`: see [`Webhook::unasked`].
fn mine(lang: Lang, profile: Option<&Profile>, unasked: usize) -> Screen {
    let settings = profile.map(|profile| profile.settings.clone()).unwrap_or_default();
    Screen::text(with_warning(text!(lang, "my-settings"), lang, unasked))
        .row([Choice::new(
            text!(lang, "set-notifications", mark = mark(settings.notifications_enabled)),
            Action::SetMine(MyOption::Notifications(!settings.notifications_enabled)),
        )])
        .row([Choice::new(text!(lang, "set-messages"), Action::PickMine(MyTopic::Messages))])
        .row([Choice::new(text!(lang, "set-language", value = language(lang, settings.language)), Action::PickMine(MyTopic::Language))])
        .row([Choice::new(
            text!(lang, "set-quiet-hours", value = quiet(lang, settings.quiet_hours)),
            Action::PickMine(MyTopic::QuietHours),
        )])
        .row([Choice::new(text!(lang, "set-zone", value = settings.timezone.as_str()), Action::PickMine(MyTopic::Zone))])
        .row([Choice::new(text!(lang, "button-close"), Action::Close)])
}

/// `unasked`: see [`Webhook::unasked`].
pub fn with_warning(text: String, lang: Lang, unasked: usize) -> String {
    match unasked {
        0 => text,
        _ => format!("{text}\n\n{}", text!(lang, "my-settings-unasked", count = unasked)),
    }
}

/// The choices of one setting.
fn pick(lang: Lang, now: &UserSettings, topic: MyTopic) -> Screen {
    let choice = |label: String, chosen: bool, option: MyOption| {
        Choice::new(if chosen { format!("● {label}") } else { label }, Action::SetMine(option))
    };
    let (text, choices): (String, Vec<Choice>) = match topic {
        MyTopic::Language => {
            let of = |of| choice(language(lang, of), now.language == of, MyOption::Language(of));
            (text!(lang, "pick-language"), [None, Some(Lang::Ru), Some(Lang::En)].map(of).into())
        }
        MyTopic::QuietHours => {
            let hours = QUIET.iter().map(|&(from, to)| Some(QuietHours { from, to }));
            let of = |of| choice(quiet(lang, of), now.quiet_hours == of, MyOption::QuietHours(of));
            (text!(lang, "pick-quiet-hours", zone = now.timezone.as_str()), std::iter::once(None).chain(hours).map(of).collect())
        }
        MyTopic::Zone => {
            let of = |zone: &str| choice(zone.to_owned(), now.timezone == zone, MyOption::Zone(zone.to_owned()));
            (text!(lang, "pick-zone"), ZONES.map(of).into())
        }
        MyTopic::DigestHours | MyTopic::Messages => {
            let of = |(label, hours)| choice(label, now.preferences.digest_hours == hours, MyOption::DigestHours(hours));
            (text!(lang, "pick-digest"), digests(lang).into_iter().map(of).collect())
        }
    };
    let mut screen = Screen::text(text);
    for row in choices.chunks(2) {
        screen = screen.row(row.to_vec());
    }
    let back = if topic == MyTopic::DigestHours { Action::PickMine(MyTopic::Messages) } else { Action::MySettings };
    screen.row([Choice::new(text!(lang, "button-back"), back)])
}

fn quiet(lang: Lang, hours: Option<QuietHours>) -> String {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    match hours {
        Some(QuietHours { from, to }) => format!("{}–{}", clock(from), clock(to)),
        None => text!(lang, "quiet-never"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use domain::settings::UserChange;
    use serde_json::json;

    /// The choices that a screen's buttons set, with their labels.
    fn choices(screen: &Screen) -> Vec<(String, MyOption)> {
        let option = |choice: &Choice| match &choice.to {
            To::Action(action) => match &**action {
                Action::SetMine(option) => Some((choice.label.clone(), option.clone())),
                _ => None,
            },
            To::Url(_) => None,
        };
        screen.rows.iter().flatten().filter_map(option).collect()
    }

    #[test]
    fn each_choice_of_a_persons_setting_is_the_marked_one_once_it_is_chosen() {
        for topic in [MyTopic::Language, MyTopic::QuietHours, MyTopic::Zone, MyTopic::DigestHours] {
            let mut settings = UserSettings::default();
            for (_, option) in choices(&pick(Lang::En, &settings, topic)) {
                settings = settings.changed(&UserChange::from(option.clone())).unwrap();
                let offered = choices(&pick(Lang::En, &settings, topic));
                assert!(offered.len() > 2, "{topic:?}");
                let marked: Vec<_> = offered.into_iter().filter(|(label, _)| label.starts_with('●')).map(|(_, option)| option).collect();
                assert_eq!(marked, [option]);
            }
        }
    }

    #[test]
    fn messages_are_switched_off_and_on_by_the_same_button() {
        let profile = |on: bool| {
            let profile = json!({ "user_id": 1, "settings": { "notifications_enabled": on } });
            serde_json::from_value::<Profile>(profile).unwrap()
        };
        for (profile, expected) in [(None, false), (Some(profile(true)), false), (Some(profile(false)), true)] {
            let options: Vec<_> = choices(&mine(Lang::En, profile.as_ref(), 0)).into_iter().map(|(_, option)| option).collect();
            assert_eq!(options, [MyOption::Notifications(expected)]);
        }
    }

    #[test]
    fn whoever_is_asked_nowhere_any_more_is_told_in_how_many_chats() {
        assert!(!mine(Lang::En, None, 0).text.contains('⚠'));
        assert!(mine(Lang::En, None, 2).text.contains("2 chats"));
    }

    #[test]
    fn quiet_hours_are_told_as_a_clock_shows_them() {
        assert_eq!(quiet(Lang::En, Some(QuietHours { from: 22 * 60 + 5, to: 7 * 60 })), "22:05–07:00");
        assert_eq!(quiet(Lang::En, None), text!(Lang::En, "quiet-never"));
    }
}
