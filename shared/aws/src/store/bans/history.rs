//! Reading events newest first, page by page, from one partition of an index or from the shards of days.
//!
//! A page ends at a [`Position`], and the next one takes what is strictly older. So what comes in newer while somebody pages through
//! changes nothing for him: no event is left out or shown twice.

use super::{BanItem, Bans, DAY, SHARDS, day_key, moment};
use crate::store::page::{Cursor, Page, PageError, Wanted};
use crate::store::{Attributes, Table, n, s};
use anyhow::Context;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ban::{BanEvent, Occurred, derive};
use domain::event::date;
use domain::search::{Order, Search};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::VecDeque;
use uuid::Uuid;

/// Queries for one page of one partition at most, each of at most [`SIFTED`] events.
const READS: usize = 8;

/// Events that a Query reads where some are filtered out.
const SIFTED: usize = 200;

/// Later than any moment that can be written.
const END_OF_TIME: i64 = 999_999_999_999;

/// An event's place among all, in time: `occurred`, then the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Position {
    occurred: Occurred,
    event_id: Uuid,
}

impl Position {
    fn of(event: &BanEvent) -> Self {
        Self { occurred: event.occurred.clone(), event_id: event.event_id }
    }

    /// Everything of `day` (days since 1970) is newer.
    fn before(day: i64) -> Self {
        Self { occurred: Occurred::new(day * DAY, 0), event_id: Uuid::nil() }
    }
}

/// How far a page with this `next` was read, Unix seconds: all that is newer was looked at, even where none of it was found. `None`: it is no
/// cursor of such a page.
pub fn read_down_to(cursor: &str) -> Option<i64> {
    Cursor::<Position>::position(cursor)?.occurred.at()
}

impl Bans {
    /// A page of the events that `search` finds, newest first. `order`: that of [`Search::order`], which says whether it may be read.
    pub async fn search(&self, search: &Search, order: Order, wanted: &Wanted) -> Result<Page<BanEvent>, PageError> {
        // Short, and a reason that is looked for is nobody else's business.
        let list = format!("bans {}", derive(&["search", &serde_json::to_string(search).context("naming a search")?]));
        let mut position = match &wanted.cursor {
            Some(cursor) => Some(Cursor::read(&list, cursor)?),
            None => None,
        };
        let parts = parts(order, position.as_ref())?;
        let (mut items, mut reads) = (Vec::new(), READS * self.runs(order, search, parts[0], None).len());
        let last = parts.len() - 1;
        for (n, part) in parts.into_iter().enumerate() {
            let mut runs = self.runs(order, search, part, position.as_ref());
            let at_once = at_once(search, order, wanted.limit, runs.len());
            loop {
                let dry: Vec<_> = runs.iter_mut().filter(|run| run.is_dry()).collect();
                if dry.len() > reads {
                    return end(&list, items, position);
                }
                reads -= dry.len();
                try_join_all(dry.into_iter().map(|run| run.read(&self.table, at_once, wanted.cursor.is_some()))).await?;
                let Some(event) = newest(&mut runs) else { break };
                position = Some(Position::of(&event));
                if search.finds(&event) {
                    items.push(event);
                }
                if items.len() == wanted.limit {
                    let more = n < last || runs.iter().any(|run| run.is_dry() || !run.events.is_empty());
                    return end(&list, items, position.filter(|_| more));
                }
            }
            position = part.map(Position::before).or(position);
        }
        end(&list, items, None)
    }

