//! Decisions by a press: an answer to a question, a ban undone or set, a source blocked, an appeal.

use super::{Answer, DoneWith};
use crate::bot::{Asker, Decided};
use crate::{NotNow, Webhook};
use aws::store::sync::{Answered, Asked};
use aws::store::users::Listed;
use domain::appeal::AppealButton;
use domain::chat::MOST_IGNORED;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::question::{About, BanButton, BlockButton, Button, Choice, UndoButton};
use domain::sync::{Kind, Origin, Request, Whom, further_sync_id, sync_id};
use std::collections::BTreeSet;
use telegram::render::subject;
use telegram::text;
use telegram::text::Html;
use uuid::Uuid;

impl Webhook {
    pub(super) async fn appeal_pressed(&self, button: AppealButton, asker: &Asker) -> Result<Answer, NotNow> {
        let lang = asker.lang;
        Ok(match self.appeal_answered(button, asker.id).await? {
            Decided::Now { lifted: true } => Answer::settled(text!(lang, "appeal-lifted")),
            Decided::Now { lifted: false } => Answer::settled(text!(lang, "appeal-stands")),
            Decided::Before { lifted: true } => Answer::settled(text!(lang, "appeal-was-lifted")),
            Decided::Before { lifted: false } => Answer::settled(text!(lang, "appeal-was-refused")),
            Decided::MayNot => Answer::open(text!(lang, "may-not-decide")),
            Decided::Gone => Answer::open(text!(lang, "stale-button")),
        })
    }

    /// A question's answer, as a press of its button. `Err`: it is not answered, and why. Both HTML.
    pub async fn answer_question(&self, button: Button, asker: &Asker) -> Result<Result<String, String>, NotNow> {
        let answer = self.answered(button, asker).await?;
        Ok(if answer.done_with == DoneWith::Nothing { Err(answer.text) } else { Ok(answer.text) })
    }

    pub(super) async fn answered(&self, button: Button, asker: &Asker) -> Result<Answer, NotNow> {
        let (lang, by) = (asker.lang, asker.id);
        let Some(asked) = self.syncs.asked(button.question_id).await? else { return Ok(Answer::open(text!(lang, "stale-button"))) };
        if asked.question.about == About::Release {
            return Ok(Answer::open(text!(lang, "stale-button")));
        }
        if !self.may_decide(asked.question.chat_id, by).await? {
            return Ok(Answer::open(text!(lang, "may-not-decide")));
        }
        Ok(match self.syncs.answer(button.question_id, button.choice, by).await? {
            Answered::Decided(asked) => {
                self.carry_out_answer(&asked, button.choice, by).await?;
                Answer::settled(decided(lang, button.choice))
            }
            Answered::Before(asked) => {
                let question = asked.question;
                let what = decided(lang, question.choice.unwrap_or(Choice::Ignore));
                Answer::settled(match question.decided_by.filter(|&first| first != by) {
                    Some(first) => {
                        let names = self.names(&[first]).await?;
                        decided_by(lang, what, subject(lang, first, names.get(&first).map(String::as_str)))
                    }
                    None => what,
                })
            }
            Answered::Gone => Answer::settled(text!(lang, "question-ran-out")),
        })
    }

    /// Whatever of it was done before is done no second time.
    async fn carry_out_answer(&self, asked: &Asked, choice: Choice, by: UserId) -> anyhow::Result<()> {
        let question = &asked.question;
        if choice == Choice::Never {
            let chat = self.users.present_id(question.chat_id).await?;
            if !self.users.enlist(chat, Listed::IgnoredSource(question.source_chat_id)).await? {
                tracing::warn!(chat_id = chat.0, "a chat's ignore list is full; a source is not kept out");
            }
        }
        if choice == Choice::Ban {
            let chat = self.users.present_id(question.chat_id).await?;
            let mut sources = BTreeSet::from([question.source_chat_id]);
            if question.about == About::Ban {
                // Of one hand in several chats.
                sources.extend(self.syncs.each(asked.event_ids().map(sync_id)).await?.iter().map(|sync| sync.source_chat_id));
            }
            for source in sources {
                // A full list takes no more: the next ban of this source is asked about again.
                self.users.enlist(chat, Listed::KnownSource(source)).await?;
            }
        }
        for request in requests(asked, choice, by) {
            self.syncs.request(&request).await?;
        }
        Ok(())
    }

