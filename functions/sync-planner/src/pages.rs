//! Which chats a part of a sync is about. A part is a page of what is asked for: never more than [`PART_CHATS`] chats are in memory.

use crate::Planner;
use crate::planning::Sync;
use anyhow::Context as _;
use domain::chat::Chat;
use domain::ids::{ChatId, UserId};
use domain::subscription::{Mode, Source};
use domain::sync::{Flow, Follower, Kind, Outcome, PART_CHATS, Plan, TargetResult, Whom};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use uuid::Uuid;

/// Chunks of an earlier sync whose results are a page: [`PART_CHATS`] chats.
const CHUNKS: i32 = 80;

impl Planner {
    /// The plan of the first page, from `cursor` on, that has anybody on it; and where the next page begins.
    pub async fn page(&self, sync: &Sync<'_>, whom: &Whom, cursor: Option<String>, flow: &Flow) -> anyhow::Result<(Plan, Option<String>)> {
        let mut cursor = cursor;
        loop {
            let (plan, next) = match whom {
                Whom::Followers => self.followers(cursor.as_deref(), flow).await?,
                Whom::Chats(chats) => (self.named(sync, chats, flow).await?, None),
                Whom::FailedIn(of) => self.failed(sync, *of, cursor, flow).await?,
                Whom::BannedBy(syncs) => self.banned_by(syncs, cursor.as_deref(), flow).await?,
            };
            if !plan.is_empty() || next.is_none() {
                return Ok((plan, next));
            }
            cursor = next;
        }
    }

    async fn followers(&self, cursor: Option<&str>, flow: &Flow) -> anyhow::Result<(Plan, Option<String>)> {
        let after = cursor.map(str::parse).transpose().context("the place of a page")?.map(ChatId);
        let (followers, next) = self.subscriptions.followers(Source::User(flow.user), after, PART_CHATS).await?;
        Ok((self.ban_plan(&followers, flow).await?, next.map(|chat| chat.to_string())))
    }

    /// Chats that somebody has named. Where an admin has decided for his chat, nobody need follow from there any more.
    async fn named(&self, sync: &Sync<'_>, chats: &[ChatId], flow: &Flow) -> anyhow::Result<Plan> {
        if sync.kind == Kind::Lift {
            let told = || sync.by.into_iter().collect();
            let banned: Vec<(ChatId, Vec<UserId>)> = chats.iter().map(|&chat| (chat, told())).collect();
            return self.lift_plan(&banned, flow).await;
        }
        let mut followers = self.followers_in(chats, flow).await?;
        if let Some(admin) = sync.by.filter(|_| sync.origin.is_decided_there()) {
            followers.extend(chats.iter().map(|&chat_id| Follower { chat_id, admin, mode: Mode::Auto }));
        }
        self.ban_plan(&followers, flow).await
    }

    /// The followers in these chats. Subscriptions of a group that became a supergroup are there by now, or are about to be.
    async fn followers_in(&self, chats: &[ChatId], flow: &Flow) -> anyhow::Result<Vec<Follower>> {
        let known = self.chats(chats.iter().copied()).await?;
        let successors = chats.iter().filter_map(|chat| known.get(chat)?.migrated_to);
        let chats: BTreeSet<_> = chats.iter().copied().chain(successors).collect();
        self.subscriptions.followers_in(Source::User(flow.user), &chats.into_iter().collect::<Vec<_>>()).await
    }

    async fn failed(&self, sync: &Sync<'_>, of: Uuid, cursor: Option<String>, flow: &Flow) -> anyhow::Result<(Plan, Option<String>)> {
        let page = self.syncs.results_from(of, cursor, CHUNKS).await?;
        let failed = page.results.iter().filter(|result| matches!(result.outcome, Outcome::Failed(_)));
        let plan = match sync.kind {
            Kind::Ban => {
                let chats: Vec<_> = failed.map(|result| result.chat_id).collect();
                self.ban_plan(&self.followers_in(&chats, flow).await?, flow).await?
            }
            Kind::Lift => self.lift_plan(&failed.map(whose).collect::<Vec<_>>(), flow).await?,
        };
        Ok((plan, page.next))
    }