    /// The partitions that are read side by side. `day`: where the order is that of days.
    fn runs(&self, order: Order, search: &Search, day: Option<i64>, position: Option<&Position>) -> Vec<Run> {
        let from = Occurred::new(search.from.unwrap_or(0), 0);
        // Compares after all of the last second and before all of the next, but for one that equals it: `finds` leaves that out.
        let to = Occurred::new(search.to.unwrap_or(END_OF_TIME).saturating_add(1).min(END_OF_TIME), 0);
        let query = |index, condition: &str, key, from: &str, to: &str| {
            self.table
                .client
                .query()
                .index_name(index)
                .scan_index_forward(false)
                .key_condition_expression(condition)
                .expression_attribute_values(":key", key)
                .expression_attribute_values(":from", s(from))
                .expression_attribute_values(":to", s(to))
        };
        let whole = |index, name: &str, key: AttributeValue| {
            let condition = format!("{name} = :key AND occurred BETWEEN :from AND :to");
            let start = position.map(|position| {
                Attributes::from([
                    (name.to_owned(), key.clone()),
                    ("occurred".to_owned(), s(position.occurred.as_str())),
                    ("event_id".to_owned(), s(position.event_id)),
                ])
            });
            vec![Run { start, ..Run::new(query(index, &condition, key, from.as_str(), to.as_str())) }]
        };
        match order {
            Order::User(user) => whole("by_user", "user_id", n(user.0)),
            Order::Chat(chat) => whole("by_chat", "chat_id", n(chat.0)),
            Order::Days { .. } => {
                let start = day.unwrap_or_default() * DAY;
                let from = from.max(Occurred::new(start, 0));
                let to = to.min(Occurred::new(start + DAY, 0));
                // No event but the position's own has this very moment.
                let (to, after) = match position {
                    Some(position) if position.occurred.at().is_some_and(|at| at / DAY == start / DAY) => {
                        (moment(&position.occurred, position.event_id), Some(position.clone()))
                    }
                    _ => (to.as_str().to_owned(), None),
                };
                let run = |shard| {
                    let key = s(day_key(&date(start), shard));
                    Run {
                        after: after.clone(),
                        ..Run::new(
                            query("by_day", "#day = :key AND moment BETWEEN :from AND :to", key, from.as_str(), &to)
                                .expression_attribute_names("#day", "day"),
                        )
                    }
                };
                (0..SHARDS).map(run).collect()
            }
        }
    }
}

/// The days (since 1970) that are read one after the other, or the one part that is no day.
fn parts(order: Order, position: Option<&Position>) -> Result<Vec<Option<i64>>, PageError> {
    let Order::Days { from, to } = order else { return Ok(vec![None]) };
    // By days: without an end given, the end is the moment of asking, and somebody's clock may be ahead of it.
    let days = from / DAY..=to / DAY;
    let last = match position {
        Some(position) => position.occurred.at().map(|at| at / DAY).filter(|day| days.contains(day)).ok_or(PageError::BadCursor)?,
        None => to / DAY,
    };
    Ok((from / DAY..=last).rev().map(Some).collect())
}

/// Events that one Query reads.
fn at_once(search: &Search, order: Order, limit: usize, runs: usize) -> i32 {
    let sifted = search.event_type.is_some() || search.reason.is_some() || (search.chat_id.is_some() && matches!(order, Order::User(_)));
    let events = match sifted {
        true => SIFTED.div_ceil(runs) + limit,
        // Twice its share, so that few shards are asked again.
        false if runs > 1 => 2 * limit.div_ceil(runs),
        false => limit,
    };
    i32::try_from(events).unwrap_or(i32::MAX)
}

fn end(list: &str, items: Vec<BanEvent>, position: Option<Position>) -> Result<Page<BanEvent>, PageError> {
    let next = position.map(|position| Cursor::write(list, position)).transpose()?;
    Ok(Page { items, next })
}

/// One partition of an index, newest first, read as far as it is needed.
struct Run {
    query: QueryFluentBuilder,
    /// Where the next read begins.
    start: Option<Attributes>,
    /// Is there more to read?
    open: bool,
    events: VecDeque<BanEvent>,
    /// Only what is older is wanted.
    after: Option<Position>,
}

impl Run {
    fn new(query: QueryFluentBuilder) -> Self {
        Self { query, start: None, open: true, events: VecDeque::new(), after: None }
    }

