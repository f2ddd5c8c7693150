//! Reading facts, and what they come to.

use super::State;
use super::asked::{Asked, InParts};
use aws::store::analytics::shards;
use aws::time;
use domain::analytics::fact::shard_of;
use domain::analytics::pack::day_of;
use domain::analytics::slowest::Slowest;
use domain::analytics::sums::Series;
use domain::analytics::top::{Row, Top};
use domain::analytics::{Fact, Span, Sums, What};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Shards that are read at a time.
const AT_A_TIME: usize = 8;

/// A period, and the one before it.
#[derive(Debug)]
pub struct Compared {
    pub figures: Figures,
    /// `None`: it is not kept.
    pub previous: Option<Figures>,
}

/// What a period comes to.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub sums: Sums,
    /// Subscriptions at its end.
    pub subscriptions: i64,
    /// It is known whom they are about.
    pub people_known: bool,
}

impl Compared {
    pub fn map<T>(self, of: impl Fn(Figures) -> T) -> (T, Option<T>) {
        (of(self.figures), self.previous.map(of))
    }
}

impl State {
    /// # Errors
    /// The store does not answer.
    pub async fn compared(&self, asked: &Asked) -> anyhow::Result<Compared> {
        let (now, to) = (time::now(), asked.span.to);
        let before = asked.before.unwrap_or(asked.span);
        // How many subscriptions there were is how many there are, less what has begun since.
        let sums = self.fold(asked, before.from.min(asked.span.from), to.max(now), |sums: &mut [Sums; 3], fact| match fact.at {
            at if asked.span.contains(at) => sums[0].add(fact),
            at if asked.before.is_some_and(|before| before.contains(at)) => sums[1].add(fact),
            at if at >= to && matches!(fact.what, What::Followed | What::Unfollowed) => sums[2].add(fact),
            _ => {}
        });
        let ([sums, before, later], there_are) = futures_util::try_join!(sums, self.subscriptions_now(asked))?;
        let change = |sums: &Sums| sums.tally.followed - sums.tally.unfollowed;
        let at_end = there_are - change(&later);
        let known = |span: Span| span.from >= asked.people_since;
        let previous = |span: Span| Figures { subscriptions: at_end - change(&sums), sums: before, people_known: known(span) };
        let previous = asked.before.map(previous);
        Ok(Compared { figures: Figures { sums, subscriptions: at_end, people_known: known(asked.span) }, previous })
    }

    pub async fn series(&self, asked: &InParts) -> anyhow::Result<Series> {
        let empty = Series::new(asked.buckets.clone());
        let add = |series: &mut Option<Series>, fact: &Fact| series.get_or_insert_with(|| empty.clone()).add(fact);
        let series = self.fold(asked, asked.span.from, asked.span.to, add).await?;
        Ok(series.unwrap_or_else(|| empty.clone()))
    }

    pub async fn top<R: Row>(&self, asked: &Asked) -> anyhow::Result<Top<R>> {
        self.of_period(asked, Top::add).await
    }

    pub async fn slowest(&self, asked: &Asked) -> anyhow::Result<Slowest> {
        self.of_period(asked, Slowest::add).await
    }

    pub async fn sums(&self, asked: &Asked) -> anyhow::Result<Sums> {
        self.of_period(asked, Sums::add).await
    }

    /// Adds the facts of the period that is asked for, and no others.
    async fn of_period<T: Merge>(&self, asked: &Asked, add: impl Fn(&mut T, &Fact)) -> anyhow::Result<T> {
        let within = |sum: &mut T, fact: &Fact| {
            if asked.span.contains(fact.at) {
                add(sum, fact);
            }
        };
        self.fold(asked, asked.span.from, asked.span.to, within).await
    }

    async fn subscriptions_now(&self, asked: &Asked) -> anyhow::Result<i64> {
        match asked.chat {
            Some(chat) => Ok(self.subscriptions.of_chat(chat).await?.len() as i64),
            None => Ok(self.subscriptions.stats().await?.active),
        }
    }

    /// Adds the facts of all days that have one of these moments (Unix seconds), shard by shard.
    async fn fold<T: Merge>(&self, asked: &Asked, from: i64, to: i64, add: impl Fn(&mut T, &Fact)) -> anyhow::Result<T> {
        let add = &add;
        let of_shard = async |shard: u8| {
            let mut sum = T::default();
            let one = |fact: &Fact| {
                if asked.chat.is_none_or(|chat| fact.chat == chat) {
                    add(&mut sum, fact);
                }
            };
            self.facts.each(shard, day_of(from), day_of(to.max(from + 1) - 1), one).await?;
            anyhow::Ok(sum)
        };
        let shards = match asked.chat {
            Some(chat) => shard_of(chat)..shard_of(chat) + 1,
            None => shards(),
        };
        let sums = stream::iter(shards).map(of_shard).buffer_unordered(AT_A_TIME);
        sums.try_fold(T::default(), |mut all, sum| async {
            all.merge(sum);
            Ok(all)
        })
        .await
    }
}

/// Sums that are added up.
trait Merge: Default {
    fn merge(&mut self, other: Self);
}

impl Merge for [Sums; 3] {
    fn merge(&mut self, other: Self) {
        self.iter_mut().zip(other).for_each(|(one, other)| one.merge(other));
    }
}

impl Merge for Option<Series> {
    fn merge(&mut self, other: Self) {
        match (self.as_mut(), other) {
            (Some(one), Some(other)) => one.merge(other),
            (None, other) => *self = other,
            (Some(_), None) => {}
        }
    }
}

impl Merge for Slowest {
    fn merge(&mut self, other: Self) {
        Slowest::merge(self, other);
    }
}

impl Merge for Sums {
    fn merge(&mut self, other: Self) {
        Sums::merge(self, other);
    }
}

impl<R: Row> Merge for Top<R> {
    fn merge(&mut self, other: Self) {
        Top::merge(self, other);
    }
}
