//! What administrators may do and what restricted members may do.

use serde::{Deserialize, Serialize};

/// The rights of an administrator, by their Bot API names. Absent in JSON = `false`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminRights {
    pub is_anonymous: bool,
    pub can_manage_chat: bool,
    pub can_delete_messages: bool,
    pub can_manage_video_chats: bool,
    pub can_restrict_members: bool,
    pub can_promote_members: bool,
    pub can_change_info: bool,
    pub can_invite_users: bool,
    pub can_post_stories: bool,
    pub can_edit_stories: bool,
    pub can_delete_stories: bool,
    pub can_pin_messages: bool,
    pub can_manage_topics: bool,
    pub can_manage_direct_messages: bool,
    pub can_manage_tags: bool,
    pub can_send_welcome_messages: bool,
}

impl AdminRights {
    /// What a client proposes for a new moderator: everything but anonymity, stories and promoting others.
    pub fn moderator() -> Self {
        Self {
            can_manage_chat: true,
            can_delete_messages: true,
            can_manage_video_chats: true,
            can_restrict_members: true,
            can_change_info: true,
            can_invite_users: true,
            can_pin_messages: true,
            can_manage_topics: true,
            can_manage_tags: true,
            can_send_welcome_messages: true,
            ..Self::default()
        }
    }

    /// All rights, not anonymous: what the owner has.
    pub fn all() -> Self {
        Self { can_promote_members: true, can_post_stories: true, can_edit_stories: true, can_delete_stories: true, ..Self::moderator() }
    }

    /// An administrator who may manage the chat but not ban anybody.
    pub fn without_restrict() -> Self {
        Self { can_restrict_members: false, ..Self::moderator() }
    }

    /// The same rights, the holder hidden behind the chat's name.
    pub fn anonymous(self) -> Self {
        Self { is_anonymous: true, ..self }
    }
}

/// What a member may send and change, by Bot API names. Absent in JSON = `false`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    pub can_send_messages: bool,
    pub can_send_audios: bool,
    pub can_send_documents: bool,
    pub can_send_photos: bool,
    pub can_send_videos: bool,
    pub can_send_video_notes: bool,
    pub can_send_voice_notes: bool,
    pub can_send_polls: bool,
    pub can_send_other_messages: bool,
    pub can_add_web_page_previews: bool,
    pub can_react_to_messages: bool,
    pub can_edit_tag: bool,
    pub can_change_info: bool,
    pub can_invite_users: bool,
    pub can_pin_messages: bool,
    pub can_manage_topics: bool,
}

impl Permissions {
    /// Nothing allowed: a mute.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything allowed: no restriction left.
    pub fn all() -> Self {
        Self {
            can_send_messages: true,
            can_send_audios: true,
            can_send_documents: true,
            can_send_photos: true,
            can_send_videos: true,
            can_send_video_notes: true,
            can_send_voice_notes: true,
            can_send_polls: true,
            can_send_other_messages: true,
            can_add_web_page_previews: true,
            can_react_to_messages: true,
            can_edit_tag: true,
            can_change_info: true,
            can_invite_users: true,
            can_pin_messages: true,
            can_manage_topics: true,
        }
    }

    /// Text only: the usual "no media" restriction.
    pub fn text_only() -> Self {
        Self { can_send_messages: true, can_react_to_messages: true, ..Self::default() }
    }

    /// The permissions Telegram stores when `use_independent_chat_permissions` is not set: previews and "other"
    /// messages allow all kinds of media and text, and any kind of media or polls allows text.
    pub fn implied(mut self) -> Self {
        if self.can_send_other_messages || self.can_add_web_page_previews {
            self.can_send_audios = true;
            self.can_send_documents = true;
            self.can_send_photos = true;
            self.can_send_videos = true;
            self.can_send_video_notes = true;
            self.can_send_voice_notes = true;
        }
        self.can_send_messages |= self.can_send_audios
            || self.can_send_documents
            || self.can_send_photos
            || self.can_send_videos
            || self.can_send_video_notes
            || self.can_send_voice_notes
            || self.can_send_polls;
        self
    }
}
