//! A chat's settings by buttons: one message, changed in place.

use super::action::{Action, ChatOption, ChatTopic, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use aws::store::users::{ChatItem, Chosen};
use domain::chat::ChatState;
use domain::lang::Lang;
use domain::settings::{ChatSettings, NewSources, ShareBans, SyncBanType};
use telegram::text;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Lengths of temporary bans that can be chosen by button, in seconds; the REST API takes any.
const LENGTHS: [i64; 6] = [HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/// Delays that can be chosen by button, in seconds.
const DELAYS: [i64; 6] = [0, 300, HOUR, 12 * HOUR, DAY, 7 * DAY];

pub fn settings(asker: &Asker, room: &Room) -> Screen {
    let lang = asker.lang;
    let settings = &room.chat.settings;
    let here = |then| Action::In { chat: room.id, then };
    let pick = |topic| here(InChat::Pick(topic));
    let set = |option| here(InChat::Set(option));
    let switch = |on: bool| if on { "✅" } else { "❌" };
    let ban_type = match (settings.sync_ban_type, settings.ban_duration_seconds) {
        (SyncBanType::Same, _) => text!(lang, "ban-type-same"),
        (SyncBanType::Permanent, _) => text!(lang, "ban-type-permanent"),
        (SyncBanType::Temporary, seconds) => duration(lang, seconds.unwrap_or(DAY)),
    };
    let mut text = text!(lang, "settings", chat = room.title());
    if room.chat.state == ChatState::Suspended {
        text.push_str("\n\n");
        text.push_str(&text!(lang, "cannot-ban-here"));
    }
    let ignored = room.chat.ignores.users.len() + room.chat.ignores.sources.len();
    Screen::text(text)
        .row([Choice::new(text!(lang, "set-ban-type", value = ban_type), pick(ChatTopic::BanType))])
        .row([Choice::new(text!(lang, "set-delay", value = delay(lang, settings.sync_delay_seconds)), pick(ChatTopic::Delay))])
        .row([Choice::new(
            text!(lang, "set-auto-sync", mark = switch(settings.auto_sync_enabled)),
            set(ChatOption::AutoSync(!settings.auto_sync_enabled)),
        )])
        .row([Choice::new(
            text!(lang, "set-confirmation", mark = switch(settings.require_confirmation)),
            set(ChatOption::Confirmation(!settings.require_confirmation)),
        )])
        .row([Choice::new(text!(lang, "set-new-sources", value = new_sources(lang, settings.new_sources)), pick(ChatTopic::NewSources))])
        .row([Choice::new(
            text!(lang, "set-sync-unban", mark = switch(settings.sync_unban)),
            set(ChatOption::SyncUnban(!settings.sync_unban)),
        )])
        .row([Choice::new(
            text!(lang, "set-spare-bots", mark = switch(settings.spare_bots)),
            set(ChatOption::SpareBots(!settings.spare_bots)),
        )])
        .row([Choice::new(
            text!(lang, "set-kicks", mark = switch(settings.kick_seconds > 0)),
            set(ChatOption::Kicks(settings.kick_seconds == 0)),
        )])
        .row([Choice::new(text!(lang, "set-share-bans", value = share_bans(lang, settings.share_bans)), pick(ChatTopic::ShareBans))])
        .row([
            Choice::new(text!(lang, "set-language", value = language(lang, settings.language)), pick(ChatTopic::Language)),
            Choice::new(text!(lang, "button-ignored", count = ignored), here(InChat::Ignored)),
        ])
        .row([Choice::new(text!(lang, "button-sources"), here(InChat::Sources))])
        .row([
            Choice::new(text!(lang, "button-my-settings"), Action::MySettings),
            Choice::new(text!(lang, "button-other-chat"), Action::Choose { then: InChat::Settings, page: 0 }),
        ])
        .row([Choice::new(text!(lang, "button-close"), Action::Close)])
}

/// The choices of one setting.
pub fn pick(asker: &Asker, room: &Room, topic: ChatTopic) -> Screen {
    let lang = asker.lang;
    let set = |option| Action::In { chat: room.id, then: InChat::Set(option) };
    let now = &room.chat.settings;
    let label = |label: String, chosen: bool| if chosen { format!("● {label}") } else { label };
    let (text, choices): (String, Vec<Choice>) = match topic {
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
    for row in choices.chunks(2) {
        screen = screen.row(row.to_vec());
    }
    screen.row([Choice::new(text!(lang, "button-back"), Action::In { chat: room.id, then: InChat::Settings })])
}

impl Webhook {
    pub async fn set_option(&self, asker: &Asker, room: &Room, option: ChatOption) -> Result<Screen, Stop> {
        let chosen = match self.users.choose_for_chat(room.id, &option.clone().into()).await? {
            // Nothing was known of it yet: it is now.
            Chosen::Unknown => {
                self.users.add_chat(&ChatItem::new(room.id, room.chat.state, ChatSettings::default())).await?;
                self.users.choose_for_chat(room.id, &option.into()).await?
            }
            chosen => chosen,
        };
        match chosen {
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
fn duration(lang: Lang, seconds: i64) -> String {
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
        for topic in [ChatTopic::BanType, ChatTopic::Delay, ChatTopic::NewSources, ChatTopic::ShareBans, ChatTopic::Language] {
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
        assert_eq!(before.len(), 5);
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
