//! All that is held on a person, and its erasure.

use super::State;
use super::admins::AdminBody;
use super::held::{HeldAppeal, HeldBan, HeldDecision, HeldNotification, HeldSync};
use super::profiles::UserBody;
use super::settings::UserSettingsBody;
use crate::access::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Path, Query};
use crate::ids::PersonId;
use crate::page::{PageBody, PageQuery};
use crate::subscriptions::body::SubscriptionBody;
use axum::extract;
use axum::http::StatusCode;
use domain::access::{Concern, Right, Scope};
use domain::subscription::Source;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DataQuery {
    /// Only this list; needed with a `cursor`.
    #[param(inline)]
    part: Option<PartBody>,
}

/// A list of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartBody {
    Roles,
    Subscriptions,
    BanEvents,
    Decisions,
    Syncs,
    Appeals,
    Notifications,
}

impl PartBody {
    const ALL: [Self; 7] =
        [Self::Roles, Self::Subscriptions, Self::BanEvents, Self::Decisions, Self::Syncs, Self::Appeals, Self::Notifications];

    /// Whose data it is: what a concern holds is read with its scope.
    fn scope(self) -> Scope {
        let concern = match self {
            Self::Roles => Concern::Users,
            Self::Subscriptions => Concern::Subscriptions,
            Self::BanEvents | Self::Decisions => Concern::Bans,
            Self::Syncs | Self::Appeals => Concern::Sync,
            Self::Notifications => Concern::Notifications,
        };
        Scope { concern, right: Right::Read }
    }
}

/// All that is held on a person. Each list begins here, and goes on by its `next_cursor` with its name as `part`.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataBody {
    #[schema(inline)]
    user_id: PersonId,
    /// When he was erased, Unix seconds.
    erased_at: Option<i64>,
    profile: Option<UserBody>,
    settings: Option<UserSettingsBody>,
    /// Active subscriptions of others to him.
    followers: Option<i64>,
    /// What he is or was in chats.
    roles: Option<PageBody<AdminBody>>,
    /// What he follows and followed.
    subscriptions: Option<PageBody<SubscriptionBody>>,
    /// What admins did to him, newest first.
    ban_events: Option<PageBody<HeldBan>>,
    /// What he did to others as an admin, newest first.
    decisions: Option<PageBody<HeldDecision>>,
    /// Syncs of decisions on this person, newest first.
    syncs: Option<PageBody<HeldSync>>,
    /// Where he has asked that a ban be lifted.
    appeals: Option<PageBody<HeldAppeal>>,
    /// The log of what the bot wrote to him.
    notifications: Option<PageBody<HeldNotification>>,
}

/// All that is held on a person.
///
/// Each concern's data needs that concern's scope. A key that has not all of them reads one `part` at a time: `roles` needs `users:read`
/// alone, the others also `subscriptions:read`, `bans:read`, `sync:read` (`syncs`, `appeals`) or `notifications:read`.
#[utoipa::path(
    get,
    security(("bearer" = ["users:read", "subscriptions:read", "bans:read", "sync:read", "notifications:read"])),
    path = "/api/v1/users/{user_id}/data",
    params(("user_id" = inline(PersonId), Path), DataQuery, PageQuery),
    responses(
        (status = 200, description = "It; where there is nothing, `null` and empty lists.", body = DataBody),
        (status = 422, description = "`part_missing`: a cursor without the part that it belongs to.", body = ErrorBody),
    )
)]
pub async fn get_user_data(
    extract::State(state): extract::State<State>,
    caller: Caller,
    Path(PersonId(user)): Path<PersonId>,
    Query(DataQuery { part }): Query<DataQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<DataBody>, ApiError> {
    let wanted = page.wanted()?;
    if wanted.cursor.is_some() && part.is_none() {
        return Err(ApiError::refused("part_missing", "a cursor belongs to one part, which has to be named"));
    }
    for part in part.map_or(PartBody::ALL.to_vec(), |part| vec![part]) {
        caller.must_have(part.scope())?;
    }
    let wants = |list| part.is_none_or(|part| part == list);
    let mut body = DataBody {
        user_id: PersonId(user),
        erased_at: None,
        profile: None,
        settings: None,
        followers: None,
        roles: None,
        subscriptions: None,
        ban_events: None,
        decisions: None,
        syncs: None,
        appeals: None,
        notifications: None,
    };
    if part.is_none() {
        if let Some(profile) = state.users.held(user).await? {
            body.erased_at = profile.erased_at;
            if profile.erased_at.is_none() {
                body.settings = Some(profile.clone().into());
                body.profile = Some(profile.into());
            }
        }
        body.followers = Some(state.subscriptions.count_of_source(Source::User(user)).await?);
    }
    if wants(PartBody::Roles) {
        body.roles = Some(PageBody::new(state.users.roles(user, &wanted).await?, AdminBody::from));
    }
    if wants(PartBody::Subscriptions) {
        let page = state.subscriptions.page_of_admin(user, None, None, &wanted).await?;
        body.subscriptions = Some(PageBody::new(page, SubscriptionBody::from));
    }
    if wants(PartBody::BanEvents) {
        body.ban_events = Some(PageBody::new(state.held.bans(user, &wanted).await?, HeldBan::from));
    }
    if wants(PartBody::Decisions) {
        body.decisions = Some(PageBody::new(state.held.decisions(user, &wanted).await?, HeldDecision::from));
    }
    if wants(PartBody::Syncs) {
        body.syncs = Some(PageBody::new(state.syncs.page_of_person(user, &wanted).await?, HeldSync::from));
    }
    if wants(PartBody::Appeals) {
        body.appeals = Some(PageBody::new(state.syncs.appeals_of(user, &wanted).await?, HeldAppeal::from));
    }
    if wants(PartBody::Notifications) {
        body.notifications = Some(PageBody::new(state.held.notifications(user, &wanted).await?, HeldNotification::from));
    }
    Ok(axum::Json(body))
}

/// What is being erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedBody {
    #[schema(inline)]
    user_id: PersonId,
    /// Unix seconds; what is newer is not erased.
    erased_at: i64,
}

/// Erase a person.
///
/// Profile, settings and username are gone at once, and updates do not write them again until the person starts the bot in private;
/// subscriptions, roles, appeals and the log of messages go within minutes. What admins did to the person, and what the person did as an admin,
/// stays as their chats' record with the id, without the name and the reasons, until it is a year old. Backups hold what is erased for 35 days.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user_id}/data",
    params(("user_id" = inline(PersonId), Path)),
    responses((status = 202, description = "It has begun.", body = ErasedBody))
)]
pub async fn erase_user_data(
    extract::State(state): extract::State<State>,
    Path(PersonId(user)): Path<PersonId>,
) -> Result<(StatusCode, axum::Json<ErasedBody>), ApiError> {
    let erased_at = state.users.erase(user).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(ErasedBody { user_id: PersonId(user), erased_at })))
}