    /// Chats where one of `syncs`, newest first, has banned or found banned; each where it had its last turn.
    async fn banned_by(&self, syncs: &[Uuid], cursor: Option<&str>, flow: &Flow) -> anyhow::Result<(Plan, Option<String>)> {
        let place = Place::read(cursor)?;
        let index = place.index;
        let Some(&of) = syncs.get(index) else { return Ok((Plan::default(), None)) };
        let page = self.syncs.results_from(of, place.after, CHUNKS).await?;
        // A ban whose time ran out may stand all the same: the ledger tells.
        let may_have = |outcome: &Outcome| matches!(outcome, Outcome::Applied | Outcome::Already) || outcome.is_timed_out();
        let banned = page.results.iter().filter(|result| may_have(&result.outcome));
        let mut banned: Vec<_> = banned.map(whose).collect();
        if index > 0 && !banned.is_empty() {
            let mut newer = Vec::new();
            for &sync in &syncs[..index] {
                newer.extend(self.syncs.summary(sync).await?.map(|summary| (summary.occurred, sync)));
            }
            let chats: Vec<_> = banned.iter().map(|(chat, _)| *chat).collect();
            let later = self.syncs.banned_in(&chats, &newer).await?;
            banned.retain(|(chat, _)| !later.contains(chat));
        }
        let next = Place::after(index, page.next, syncs.len()).map(|next| next.to_string());
        Ok((self.lift_plan(&banned, flow).await?, next))
    }

    async fn ban_plan(&self, followers: &[Follower], flow: &Flow) -> anyhow::Result<Plan> {
        let chats = self.chats(followers.iter().map(|follower| follower.chat_id).chain([flow.source])).await?;
        Ok(Plan::ban(followers, &chats, flow))
    }

    async fn lift_plan(&self, banned: &[(ChatId, Vec<UserId>)], flow: &Flow) -> anyhow::Result<Plan> {
        let chats = self.chats(banned.iter().map(|(chat, _)| *chat)).await?;
        Ok(Plan::lift(banned, &chats, flow))
    }

    /// What is known of chats; of a group that became a supergroup, of that one too: settings and state stand under its own id.
    async fn chats(&self, chats: impl Iterator<Item = ChatId>) -> anyhow::Result<BTreeMap<ChatId, Chat>> {
        self.users.chats_with_successors(chats.collect::<BTreeSet<_>>()).await
    }
}

/// Where a page of several syncs' results begins.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Which of the syncs.
    index: usize,
    /// The place in its results; `None`: their beginning.
    after: Option<String>,
}

impl Place {
    /// Reads a cursor, as `Display` writes it; without one it is the beginning of all.
    fn read(cursor: Option<&str>) -> anyhow::Result<Self> {
        let Some(cursor) = cursor else { return Ok(Self { index: 0, after: None }) };
        let (index, after) = cursor.split_once('|').context("the place of a page")?;
        Ok(Self { index: index.parse()?, after: Some(after.to_owned()).filter(|after| !after.is_empty()) })
    }

    /// What follows a page of the sync at `index`, of so many syncs: the rest of its results, from `rest` on, else the next sync.
    fn after(index: usize, rest: Option<String>, syncs: usize) -> Option<Self> {
        match rest {
            Some(after) => Some(Self { index, after: Some(after) }),
            None => (index + 1 < syncs).then_some(Self { index: index + 1, after: None }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.index, self.after.as_deref().unwrap_or_default())
    }
}

fn whose(result: &TargetResult) -> (ChatId, Vec<UserId>) {
    (result.chat_id, result.admins.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_through_the_results_of_each_sync_and_then_to_the_next_one() {
        // Of two syncs: the first has three pages, the second has one.
        let mut cursor = None;
        let mut places = Vec::new();
        for rest in [Some("a"), Some("b|c"), None, None] {
            let place = Place::read(cursor.as_deref()).unwrap();
            cursor = Place::after(place.index, rest.map(str::to_owned), 2).map(|next| next.to_string());
            places.push((place.index, place.after));
        }
        let expected = [(0, None), (0, Some("a")), (0, Some("b|c")), (1, None)];
        assert_eq!(places, expected.map(|(index, after)| (index, after.map(str::to_owned))));
        assert_eq!(cursor, None);
    }

    #[test]
    fn a_place_is_stored_as_before() {
        for (stored, index, after) in [("0|a", 0, Some("a")), ("1|", 1, None), ("12|x|y", 12, Some("x|y"))] {
            let place = Place { index, after: after.map(str::to_owned) };
            assert_eq!((place.to_string(), Place::read(Some(stored)).unwrap()), (stored.to_owned(), place));
        }
        for nonsense in ["", "a", "x|a", "-1|a"] {
            assert!(Place::read(Some(nonsense)).is_err(), "{nonsense}");
        }
    }
}
