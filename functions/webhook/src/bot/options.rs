//! A chat's settings by buttons: one message, changed in place.

use super::action::{Action, ChatOption, ChatTopic, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use aws::store::users::{ChatItem, Chosen};
use domain::chat::ChatState;
use domain::lang::Lang;
use domain::settings::{ChatChange, ChatSettings, NewSources, ShareBans, SyncBanType};
use domain::subscription::Mode;
use telegram::text;
use telegram::text::Html;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Lengths of temporary bans that can be chosen by button, in seconds; the REST API takes any.
const LENGTHS: [i64; 6] = [HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/// Delays that can be chosen by button, in seconds.
const DELAYS: [i64; 6] = [0, 300, HOUR, 12 * HOUR, DAY, 7 * DAY];

/// Mode for a ban elsewhere, by the two settings that hold it.
pub fn mode(settings: &ChatSettings) -> Mode {
    match (settings.auto_sync_enabled, settings.require_confirmation) {
        (true, false) => Mode::Auto,
        (true, true) => Mode::Confirm,
        (false, _) => Mode::Notify,
    }
}

/// Why somebody who is followed with `wanted` is treated more mildly: the chat's mode comes first. `None`: they are not.
pub fn why_milder(lang: Lang, wanted: Mode, settings: &ChatSettings) -> Option<String> {
    match mode(settings) {
        most if wanted.weaker(most) == wanted => None,
        Mode::Confirm => Some(text!(lang, "follow-chat-asks")),
        Mode::Auto | Mode::Notify => Some(text!(lang, "follow-chat-tells")),
    }
}

/// Before a switch.
pub fn mark(on: bool) -> &'static str {
    if on { "✅" } else { "⬜️" }
}

pub fn settings(asker: &Asker, room: &Room) -> Screen {
    let lang = asker.lang;
    let settings = &room.chat.settings;
    let here = |then| Action::In { chat: room.id, then };
    let pick = |topic| here(InChat::Pick(topic));
    let set = |option| here(InChat::Set(option));
    let mut text = text!(lang, "settings", chat = room.title(), now = Html(now(lang, settings)));
    if room.chat.state == ChatState::Suspended {
        text.push_str("\n\n");
        text.push_str(&text!(lang, "cannot-ban-here"));
    }
    let mode = match mode(settings) {
        Mode::Auto => text!(lang, "set-mode-auto"),
        Mode::Confirm => text!(lang, "set-mode-ask"),
        Mode::Notify => text!(lang, "set-mode-tell"),
    };
    let ignored = room.chat.ignores.users.len() + room.chat.ignores.sources.len();
    Screen::text(text)
        .row([Choice::new(mode, pick(ChatTopic::Mode))])
        .row([Choice::new(text!(lang, "set-ban-type", value = ban_type(lang, settings)), pick(ChatTopic::BanType))])
        .row([Choice::new(text!(lang, "set-delay", value = delay(lang, settings.sync_delay_seconds)), pick(ChatTopic::Delay))])
        .row([Choice::new(text!(lang, "set-new-sources", value = new_sources(lang, settings.new_sources)), pick(ChatTopic::NewSources))])
        .row([Choice::new(
            text!(lang, "set-sync-unban", mark = mark(settings.sync_unban)),
            set(ChatOption::SyncUnban(!settings.sync_unban)),
        )])
        .row([Choice::new(
            text!(lang, "set-spare-bots", mark = mark(settings.spare_bots)),
            set(ChatOption::SpareBots(!settings.spare_bots)),
        )])
        .row([Choice::new(
            text!(lang, "set-kicks", mark = mark(settings.kick_seconds > 0)),
            set(ChatOption::Kicks(settings.kick_seconds == 0)),
        )])
        .row([Choice::new(text!(lang, "set-share-bans", value = share_bans(lang, settings.share_bans)), pick(ChatTopic::ShareBans))])
        .row([
            Choice::new(text!(lang, "button-ignored", count = ignored), here(InChat::Ignored)),
            Choice::new(text!(lang, "button-sources"), here(InChat::Sources)),
        ])
        .row([Choice::new(text!(lang, "set-language", value = language(lang, settings.language)), pick(ChatTopic::Language))])
        .row([
            Choice::new(text!(lang, "button-my-settings"), Action::MySettings),
            Choice::new(text!(lang, "button-other-chat"), Action::Choose { then: InChat::Settings, page: 0 }),
        ])
        .row([Choice::new(text!(lang, "button-close"), Action::Close)])
}

/// In a sentence or three: what happens here when a followed person is banned elsewhere.
fn now(lang: Lang, settings: &ChatSettings) -> String {
    let does = match mode(settings) {
        Mode::Auto => text!(lang, "settings-auto"),
        Mode::Confirm => text!(lang, "settings-ask"),
        // Nothing lasts, and nothing waits.
        Mode::Notify => return text!(lang, "settings-tell"),
    };
    let lasts = match settings.sync_ban_type {
        SyncBanType::Same => text!(lang, "settings-same"),
        SyncBanType::Permanent => text!(lang, "settings-permanent"),
        SyncBanType::Temporary => text!(lang, "settings-temporary", value = ban_type(lang, settings)),
    };
    let seconds = settings.sync_delay_seconds;
    let waits = (seconds > 0).then(|| text!(lang, "settings-delay", value = duration(lang, seconds)));
    [Some(does), Some(lasts), waits].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn ban_type(lang: Lang, settings: &ChatSettings) -> String {
    match (settings.sync_ban_type, settings.ban_duration_seconds) {
        (SyncBanType::Same, _) => text!(lang, "ban-type-same"),
        (SyncBanType::Permanent, _) => text!(lang, "ban-type-permanent"),
        (SyncBanType::Temporary, seconds) => duration(lang, seconds.unwrap_or(DAY)),
    }
}

/// The choices of one setting.
pub fn pick(asker: &Asker, room: &Room, topic: ChatTopic) -> Screen {
    let lang = asker.lang;
    let set = |option| Action::In { chat: room.id, then: InChat::Set(option) };
    let now = &room.chat.settings;
    let label = |label: String, chosen: bool| if chosen { format!("● {label}") } else { label };
    let (text, choices): (String, Vec<Choice>) = match topic {
        ChatTopic::Mode => {
            let name = |of| match of {
                Mode::Auto => text!(lang, "button-follow-auto"),
                Mode::Confirm => text!(lang, "button-follow-ask"),
                Mode::Notify => text!(lang, "button-follow-tell"),
            };
            let choice = |of| Choice::new(label(name(of), mode(now) == of), set(ChatOption::Mode(of)));
            (text!(lang, "pick-mode", chat = room.title()), [Mode::Auto, Mode::Confirm, Mode::Notify].map(choice).into())
        }
        ChatTopic::BanType => {
            let is = |ban_type, seconds: Option<i64>| {
                now.sync_ban_type == ban_type && (seconds.is_none() || now.ban_duration_seconds == seconds)
            };
            let open = [(SyncBanType::Same, text!(lang, "ban-type-same")), (SyncBanType::Permanent, text!(lang, "ban-type-permanent"))];
            let open = open.map(|(ban_type, name)| Choice::new(label(name, is(ban_type, None)), set(ChatOption::BanType(ban_type, None))));
            let lengths = LENGTHS.map(|seconds| {
                let option = ChatOption::BanType(SyncBanType::Temporary, Some(seconds));
                Choice::new(label(duration(lang, seconds), is(SyncBanType::Temporary, Some(seconds))), set(option))
            });
            (text!(lang, "pick-ban-type"), open.into_iter().chain(lengths).collect())
        }
        ChatTopic::Delay => {
            let choice =
                |seconds| Choice::new(label(delay(lang, seconds), now.sync_delay_seconds == seconds), set(ChatOption::Delay(seconds)));
            (text!(lang, "pick-delay"), DELAYS.map(choice).into())
        }
        ChatTopic::NewSources => {
            let choice = |of| Choice::new(label(new_sources(lang, of), now.new_sources == of), set(ChatOption::NewSources(of)));
            (text!(lang, "pick-new-sources"), [NewSources::Ask, NewSources::Ban, NewSources::Tell].map(choice).into())
        }
        ChatTopic::ShareBans => {
            let choice = |step| Choice::new(label(share_bans(lang, step), now.share_bans == step), set(ChatOption::ShareBans(step)));
            (text!(lang, "pick-share-bans"), ShareBans::ALL.map(choice).into())
        }
        ChatTopic::Language => {
            let choice = |of| Choice::new(label(language(lang, of), now.language == of), set(ChatOption::Language(of)));
            (text!(lang, "pick-language"), [None, Some(Lang::Ru), Some(Lang::En)].map(choice).into())
        }
    };
    let mut screen = Screen::text(text);
    // Longer labels have a row of their own.
    let in_a_row = if topic == ChatTopic::Mode { 1 } else { 2 };
    for row in choices.chunks(in_a_row) {
        screen = screen.row(row.to_vec());
    }
    screen.row([Choice::new(text!(lang, "button-back"), Action::In { chat: room.id, then: InChat::Settings })])
}

impl Webhook {
    pub async fn set_option(&self, asker: &Asker, room: &Room, option: ChatOption) -> Result<Screen, Stop> {
        match self.choose_in(room, &option.into()).await? {
            Chosen::Done(item) => {
                let mut chat: domain::chat::Chat = item.into();
                chat.title = chat.title.or_else(|| room.chat.title.clone());
                Ok(Screen {
                    toast: Some(text!(asker.lang, "saved")),
                    ..settings(asker, &Room { id: room.id, chat, is_owner: room.is_owner })
                })
            }
            Chosen::Unknown | Chosen::Refused(_) => Ok(Screen::toast(text!(asker.lang, "stale-button"))),
        }
    }
}

impl Webhook {
    /// Changes what a chat has chosen. Nothing may be known of it yet.
    pub async fn choose_in(&self, room: &Room, change: &ChatChange) -> anyhow::Result<Chosen<ChatItem>> {
        match self.users.choose_for_chat(room.id, change).await? {
            Chosen::Unknown => {
                self.users.add_chat(&ChatItem::new(room.id, room.chat.state, ChatSettings::default())).await?;
                self.users.choose_for_chat(room.id, change).await
            }
            chosen => Ok(chosen),
        }
    }
}

/// The language of a chat or a person, by its own name.
pub fn language(lang: Lang, chosen: Option<Lang>) -> String {
    match chosen {
        Some(Lang::Ru) => "Русский".to_owned(),
        Some(Lang::En) => "English".to_owned(),
        None => text!(lang, "language-of-telegram"),
    }
}

fn share_bans(lang: Lang, step: ShareBans) -> String {
    match step {
        ShareBans::Nothing => text!(lang, "share-nothing"),
        ShareBans::Events => text!(lang, "share-events"),
        ShareBans::Full => text!(lang, "share-full"),
    }
}

fn delay(lang: Lang, seconds: i64) -> String {
    if seconds == 0 { text!(lang, "no-delay") } else { duration(lang, seconds) }
}

fn new_sources(lang: Lang, chosen: NewSources) -> String {
    match chosen {
        NewSources::Ask => text!(lang, "new-sources-ask"),
        NewSources::Ban => text!(lang, "new-sources-ban"),
        NewSources::Tell => text!(lang, "new-sources-tell"),
    }
}

/// In the largest unit that tells it exactly.
pub fn duration(lang: Lang, seconds: i64) -> String {
    match seconds {
        _ if seconds % DAY == 0 => text!(lang, "days", count = seconds / DAY),
        _ if seconds % HOUR == 0 => text!(lang, "hours", count = seconds / HOUR),
        _ => text!(lang, "minutes", count = seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use domain::chat::{Chat, Ignores};
    use domain::ids::{ChatId, UserId};
    use domain::settings::ChatChange;

    const ASKER: Asker = Asker { id: UserId(1), lang: Lang::En, group: None, member: None };

    fn room(settings: ChatSettings) -> Room {
        let (id, state, ignores, known_sources) = (ChatId(-5), ChatState::Active, Ignores::default(), Default::default());
        let chat = Chat { chat_id: id, title: None, state, migrated_to: None, migrated_from: None, settings, ignores, known_sources };
        Room { id, chat, is_owner: false }
    }

    /// The choices that a screen's buttons set, with their labels.
    fn choices(screen: &Screen) -> Vec<(String, ChatOption)> {
        let option = |choice: &Choice| match &choice.to {
            To::Action(action) => match &**action {
                Action::In { chat: ChatId(-5), then: InChat::Set(option) } => Some((choice.label.clone(), option.clone())),
                _ => None,
            },
            To::Url(_) => None,
        };
        screen.rows.iter().flatten().filter_map(option).collect()
    }

    fn chosen(settings: &ChatSettings, option: &ChatOption) -> ChatSettings {
        settings.changed(&ChatChange::from(option.clone())).unwrap()
    }

    #[test]
    fn each_choice_of_a_setting_is_the_marked_one_once_it_is_chosen() {
        for topic in
            [ChatTopic::Mode, ChatTopic::BanType, ChatTopic::Delay, ChatTopic::NewSources, ChatTopic::ShareBans, ChatTopic::Language]
        {
            let mut settings = ChatSettings::default();
            let offered = choices(&pick(&ASKER, &room(settings.clone()), topic));
            assert!(offered.len() > 2, "{topic:?}");
            for (_, option) in offered {
                settings = chosen(&settings, &option);
                let marked: Vec<_> = choices(&pick(&ASKER, &room(settings.clone()), topic))
                    .into_iter()
                    .filter(|(label, _)| label.starts_with('●'))
                    .map(|(_, option)| option)
                    .collect();
                assert_eq!(marked, [option]);
            }
        }
    }

    #[test]
    fn a_switch_turns_its_own_setting_over_and_back_and_no_other() {
        let settings = ChatSettings::default();
        let switches = |settings: &ChatSettings| choices(&super::settings(&ASKER, &room(settings.clone())));
        let before = switches(&settings);
        assert_eq!(before.len(), 3);
        for (n, (_, option)) in before.iter().enumerate() {
            let turned = chosen(&settings, option);
            let after = switches(&turned);
            for (other, (then, now)) in before.iter().zip(&after).enumerate() {
                assert_eq!(then != now, other == n, "{option:?} and {now:?}");
            }
            assert_eq!(chosen(&turned, &after[n].1), settings, "{option:?} back");
        }
    }

    #[test]
    fn the_settings_say_in_a_sentence_what_they_amount_to() {
        let settings = |option| chosen(&ChatSettings::default(), &option);
        for (settings, expected) in [
            (ChatSettings::default(), ["settings-auto", "settings-same"].map(|id| telegram::text::format(Lang::En, id, &[])).join(" ")),
            (settings(ChatOption::Mode(Mode::Notify)), text!(Lang::En, "settings-tell")),
            (
                settings(ChatOption::Delay(DAY)),
                format!("{} {} {}", text!(Lang::En, "settings-auto"), text!(Lang::En, "settings-same"), "I wait 1 day before I ban."),
            ),
        ] {
            assert_eq!(now(Lang::En, &settings), expected);
        }
        // Asking is over where nothing is done by the bot: whatever was chosen before.
        let asks = settings(ChatOption::Mode(Mode::Confirm));
        assert_eq!([mode(&asks), mode(&chosen(&asks, &ChatOption::Mode(Mode::Notify)))], [Mode::Confirm, Mode::Notify]);
        assert_eq!(mode(&chosen(&chosen(&asks, &ChatOption::AutoSync(false)), &ChatOption::Mode(Mode::Auto))), Mode::Auto);
    }

    #[test]
    fn a_length_is_told_in_the_largest_unit_that_tells_it_exactly() {
        for (seconds, expected) in [
            (60, text!(Lang::En, "minutes", count = 1_i64)),
            (5400, text!(Lang::En, "minutes", count = 90_i64)),
            (HOUR, text!(Lang::En, "hours", count = 1_i64)),
            (36 * HOUR, text!(Lang::En, "hours", count = 36_i64)),
            (2 * DAY, text!(Lang::En, "days", count = 2_i64)),
        ] {
            assert_eq!(duration(Lang::En, seconds), expected, "{seconds}");
        }
        assert_eq!(delay(Lang::En, 0), text!(Lang::En, "no-delay"));
    }

    #[test]
    fn a_chat_where_the_bot_may_not_ban_is_told_so_with_its_settings() {
        let mut room = room(ChatSettings::default());
        let warning = text!(Lang::En, "cannot-ban-here");
        assert!(!settings(&ASKER, &room).text.contains(&warning));
        room.chat.state = ChatState::Suspended;
        assert!(settings(&ASKER, &room).text.contains(&warning));
    }
}
