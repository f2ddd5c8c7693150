//! A message that is replied to or forwarded, and the people it is about.

use super::super::Person;
use super::super::lenient::{Text, text};
use super::User;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Where a forwarded message comes from.
#[derive(Deserialize)]
pub struct Origin<'a> {
    #[serde(borrow)]
    pub sender_user: Option<User<'a>>,
    #[serde(borrow)]
    sender_user_name: Option<Text<'a>>,
}

impl Origin<'_> {
    /// What somebody is called who does not let forwards name him.
    pub fn hidden_name(&self) -> Option<String> {
        text(&self.sender_user_name)
    }
}

/// A message that is replied to.
#[derive(Deserialize)]
pub struct RepliedTo<'a> {
    /// Its author. Of a service message: who brought about what it tells.
    #[serde(borrow)]
    pub from: Option<User<'a>>,
    #[serde(borrow)]
    new_chat_members: Option<&'a RawValue>,
    #[serde(borrow)]
    left_chat_member: Option<&'a RawValue>,
    #[serde(borrow)]
    video_chat_participants_invited: Option<&'a RawValue>,
    #[serde(borrow)]
    proximity_alert_triggered: Option<&'a RawValue>,
    #[serde(borrow)]
    pub sender_chat: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forum_topic_created: Option<&'a RawValue>,
    #[serde(borrow)]
    pub forward_origin: Option<&'a RawValue>,
}

impl RepliedTo<'_> {
    /// Whom a service message is about: who was added or has joined, who was removed or has left, who was called to a video chat, who came near.
    /// Empty: it is no such message.
    pub fn people(&self) -> Vec<Person> {
        let several = |users: Option<&RawValue>| -> Option<Vec<Person>> {
            let users: Vec<User> = serde_json::from_str(users?.get()).ok()?;
            Some(users.iter().map(User::person).collect())
        };
        let left = || -> Option<Vec<Person>> { Some(vec![serde_json::from_str::<User>(self.left_chat_member?.get()).ok()?.person()]) };
        let called =
            || -> Option<Vec<Person>> { several(serde_json::from_str::<Called>(self.video_chat_participants_invited?.get()).ok()?.users) };
        let near = || -> Option<Vec<Person>> {
            Some(vec![serde_json::from_str::<Near>(self.proximity_alert_triggered?.get()).ok()?.traveler.person()])
        };
        several(self.new_chat_members).or_else(left).or_else(called).or_else(near).unwrap_or_default()
    }
}

/// `VideoChatParticipantsInvited`.
#[derive(Deserialize)]
struct Called<'a> {
    #[serde(borrow)]
    users: Option<&'a RawValue>,
}

/// `ProximityAlertTriggered`.
#[derive(Deserialize)]
struct Near<'a> {
    #[serde(borrow)]
    traveler: User<'a>,
}
