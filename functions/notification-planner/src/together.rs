//! Decisions that are told of along with a sync: others of the same hand on the same person within seconds. An admin has one card of all of them.
//!
//! Whichever sync ends first is told of at once, and names every source that is known by then. Each that ends later tells of all that have
//! ended, under the same id and a greater revision, so that the card is edited: nothing waits for another, and nothing is lost.

use crate::Planner;
use crate::told::{Known, lang, title};
use aws::store::sync::{Summary, of_one_hand};
use aws::tell::Told;
use domain::ids::{ChatId, UserId};
use domain::notification::{Content, NamedChat, SyncReport, by_admin};
use domain::sync::{Origin, Outcome, SyncStatus, TargetResult, further_sync_id, sync_id};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Subject of one card.
pub struct Group {
    /// The sync that has ended.
    sync: Summary,
    /// The first one first.
    pub decisions: Vec<Summary>,
    /// Names the card.
    what: String,
    revision: i64,
    /// Result in each chat, and the sync that it is of.
    results: Vec<(Uuid, TargetResult)>,
}

impl Planner {
    /// Decisions and results that are told of along with a sync that has ended. `part`: of a large one, which is told of by itself; `results`: its own. `recent`: from
    /// [`aws::store::sync::Syncs::recent`].
    pub async fn group(
        &self,
        event_id: &str,
        summary: &Summary,
        part: Option<u32>,
        results: Vec<TargetResult>,
        recent: &[Summary],
    ) -> anyhow::Result<Group> {
        let mut decisions = of_one_hand(recent, sync_id(summary.ban_event_id));
        let with_others = part.is_none() && matches!(summary.origin, Origin::Ban | Origin::Unban | Origin::Confirmed);
        if !with_others || decisions.is_empty() {
            decisions = vec![summary.clone()];
        }
        let siblings = match summary.origin {
            // An answer counts for all that were asked about together: one sync of each.
            Origin::Confirmed => {
                let chat = results.first().map(|result| result.chat_id.to_string()).unwrap_or_default();
                let ids = decisions.iter().map(|decision| further_sync_id(decision.ban_event_id, Origin::Confirmed, &chat));
                self.syncs.each(ids).await?
            }
            _ => decisions.clone(),
        };
        let mut group = Group::of(event_id, summary, with_others, decisions, results);
        for sibling in siblings.iter().filter(|sibling| with_others && is_told_along(sibling, summary)) {
            group.add(sibling, self.syncs.part_results(sibling.sync_id, 0).await?);
        }
        group.merge();
        Ok(group)
    }
}

/// Has another sync ended, and is it no large one?
fn is_told_along(sibling: &Summary, summary: &Summary) -> bool {
    sibling.sync_id != summary.sync_id && sibling.status != SyncStatus::Running && sibling.next.is_none()
}

impl Group {
    fn of(event_id: &str, summary: &Summary, with_others: bool, decisions: Vec<Summary>, results: Vec<TargetResult>) -> Self {
        let what = match (summary.origin, decisions.first()) {
            (Origin::Confirmed, Some(first)) if with_others => {
                let chat = results.first().map(|result| result.chat_id).unwrap_or_default();
                format!("answer about {} in {chat}", first.sync_id)
            }
            (_, Some(first)) if with_others => format!("card of {}", first.sync_id),
            _ => event_id.to_owned(),
        };
        let results = results.into_iter().map(|result| (summary.sync_id, result)).collect();
        Self { sync: summary.clone(), decisions, what, revision: ended(summary), results }
    }

    fn add(&mut self, sibling: &Summary, results: Vec<TargetResult>) {
        // The sum grows with each sync that ends, and with one that ends anew.
        self.revision += ended(sibling);
        self.results.extend(results.into_iter().map(|result| (sibling.sync_id, result)));
    }

    /// One result a chat: what counts most. A chat that has decided the same itself hears nothing of the others, unless something was done there.
    fn merge(&mut self) {
        if self.decisions.len() < 2 {
            return;
        }
        let sources: BTreeSet<_> = self.decisions.iter().map(|decision| decision.source_chat_id).collect();
        let mut merged: BTreeMap<ChatId, (Uuid, TargetResult)> = BTreeMap::new();
        for (sync_id, result) in std::mem::take(&mut self.results) {
            if sources.contains(&result.chat_id) && result.outcome != Outcome::Applied {
                continue;
            }
            let Some((of, best)) = merged.get_mut(&result.chat_id) else {
                merged.insert(result.chat_id, (sync_id, result));
                continue;
            };
            let further: Vec<_> = result.admins.iter().filter(|admin| !best.admins.contains(admin)).copied().collect();
            let admins = best.admins.iter().copied().chain(further).collect();
            if rank(&result.outcome) < rank(&best.outcome) {
                (*of, *best) = (sync_id, result);
            }
            best.admins = admins;
        }
        self.results = merged.into_values().collect();
    }

