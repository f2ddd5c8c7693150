//! Who is told what: one message an admin and sync, however many of his chats the sync touched.

use crate::ban::derive;
use crate::ids::{ChatId, UserId};
use crate::lang::Lang;
use crate::settings::{Channel, Priority, ShareBans, Topic};
use crate::sync::{Kind, Origin, Outcome, Reason, TargetResult};
use crate::template::TemplateId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A message for one person, on its way to the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Derived from what it tells and whom: sent once.
    pub notification_id: Uuid,
    /// The ban event it follows from.
    pub correlation_id: String,
    pub recipient: UserId,
    #[serde(default)]
    pub channel: Channel,
    pub lang: Lang,
    /// Comes without a sound: the recipient's hours are quiet.
    #[serde(default)]
    pub silent: bool,
    /// It says what came of something that somebody has just asked for.
    #[serde(default)]
    pub answers: bool,
    /// A message under the same id that tells more than the one that was sent takes its place: the greater number counts.
    #[serde(default)]
    pub revision: i64,
    pub content: Content,
}

/// What a message tells. Names are as Telegram gave them: whoever renders them escapes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// What became of a decision in the recipient's chats.
    SyncReport(SyncReport),
    /// Is somebody to be banned in the recipient's chat?
    Question(Asking),
    /// The recipient's chat bans so much that its bans are held where they would be carried to.
    BansHeld { chat: String },
    /// A source bans and unbans somebody over and over: what it does in this hour is told no more.
    Cycles(SyncReport),
    /// The bot may no longer ban in a chat that the recipient follows from.
    ChatSuspended { chat: String },
    /// The bot may ban again in a chat that the recipient follows from.
    ChatResumed { chat: String },
    /// The bot is no longer in a chat that the recipient followed from; his subscriptions there ended.
    ChatRemoved { chat: String },
    /// The recipient may no longer ban in a chat that they follow from.
    AdminSuspended { chat: String },
    /// The recipient may ban again in a chat that they follow from.
    AdminResumed { chat: String },
    /// The recipient's chat came into a community: a ban there is one in all of its chats.
    CommunityAdded { chat: String, community: String },
    /// Somebody who is banned in the recipient's chat asks that it be lifted. `text`: his words.
    Appeal {
        chat: String,
        user_id: UserId,
        user_name: Option<String>,
        text: String,
        appeal_id: Uuid,
        /// The decision behind the ban; `None` in messages of an older version.
        #[serde(default)]
        decision: Option<Decision>,
    },
    /// The recipient had asked that his ban in a chat be lifted: it is, or it stands.
    AppealDecided { chat: String, lifted: bool },
    /// Worded by a template: the bot's own, or what a program has sent.
    Templated {
        template: TemplateId,
        /// Plain text, of each placeholder.
        values: BTreeMap<String, String>,
        #[serde(default)]
        urgent: bool,
    },
    /// An alarm of the deployment, for operators.
    Alarm { name: String, description: Option<String> },
    /// A program has registered an endpoint for the recipient's messages.
    WebhookOn { host: String },
    /// The recipient's endpoint takes no messages: it is sent none any more.
    WebhookOff { host: String },
    /// What has waited for a moment, `count` messages.
    Digest {
        /// Each on one line, as HTML; no more than a message can list.
        lines: Vec<String>,
        count: usize,
        /// Their ids.
        #[serde(default)]
        told: Vec<Uuid>,
    },
}

