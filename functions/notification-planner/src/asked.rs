//! Questions to the admins of a chat. A question may be about several bans: of one person by one hand, or of many people by a source that is
//! new or whose bans are held. It names them all; when one more is added its message is edited.

use crate::Planner;
use crate::told::{Known, lang, title};
use aws::store::sync::Summary;
use aws::tell::Told;
use domain::ids::UserId;
use domain::notification::{AskedBan, Asking, Content, MOST_BANS_SHOWN};
use domain::question::{About, OPEN, Question};
use domain::sync::{TargetResult, sync_id};
use std::collections::BTreeSet;

/// A question, and whom it is put to.
pub struct Asked {
    pub question: Question,
    pub admins: Vec<UserId>,
    /// The bans that it is about, the first one first.
    pub decisions: Vec<Summary>,
    /// How many these are, with those whose sync is not kept.
    pub count: usize,
}

impl Planner {
    /// The questions of a part that are still open. `summary`: of its sync.
    pub async fn asked(&self, summary: &Summary, results: &[TargetResult]) -> anyhow::Result<Vec<Asked>> {
        let mut all = Vec::new();
        for (result, question_id) in results.iter().filter_map(|result| Some((result, result.question?))) {
            // One that was forgotten or answered meanwhile asks nobody.
            let Some(asked) = self.syncs.asked(question_id).await?.filter(|asked| asked.question.choice.is_none()) else { continue };
            let count = asked.events.len();
            if !is_told(count) {
                continue;
            }
            // Events have no order: of many, any are named.
            let mut decisions = self.syncs.each(asked.event_ids().take(MOST_BANS_SHOWN).map(sync_id)).await?;
            // Of a ban that a program has carried over there is no other sync.
            if decisions.iter().all(|decision| decision.ban_event_id != summary.ban_event_id) {
                decisions.push(summary.clone());
            }
            decisions.sort_by(|one, other| one.occurred.cmp(&other.occurred));
            all.push(Asked { question: asked.question, admins: result.admins.clone(), decisions, count });
        }
        Ok(all)
    }
}

/// Is a question edited when it is about this many bans? Beyond those that are named only the number changes, and a flood is not to fill the pace of
/// all messages.
fn is_told(count: usize) -> bool {
    count <= MOST_BANS_SHOWN || count.is_multiple_of(10)
}

impl Asked {
    /// The question to each admin of the chat. A message's id is that of its question: what comes upon it later is an edit.
    pub fn questions(&self, known: &Known) -> Vec<Told> {
        let Some(first) = self.decisions.first() else { return Vec::new() };
        let question = &self.question;
        let asking = |recipient| Asking {
            question_id: question.question_id,
            held: question.about == About::Held,
            flooded: question.about == About::Flooded,
            new_source: question.about == About::NewSource,
            user_id: first.user_id,
            user_name: first.user_name.clone(),
            decision: known.decision(recipient, first),
            also: self.further_sources().into_iter().map(|further| known.decision(recipient, further)).collect(),
            chat: title(&known.chats, question.chat_id),
            admins: self.admins.len(),
            until: Some(question.asked_at + OPEN),
            count: if question.about == About::Ban { 1 } else { self.count },
            bans: self.bans(recipient, known),
        };
        let told = |&recipient: &UserId| Told {
            recipient,
            what: question.question_id.to_string(),
            revision: self.count as i64,
            content: Content::Question(asking(recipient)),
            answers: false,
            lang: lang(&known.chats, question.chat_id),
        };
        self.admins.iter().map(told).collect()
    }

    /// A ban of each source but the first.
    fn further_sources(&self) -> Vec<&Summary> {
        let mut seen = BTreeSet::new();
        self.decisions.iter().filter(|decision| seen.insert(decision.source_chat_id)).skip(1).collect()
    }

