//! First words: to somebody new, to an admin who is known, to somebody who may be here because of a ban, and to a group.

use super::Asker;
use super::action::{Action, InChat, Purpose};
use super::screen::{Choice, Screen};
use crate::{NotNow, Webhook};
use domain::chat::{Chat, ChatState};
use domain::ids::ChatId;
use domain::lang::Lang;
use telegram::render::fold;
use telegram::text;

impl Webhook {
    pub async fn start(&self, asker: &Asker) -> Result<Screen, NotNow> {
        let lang = asker.lang;
        if let Some(group) = asker.group {
            return Ok(Screen::text(in_group(lang, self.users.chat(group).await?.map(|chat| chat.state))));
        }
        let add = self.link_to_a_group().await?;
        let chats = self.chats_of(asker).await?;
        Ok(match chats.is_empty() {
            true => first_words(lang, add, self.syncs.is_about(asker.id).await?),
            false => known(lang, add, &chats),
        })
    }
}

/// `state`: what the bot is in the group, as far as that is known.
fn in_group(lang: Lang, state: Option<ChatState>) -> String {
    match state {
        Some(ChatState::Active) => text!(lang, "start-in-group-can"),
        Some(ChatState::Suspended) => text!(lang, "start-in-group-cannot"),
        _ => text!(lang, "start-in-group"),
    }
}

/// `banned`: a sync was about this person. That the bot has banned them is not said before they ask.
fn first_words(lang: Lang, add: String, banned: bool) -> Screen {
    let add = [Choice::url(text!(lang, "button-add-to-group"), add)];
    let why = [Choice::new(text!(lang, "button-why-me"), Action::WhyMe)];
    let screen = Screen::text(if banned { text!(lang, "start-banned") } else { text!(lang, "start") });
    let screen = if banned { screen.row(why).row(add) } else { screen.row(add).row(why) };
    screen.row([Choice::new(text!(lang, "button-my-settings"), Action::MySettings)]).row(about(lang))
}

/// Somebody who administers chats with the bot.
fn known(lang: Lang, add: String, chats: &[Chat]) -> Screen {
    let to = |then| match chats {
        [only] => Action::In { chat: only.chat_id, then },
        _ => Action::Choose { then, page: 0 },
    };
    let title = |chat: &Chat| chat.title.clone().unwrap_or_else(|| ChatId::to_string(&chat.chat_id));
    let mut lines = vec![text!(lang, "start-known", count = chats.len())];
    let suspended = chats.iter().filter(|chat| chat.state == ChatState::Suspended);
    lines.extend(suspended.map(|chat| text!(lang, "start-known-cannot", chat = title(chat))));
    Screen::text(fold(&lines))
        .row([
            Choice::new(text!(lang, "button-list"), to(InChat::List { after: Vec::new() })),
            Choice::new(text!(lang, "button-subscribe"), to(InChat::AskWhom(Purpose::Follow))),
        ])
        .row([
            Choice::new(text!(lang, "button-settings"), to(InChat::Settings)),
            Choice::new(text!(lang, "button-history"), to(InChat::History { filter: None, after: Vec::new() })),
        ])
        .row([Choice::new(text!(lang, "button-my-settings"), Action::MySettings), Choice::url(text!(lang, "button-add-another"), add)])
        .row(about(lang))
}

fn about(lang: Lang) -> [Choice; 2] {
    [Choice::new(text!(lang, "button-help"), Action::Help), Choice::new(text!(lang, "button-privacy"), Action::Privacy)]
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use domain::chat::Ignores;
    use domain::settings::ChatSettings;

    fn chat(id: i64, title: &str, state: ChatState) -> Chat {
        Chat {
            chat_id: ChatId(id),
            title: Some(title.to_owned()),
            state,
            migrated_to: None,
            migrated_from: None,
            settings: ChatSettings::default(),
            ignores: Ignores::default(),
            known_sources: Default::default(),
        }
    }

    fn leads(screen: &Screen) -> Vec<To> {
        screen.rows.iter().flatten().map(|choice| choice.to.clone()).collect()
    }

    #[test]
    fn somebody_new_may_ask_why_they_are_banned_and_whoever_may_be_banned_finds_that_first() {
        let why = To::Action(Box::new(Action::WhyMe));
        for (banned, place) in [(false, 1), (true, 0)] {
            let screen = first_words(Lang::En, "https://t.me/x".to_owned(), banned);
            assert_eq!(leads(&screen).iter().position(|to| *to == why), Some(place), "{banned}");
            assert!(screen.text.contains("/why") || !banned, "{}", screen.text);
        }
    }

    #[test]
    fn an_admin_reads_where_the_bot_cannot_ban_and_goes_to_the_only_chat_at_once() {
        let (active, suspended) = (chat(-1, "Book <club>", ChatState::Active), chat(-2, "Choir", ChatState::Suspended));
        let add = || "https://t.me/x".to_owned();
        let one = known(Lang::En, add(), std::slice::from_ref(&active));
        assert!(leads(&one).contains(&To::Action(Box::new(Action::In { chat: ChatId(-1), then: InChat::Settings }))));
        assert!(!one.text.contains('⚠'), "{}", one.text);
        let both = known(Lang::En, add(), &[active, suspended]);
        assert!(leads(&both).contains(&To::Action(Box::new(Action::Choose { then: InChat::Settings, page: 0 }))));
        assert!(both.text.contains("2 chats") && both.text.contains("Choir") && !both.text.contains("Book"), "{}", both.text);
    }

    #[test]
    fn a_group_reads_whether_the_bot_can_work_there() {
        let texts = [Some(ChatState::Active), Some(ChatState::Suspended), None].map(|state| in_group(Lang::En, state));
        assert!(texts[0].contains("can ban") && texts[1].contains("can’t ban") && !texts[2].contains("ban yet"), "{texts:?}");
    }
}
