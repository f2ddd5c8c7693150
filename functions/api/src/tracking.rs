//! Which ban events are carried over: those of people whom somebody follows.

use aws::store::bans::Bans;
use aws::store::subscriptions::Subscriptions;
use aws::{Aws, env};
use domain::ban::BanEvent;
use domain::ids::UserId;
use domain::member::Action;
use domain::subscription::Source;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// People whose followers are looked for at a time.
const AT_A_TIME: usize = 32;

/// Asks whether anybody follows.
#[derive(Clone)]
pub struct Tracking {
    bans: Arc<Bans>,
    subscriptions: Arc<Subscriptions>,
}

impl Tracking {
    pub fn from_env(aws: &Aws, bans: Arc<Bans>) -> anyhow::Result<Self> {
        Ok(Self { bans, subscriptions: Arc::new(Subscriptions::new(aws, env::required("SUBSCRIPTIONS_TABLE")?)) })
    }

    /// The events, tracked where somebody follows the person and it is news. Asked once a person.
    pub async fn tracked<E: AsMut<[BanEvent]>>(&self, mut events: E, now: i64) -> anyhow::Result<E> {
        let news: BTreeSet<_> = events.as_mut().iter().filter(|event| event.may_be_tracked(now)).map(|event| event.user_id).collect();
        let asked: Vec<_> = news.into_iter().map(|user| self.is_followed(user)).collect();
        let followed: BTreeMap<_, _> = stream::iter(asked).buffer_unordered(AT_A_TIME).try_collect().await?;
        for event in events.as_mut().iter_mut().filter(|event| event.may_be_tracked(now)) {
            // A lift goes where we banned, whoever follows now.
            event.tracked = followed.get(&event.user_id) == Some(&true)
                || event.event_type == Action::Unban && self.bans.was_carried(event.chat_id, event.user_id).await?;
        }
        Ok(events)
    }

    async fn is_followed(&self, user: UserId) -> anyhow::Result<(UserId, bool)> {
        Ok((user, self.subscriptions.is_followed(Source::User(user)).await?))
    }
}
