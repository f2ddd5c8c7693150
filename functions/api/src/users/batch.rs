//! Many people at once.

use super::State;
use super::profiles::{UserBody, UserChange};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::ids::PersonId;
use axum::extract;
use domain::profile::ProfileChange;
use domain::settings::Problem;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// People of one call.
const MOST: usize = 100;

/// Changes at a time: a hundred are done in a dozen rounds of the store, and do not ask it all at once.
const AT_A_TIME: usize = 8;

/// Changes of many people; nobody twice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    #[schema(min_items = 1, max_items = 100)]
    users: Vec<ChangeOf>,
}

/// A change of one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeOf {
    #[schema(inline)]
    user_id: PersonId,
    change: UserChange,
}

/// What came of it, in the order of the changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultsBody {
    results: Vec<ResultBody>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ResultBody {
    #[schema(inline)]
    user_id: PersonId,
    #[schema(inline)]
    status: StatusBody,
    /// As he is now, where he was updated.
    user: Option<UserBody>,
    /// What is wrong, where something is.
    problems: Vec<ProblemBody>,
}

/// What came of one change. After `failed` another try may succeed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusBody {
    Updated,
    NotFound,
    Invalid,
    Failed,
}

/// Something that is wrong with a field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    field: &'static str,
    message: String,
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        Self { field: problem.field, message: problem.message }
    }
}

/// Change what is known of many people. Each change is done or not done on its own.
#[utoipa::path(
    post,
    path = "/api/v1/users/batch",
    responses(
        (status = 200, description = "What came of each.", body = ResultsBody),
        (status = 422, description = "`duplicate_user`: somebody is named twice.", body = ErrorBody),
    )
)]
pub async fn update_users(
    extract::State(state): extract::State<State>,
    Json(changes): Json<Changes>,
) -> Result<axum::Json<ResultsBody>, ApiError> {
    if !(1..=MOST).contains(&changes.users.len()) {
        return Err(ApiError::invalid(format!("1 to {MOST} people at a time")));
    }
    let people: BTreeSet<_> = changes.users.iter().map(|change| change.user_id.0).collect();
    if people.len() != changes.users.len() {
        return Err(ApiError::refused("duplicate_user", "somebody is named twice"));
    }
    let results = stream::iter(changes.users).map(|change| state.update(change)).buffered(AT_A_TIME).collect().await;
    Ok(axum::Json(ResultsBody { results }))
}

impl State {
    async fn update(&self, ChangeOf { user_id, change }: ChangeOf) -> ResultBody {
        let change = ProfileChange::from(change);
        let problems = change.problems();
        if !problems.is_empty() {
            let problems = problems.into_iter().map(ProblemBody::from).collect();
            return ResultBody { user_id, status: StatusBody::Invalid, user: None, problems };
        }
        let (status, user) = match self.users.change(user_id.0, &change).await {
            Ok(Some(profile)) => (StatusBody::Updated, Some(profile.into())),
            Ok(None) => (StatusBody::NotFound, None),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a change of a batch failed");
                (StatusBody::Failed, None)
            }
        };
        ResultBody { user_id, status, user, problems: Vec::new() }
    }
}
