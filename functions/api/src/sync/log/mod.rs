//! What syncs did, chat by chat.
//!
//! # Layout
//! - here: the list and what its items look like;
//! - [`order`]: what is looked for, and how it is read;
//! - [`walk`]: reading sync by sync.

mod order;
mod walk;

use super::State;
use super::body::{KindBody, OriginBody, OutcomeBody};
use crate::bounded::Moment;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::ids::{GroupId, PersonId};
use crate::page::{PageBody, PageQuery};
use aws::store::page::{Page, PageError, Wanted};
use aws::store::sync::LogEntry;
use aws::time;
use axum::extract;
use domain::ids::ChatId;
use domain::sync::Reason;
use order::{CannotList, Filter, Order};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Reads of a chat's log for one page where some of it is filtered out.
const ROUNDS: usize = 8;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Of this sync.
    sync_id: Option<Uuid>,
    /// Done to this person.
    #[param(inline)]
    user_id: Option<PersonId>,
    /// Done in this chat.
    #[param(inline)]
    chat_id: Option<GroupId>,
    #[param(inline)]
    status: Option<OutcomeBody>,
    /// Not before, Unix seconds: when the sync began; in a chat's log, when the decision that it syncs was made.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 100_000_000_000_i64, example = 1763000000)]
    from: Option<Moment<0>>,
    /// Not after, Unix seconds, as `from`; left out, it is now.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 100_000_000_000_i64, example = 1764000000)]
    to: Option<Moment<0>>,
}

impl From<LogQuery> for Filter {
    fn from(query: LogQuery) -> Self {
        Self {
            sync_id: query.sync_id,
            user_id: query.user_id.map(|PersonId(user)| user),
            chat_id: query.chat_id.map(|GroupId(chat)| chat),
            status: query.status,
            from: query.from.map(|Moment(from)| from),
            to: query.to.map(|Moment(to)| to),
        }
    }
}

/// What a sync did in a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogBody {
    sync_id: Uuid,
    ban_event_id: Uuid,
    #[schema(inline)]
    kind: KindBody,
    #[schema(inline)]
    origin: OriginBody,
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    source_chat_id: GroupId,
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    status: OutcomeBody,
    /// Why it was skipped, or failed.
    #[schema(example = "no_rights")]
    reason: Option<&'static str>,
    /// Calls of Telegram that had failed before.
    #[schema(minimum = 0)]
    retry_count: u32,
    /// When it ended so, Unix seconds.
    #[schema(example = 1764000000)]
    at: i64,
}

impl From<LogEntry> for LogBody {
    fn from(LogEntry { entry, tries }: LogEntry) -> Self {
        Self {
            sync_id: entry.sync_id,
            ban_event_id: entry.ban_event_id,
            kind: entry.kind.into(),
            origin: entry.origin.into(),
            user_id: PersonId(entry.user_id),
            source_chat_id: GroupId(entry.source_chat_id),
            chat_id: GroupId(entry.chat_id),
            status: entry.outcome.into(),
            reason: entry.outcome.reason().map(Reason::name),
            retry_count: tries.into(),
            at: entry.at,
        }
    }
}

/// What syncs did, chat by chat: all of what is given, the newest sync first.
///
/// Needs `sync_id`, `user_id`, `chat_id`, or a period of at most 31 days. A page may be short, or empty, and have a `next_cursor` all the
/// same: the next page goes on from there.
#[utoipa::path(
    get,
    path = "/api/v1/sync/logs",
    params(LogQuery, PageQuery),
    responses(
        (status = 200, description = "A page.", body = PageBody<LogBody>),
        (status = 422, description = "`log_too_wide`, `period_too_long`, `empty_period`, `bad_cursor`.", body = ErrorBody),
    )
)]
pub async fn list_sync_log(
    extract::State(state): extract::State<State>,
    Query(query): Query<LogQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<PageBody<LogBody>>, ApiError> {
    let filter = Filter::from(query);
    let order = filter.order(time::now()).map_err(|why: CannotList| ApiError::refused(why.code(), why.to_string()))?;
    let wanted = page.wanted()?;
    let page = match order {
        Order::Chat(chat) => state.log_of_chat(chat, &filter, &wanted).await?,
        Order::Syncs(of) => state.log_of_syncs(of, &filter, &wanted).await?,
    };
    Ok(axum::Json(PageBody::new(page, LogBody::from)))
}

impl State {
    async fn log_of_chat(&self, chat: ChatId, filter: &Filter, wanted: &Wanted) -> Result<Page<LogEntry>, PageError> {
        let (from, to) = filter.period();
        let mut found = Page { items: Vec::new(), next: wanted.cursor.clone() };
        for _ in 0..ROUNDS {
            let left = Wanted { limit: wanted.limit - found.items.len(), cursor: found.next.take() };
            let page = self.syncs.log_of_chat(chat, from, to, &left).await?;
            found.items.extend(page.items.into_iter().filter(|log| filter.finds(log)));
            found.next = page.next;
            if found.next.is_none() || found.items.len() == wanted.limit {
                break;
            }
        }
        Ok(found)
    }
}
