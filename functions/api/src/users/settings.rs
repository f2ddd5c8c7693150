//! What a person chose.

use super::{LangBody, State, invalid, unknown_user};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Object, Path, given};
use crate::ids::PersonId;
use aws::store::users::{Chosen, Profile};
use axum::extract;
use domain::settings::{FreeMap, QuietHours, UserChange, clock, minute_of_day};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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

/// A person's settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserSettingsBody {
    notifications_enabled: bool,
    /// The language he is spoken to in: the one he chose, else Telegram's, else `ru`.
    language: LangBody,
    /// A name of the IANA time zone database.
    #[schema(example = "Europe/Moscow")]
    timezone: String,
    /// When messages come without a sound; `null`: never.
    quiet_hours: Option<QuietHoursBody>,
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
    /// `null`: messages always come with their sound.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<QuietHoursBody>, inline)]
    quiet_hours: Option<Option<Object<QuietHoursBody>>>,
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