impl Content {
    /// The type under which it is logged and can be filtered.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::SyncReport(_) => "sync_report",
            Self::Question(_) => "question",
            Self::BansHeld { .. } => "bans_held",
            Self::Cycles(_) => "cycles",
            Self::ChatSuspended { .. } => "chat_suspended",
            Self::ChatResumed { .. } => "chat_resumed",
            Self::ChatRemoved { .. } => "chat_removed",
            Self::AdminSuspended { .. } => "admin_suspended",
            Self::AdminResumed { .. } => "admin_resumed",
            Self::CommunityAdded { .. } => "community_added",
            Self::Appeal { .. } => "appeal",
            Self::AppealDecided { .. } => "appeal_decided",
            Self::Templated { template, .. } => template.name(),
            Self::Alarm { .. } => "alarm",
            Self::WebhookOn { .. } => "webhook_on",
            Self::WebhookOff { .. } => "webhook_off",
            Self::Digest { .. } => "digest",
        }
    }

    /// Subject by which its recipient chooses when it comes.
    pub fn topic(&self) -> Topic {
        match self {
            Self::SyncReport(report) if report.has_failed() => Topic::SyncError,
            Self::SyncReport(_) => Topic::BanSynced,
            Self::Question(asking) if asking.held || asking.flooded => Topic::LimitReached,
            Self::Question(_) => Topic::UserBanned,
            Self::BansHeld { .. } | Self::Cycles(_) => Topic::LimitReached,
            Self::Templated { template, .. } => template.topic(),
            Self::Alarm { .. } | Self::WebhookOn { .. } | Self::WebhookOff { .. } => Topic::System,
            Self::ChatSuspended { .. } | Self::ChatResumed { .. } | Self::ChatRemoved { .. } => Topic::System,
            Self::AdminSuspended { .. } | Self::AdminResumed { .. } | Self::CommunityAdded { .. } => Topic::System,
            Self::Appeal { .. } | Self::AppealDecided { .. } | Self::Digest { .. } => Topic::System,
        }
    }

    /// It comes whatever its recipient chose: somebody was told that it would.
    pub fn is_promised(&self) -> bool {
        matches!(
            self,
            Self::Appeal { .. } | Self::AppealDecided { .. } | Self::WebhookOn { .. } | Self::WebhookOff { .. } | Self::Alarm { .. }
        )
    }

    /// Does its recipient have to do something?
    pub fn priority(&self) -> Priority {
        match self {
            Self::Templated { urgent: true, .. } => Priority::Urgent,
            Self::Templated { urgent: false, .. } => Priority::Normal,
            Self::Question(_) | Self::Appeal { .. } | Self::BansHeld { .. } | Self::WebhookOff { .. } | Self::Alarm { .. } => {
                Priority::Urgent
            }
            Self::ChatSuspended { .. } | Self::ChatRemoved { .. } | Self::AdminSuspended { .. } => Priority::Urgent,
            Self::SyncReport(_) | Self::Cycles(_) | Self::CommunityAdded { .. } | Self::WebhookOn { .. } => Priority::Normal,
            Self::ChatResumed { .. } | Self::AdminResumed { .. } | Self::AppealDecided { .. } | Self::Digest { .. } => Priority::Normal,
        }
    }
}

/// The result of one sync for one admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    pub sync_id: Uuid,
    #[serde(default)]
    pub kind: Kind,
    pub user_id: UserId,
    pub user_name: Option<String>,
    #[serde(flatten)]
    pub decision: Decision,
    /// The same hand's decisions on the person in further chats within seconds.
    #[serde(default)]
    pub also: Vec<Decision>,
    /// Chats by what became of it there.
    pub chats: Vec<(Outcome, Vec<NamedChat>)>,
}

impl SyncReport {
    fn has_failed(&self) -> bool {
        self.chats.iter().any(|(outcome, _)| matches!(outcome, Outcome::Failed(_)))
    }
}

/// A source's decision as far as its chat lets it be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The source's title where the recipient may see that, else its id.
    pub source_chat: String,
    /// `None` in messages of an older version.
    #[serde(default)]
    pub source_chat_id: Option<ChatId>,
    /// How much the recipient may see of it: what is missing below may have been left out for that.
    #[serde(default)]
    pub shared: ShareBans,
    /// Who decided, where that is told.
    #[serde(default)]
    pub by: Option<Decider>,
    pub reason: Option<String>,
    /// When it was decided, Unix seconds.
    pub at: Option<i64>,
}

/// Whoever made a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decider {
    /// [`UserId::ANONYMOUS_ADMIN`] where an admin acted anonymously.
    pub user_id: UserId,
    pub name: Option<String>,
    /// What they are called where they are a bot.
    #[serde(default)]
    pub bot: Option<String>,
}

/// A chat and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedChat {
    pub chat_id: ChatId,
    pub title: String,
    /// The sync that acted there; `None`: that of the report.
    #[serde(default)]
    pub sync_id: Option<Uuid>,
}

/// A question to an admin of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    pub question_id: Uuid,
    /// Because the source bans more than anybody should.
    pub held: bool,
    /// Because so many of the chat's members were banned within the hour.
    #[serde(default)]
    pub flooded: bool,
    /// Because the chat has had no ban of this source yet.
    #[serde(default)]
    pub new_source: bool,
    pub user_id: UserId,
    pub user_name: Option<String>,
    #[serde(flatten)]
    pub decision: Decision,
    /// The same hand's decisions on the person in further chats within seconds: the answer counts for them, too.
    #[serde(default)]
    pub also: Vec<Decision>,
    pub chat: String,
    /// How many admins are asked; 0 in messages of an older version.
    #[serde(default)]
    pub admins: usize,
    /// When it can be answered no more, Unix seconds.
    #[serde(default)]
    pub until: Option<i64>,
    /// How many bans the answer is about.
    #[serde(default)]
    pub count: usize,
    /// The first of them, at most [`MOST_BANS_SHOWN`]; empty where there is one.
    #[serde(default)]
    pub bans: Vec<AskedBan>,
}

/// The most bans that a question lists: with names of the longest it stays one message, so that it can be edited.
pub const MOST_BANS_SHOWN: usize = 15;

/// One of the bans that a question is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedBan {
    pub user_id: UserId,
    pub user_name: Option<String>,
    /// The source's, where it shares that.
    pub reason: Option<String>,
}

