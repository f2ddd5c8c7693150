//! One message.

use super::State;
use crate::access::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::ids::PersonId;
use crate::users;
use aws::store::users::Profile;
use aws::tell::{Fate, Told};
use axum::extract;
use axum::http::StatusCode;
use domain::ban::derive;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::notification::Content;
use domain::profile::is_visible;
use domain::settings::{Delivery, Problem};
use domain::template::{LONGEST_VALUE, TemplateId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use telegram::render::{Templates, plain_text};
use utoipa::ToSchema;
use uuid::Uuid;

/// Names a template.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TemplateId)]
pub enum TemplateName {
    BanDetected,
    SyncSuccess,
    SyncFailed,
    SubscriptionCreated,
    LimitReached,
    System,
}

impl From<TemplateName> for TemplateId {
    fn from(name: TemplateName) -> Self {
        match name {
            TemplateName::BanDetected => Self::BanDetected,
            TemplateName::SyncSuccess => Self::SyncSuccess,
            TemplateName::SyncFailed => Self::SyncFailed,
            TemplateName::SubscriptionCreated => Self::SubscriptionCreated,
            TemplateName::LimitReached => Self::LimitReached,
            TemplateName::System => Self::System,
        }
    }
}

impl From<TemplateId> for TemplateName {
    fn from(id: TemplateId) -> Self {
        match id {
            TemplateId::BanDetected => Self::BanDetected,
            TemplateId::SyncSuccess => Self::SyncSuccess,
            TemplateId::SyncFailed => Self::SyncFailed,
            TemplateId::SubscriptionCreated => Self::SubscriptionCreated,
            TemplateId::LimitReached => Self::LimitReached,
            TemplateId::System => Self::System,
        }
    }
}

/// A message to somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotification {
    #[schema(inline)]
    pub user_id: PersonId,
    /// Names the message: under the same id it is told once, however often it is sent. Random where it is left out.
    id: Option<Uuid>,
    template_id: TemplateName,
    /// Plain text of each placeholder of the template, all of them: see `GET /api/v1/notifications/templates`. At most 1000 characters each.
    #[schema(example = json!({ "text": "The bot moves tonight." }))]
    values: BTreeMap<String, String>,
    /// It waits for no digest, and comes in quiet hours where the person lets urgent ones pass.
    #[serde(default)]
    urgent: bool,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FateBody {
    /// It is on its way.
    Queued,
    /// It waits for the end of quiet hours or for a digest.
    Held,
    /// The person wants none such.
    Suppressed,
}

/// A message that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentNotification {
    notification_id: Uuid,
    #[schema(inline)]
    status: FateBody,
    /// Until when it waits, Unix seconds; `null` where it does not.
    due_at: Option<i64>,
}

impl From<Fate> for SentNotification {
    fn from(fate: Fate) -> Self {
        let (status, due_at) = match fate.delivery {
            Delivery::Now { .. } => (FateBody::Queued, None),
            Delivery::Held { until } => (FateBody::Held, Some(until)),
            Delivery::Dropped => (FateBody::Suppressed, None),
        };
        Self { notification_id: fate.notification_id, status, due_at }
    }
}

impl SentNotification {
    pub fn parts(self) -> (Uuid, FateBody, Option<i64>) {
        (self.notification_id, self.status, self.due_at)
    }
}

impl NewNotification {
    /// The message as it is told, or all that is wrong with it.
    pub fn told(self, caller: &Caller) -> Result<Told, Vec<Problem>> {
        let template = TemplateId::from(self.template_id);
        let known = template.placeholders();
        let wrong = |what: String| Problem::new("values", what);
        let missing = known.iter().filter(|name| !self.values.contains_key(**name)).map(|name| wrong(format!("{name} is missing")));
        let problems = self.values.iter().filter_map(|(name, value)| match known.contains(&name.as_str()) {
            false => Some(wrong(format!("{template} has {} and nothing else", known.join(", ")))),
            true if value.chars().count() > LONGEST_VALUE => Some(wrong(format!("{name} has more than {LONGEST_VALUE} characters"))),
            true => None,
        });
        let problems: Vec<_> = problems.chain(missing).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let values: Vec<_> = self.values.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
        if !is_visible(&plain_text(&Templates::default().render(template, Lang::En, &values))) {
            return Err(vec![wrong("there is nothing to read in it".to_owned())]);
        }
        // Of another key the same id is another message.
        let what = match self.id {
            Some(id) => derive(&["sent by", &caller.subject, &id.to_string()]),
            None => Uuid::new_v4(),
        };
        let content = Content::Templated { template, values: self.values, urgent: self.urgent };
        Ok(Told::once(self.user_id.0, &what.to_string(), content, None))
    }
}

impl State {
    /// Tells those who are known; what becomes of each message, in their order.
    pub async fn tell(&self, profiles: &BTreeMap<UserId, Profile>, told: Vec<Told>) -> anyhow::Result<Vec<Fate>> {
        // They have nothing in common but this request.
        self.teller.tell_known(profiles, &Uuid::new_v4().to_string(), told).await
    }
}

/// Tell somebody something.
///
/// By a template, in their language, when and by the ways that they chose. At most 20 messages a minute come to one person; more join a digest.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/send",
    responses(
        (status = 202, description = "It is taken.", body = SentNotification),
        (status = 404, description = "Nothing is known of the person.", body = ErrorBody),
        (status = 422, description = "`invalid`: the values are not those of the template.", body = ErrorBody),
    )
)]
pub async fn send_notification(
    extract::State(state): extract::State<State>,
    caller: Caller,
    Json(new): Json<NewNotification>,
) -> Result<(StatusCode, axum::Json<SentNotification>), ApiError> {
    let told = new.told(&caller).map_err(|problems| users::invalid(&problems))?;
    let profiles = state.users.profiles([told.recipient]).await?;
    if profiles.get(&told.recipient).is_none_or(|profile| profile.erased_at.is_some()) {
        return Err(users::unknown_user());
    }
    let fate = state.tell(&profiles, vec![told]).await?.pop();
    let fate = fate.ok_or_else(|| ApiError::unavailable("a message has no fate"))?;
    Ok((StatusCode::ACCEPTED, axum::Json(fate.into())))
}
