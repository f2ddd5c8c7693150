//! Many people at once.

use super::State;
use super::profiles::{UserBody, UserChange};
use crate::error::ApiError;
use crate::extract::Json;
use crate::ids::PersonId;
use crate::row::{self, Row, Unreadable};
use axum::extract;
use domain::ids::UserId;
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
    /// One that is not as described is `invalid` by its place and field, and the others are done.
    #[schema(value_type = Vec<ChangeOf>, min_items = 1, max_items = 100)]
    #[serde(deserialize_with = "row::at_most::<_, _, MOST>")]
    users: Vec<Row<ChangeOf>>,
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
    /// Its place among the changes, from 0.
    #[schema(minimum = 0)]
    index: u32,
    /// `null` where the change cannot be read.
    #[schema(inline)]
    user_id: Option<PersonId>,
    #[schema(inline)]
    status: StatusBody,
    /// As they are now, where they were updated.
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
    /// `null` where it is no single one.
    field: Option<String>,
    message: String,
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        Self { field: Some(problem.field.to_owned()), message: problem.message }
    }
}

impl From<Unreadable> for ProblemBody {
    fn from(Unreadable { field, message }: Unreadable) -> Self {
        Self { field, message }
    }
}

/// Change what is known of many people.
///
/// Each change is done or not done on its own, and has its result: also one that cannot be read, and one of a person who is named before.
#[utoipa::path(
    post,
    path = "/api/v1/users/batch",
    responses((status = 200, description = "What came of each.", body = ResultsBody))
)]
pub async fn update_users(
    extract::State(state): extract::State<State>,
    Json(changes): Json<Changes>,
) -> Result<axum::Json<ResultsBody>, ApiError> {
    if !(1..=MOST).contains(&changes.users.len()) {
        return Err(ApiError::invalid(format!("1 to {MOST} people at a time")));
    }
    let mut named = BTreeSet::new();
    let rows: Vec<_> = changes.users.into_iter().map(|row| once_each(row, &mut named)).collect();
    let results = stream::iter((0..).zip(rows)).map(|(index, row)| state.result(index, row)).buffered(AT_A_TIME).collect().await;
    Ok(axum::Json(ResultsBody { results }))
}

/// The change of a row, or why there is none. `named`: whom the rows before it name.
fn once_each(Row(row): Row<ChangeOf>, named: &mut BTreeSet<UserId>) -> Result<ChangeOf, (Option<PersonId>, ProblemBody)> {
    let change = row.map_err(|why| (None, why.into()))?;
    if named.insert(change.user_id.0) {
        return Ok(change);
    }
    let problem =
        ProblemBody { field: Some("user_id".to_owned()), message: "this person is named twice; the first change counts".to_owned() };
    Err((Some(change.user_id), problem))
}

impl State {
    async fn result(&self, index: u32, row: Result<ChangeOf, (Option<PersonId>, ProblemBody)>) -> ResultBody {
        let invalid = |user_id, problems| ResultBody { index, user_id, status: StatusBody::Invalid, user: None, problems };
        let ChangeOf { user_id, change } = match row {
            Ok(change) => change,
            Err((user_id, problem)) => return invalid(user_id, vec![problem]),
        };
        let change = ProfileChange::from(change);
        let problems = change.problems();
        if !problems.is_empty() {
            return invalid(Some(user_id), problems.into_iter().map(ProblemBody::from).collect());
        }
        let (status, user) = match self.users.change(user_id.0, &change).await {
            Ok(Some(profile)) => (StatusBody::Updated, Some(profile.into())),
            Ok(None) => (StatusBody::NotFound, None),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a change of a batch failed");
                (StatusBody::Failed, None)
            }
        };
        ResultBody { index, user_id: Some(user_id), status, user, problems: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_bad_or_comes_twice_has_an_error_of_its_own() {
        let change = |user: serde_json::Value| serde_json::json!({ "user_id": user, "change": { "is_active": false } });
        let rows = serde_json::json!([change(5.into()), change("5".into()), change(5.into()), change(6.into()), null]);
        let rows: Vec<Row<ChangeOf>> = serde_json::from_value(rows).unwrap();
        let mut named = BTreeSet::new();
        let read: Vec<_> = rows.into_iter().map(|row| once_each(row, &mut named)).collect();
        let fields: Vec<_> = read.iter().map(|row| row.as_ref().err().map(|(_, problem)| problem.field.as_deref())).collect();
        assert_eq!(fields, [None, Some(Some("user_id")), Some(Some("user_id")), None, Some(None)]);
    }
}