/// The chats of each admin, grouped by outcome in a fixed order. Outcomes that are no news (the ban was lifted before it was carried
/// over) are left out, and so are questions, which are asked, and an admin with nothing else.
pub fn by_admin(results: &[TargetResult], kind: Kind, origin: Origin) -> BTreeMap<UserId, Vec<(Outcome, Vec<ChatId>)>> {
    let mut admins: BTreeMap<UserId, Vec<(Outcome, Vec<ChatId>)>> = BTreeMap::new();
    for result in results.iter().filter(|result| is_news(&result.outcome, kind, origin)) {
        for &admin in &result.admins {
            let groups = admins.entry(admin).or_default();
            match groups.iter_mut().find(|(outcome, _)| *outcome == result.outcome) {
                Some((_, chats)) => chats.push(result.chat_id),
                None => groups.push((result.outcome, vec![result.chat_id])),
            }
        }
    }
    for groups in admins.values_mut() {
        groups.sort_by_key(|(outcome, _)| match outcome {
            Outcome::Applied => (0, None),
            Outcome::Already => (1, None),
            Outcome::Skipped(reason) => (2, Some(*reason)),
            Outcome::Failed(reason) => (3, Some(*reason)),
        });
    }
    admins
}

/// Who has asked for something is told all; others only what they would want to know.
fn is_news(outcome: &Outcome, kind: Kind, origin: Origin) -> bool {
    if outcome.is_question() {
        return false;
    }
    let asked_for = origin.is_answer();
    let reason = match outcome {
        Outcome::Skipped(reason) => *reason,
        Outcome::Applied | Outcome::Already | Outcome::Failed(_) => return true,
    };
    match reason {
        Reason::Ignored | Reason::Lifted | Reason::Undone | Reason::EndsTooSoon | Reason::Kick | Reason::LocalDecision => asked_for,
        Reason::NotOurs | Reason::NotBanned => asked_for,
        Reason::StillBanned => kind == Kind::Lift,
        _ => true,
    }
}

impl Notification {
    pub fn priority(&self) -> Priority {
        if self.answers { Priority::Urgent } else { self.content.priority() }
    }

    /// The same by another channel: a message of its own.
    pub fn by(self, channel: Channel) -> Self {
        let notification_id = match channel {
            Channel::Telegram => self.notification_id,
            other => derive(&["by", other.name(), &self.notification_id.to_string()]),
        };
        Self { notification_id, channel, ..self }
    }
}

/// The id of the message that tells `recipient` what has waited for a moment (Unix seconds): of the same messages the same, in whatever order.
pub fn digest_id(recipient: UserId, moment: i64, held: &[Notification]) -> Uuid {
    let mut ids: Vec<_> = held.iter().map(|message| format!("{}@{}", message.notification_id, message.revision)).collect();
    ids.sort();
    derive(&["digest", &moment.to_string(), &recipient.0.to_string(), &ids.join(" ")])
}

/// The id of a message about `what` (an event's id) to `recipient`.
pub fn notification_id(what: &str, recipient: UserId) -> Uuid {
    derive(&["notification", what, &recipient.0.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(chat: i64, admins: &[i64], outcome: Outcome) -> TargetResult {
        TargetResult::new(ChatId(chat), admins.iter().map(|&id| UserId(id)).collect(), outcome)
    }

    fn reports(results: &[TargetResult]) -> BTreeMap<UserId, Vec<(Outcome, Vec<ChatId>)>> {
        by_admin(results, Kind::Ban, Origin::Ban)
    }

    #[test]
    fn an_admin_of_several_chats_gets_one_report_with_successes_first() {
        let failed = Outcome::Failed(Reason::NoRights);
        let reports = reports(&[result(-1, &[1], failed), result(-2, &[1, 2], Outcome::Applied), result(-3, &[1], Outcome::Applied)]);
        assert_eq!(reports.len(), 2);
        assert_eq!(reports[&UserId(1)], [(Outcome::Applied, vec![ChatId(-2), ChatId(-3)]), (failed, vec![ChatId(-1)])]);
        assert_eq!(reports[&UserId(2)], [(Outcome::Applied, vec![ChatId(-2)])]);
    }

    #[test]
    fn nobody_is_told_of_a_ban_that_was_lifted_in_time_and_a_question_is_no_report() {
        for reason in [Reason::Lifted, Reason::Ignored, Reason::Asked, Reason::Held] {
            assert!(reports(&[result(-1, &[1], Outcome::Skipped(reason))]).is_empty(), "{reason:?}");
        }
    }

    #[test]
    fn who_undoes_is_told_why_nothing_was_undone() {
        let results = [result(-1, &[1], Outcome::Skipped(Reason::LocalDecision))];
        assert_eq!(by_admin(&results, Kind::Lift, Origin::UndoneHere).len(), 1);
        assert!(by_admin(&results, Kind::Lift, Origin::Unban).is_empty());
    }
}