    /// Of a question about many people: the first of them.
    fn bans(&self, recipient: UserId, known: &Known) -> Vec<AskedBan> {
        let is_list = match self.question.about {
            About::Ban | About::Release => false,
            About::NewSource => self.count > 1,
            About::Held | About::Flooded => true,
        };
        if !is_list {
            return Vec::new();
        }
        let ban = |decision: &Summary| AskedBan {
            user_id: decision.user_id,
            user_name: decision.user_name.clone(),
            reason: known.reason(recipient, decision),
        };
        self.decisions.iter().take(MOST_BANS_SHOWN).map(ban).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::tests::{known, summary};
    use domain::ids::ChatId;
    use domain::lang::Lang;
    use domain::settings::ShareBans;
    use uuid::Uuid;

    fn asked(about: About, bans: &[(i64, i64)]) -> Asked {
        let question = Question {
            question_id: Uuid::from_u128(70),
            about,
            chat_id: ChatId(-1),
            user_id: UserId(5),
            source_chat_id: ChatId(-9),
            asked_at: 1000,
            choice: None,
            decided_by: None,
        };
        let ban = |&(user, source): &(i64, i64)| Summary { user_id: UserId(user), source_chat_id: ChatId(source), ..summary() };
        Asked { question, admins: vec![UserId(1), UserId(2)], decisions: bans.iter().map(ban).collect(), count: bans.len() }
    }

    fn asking(asked: &Asked, known: &Known) -> Asking {
        match asked.questions(known).remove(0).content {
            Content::Question(asking) => asking,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_admin_of_a_chat_that_is_asked_has_its_question_in_the_chats_language() {
        let asked = asked(About::Ban, &[(5, -9)]);
        let told = asked.questions(&known(&[(-1, Some("One"), Some(Lang::Ru))]));
        assert_eq!(told.iter().map(|told| told.recipient.0).collect::<Vec<_>>(), [1, 2]);
        assert!(told.iter().all(|told| told.what == asked.question.question_id.to_string() && told.lang == Some(Lang::Ru)));
        let asking = asking(&asked, &known(&[(-1, Some("One"), None)]));
        assert_eq!((asking.chat.as_str(), asking.admins, asking.until, asking.count), ("One", 2, Some(1000 + OPEN), 1));
        assert!(asking.bans.is_empty() && asking.also.is_empty());
    }

    #[test]
    fn a_question_names_the_people_where_the_answer_counts_for_many_and_the_sources_where_they_are_several() {
        for (about, bans, listed, sources) in [
            (About::Ban, &[(5, -9), (5, -8), (5, -9)][..], 0, 1),
            (About::NewSource, &[(5, -9)], 0, 0),
            (About::NewSource, &[(5, -9), (6, -9)], 2, 0),
            (About::Held, &[(5, -9)], 1, 0),
            (About::Flooded, &[(5, -9); 40], MOST_BANS_SHOWN, 0),
        ] {
            let asked = asked(about, bans);
            let asking = asking(&asked, &known(&[]));
            assert_eq!((asking.bans.len(), asking.also.len()), (listed, sources), "{about:?} {bans:?}");
            assert_eq!(asked.questions(&known(&[]))[0].revision, bans.len() as i64);
        }
    }

    #[test]
    fn a_question_about_many_is_edited_with_each_that_is_named_and_then_now_and_then() {
        let told: Vec<_> = (1..=100).filter(|&count| is_told(count)).collect();
        assert_eq!(
            (told[..MOST_BANS_SHOWN].to_vec(), &told[MOST_BANS_SHOWN..]),
            ((1..=MOST_BANS_SHOWN).collect(), &[20, 30, 40, 50, 60, 70, 80, 90, 100][..])
        );
    }

    #[test]
    fn a_list_tells_the_reason_only_where_the_source_shares_it() {
        for (step, expected) in [(ShareBans::Events, None), (ShareBans::Full, Some("spam"))] {
            let mut known = known(&[(-9, Some("Source"), None)]);
            known.chats.get_mut(&ChatId(-9)).unwrap().settings.share_bans = step;
            let asking = asking(&asked(About::Held, &[(5, -9)]), &known);
            assert_eq!(asking.bans[0].reason.as_deref(), expected, "{step:?}");
        }
    }
}