    /// It must be read before anybody can say what is its newest.
    fn is_dry(&self) -> bool {
        self.open && self.events.is_empty()
    }

    async fn read(&mut self, table: &Table, at_once: i32, by_cursor: bool) -> Result<(), PageError> {
        let query = self.query.clone().limit(at_once).set_exclusive_start_key(self.start.take());
        let answer = table.query_of_page(query, by_cursor).await?;
        let items: Vec<BanItem> = serde_dynamo::from_items(answer.items.unwrap_or_default()).context("reading ban events")?;
        let events = items.into_iter().map(|item| item.event);
        self.events.extend(events.filter(|event| self.after.as_ref().is_none_or(|after| Position::of(event) < *after)));
        self.start = answer.last_evaluated_key;
        self.open = self.start.is_some();
        Ok(())
    }
}

/// Takes the newest event of all runs; none of them is dry.
fn newest(runs: &mut [Run]) -> Option<BanEvent> {
    let of = |run: &Run| run.events.front().map(|event| Reverse(Position::of(event)));
    let (_, run) = runs.iter_mut().filter_map(|run| Some((of(run)?, run))).min_by(|(a, _), (b, _)| a.cmp(b))?;
    run.events.pop_front()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: Order = Order::Days { from: 10 * DAY + 5, to: 12 * DAY + 7 };

    fn at(seconds: i64) -> Position {
        Position { occurred: Occurred::new(seconds, 3), event_id: Uuid::max() }
    }

    #[test]
    fn days_are_read_from_the_last_one_or_the_cursors_down_to_the_first() {
        for (position, expected) in [
            (None, vec![12, 11, 10]),
            (Some(at(12 * DAY + 7)), vec![12, 11, 10]),
            (Some(at(13 * DAY - 1)), vec![12, 11, 10]),
            (Some(at(12 * DAY - 1)), vec![11, 10]),
            (Some(at(10 * DAY + 5)), vec![10]),
            (Some(Position::before(11)), vec![11, 10]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(Some).collect();
            assert_eq!(parts(DAYS, position.as_ref()).unwrap(), expected, "{position:?}");
        }
    }

    #[test]
    fn a_cursor_tells_how_far_was_read() {
        assert_eq!(read_down_to(&Cursor::write("bans x", at(70)).unwrap()), Some(70));
        assert_eq!(read_down_to("x"), None);
    }

    #[test]
    fn a_cursor_from_outside_the_period_is_none_of_this_list() {
        let nonsense: Occurred = serde_json::from_str("\"yesterday\"").unwrap();
        for position in [at(10 * DAY - 1), at(13 * DAY), Position { occurred: nonsense, event_id: Uuid::nil() }] {
            assert!(matches!(parts(DAYS, Some(&position)), Err(PageError::BadCursor)), "{position:?}");
        }
    }

    #[test]
    fn everything_of_a_day_is_newer_than_the_position_before_it() {
        let first = Position { occurred: Occurred::new(11 * DAY, 0), event_id: Uuid::from_u128(1) };
        assert!(Position::before(11) < first);
        assert!(Position::before(11) > at(11 * DAY - 1));
    }

    #[test]
    fn a_query_reads_more_where_something_is_filtered_out() {
        let (days, user) = (DAYS, Order::User(domain::ids::UserId(5)));
        let plain = Search::default();
        let typed = Search { event_type: Some(domain::member::Action::Ban), ..Search::default() };
        assert_eq!((at_once(&plain, user, 50, 1), at_once(&plain, days, 50, 16)), (50, 8));
        assert_eq!((at_once(&typed, user, 50, 1), at_once(&typed, days, 50, 16)), (250, 63));
        let in_chat = Search { chat_id: Some(domain::ids::ChatId(-1)), ..Search::default() };
        assert_eq!((at_once(&in_chat, user, 50, 1), at_once(&in_chat, Order::Chat(domain::ids::ChatId(-1)), 50, 1)), (250, 50));
    }
}
