//! `limit` and `cursor` in requests, pages in answers.

use crate::error::ApiError;
use aws::store::page::{Page, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// Items of a page where the caller does not say.
const USUAL: usize = 50;

/// Items of a page at most.
const MOST: usize = 100;

/// Which page of a list is wanted.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 1024)]
    cursor: Option<String>,
}

impl PageQuery {
    pub fn wanted(self) -> Result<Wanted, ApiError> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(Wanted { limit, cursor: self.cursor }),
            _ => Err(ApiError::invalid(format!("limit is 1 to {MOST}")).with_details(json!({ "parameter": "limit" }))),
        }
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    items: Vec<T>,
    /// Give it as `cursor` for the next page; `null` at the end of the list.
    next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    /// `of`: an item as the caller sees it.
    pub fn new<I>(page: Page<I>, of: impl FnMut(I) -> T) -> Self {
        let page = page.map(of);
        Self { items: page.items, next_cursor: page.next }
    }
}