    fn news(&self) -> BTreeMap<UserId, Vec<(Outcome, Vec<ChatId>)>> {
        let results: Vec<_> = self.results.iter().map(|(_, result)| result.clone()).collect();
        by_admin(&results, self.sync.kind, self.sync.origin)
    }

    /// The chats that its reports name.
    pub fn chats(&self) -> BTreeSet<ChatId> {
        self.news().into_values().flatten().flat_map(|(_, chats)| chats).collect()
    }

    /// One report an admin, whatever number of their chats and of sources it is about.
    pub fn reports(&self, known: &Known) -> Vec<Told> {
        let acted: BTreeMap<_, _> = self.results.iter().map(|(sync_id, result)| (result.chat_id, *sync_id)).collect();
        let named = |&chat_id: &ChatId| {
            let sync_id = acted.get(&chat_id).copied().filter(|&sync_id| sync_id != self.sync.sync_id);
            NamedChat { chat_id, title: title(&known.chats, chat_id), sync_id }
        };
        let report = |(recipient, groups): (UserId, Vec<(Outcome, Vec<ChatId>)>)| {
            let lang = groups.iter().flat_map(|(_, chats)| chats).find_map(|chat| lang(&known.chats, *chat));
            let mut decisions: Vec<_> = self.decisions.iter().map(|decision| known.decision(recipient, decision)).collect();
            // Reason and time are those of the first, so what is shared comes first.
            decisions.sort_by_key(|decision| (decision.reason.is_none(), decision.at.is_none()));
            let mut decisions = decisions.into_iter();
            let decision = decisions.next()?;
            let report = SyncReport {
                sync_id: self.sync.sync_id,
                kind: self.sync.kind,
                user_id: self.sync.user_id,
                user_name: self.sync.user_name.clone(),
                decision,
                also: decisions.collect(),
                chats: groups.iter().map(|(outcome, chats)| (*outcome, chats.iter().map(named).collect())).collect(),
            };
            let (what, content) = (self.what.clone(), Content::SyncReport(report));
            Some(Told { recipient, what, revision: self.revision, content, answers: self.sync.origin.is_answer(), lang })
        };
        self.news().into_iter().filter_map(report).collect()
    }
}

/// Order of outcomes: the one that counts most in a chat comes first.
fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Applied => 0,
        Outcome::Already => 1,
        Outcome::Failed(_) => 2,
        Outcome::Skipped(_) if !outcome.is_question() => 3,
        Outcome::Skipped(_) => 4,
    }
}

