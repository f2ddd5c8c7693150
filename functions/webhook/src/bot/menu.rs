//! A pressed button of a menu. Its data says which menu, which revision, and the number of the button there.

use super::action::Action;
use super::screen::{Choice, Screen};
use super::show::{Edit, Reply, Spot};
use super::{Asker, Stop};
use crate::{NotNow, Webhook};
use aws::store::dialogue::Menu;
use domain::ids::UserId;
use domain::message_window::Writes;
use telegram::text;
use telegram::update::Press;
use uuid::Uuid;

/// The data of a menu's button: `m:<id>:<revision>:<number>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MenuButton {
    pub menu: Uuid,
    pub revision: u32,
    pub number: usize,
}

impl MenuButton {
    pub fn data(self) -> String {
        format!("m:{}:{}:{}", self.menu.simple(), self.revision, self.number)
    }

    /// `None`: whoever made it up.
    pub fn read(data: &str) -> Option<Self> {
        let mut parts = data.strip_prefix("m:")?.split(':');
        let menu = parts.next().filter(|id| id.len() == 32)?;
        let button = Self { menu: Uuid::try_parse(menu).ok()?, revision: parts.next()?.parse().ok()?, number: parts.next()?.parse().ok()? };
        parts.next().is_none().then_some(button)
    }
}

/// Where a press leads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Led {
    To(Action),
    /// The menu was shown to somebody else.
    NotTheirs,
    /// The message has other buttons by now, or never had this one.
    Stale,
}

impl MenuButton {
    /// Where the button of a stored menu leads the person who presses it.
    fn led(self, menu: &Menu, by: UserId) -> Led {
        if menu.who.is_some_and(|who| who != by) {
            return Led::NotTheirs;
        }
        let leads: Vec<Action> = serde_json::from_str(&menu.leads).unwrap_or_default();
        let action = leads.into_iter().nth(self.number).filter(|_| menu.revision == self.revision);
        action.map_or(Led::Stale, Led::To)
    }
}

impl Webhook {
    /// Somebody pressed a menu's button.
    pub async fn menu_pressed(&self, button: MenuButton, press: &Press, asker: Asker) -> Result<(), NotNow> {
        let led = match self.dialogue.menu(button.menu).await? {
            Some(menu) => match button.led(&menu, asker.id) {
                Led::To(action) => Ok((menu, action)),
                Led::NotTheirs => Err(text!(asker.lang, "not-your-menu")),
                Led::Stale => Err(text!(asker.lang, "stale-button")),
            },
            None => Err(text!(asker.lang, "stale-button")),
        };
        let (menu, action) = match led {
            Ok(led) => led,
            Err(word) => {
                self.answer_press(&press.callback_id, &word).await;
                return Ok(());
            }
        };
        self.once(press.update_id, self.reply_to_press(button, menu, action, press, asker)).await
    }

    /// The answer to a press; `None`: a moment's word was all.
    async fn reply_to_press(
        &self,
        button: MenuButton,
        menu: Menu,
        action: Action,
        press: &Press,
        mut asker: Asker,
    ) -> Result<Option<Reply>, NotNow> {
        let moments_word = async |word: &str| {
            self.answer_press(&press.callback_id, word).await;
            Ok(None)
        };
        if let Some(group) = asker.group
            && let Err(word) = self.admit_press(&mut asker, group, menu.who.is_none()).await?
        {
            return moments_word(&word).await;
        }
        // A place is taken once, by what comes of it: whoever presses while the chat is flooded has nothing done for them that could not be shown.
        if let (None, Some(under)) = (asker.group, &press.under) {
            match self.gateway.messages_blocked_for_ms(under.chat_id).await? {
                0 => {}
                ms => return Err(NotNow::of_ms(ms)),
            }
        }
        let screen = match self.outcome(&asker, "button", &action).await {
            Ok(screen) => screen,
            // Anybody may press a button that is anybody's; whoever may not do what it leads to, does not use it up.
            Err(Stop::Show(screen)) if menu.who.is_none() => return moments_word(&screen.text).await,
            Err(Stop::Show(screen)) => *screen,
            Err(Stop::NotNow(not_now)) => return Err(not_now),
        };
        if screen.only_toast {
            return moments_word(&screen.text).await;
        }
        let press_answer = (press.callback_id.clone(), screen.toast.clone().unwrap_or_default());
        let spot = match &press.under {
            Some(under) => Spot::under(under, press, Edit { posted: under.posted, menu: button.menu, before: menu }),
            // Telegram does not have the message any more.
            None => Spot::private(asker.id),
        };
        let reply = Reply { press: Some(press_answer), ..Reply::new(asker, spot, screen, Some(action)) };
        if reply.asker.group.is_none() {
            let writes = if reply.is_edit() { Writes::Edit } else { Writes::Message };
            self.place_in_private(reply.asker.id, writes).await?;
        }
        Ok(Some(reply))
    }
}

/// An admin who writes in the chat's name is asked to press a button: that shows who he is.
pub fn who_it_is(asker: &Asker, action: Action) -> Screen {
    let lang = asker.lang;
    Screen::text(text!(lang, "anonymous")).row([Choice::new(text!(lang, "button-it-is-me"), action)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_is_read_as_it_was_written_and_fits() {
        let button = MenuButton { menu: Uuid::from_u128(u128::MAX), revision: u32::MAX, number: 999 };
        assert!(button.data().len() <= 64);
        assert_eq!(MenuButton::read(&button.data()), Some(button));
    }

    #[test]
    fn what_was_made_up_is_no_button() {
        for data in ["", "m:", "m:x:0:0", "m:00000000000000000000000000000000:0", "m:00000000000000000000000000000000:-1:0", "q:0:0:0"] {
            assert_eq!(MenuButton::read(data), None, "{data}");
        }
        assert_eq!(MenuButton::read("m:00000000000000000000000000000000:0:0:0"), None);
    }
    #[test]
    fn a_press_leads_to_its_action_for_whom_the_menu_was_shown_and_only_as_it_stands() {
        let leads = serde_json::to_string(&[Action::Help, Action::Close]).unwrap();
        let menu = |who: Option<i64>| Menu { who: who.map(UserId), revision: 2, leads: leads.clone() };
        // (shown to, revision of the button, its number, pressed by, leads)
        for (who, revision, number, by, expected) in [
            (Some(1), 2, 0, 1, Led::To(Action::Help)),
            (Some(1), 2, 1, 1, Led::To(Action::Close)),
            (Some(1), 2, 2, 1, Led::Stale),
            (Some(1), 1, 0, 1, Led::Stale),
            (Some(1), 3, 0, 1, Led::Stale),
            (Some(1), 2, 0, 7, Led::NotTheirs),
            (Some(1), 1, 0, 7, Led::NotTheirs),
            (None, 2, 1, 7, Led::To(Action::Close)),
            (None, 1, 1, 7, Led::Stale),
        ] {
            let button = MenuButton { menu: Uuid::nil(), revision, number };
            assert_eq!(button.led(&menu(who), UserId(by)), expected, "{who:?} {revision} {number} {by}");
        }
    }

    #[test]
    fn a_menu_that_another_version_wrote_is_stale() {
        let menu = Menu { who: None, revision: 0, leads: r#"["help",{"of":"tomorrow"}]"#.to_owned() };
        assert_eq!(MenuButton { menu: Uuid::nil(), revision: 0, number: 0 }.led(&menu, UserId(1)), Led::Stale);
    }
}