    pub(super) async fn undo_pressed(&self, button: UndoButton, asker: &Asker) -> Result<Answer, NotNow> {
        let lang = asker.lang;
        if !self.may_decide(button.chat_id, asker.id).await? {
            return Ok(Answer::open(text!(lang, "may-not-decide")));
        }
        let Some(summary) = self.syncs.summary(button.sync_id).await? else { return Ok(Answer::open(text!(lang, "stale-button"))) };
        self.undo_here(summary.ban_event_id, button.sync_id, button.chat_id, asker.id).await?;
        let who = subject(lang, summary.user_id, summary.user_name.as_deref());
        Ok(Answer::done(text!(lang, "undoing", who = who)))
    }

    /// Bans where the admins were only told, as an answer to a question would.
    pub(super) async fn ban_pressed(&self, button: BanButton, asker: &Asker) -> Result<Answer, NotNow> {
        let lang = asker.lang;
        if !self.may_decide(button.chat_id, asker.id).await? {
            return Ok(Answer::open(text!(lang, "may-not-decide")));
        }
        let Some(told) = self.syncs.summary(button.sync_id).await? else { return Ok(Answer::open(text!(lang, "stale-button"))) };
        // The card is of all that this hand has decided: each of its sources holds the ban.
        let together = self.syncs.decided_along(told.user_id, told.sync_id, &told.occurred).await?;
        let events = together.iter().map(|decision| decision.ban_event_id).chain([told.ban_event_id]);
        let mut is_new = false;
        for event_id in events.collect::<BTreeSet<_>>() {
            is_new |= self.syncs.request(&confirmed(event_id, Origin::Confirmed, button.chat_id, asker.id)).await?;
        }
        Ok(Answer::done(match is_new {
            true => decided(lang, Choice::Ban),
            // It may have been undone since.
            false => text!(lang, "decided-already", id = told.user_id),
        }))
    }

    /// The message's other buttons stay: the ban that it tells of can still be taken back.
    pub(super) async fn block_pressed(&self, button: BlockButton, asker: &Asker) -> Result<Answer, NotNow> {
        let lang = asker.lang;
        if !self.may_decide(button.chat_id, asker.id).await? {
            return Ok(Answer::open(text!(lang, "may-not-decide")));
        }
        let chat = self.users.present_id(button.chat_id).await?;
        Ok(Answer::open(match self.users.enlist(chat, Listed::IgnoredSource(button.source)).await? {
            true => text!(lang, "source-blocked"),
            false => text!(lang, "ignore-list-full", most = MOST_IGNORED),
        }))
    }
}

/// The syncs that an answer calls for: one of each ban that the question is about.
fn requests(asked: &Asked, choice: Choice, by: UserId) -> Vec<Request> {
    let question = &asked.question;
    let origin = match (choice, question.about) {
        (Choice::Ban, About::Ban) => Origin::Confirmed,
        (Choice::Ban, About::Flooded) => Origin::LetThrough,
        (Choice::Ban, About::NewSource | About::Held) => Origin::Released,
        (Choice::Ban, About::Release) | (Choice::Ignore | Choice::Never, _) => return Vec::new(),
    };
    asked.event_ids().map(|event_id| confirmed(event_id, origin, question.chat_id, by)).collect()
}

/// The sync of a ban that an admin of a chat has said yes to.
fn confirmed(event_id: Uuid, origin: Origin, chat: ChatId, by: UserId) -> Request {
    Request {
        sync_id: further_sync_id(event_id, origin, &chat.to_string()),
        ban_event_id: event_id,
        kind: Kind::Ban,
        origin,
        whom: Whom::Chats(vec![chat]),
        by: Some(by),
        waits: false,
    }
}