/// When a sync ended, Unix milliseconds.
fn ended(sync: &Summary) -> i64 {
    sync.completed_at_ms.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::tests::{known, result, summary};
    use domain::lang::Lang;
    use domain::settings::ShareBans;
    use domain::sync::Reason;

    /// The group of syncs that have all ended, in their order, as the last one tells of it.
    fn group(syncs: &[(i64, &[TargetResult])]) -> Group {
        let decision = |n: usize, source: i64| Summary {
            sync_id: Uuid::from_u128(n as u128 + 1),
            source_chat_id: ChatId(source),
            // Clocks differ: what ends later may say that it ended before.
            completed_at_ms: Some(1000 - n as i64),
            ..summary()
        };
        let decisions: Vec<_> = syncs.iter().enumerate().map(|(n, (source, _))| decision(n, *source)).collect();
        let (last, before) = decisions.split_last().unwrap();
        let mut group = Group::of("event", last, true, decisions.clone(), syncs.last().unwrap().1.to_vec());
        for (decision, (_, results)) in before.iter().zip(syncs) {
            group.add(decision, results.to_vec());
        }
        group.merge();
        group
    }

    fn told(group: &Group, known: &Known) -> Vec<(i64, SyncReport)> {
        let report = |told: Told| match told.content {
            Content::SyncReport(report) => (told.recipient.0, report),
            other => panic!("{other:?}"),
        };
        group.reports(known).into_iter().map(report).collect()
    }

    /// Chats of a report with their outcomes, each with the sync that acted there.
    fn chats(report: &SyncReport) -> Vec<(Outcome, i64, Option<u128>)> {
        let named = |outcome: Outcome| move |chat: &NamedChat| (outcome, chat.chat_id.0, chat.sync_id.map(|id| id.as_u128()));
        report.chats.iter().flat_map(|(outcome, chats)| chats.iter().map(named(*outcome))).collect()
    }

    #[test]
    fn an_admin_has_one_report_of_all_their_chats_by_title_in_the_language_of_one() {
        let failed = Outcome::Failed(Reason::NoRights);
        let results = [result(-1, &[1], Outcome::Applied), result(-2, &[1, 2], failed), result(-3, &[1], Outcome::Applied)];
        let known = known(&[(-1, Some("One"), None), (-2, Some("Two"), Some(Lang::En))]);
        let group = group(&[(-9, &results)]);
        assert_eq!(group.chats(), BTreeSet::from([-3, -2, -1].map(ChatId)));
        let reports = told(&group, &known);
        assert_eq!(reports.iter().map(|(recipient, _)| *recipient).collect::<Vec<_>>(), [1, 2]);
        let titles: Vec<_> = reports[0].1.chats.iter().flat_map(|(_, chats)| chats).map(|chat| chat.title.as_str()).collect();
        assert_eq!(titles, ["One", "-3", "Two"]);
        assert_eq!(chats(&reports[1].1), [(failed, -2, None)]);
        assert!(group.reports(&known).iter().all(|told| told.lang == Some(Lang::En)));
    }

    #[test]
    fn decisions_of_one_hand_are_one_report_with_what_counts_most_in_each_chat() {
        let failed = Outcome::Failed(Reason::TelegramError);
        let off = Outcome::Skipped(Reason::NotifyOnly);
        let group = group(&[
            (-9, &[result(-1, &[1], Outcome::Applied), result(-2, &[1], failed), result(-3, &[1], off)]),
            (-8, &[result(-1, &[1, 2], Outcome::Already), result(-2, &[1], Outcome::Already), result(-4, &[1], Outcome::Applied)]),
        ]);
        let reports = told(&group, &known(&[]));
        let expected = vec![
            // The report is that of the second sync.
            (Outcome::Applied, -4, None),
            (Outcome::Applied, -1, Some(1)),
            (Outcome::Already, -2, None),
            (off, -3, Some(1)),
        ];
        assert_eq!(chats(&reports[0].1), expected);
        assert_eq!(chats(&reports[1].1), [(Outcome::Applied, -1, Some(1))], "whoever is told of it by one sync only");
        let sources: Vec<_> = std::iter::once(&reports[0].1.decision).chain(&reports[0].1.also).map(|of| of.source_chat_id).collect();
        assert_eq!(sources, [-9, -8].map(|id| Some(ChatId(id))));
    }

    #[test]
    fn of_several_decisions_the_reason_that_is_shared_is_told() {
        let results = [result(-1, &[1], Outcome::Applied)];
        let mut known = known(&[(-9, None, None), (-8, None, None)]);
        for (source, step) in [(-9, ShareBans::Nothing), (-8, ShareBans::Full)] {
            known.chats.get_mut(&ChatId(source)).unwrap().settings.share_bans = step;
        }
        let report = told(&group(&[(-9, &results), (-8, &results)]), &known).remove(0).1;
        let decisions: Vec<_> = std::iter::once(&report.decision).chain(&report.also).collect();
        assert_eq!(decisions.iter().map(|of| of.reason.is_some()).collect::<Vec<_>>(), [true, false], "{decisions:?}");
    }

    #[test]
    fn a_chat_that_has_decided_the_same_itself_hears_nothing_of_the_others() {
        let own = |outcome| group(&[(-9, &[result(-8, &[1], outcome)]), (-8, &[result(-9, &[2], Outcome::Already)])]);
        assert!(own(Outcome::Already).reports(&known(&[])).is_empty());
        assert_eq!(told(&own(Outcome::Applied), &known(&[])).len(), 1, "what was done there is told");
    }

    #[test]
    fn a_card_of_one_hand_keeps_its_id_and_tells_more_with_each_sync_that_ends() {
        let results = [result(-1, &[1], Outcome::Applied)];
        let of = |group: &Group| group.reports(&known(&[])).into_iter().map(|told| (told.what, told.revision)).collect::<Vec<_>>();
        let (one, both) = (of(&group(&[(-9, &results)])), of(&group(&[(-9, &results), (-8, &[])])));
        assert_eq!((&one[0].0, one[0].1 < both[0].1), (&both[0].0, true), "{one:?} {both:?}");
    }
}
