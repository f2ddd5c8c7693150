//! Tasks of the notification queue: a message for somebody, as much of it as is still to come, or what is to go from a group.

use domain::notification::{Content, Notification};
use domain::settings::{Channel, Priority};
use domain::tidy::Tidy;
use serde::{Deserialize, Serialize};
use telegram::message::OutgoingMessage;
use telegram::render::{self, Templates};

/// A message of the queue.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub enum Task {
    Tidy(Tidy),
    Notification(Box<Parcel>),
}

/// A notification, and how much of it has arrived. A long one is several messages, a second apart as Telegram wants them in one chat: each is a
/// task of its own, so that none comes again with the next.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Parcel {
    #[serde(flatten)]
    pub notification: Notification,
    #[serde(default)]
    pub parts_sent: usize,
    /// How often its recipient's endpoint did not take it.
    #[serde(default)]
    pub refused: usize,
}

impl Task {
    /// Does it go to Telegram, in the pace of its calls?
    pub fn is_call(&self) -> bool {
        match self {
            Self::Tidy(_) => true,
            Self::Notification(parcel) => parcel.notification.channel == Channel::Telegram,
        }
    }

    /// Can it wait its turn, behind thousands? What has come in part cannot.
    pub fn is_news(&self) -> bool {
        match self {
            Self::Tidy(_) => false,
            Self::Notification(parcel) => parcel.parts_sent == 0 && parcel.notification.priority() == Priority::Normal,
        }
    }

    pub fn after_a_refusal(self) -> Self {
        match self {
            Self::Notification(parcel) => Self::Notification(Box::new(Parcel { refused: parcel.refused + 1, ..*parcel })),
            Self::Tidy(_) => self,
        }
    }

    pub fn after_a_part(self) -> Self {
        match self {
            Self::Notification(parcel) => Self::Notification(Box::new(Parcel { parts_sent: parcel.parts_sent + 1, ..*parcel })),
            Self::Tidy(_) => self,
        }
    }
}

impl Parcel {
    /// The part that is to be sent next, and whether it is the last one: under that one the buttons stand.
    pub fn part(&self, templates: &Templates) -> (OutgoingMessage, bool) {
        let html = render::notification(&self.notification, templates);
        let mut parts = render::split(&html);
        // Words that a deploy has made shorter meanwhile may have fewer parts.
        let at = self.parts_sent.min(parts.len().saturating_sub(1));
        let is_last = at + 1 >= parts.len();
        let part = if parts.is_empty() { html } else { parts.swap_remove(at) };
        let buttons = if is_last { render::buttons(&self.notification) } else { Vec::new() };
        let message = OutgoingMessage::html(self.notification.recipient.private_chat(), part);
        (OutgoingMessage { buttons, silent: self.notification.silent, ..message }, is_last)
    }

    /// Beyond what somebody is told in a minute news join the next one's digest. Questions come on their own, and what has come in part to its end.
    pub fn may_be_held(&self) -> bool {
        let message = &self.notification;
        self.parts_sent == 0 && message.priority() == Priority::Normal && !matches!(message.content, Content::Digest { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{ChatId, UserId};
    use domain::lang::Lang;
    use domain::notification::{Decision, NamedChat, SyncReport};
    use domain::sync::{Kind, Outcome};

    fn telling(content: Content) -> Notification {
        Notification {
            notification_id: Default::default(),
            correlation_id: "ban".to_owned(),
            recipient: UserId(1),
            channel: Channel::Telegram,
            lang: Lang::En,
            silent: false,
            answers: false,
            revision: 0,
            content,
        }
    }

    #[test]
    fn only_news_that_have_not_begun_to_arrive_join_a_digest() {
        let chat = || "One".to_owned();
        for (content, parts_sent, expected) in [
            (Content::ChatResumed { chat: chat() }, 0, true),
            (Content::ChatResumed { chat: chat() }, 1, false),
            (Content::ChatSuspended { chat: chat() }, 0, false),
            (Content::Digest { lines: Vec::new(), count: 2, told: Vec::new() }, 0, false),
        ] {
            let notification = telling(content);
            assert_eq!(Parcel { notification, parts_sent, refused: 0 }.may_be_held(), expected);
        }
    }

    #[test]
    fn the_queue_brings_messages_and_what_is_to_go_from_a_group() {
        let content = Content::ChatSuspended { chat: "One".to_owned() };
        let notification = telling(content);
        let tidy = Tidy { chat_id: ChatId(-1), message_ids: vec![7, 8] };
        let read = |body: String| serde_json::from_str::<Task>(&body).unwrap();
        let parcel = Parcel { notification: notification.clone(), parts_sent: 0, refused: 0 };
        assert!(matches!(read(serde_json::to_string(&notification).unwrap()), Task::Notification(read) if *read == parcel));
        let rest = Task::Notification(Box::new(parcel.clone())).after_a_part();
        let rest = read(serde_json::to_string(&rest).unwrap());
        assert!(matches!(rest, Task::Notification(read) if *read == Parcel { parts_sent: 1, ..parcel }));
        assert!(matches!(read(serde_json::to_string(&tidy).unwrap()), Task::Tidy(read) if read == tidy));
        assert!(serde_json::from_str::<Task>("{}").is_err());
    }

    #[test]
    fn a_long_card_is_sent_part_by_part_and_its_buttons_stand_under_the_last() {
        let chats = (0..100).map(|n| NamedChat { chat_id: ChatId(-n), title: "😀".repeat(64), sync_id: None });
        let report = SyncReport {
            sync_id: Default::default(),
            kind: Kind::Ban,
            user_id: UserId(5),
            user_name: None,
            decision: Decision {
                source_chat: "One".to_owned(),
                source_chat_id: None,
                shared: Default::default(),
                by: None,
                reason: None,
                at: None,
            },
            also: Vec::new(),
            chats: vec![(Outcome::Applied, chats.collect())],
        };
        let notification = Notification { silent: true, ..telling(Content::SyncReport(report)) };
        let mut texts = Vec::new();
        loop {
            let (message, is_last) =
                Parcel { notification: notification.clone(), parts_sent: texts.len(), refused: 0 }.part(&Templates::default());
            assert!(message.silent && message.buttons.is_empty() != is_last, "{message:?}");
            texts.push(message.text);
            if is_last {
                break;
            }
        }
        assert_eq!(texts, render::split(&render::notification(&notification, &Templates::default())));
        assert!(texts.len() > 2);
    }
}
