//! Subscriptions in requests and answers.

use crate::ids::{GroupId, PersonId};
use aws::store::subscriptions::SubscriptionItem;
use domain::subscription::{Mode, Source};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody to be followed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// The admin who follows and is told.
    pub admin_user_id: PersonId,
    /// The chat into which bans are synced.
    pub admin_chat_id: GroupId,
    /// Whose bans are followed.
    pub tracked_user_id: PersonId,
    #[serde(default)]
    #[schema(inline)]
    pub mode: ModeBody,
}

/// What is done in the chat: ban there too (`auto`), ask first (`confirm`), only tell (`notify`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModeBody {
    #[default]
    Auto,
    Confirm,
    Notify,
}

impl From<ModeBody> for Mode {
    fn from(mode: ModeBody) -> Self {
        match mode {
            ModeBody::Auto => Self::Auto,
            ModeBody::Confirm => Self::Confirm,
            ModeBody::Notify => Self::Notify,
        }
    }
}

impl From<Mode> for ModeBody {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Auto,
            Mode::Confirm => Self::Confirm,
            Mode::Notify => Self::Notify,
        }
    }
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionChange {
    #[schema(inline)]
    pub mode: Option<ModeBody>,
    /// `false` ends it and keeps it as history; `true` begins it again.
    pub is_active: Option<bool>,
}

/// One admin follows one source from one chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionBody {
    /// The same for the same admin, chat and source.
    subscription_id: Uuid,
    #[schema(inline)]
    pub admin_user_id: PersonId,
    #[schema(inline)]
    pub admin_chat_id: GroupId,
    #[schema(inline)]
    pub tracked_user_id: PersonId,
    /// The source that is followed.
    #[schema(example = "user:987654321")]
    source: String,
    #[schema(inline)]
    pub mode: ModeBody,
    pub is_active: bool,
    /// Unix seconds.
    #[schema(example = 1764000000)]
    created_at: i64,
    /// Unix seconds.
    #[schema(example = 1764000000)]
    updated_at: i64,
}

impl From<SubscriptionItem> for SubscriptionBody {
    fn from(item: SubscriptionItem) -> Self {
        let Source::User(tracked) = item.subscription.source;
        Self {
            subscription_id: item.subscription_id,
            admin_user_id: PersonId(item.subscription.admin_user_id),
            admin_chat_id: GroupId(item.subscription.admin_chat_id),
            tracked_user_id: PersonId(tracked),
            source: item.subscription.source.to_string(),
            mode: item.mode.into(),
            is_active: item.is_active,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}
