//! What is counted: facts, and figures that are sums of them.
//!
//! # Layout
//! - [`cost`]: what that has cost
//! - [`fact`]: one thing that happened, and what it counts as
//! - [`pack`]: facts as bytes, some twenty a fact
//! - [`period`]: of which days a figure is, in whose time zone
//! - [`slowest`]: the syncs that took the longest
//! - [`sums`]: what facts come to
//! - [`top`]: people, chats and sources with the most
//!
//! Facts are kept for two years, and for the first of them whom they are about.

/// How many days after its own a fact has whom it is about. What it tells of is kept as long.
pub const PEOPLE_DAYS: i64 = 366;

/// How many days after its own a fact is kept: two leap years, so that a year can be compared with the one before.
pub const KEPT_DAYS: i64 = 2 * PEOPLE_DAYS;

pub mod cost;
pub mod fact;
pub mod pack;
pub mod period;
pub mod slowest;
pub mod sums;
pub mod top;

pub use fact::{Fact, What, Work};
pub use period::{Interval, Period, PeriodError, Span};
pub use sums::Sums;
