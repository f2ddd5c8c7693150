//! Pages of a list: how many items, and from where on. Where a page ends is told by a [`Cursor`], text that only the list it came from
//! takes again.

use super::{Attributes, Table};
use anyhow::Context;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Queries for one page where a filter lets few items through: then the page is short, or empty, and has a cursor all the same.
const ROUNDS: usize = 8;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Items at most, 1 or more.
    pub limit: usize,
    /// The `next` of the page before; `None` for the first page.
    pub cursor: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` where there is nothing more.
    pub next: Option<String>,
}

impl<T> Page<T> {
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(of).collect(), next: self.next }
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The cursor is not one of this list.
    #[error("the cursor does not belong to this list")]
    BadCursor,
    #[error(transparent)]
    Store(#[from] anyhow::Error),
}

/// Where a page ends: opaque text for callers, base64url of JSON.
#[derive(Serialize, Deserialize)]
pub struct Cursor<P> {
    /// Names the list with its filters.
    list: String,
    position: P,
}

impl<P: Serialize + DeserializeOwned> Cursor<P> {
    /// `list`: the same for all pages of a list, another one for every other list.
    pub fn write(list: &str, position: P) -> anyhow::Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Self { list: list.to_owned(), position })?))
    }

    /// The position in `text`, which must have been written for the same `list`.
    pub fn read(list: &str, text: &str) -> Result<P, PageError> {
        let cursor = Self::decode(text).ok_or(PageError::BadCursor)?;
        if cursor.list == list { Ok(cursor.position) } else { Err(PageError::BadCursor) }
    }

    /// The position in `text`, whichever list it was written for.
    pub(super) fn position(text: &str) -> Option<P> {
        Some(Self::decode(text)?.position)
    }

    fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

/// An attribute of a key.
#[derive(Serialize, Deserialize)]
enum KeyPart {
    S(String),
    N(String),
}

/// The key of a DynamoDB item, of the table and of the index that is read.
type Key = BTreeMap<String, KeyPart>;

impl Table {
    /// One page of what `query` finds. `list`: see [`Cursor::write`].
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        query: QueryFluentBuilder,
        list: &str,
        wanted: &Wanted,
    ) -> Result<Page<T>, PageError> {
        let mut start = match &wanted.cursor {
            Some(cursor) => Some(attributes(Cursor::read(list, cursor)?)),
            None => None,
        };
        let mut items = Vec::new();
        for _ in 0..ROUNDS {
            let left = i32::try_from(wanted.limit - items.len()).unwrap_or(i32::MAX);
            let query = query.clone().limit(left).set_exclusive_start_key(start.take());
            let answer = self.query_of_page(query, wanted.cursor.is_some()).await?;
            let found: Vec<T> = serde_dynamo::from_items(answer.items.unwrap_or_default()).context("reading an item of a page")?;
            items.extend(found);
            start = answer.last_evaluated_key;
            if start.is_none() || items.len() >= wanted.limit {
                break;
            }
        }
        let next = start.map(|key| Cursor::write(list, parts(key)?)).transpose()?;
        Ok(Page { items, next })
    }

    /// One call of a list's query. `by_cursor`: a key in it comes from a cursor.
    pub(super) async fn query_of_page(&self, query: QueryFluentBuilder, by_cursor: bool) -> Result<QueryOutput, PageError> {
        match query.table_name(&self.name).send().await {
            // A key that is none of this index: somebody wrote the cursor himself.
            Err(SdkError::ServiceError(error)) if by_cursor && error.err().code() == Some("ValidationException") => {
                Err(PageError::BadCursor)
            }
            answer => Ok(answer.with_context(|| format!("reading a page of {}", self.name))?),
        }
    }
}

fn attributes(key: Key) -> Attributes {
    let attribute = |part| match part {
        KeyPart::S(text) => AttributeValue::S(text),
        KeyPart::N(number) => AttributeValue::N(number),
    };
    key.into_iter().map(|(name, part)| (name, attribute(part))).collect()
}

fn parts(key: Attributes) -> anyhow::Result<Key> {
    let part = |(name, attribute)| match attribute {
        AttributeValue::S(text) => Ok((name, KeyPart::S(text))),
        AttributeValue::N(number) => Ok((name, KeyPart::N(number))),
        _ => anyhow::bail!("the key attribute {name} is neither text nor a number"),
    };
    key.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_its_own_list_only() {
        let text = Cursor::write("followers of 5", 42).unwrap();
        assert_eq!(Cursor::<i32>::read("followers of 5", &text).unwrap(), 42);
        for (list, text) in
            [("followers of 6", text.as_str()), ("followers of 5", "x"), ("followers of 5", ""), ("followers of 5", "bnVsbA")]
        {
            assert!(matches!(Cursor::<i32>::read(list, text), Err(PageError::BadCursor)), "{list} {text}");
        }
    }

    #[test]
    fn a_key_comes_back_from_its_cursor_as_it_was() {
        let key = Attributes::from([
            ("pk".to_owned(), AttributeValue::S("ADMIN#1".to_owned())),
            ("n".to_owned(), AttributeValue::N("-7".to_owned())),
        ]);
        let text = Cursor::write("list", parts(key.clone()).unwrap()).unwrap();
        assert_eq!(attributes(Cursor::read("list", &text).unwrap()), key);
    }
}
