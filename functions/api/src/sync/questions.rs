//! What a chat's admins are asked and have not answered.

use super::State;
use crate::error::ApiError;
use crate::extract::Query;
use crate::ids::{GroupId, PersonId};
use crate::page::{PageBody, PageQuery};
use aws::store::sync::Asked;
use axum::extract;
use domain::question::{About, OPEN};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuestionsQuery {
    /// The chat whose admins are asked.
    #[param(inline)]
    chat_id: GroupId,
}

/// The question: whether to ban a person here too (`ban`); whether to let a source in that the chat does not know (`new_source`); whether to sync what a source that bans too much has banned (`held`);
/// whether to go on where unusually many of the chat's members were banned (`flooded`). `release` is asked no more.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AboutBody {
    Ban,
    NewSource,
    Held,
    Flooded,
    Release,
}

/// A question that is open. `user_id`: who was banned, of several the first; `source_chat_id`: the chat that banned.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionBody {
    question_id: Uuid,
    #[schema(inline)]
    about: AboutBody,
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    source_chat_id: GroupId,
    /// The ban events that it is about.
    ban_event_ids: Vec<Uuid>,
    /// Unix seconds.
    #[schema(example = 1764000000)]
    asked_at: i64,
    /// When it has run out, Unix seconds.
    #[schema(example = 1764604800)]
    open_until: i64,
}

impl From<Asked> for QuestionBody {
    fn from(asked: Asked) -> Self {
        let ban_event_ids = asked.event_ids().collect();
        let question = asked.question;
        Self {
            question_id: question.question_id,
            about: match question.about {
                About::Ban => AboutBody::Ban,
                About::NewSource => AboutBody::NewSource,
                About::Held => AboutBody::Held,
                About::Flooded => AboutBody::Flooded,
                About::Release => AboutBody::Release,
            },
            chat_id: GroupId(question.chat_id),
            user_id: PersonId(question.user_id),
            source_chat_id: GroupId(question.source_chat_id),
            ban_event_ids,
            asked_at: question.asked_at,
            open_until: question.asked_at + OPEN,
        }
    }
}

/// The open questions of a chat: what its admins are asked, and nobody has answered.
///
/// A question can be answered for 7 days, in Telegram alone. Those that were answered are left out: a page may be short, or empty, and have
/// a `next_cursor` all the same.
#[utoipa::path(
    get,
    path = "/api/v1/sync/questions",
    params(QuestionsQuery, PageQuery),
    responses((status = 200, description = "A page, in no order.", body = PageBody<QuestionBody>))
)]
pub async fn list_open_questions(
    extract::State(state): extract::State<State>,
    Query(QuestionsQuery { chat_id: GroupId(chat) }): Query<QuestionsQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<QuestionBody>>, ApiError> {
    let page = state.syncs.open_questions(chat, &page.wanted()?).await?;
    Ok(axum::Json(PageBody::new(page, QuestionBody::from)))
}
