//! What a person chose.

use super::{LangBody, State, invalid, unknown_user};
use crate::bounded::Integer;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Object, Path, given};
use crate::ids::PersonId;
use aws::store::users::{Chosen, Profile};
use axum::extract;
use domain::settings::{Channel, FreeMap, Preferences, QuietHours, Topic, UserChange, When, clock, minute_of_day};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// From one time of the day until before another, in the person's time zone; over midnight where `to` is the earlier one.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHoursBody {
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "22:00")]
    from: String,
    /// Another time than `from`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "07:00")]
    to: String,
}

impl From<QuietHours> for QuietHoursBody {
    fn from(hours: QuietHours) -> Self {
        Self { from: clock(hours.from), to: clock(hours.to) }
    }
}

impl From<QuietHoursBody> for QuietHours {
    /// What is no time of the day becomes a minute that no day has: it is refused together with all else that is wrong.
    fn from(hours: QuietHoursBody) -> Self {
        let minute = |clock: &str| minute_of_day(clock).unwrap_or(u16::MAX);
        Self { from: minute(&hours.from), to: minute(&hours.to) }
    }
}

/// When messages about something come: never, at once, or together in a digest. What is urgent comes at once all the same, unless it is `off`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = When)]
pub enum WhenBody {
    Off,
    Now,
    Digest,
}

impl From<When> for WhenBody {
    fn from(when: When) -> Self {
        match when {
            When::Off => Self::Off,
            When::Now => Self::Now,
            When::Digest => Self::Digest,
        }
    }
}

impl From<WhenBody> for When {
    fn from(when: WhenBody) -> Self {
        match when {
            WhenBody::Off => Self::Off,
            WhenBody::Now => Self::Now,
            WhenBody::Digest => Self::Digest,
        }
    }
}

/// A way by which messages go: `sns` is the topic `notifications`, with e-mail and whatever else an operator has subscribed to it; `webhook` the
/// person's own endpoint, where one is registered.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Channel)]
pub enum ChannelBody {
    Telegram,
    Sns,
    Webhook,
}

impl From<Channel> for ChannelBody {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Telegram => Self::Telegram,
            Channel::Sns => Self::Sns,
            Channel::Webhook => Self::Webhook,
        }
    }
}

impl From<ChannelBody> for Channel {
    fn from(channel: ChannelBody) -> Self {
        match channel {
            ChannelBody::Telegram => Self::Telegram,
            ChannelBody::Sns => Self::Sns,
            ChannelBody::Webhook => Self::Webhook,
        }
    }
}

/// When messages come, by what they are about.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicsBody {
    /// A ban in a source that he is asked about: never in a digest.
    user_banned: WhenBody,
    /// A decision that was carried over to his chats.
    ban_synced: WhenBody,
    /// One that could not be.
    sync_error: WhenBody,
    /// A subscription that a program made for him.
    subscription_created: WhenBody,
    /// Bans that a guard holds back; that he can follow nobody more.
    limit_reached: WhenBody,
    /// The bot's rights, communities. Appeals and their answers come in any case.
    system: WhenBody,
}

impl From<&Preferences> for TopicsBody {
    fn from(chosen: &Preferences) -> Self {
        let when = |topic| chosen.when(topic).into();
        Self {
            user_banned: when(Topic::UserBanned),
            ban_synced: when(Topic::BanSynced),
            sync_error: when(Topic::SyncError),
            subscription_created: when(Topic::SubscriptionCreated),
            limit_reached: when(Topic::LimitReached),
            system: when(Topic::System),
        }
    }
}

/// Topics that are to come at another time; those that are left out stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicsChange {
    user_banned: Option<WhenBody>,
    ban_synced: Option<WhenBody>,
    sync_error: Option<WhenBody>,
    subscription_created: Option<WhenBody>,
    limit_reached: Option<WhenBody>,
    system: Option<WhenBody>,
}

impl From<TopicsChange> for BTreeMap<Topic, When> {
    fn from(change: TopicsChange) -> Self {
        let topics = [
            (Topic::UserBanned, change.user_banned),
            (Topic::BanSynced, change.ban_synced),
            (Topic::SyncError, change.sync_error),
            (Topic::SubscriptionCreated, change.subscription_created),
            (Topic::LimitReached, change.limit_reached),
            (Topic::System, change.system),
        ];
        topics.into_iter().filter_map(|(topic, when)| Some((topic, when?.into()))).collect()
    }
}

