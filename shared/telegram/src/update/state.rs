//! A member's status and rights, out of a `ChatMember`. No flag of an odd shape spoils the rest: a ban must not be lost for it.

use super::lenient::number;
use domain::member::{Member, Status};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A restricted member's permissions, of every Bot API version seen. Stored by their place: new ones come at the end.
pub const PERMISSIONS: [&str; 17] = [
    "can_send_messages",
    "can_send_media_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
];

/// One of [`PERMISSIONS`] that became six others (Bot API 6.5): never sent.
pub const FORMER_PERMISSION: &str = "can_send_media_messages";

/// As Telegram tells of it, without who it is.
#[derive(Clone, Copy, Debug)]
pub struct MemberState(Member);

impl MemberState {
    pub fn member(&self) -> Member {
        self.0
    }
}

impl<'de> Deserialize<'de> for MemberState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Unparsed: a name in it may be no text at all.
        let fields: BTreeMap<String, Box<RawValue>> = BTreeMap::deserialize(deserializer)?;
        let field = |name: &str| fields.get(name).map(|raw| raw.get());
        let flag = |name: &str| match field(name) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let status = field("status").ok_or_else(|| D::Error::missing_field("status"))?;
        let status: Status = serde_json::from_str(status).map_err(D::Error::custom)?;
        let until = field("until_date").and_then(|until| number(&mut serde_json::Deserializer::from_str(until)).ok().flatten());
        let bit = |(place, name): (usize, &&str)| if flag(name) == Some(true) { 1 << place } else { 0 };
        Ok(Self(Member {
            status,
            until: until.filter(|&until| until > 0),
            permissions: PERMISSIONS.iter().enumerate().map(bit).sum(),
            // Nothing tells that somebody restricted is outside: then he is in the chat.
            is_member: flag("is_member").unwrap_or(true),
            can_restrict: flag("can_restrict_members") == Some(true),
            can_promote: flag("can_promote_members") == Some(true),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Member> {
        serde_json::from_str::<MemberState>(json).ok().map(|state| state.member())
    }

    #[test]
    fn odd_flags_and_names_hide_nobodys_ban() {
        let banned = r#"{"user": {"id": 5, "first_name": "\ud83d"}, "status": "kicked", "until_date": "900", "can_send_messages": "no", "is_member": null}"#;
        let member = read(banned).unwrap();
        assert_eq!((member.status, member.until, member.permissions), (Status::Kicked, Some(900), 0));
        assert_eq!(read(r#"{"until_date": 9}"#), None);
        assert_eq!(read(r#"{"status": "something new"}"#).map(|member| member.status), Some(Status::Unknown));
    }

    #[test]
    fn permissions_are_told_apart_by_their_place() {
        let read = read(r#"{"status": "restricted", "is_member": false, "can_send_messages": true, "can_manage_topics": true}"#).unwrap();
        assert_eq!((read.permissions, read.is_member), (1 | 1 << 16, false));
    }
}
