//! Settings of a chat as bodies: how bans are carried into it, and what others see of them.

use super::LangBody;
use crate::bounded::Integer;
use crate::extract::given;
use crate::ids::GroupId;
use aws::store::users::ChatItem;
use domain::chat::Chat;
use domain::settings::{ChatChange, FreeMap, NewSources, ShareBans, SyncBanType};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Which ban is synced: as long as the source's (`same`), permanent (`permanent`), or for a time (`temporary`).
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SyncBanTypeBody {
    Same,
    Permanent,
    Temporary,
}

/// Fate of the first ban from a chat whose bans have never come here: the admins are asked (`ask`), it is synced (`ban`), or they
/// are only told (`tell`).
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NewSourcesBody {
    Ask,
    Ban,
    Tell,
}

impl From<NewSourcesBody> for NewSources {
    fn from(body: NewSourcesBody) -> Self {
        match body {
            NewSourcesBody::Ask => Self::Ask,
            NewSourcesBody::Ban => Self::Ban,
            NewSourcesBody::Tell => Self::Tell,
        }
    }
}

impl From<NewSources> for NewSourcesBody {
    fn from(chosen: NewSources) -> Self {
        match chosen {
            NewSources::Ask => Self::Ask,
            NewSources::Ban => Self::Ban,
            NewSources::Tell => Self::Tell,
        }
    }
}

/// `nothing`: only that a chat has banned, to those who follow the person; `events`: that it happened, and when; `full`: with the chat's title,
/// the reason and who decided it. The title of a chat with a public username is seen in any case.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShareBansBody {
    Nothing,
    Events,
    Full,
}

impl From<ShareBansBody> for ShareBans {
    fn from(step: ShareBansBody) -> Self {
        match step {
            ShareBansBody::Nothing => Self::Nothing,
            ShareBansBody::Events => Self::Events,
            ShareBansBody::Full => Self::Full,
        }
    }
}

impl From<ShareBans> for ShareBansBody {
    fn from(step: ShareBans) -> Self {
        match step {
            ShareBans::Nothing => Self::Nothing,
            ShareBans::Events => Self::Events,
            ShareBans::Full => Self::Full,
        }
    }
}

/// A switch is refused, with word of what to send. Taken for a step, `true` would share less than its sender was promised.
fn step<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ShareBansBody>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(_) => {
            Err(D::Error::custom("it has three steps now: \"nothing\" for what was false, \"events\" for what was true, or \"full\""))
        }
        step => serde_json::from_value(step).map(Some).map_err(D::Error::custom),
    }
}

/// Choices that are to change; those left out stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatSettingsChange {
    /// Title by which messages call the chat; `null`: as Telegram does.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    chat_title: Option<Option<String>>,
    #[schema(inline)]
    sync_ban_type: Option<SyncBanTypeBody>,
    /// Needed where `sync_ban_type` is `temporary`. Telegram's shortest ban is half a minute: a shorter one lasts 40 seconds.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 31_622_400)]
    ban_duration_seconds: Option<Option<Integer>>,
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 604_800)]
    sync_delay_seconds: Option<Integer>,
    auto_sync_enabled: Option<bool>,
    require_confirmation: Option<bool>,
    #[schema(inline)]
    new_sources: Option<NewSourcesBody>,
    sync_unban: Option<bool>,
    /// Leave bots alone.
    spare_bots: Option<bool>,
    /// A ban of the source that lasts at most so many seconds is a kick, and not synced. 60 unless chosen; 0: none is.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 3600)]
    kick_seconds: Option<Integer>,
    /// How much admins of other chats, and whoever was banned, see of this chat's bans. It was a switch before: its `false` is `nothing`, its
    /// `true` is `events`.
    #[serde(default, deserialize_with = "step")]
    #[schema(inline)]
    share_bans: Option<ShareBansBody>,
    /// `null`: of whoever is answered.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LangBody>, inline)]
    language: Option<Option<LangBody>>,
    /// A name of the IANA time zone database; its case does not matter.
    #[schema(max_length = 64, example = "Europe/Moscow")]
    timezone: Option<String>,
    /// Replaces the whole map; at most 4096 bytes as JSON.
    settings: Option<Map<String, Value>>,
}

impl From<ChatSettingsChange> for ChatChange {
    fn from(change: ChatSettingsChange) -> Self {
        Self {
            chat_title: change.chat_title,
            sync_ban_type: change.sync_ban_type.map(|sync_ban_type| match sync_ban_type {
                SyncBanTypeBody::Same => SyncBanType::Same,
                SyncBanTypeBody::Permanent => SyncBanType::Permanent,
                SyncBanTypeBody::Temporary => SyncBanType::Temporary,
            }),
            ban_duration_seconds: change.ban_duration_seconds.map(|seconds| seconds.map(|Integer(seconds)| seconds)),
            sync_delay_seconds: change.sync_delay_seconds.map(|Integer(seconds)| seconds),
            auto_sync_enabled: change.auto_sync_enabled,
            require_confirmation: change.require_confirmation,
            new_sources: change.new_sources.map(Into::into),
            sync_unban: change.sync_unban,
            spare_bots: change.spare_bots,
            kick_seconds: change.kick_seconds.map(|Integer(seconds)| seconds),
            share_bans: change.share_bans.map(Into::into),
            language: change.language.map(|language| language.map(Into::into)),
            timezone: change.timezone,
            settings: change.settings.map(FreeMap),
        }
    }
}

/// How bans are synced to a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatSettingsBody {
    #[schema(inline)]
    chat_id: GroupId,
    /// What messages call the chat.
    chat_title: Option<String>,
    #[schema(inline)]
    sync_ban_type: SyncBanTypeBody,
    ban_duration_seconds: Option<i64>,
    sync_delay_seconds: i64,
    auto_sync_enabled: bool,
    require_confirmation: bool,
    #[schema(inline)]
    new_sources: NewSourcesBody,
    sync_unban: bool,
    /// Bots are left alone.
    spare_bots: bool,
    /// A ban of the source that lasts at most so many seconds is a kick, and not synced.
    kick_seconds: i64,
    #[schema(inline)]
    share_bans: ShareBansBody,
    #[schema(inline)]
    language: Option<LangBody>,
    timezone: String,
    settings: Map<String, Value>,
}

impl From<ChatItem> for ChatSettingsBody {
    fn from(item: ChatItem) -> Self {
        let Chat { chat_id, title, settings, .. } = item.into();
        Self {
            chat_id: GroupId(chat_id),
            chat_title: title,
            sync_ban_type: match settings.sync_ban_type {
                SyncBanType::Same => SyncBanTypeBody::Same,
                SyncBanType::Permanent => SyncBanTypeBody::Permanent,
                SyncBanType::Temporary => SyncBanTypeBody::Temporary,
            },
            ban_duration_seconds: settings.ban_duration_seconds,
            sync_delay_seconds: settings.sync_delay_seconds,
            auto_sync_enabled: settings.auto_sync_enabled,
            require_confirmation: settings.require_confirmation,
            new_sources: settings.new_sources.into(),
            sync_unban: settings.sync_unban,
            spare_bots: settings.spare_bots,
            kick_seconds: settings.kick_seconds,
            share_bans: settings.share_bans.into(),
            language: settings.language.map(Into::into),
            timezone: settings.timezone,
            settings: settings.settings.0,
        }
    }
}
