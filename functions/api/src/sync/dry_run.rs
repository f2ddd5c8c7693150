//! What a sync of a ban would do now: by the planner's rule, what people have decided since, and a look by Telegram.

use super::State;
use crate::error::ApiError;
use crate::ids::{GroupId, PersonId};
use aws::store::page::{Cursor, PageError};
use aws::time;
use domain::ban::{BanEvent, derive};
use domain::chat::Chat;
use domain::ids::ChatId;
use domain::subscription::Source;
use domain::sync::ledger::Decisions;
use domain::sync::{Flow, Follower, Origin, Plan, Reason, Target, Task};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use uuid::Uuid;

/// Chats of a page: each may be a call of Telegram.
const MOST: usize = 50;

/// Looks that are under way at a time.
const AT_A_TIME: usize = 4;

/// A page of what would be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRunBody {
    ban_event_id: Uuid,
    #[schema(inline)]
    user_id: PersonId,
    /// By their ids. A group that became a supergroup is told of under its new id.
    chats: Vec<WouldBody>,
    /// Give it as `cursor` for the next page; `null` at the end of the list.
    next_cursor: Option<String>,
}

/// What would be done in a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct WouldBody {
    #[schema(inline)]
    chat_id: GroupId,
    #[schema(inline)]
    would: Would,
    /// Why nothing would be done: as in the log of syncs; or `already`, where he is banned at least as long; `not_followed`, where nobody
    /// follows him from there; `source_chat`, where the ban comes from.
    #[schema(example = "is_admin")]
    reason: Option<&'static str>,
    /// End of the ban, Unix seconds; `null`: permanent, or where nothing would be done.
    until: Option<i64>,
    /// Seconds that it would wait.
    delay_seconds: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Would {
    Ban,
    Nothing,
}

/// How a chat would end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Until then, Unix seconds; `None`: permanent.
    Ban(Option<i64>),
    /// Why, where there is more to say.
    Nothing(Option<&'static str>),
}

impl Fate {
    pub fn left(reason: Reason) -> Self {
        Self::Nothing(Some(reason.name()))
    }

    fn body(self, chat: ChatId, delay_seconds: i64) -> WouldBody {
        let chat_id = GroupId(chat);
        match self {
            Self::Ban(until) => WouldBody { chat_id, would: Would::Ban, reason: None, until, delay_seconds },
            Self::Nothing(reason) => WouldBody { chat_id, would: Would::Nothing, reason, until: None, delay_seconds },
        }
    }
}

/// The chats of a page, and who follows from them.
struct Part {
    chats: BTreeSet<ChatId>,
    followers: Vec<Follower>,
    next: Option<String>,
}

/// A page before anybody is looked at.
struct Page {
    part: Part,
    known: BTreeMap<ChatId, Chat>,
    plan: Plan,
}

impl State {
    /// `asked`: the chats that it is about; `None`: all from which the person is followed.
    pub async fn dry_run(&self, event: &BanEvent, asked: Option<&[ChatId]>, cursor: Option<&str>) -> Result<DryRunBody, ApiError> {
        let mut page = self.page(event, asked, cursor, MOST).await?;
        let looks = page.plan.all().count();
        let granted = if looks == 0 { 0 } else { self.pace.reserve_looks(looks).await? };
        if granted < looks {
            // As many chats as may be looked at now are a page.
            page = self.page(event, asked, cursor, granted).await?;
        }
        let Page { part, known, plan } = page;
        let standing = self.standing(event).await?;
        let mut looks = Vec::new();
        for (&delay, targets) in &plan.targets {
            looks.extend(targets.iter().map(|target| self.would(event, &standing, target, delay)));
        }
        let mut chats: Vec<WouldBody> = stream::iter(looks).buffered(AT_A_TIME).try_collect().await?;
        chats.extend(left_out(&part.chats, &known, &plan, event.chat_id).map(|(chat, reason)| Fate::Nothing(Some(reason)).body(chat, 0)));
        chats.sort_by_key(|chat| chat.chat_id.0);
        Ok(DryRunBody { ban_event_id: event.event_id, user_id: PersonId(event.user_id), chats, next_cursor: part.next })
    }

    /// A page of at most `most` chats, and what is planned for them.
    async fn page(&self, event: &BanEvent, asked: Option<&[ChatId]>, cursor: Option<&str>, most: usize) -> Result<Page, ApiError> {
        let part = self.part(event, asked, cursor, most).await?;
        let known = self.users.chats_with_successors(part.chats.iter().copied().chain([event.chat_id]).collect::<BTreeSet<_>>()).await?;
        let (user, source, until) = (event.user_id, event.chat_id, event.until);
        let flow = Flow { user, source, until, lasts: event.ban_duration(), origin: Origin::Triggered, held: false, settle: 0 };
        let plan = Plan::ban(&part.followers, &known, &flow);
        Ok(Page { part, known, plan })
    }

    async fn part(&self, event: &BanEvent, asked: Option<&[ChatId]>, cursor: Option<&str>, most: usize) -> Result<Part, ApiError> {
        match asked {
            Some(chats) => self.named(event, chats, cursor, most).await,
            None => self.following(event, cursor, most).await,
        }
    }