/// A person's settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserSettingsBody {
    notifications_enabled: bool,
    /// The language he is spoken to in: the one he chose, else Telegram's, else `ru`.
    language: LangBody,
    /// A name of the IANA time zone database.
    #[schema(example = "Europe/Moscow")]
    timezone: String,
    /// When messages wait until the end of these hours; `null`: never.
    quiet_hours: Option<QuietHoursBody>,
    /// Urgent messages come in quiet hours too, without a sound.
    urgent_in_quiet_hours: bool,
    topics: TopicsBody,
    /// Hours between two digests, counted from a Monday at 9:00 by his clock.
    #[schema(minimum = 1, maximum = 168)]
    digest_hours: u8,
    /// Ways by which he is told; each has every message.
    channels: Vec<ChannelBody>,
    /// Whatever a client keeps with them.
    settings: Map<String, Value>,
}

impl From<Profile> for UserSettingsBody {
    fn from(profile: Profile) -> Self {
        Self {
            notifications_enabled: profile.settings.notifications_enabled,
            language: profile.lang().into(),
            timezone: profile.settings.timezone,
            quiet_hours: profile.settings.quiet_hours.map(Into::into),
            urgent_in_quiet_hours: profile.settings.preferences.urgent_in_quiet_hours,
            topics: (&profile.settings.preferences).into(),
            digest_hours: profile.settings.preferences.digest_hours,
            channels: profile.settings.preferences.channels.iter().map(|&channel| channel.into()).collect(),
            settings: profile.settings.settings.0,
        }
    }
}

/// What is to be another way; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSettingsChange {
    notifications_enabled: Option<bool>,
    /// `null`: as Telegram's again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LangBody>, inline)]
    language: Option<Option<LangBody>>,
    /// A name of the IANA time zone database; its case does not matter.
    #[schema(max_length = 64, example = "Europe/Moscow")]
    timezone: Option<String>,
    /// `null`: no hours are quiet.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<QuietHoursBody>, inline)]
    quiet_hours: Option<Option<Object<QuietHoursBody>>>,
    urgent_in_quiet_hours: Option<bool>,
    #[schema(value_type = Option<TopicsChange>, inline)]
    topics: Option<Object<TopicsChange>>,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 168)]
    digest_hours: Option<Integer>,
    /// Replaces all of them; none: he is told nothing.
    channels: Option<Vec<ChannelBody>>,
    /// Replaces the whole map; at most 4096 bytes as JSON.
    settings: Option<Map<String, Value>>,
}

impl From<UserSettingsChange> for UserChange {
    fn from(change: UserSettingsChange) -> Self {
        Self {
            notifications_enabled: change.notifications_enabled,
            language: change.language.map(|language| language.map(Into::into)),
            timezone: change.timezone,
            quiet_hours: change.quiet_hours.map(|hours| hours.map(|Object(hours)| hours.into())),
            urgent_in_quiet_hours: change.urgent_in_quiet_hours,
            topics: change.topics.map(|Object(topics)| topics.into()).unwrap_or_default(),
            // A number of hours that no digest can have is refused together with all else that is wrong.
            digest_hours: change.digest_hours.map(|Integer(hours)| u8::try_from(hours).unwrap_or(0)),
            channels: change.channels.map(|channels| channels.into_iter().map(Into::into).collect()),
            settings: change.settings.map(FreeMap),
        }
    }
}

/// What a person chose, or what holds where they did not.
///
/// Language, messages, quiet hours and time zone, as `/settings` shows them in private.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user_id}/settings",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 200, description = "His settings.", body = UserSettingsBody),
        (status = 404, description = "Nothing is known of him.", body = ErrorBody),
    )
)]
pub async fn get_user_settings(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
) -> Result<axum::Json<UserSettingsBody>, ApiError> {
    Ok(axum::Json(state.users.profile(user).await?.ok_or_else(unknown_user)?.into()))
}

/// Choose for a person.
///
/// What is left out stays. Choices that meet are all kept.
#[utoipa::path(
    put,
    path = "/api/v1/users/{user_id}/settings",
    params(("user_id" = inline(PersonId), Path)),
    responses(
        (status = 200, description = "His settings now.", body = UserSettingsBody),
        (status = 404, description = "Nothing is known of him.", body = ErrorBody),
        (status = 422, description = "`invalid`: some fields are not as they must be.", body = ErrorBody),
    )
)]
pub async fn update_user_settings(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
    Json(change): Json<UserSettingsChange>,
) -> Result<axum::Json<UserSettingsBody>, ApiError> {
    match state.users.choose(user, &change.into()).await? {
        Chosen::Done(profile) => Ok(axum::Json(profile.into())),
        Chosen::Unknown => Err(unknown_user()),
        Chosen::Refused(problems) => Err(invalid(&problems)),
    }
}