fn decided(lang: Lang, choice: Choice) -> String {
    match choice {
        Choice::Ban => text!(lang, "decided-ban"),
        Choice::Ignore => text!(lang, "decided-ignore"),
        Choice::Never => text!(lang, "decided-never"),
    }
}

/// The decision that another admin has made before. `what`, `who`: HTML.
fn decided_by(lang: Lang, what: String, who: Html) -> String {
    text!(lang, "decided-by", what = Html(what), who = who)
}

#[cfg(test)]
mod tests {
    use super::super::plain;
    use super::*;
    use domain::question::Question;

    const CHAT: ChatId = ChatId(-5);
    const BY: UserId = UserId(1);

    /// A question about the bans with the ids 7 and 8.
    fn asked(about: About) -> Asked {
        let question = Question {
            question_id: Uuid::nil(),
            about,
            chat_id: CHAT,
            user_id: UserId(2),
            source_chat_id: ChatId(-9),
            asked_at: 0,
            choice: None,
            decided_by: None,
        };
        Asked { question, events: [7, 8].map(|id| Uuid::from_u128(id).to_string()).into() }
    }

    #[test]
    fn an_answer_calls_for_a_sync_of_each_ban_that_was_asked_about_and_only_where_it_says_so() {
        for (about, choice, expected) in [
            (About::Ban, Choice::Ban, Some(Origin::Confirmed)),
            (About::Flooded, Choice::Ban, Some(Origin::LetThrough)),
            // The chat's own guard still counts, and what was decided there since.
            (About::NewSource, Choice::Ban, Some(Origin::Released)),
            (About::Held, Choice::Ban, Some(Origin::Released)),
            (About::Release, Choice::Ban, None),
            (About::Ban, Choice::Ignore, None),
            (About::Ban, Choice::Never, None),
            (About::Held, Choice::Ignore, None),
            (About::Held, Choice::Never, None),
        ] {
            let requests = requests(&asked(about), choice, BY);
            let told: Vec<_> = requests.iter().map(|request| (request.ban_event_id.as_u128(), request.origin)).collect();
            let expected: Vec<_> = expected.iter().flat_map(|origin| [7, 8].map(|id| (id, *origin))).collect();
            assert_eq!(told, expected, "{about:?} {choice:?}");
            assert!(requests.iter().all(|request| request.whom == Whom::Chats(vec![CHAT])));
            assert!(requests.iter().all(|request| request.kind == Kind::Ban && request.by == Some(BY) && !request.waits));
        }
    }

    #[test]
    fn the_same_answer_calls_for_the_same_syncs_and_another_chats_for_others() {
        let ids = |asked: &Asked, by| requests(asked, Choice::Ban, by).iter().map(|request| request.sync_id).collect::<Vec<_>>();
        let here = asked(About::Ban);
        let mut there = asked(About::Ban);
        there.question.chat_id = ChatId(-6);
        assert_eq!(ids(&here, BY), ids(&here, UserId(4)), "whoever presses");
        assert!(ids(&here, BY).iter().all(|id| !ids(&there, BY).contains(id)));
    }

    #[test]
    fn the_admin_who_decided_before_is_named_and_it_fits_where_telegram_shows_it() {
        let toast = |lang, choice, name: Option<&str>| plain(&decided_by(lang, decided(lang, choice), subject(lang, UserId(7), name)));
        assert_eq!(toast(Lang::En, Choice::Ban, Some("<Bob>")), "🚫 Decided: ban (decided by another admin: <Bob> (ID: 7))");
        assert_eq!(toast(Lang::En, Choice::Ban, None), "🚫 Decided: ban (decided by another admin: ID 7)");
        for (lang, choice) in [(Lang::En, Choice::Never), (Lang::Ru, Choice::Never)] {
            let told = toast(lang, choice, Some(&"я".repeat(128)));
            assert!(told.ends_with("(ID: 7))"), "all of it fits: {told}");
        }
    }
}