    /// A page of all chats from which the person is followed.
    async fn following(&self, event: &BanEvent, cursor: Option<&str>, most: usize) -> Result<Part, ApiError> {
        let list = format!("dry run of {}", event.event_id);
        let after = cursor.map(|cursor| Cursor::read(&list, cursor)).transpose()?;
        let (followers, next) = self.subscriptions.followers(Source::User(event.user_id), after, most).await?;
        let next = next.map(|last| Cursor::write(&list, last)).transpose()?;
        Ok(Part { chats: followers.iter().map(|follower| follower.chat_id).collect(), followers, next })
    }

    /// A page of chats that are asked about.
    async fn named(&self, event: &BanEvent, chats: &[ChatId], cursor: Option<&str>, most: usize) -> Result<Part, ApiError> {
        let names: Vec<_> = chats.iter().map(ChatId::to_string).collect();
        let list = format!("dry run of {} in {}", event.event_id, derive(&["chats", &names.join(" ")]));
        let begin = cursor.map(|cursor| Cursor::<usize>::read(&list, cursor)).transpose()?.unwrap_or_default();
        let rest = chats.get(begin..).ok_or(PageError::BadCursor)?;
        let (page, more) = rest.split_at(most.min(rest.len()));
        let next = (!more.is_empty()).then(|| Cursor::write(&list, begin + page.len())).transpose()?;
        let followers = self.subscriptions.followers_in(Source::User(event.user_id), page).await?;
        Ok(Part { chats: page.iter().copied().collect(), followers, next })
    }

    /// What people have decided on the person since, or why he would be banned nowhere.
    async fn standing(&self, event: &BanEvent) -> Result<Result<Decisions, Reason>, ApiError> {
        if event.user_id.is_reserved() || event.user_id == self.telegram.bot() {
            return Ok(Err(Reason::NotSupported));
        }
        let decisions = self.bans.decisions(event.user_id, Some(&event.occurred)).await?;
        Ok(if decisions.newer(event.chat_id, &event.occurred) { Err(Reason::Lifted) } else { Ok(decisions) })
    }

    async fn would(
        &self,
        event: &BanEvent,
        standing: &Result<Decisions, Reason>,
        target: &Target,
        delay: i64,
    ) -> Result<WouldBody, ApiError> {
        let fate = match standing {
            Err(reason) => Err(Fate::left(*reason)),
            Ok(decisions) => until(event, decisions, target),
        };
        let fate = match fate {
            Ok(until) => self.look(target, event.user_id, until).await?,
            Err(fate) => fate,
        };
        Ok(fate.body(target.chat_id, delay))
    }
}

/// The end of the ban that would be set (`None`: permanent), or how the chat would end without a look.
fn until(event: &BanEvent, decisions: &Decisions, target: &Target) -> Result<Option<i64>, Fate> {
    match target.task {
        Task::Ban(_) if decisions.newer(target.chat_id, &event.occurred) => Err(Fate::left(Reason::LocalDecision)),
        Task::Ban(term) => term.until_date(time::now()).map_err(Fate::left),
        Task::End(outcome) => Err(Fate::Nothing(outcome.reason().map(Reason::name))),
        Task::Lift => Err(Fate::Nothing(None)),
    }
}

/// The chats of a page that the plan has no place for, and why.
fn left_out<'a>(
    chats: &'a BTreeSet<ChatId>,
    known: &'a BTreeMap<ChatId, Chat>,
    plan: &Plan,
    source: ChatId,
) -> impl Iterator<Item = (ChatId, &'static str)> + 'a {
    let moved = |chat: ChatId| known.get(&chat).and_then(|chat| chat.migrated_to).unwrap_or(chat);
    let (source, planned): (_, BTreeSet<_>) = (moved(source), plan.all().map(|target| target.chat_id).collect());
    let left = chats.iter().map(move |&chat| moved(chat)).collect::<BTreeSet<_>>().into_iter().filter(move |chat| !planned.contains(chat));
    left.map(move |chat| (chat, if chat == source { "source_chat" } else { "not_followed" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::chat::{ChatState, Ignores};
    use domain::ids::UserId;
    use domain::subscription::Mode;

    #[test]
    fn who_is_asked_about_and_has_no_place_in_the_plan_is_told_why() {
        let chat = |chat_id, migrated_to: Option<ChatId>| Chat {
            chat_id,
            title: None,
            state: if migrated_to.is_some() { ChatState::Migrated } else { ChatState::Active },
            migrated_to,
            migrated_from: None,
            settings: Default::default(),
            ignores: Ignores::default(),
            known_sources: BTreeSet::new(),
        };
        let (group, source, follows, other) = (ChatId(-1), ChatId(-100), ChatId(-101), ChatId(-102));
        let known = BTreeMap::from([(group, chat(group, Some(source))), (follows, chat(follows, None))]);
        let followers = [Follower { chat_id: follows, admin: UserId(1), mode: Mode::Auto }];
        let flow = Flow { user: UserId(5), source: group, until: None, lasts: None, origin: Origin::Triggered, held: false, settle: 0 };
        let plan = Plan::ban(&followers, &known, &flow);
        let asked = BTreeSet::from([source, follows, other]);
        let left: Vec<_> = left_out(&asked, &known, &plan, group).collect();
        assert_eq!(left, [(other, "not_followed"), (source, "source_chat")]);
    }
}
