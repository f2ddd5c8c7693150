//! Stories that are played while functions are killed.

use super::cast::Cast;
use crate::made_up::told;
use crate::play::{PATIENCE, Play};
use crate::scene::Scene;
use anyhow::{Context, Result, ensure};
use aws::store::users::Listed;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::settings::ChatChange;
use domain::subscription::Mode;
use domain::sync::{Kind, Origin, Outcome, Reason, further_sync_id};
use serde_json::json;
use telegram_sim::AdminRights;

/// A delay that is a schedule, in seconds.
const WEEK: i64 = 604_800;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// A ban is carried over to two chats.
    Ban,
    /// The source lifts its ban, and the chat follows.
    Unban,
    /// An admin presses Undo under the report.
    Undo,
    /// A chat has a delay of a week.
    Delay,
    /// That week is over.
    Due,
    /// Somebody is not known where he is to be banned.
    Unknown,
    /// He comes.
    Join,
    /// An admin is asked.
    Question,
    /// He answers.
    Answer,
    /// A group becomes a supergroup.
    Move,
    /// The bot is removed from a chat.
    Leave,
    /// An admin is one no longer.
    Demote,
    /// The bot finds by itself that it has its rights.
    Look,
    /// A person is erased.
    Erase,
    /// A program registers a ban, follows somebody, and sets a chat up.
    Program,
    /// An event expires.
    Archive,
}

impl Story {
    pub const ALL: [Self; 16] = [
        Self::Ban,
        Self::Unban,
        Self::Undo,
        Self::Delay,
        Self::Due,
        Self::Unknown,
        Self::Join,
        Self::Question,
        Self::Answer,
        Self::Move,
        Self::Leave,
        Self::Demote,
        Self::Look,
        Self::Erase,
        Self::Program,
        Self::Archive,
    ];

    /// The beginning, before anybody is killed.
    pub async fn begin(self, play: &Play) -> Result<Cast> {
        let mut cast = match self {
            Self::Ban => Cast::new(play.scene(2).await?),
            Self::Move => Cast::new(play.scene_of_a_group().await?),
            _ => Cast::new(play.scene(1).await?),
        };
        let Scene { alice, mallory, .. } = cast.scene;
        let target = cast.target();
        let usual = ChatChange::default();
        match self {
            Self::Unban => play.choose(target, ChatChange { sync_unban: Some(true), ..usual }).await?,
            Self::Delay | Self::Due => play.choose(target, ChatChange { sync_delay_seconds: Some(WEEK), ..usual }).await?,
            Self::Question | Self::Answer => play.choose(target, ChatChange { require_confirmation: Some(true), ..usual }).await?,
            Self::Unknown => cast.make_unknown(play, None).await?,
            Self::Join | Self::Move => cast.make_unknown(play, Some(1)).await?,
            Self::Demote => {
                play.telegram.join(target, alice).await?;
                play.telegram.promote(target, alice, AdminRights::moderator()).await?;
                play.follow(target, alice, mallory, Mode::Notify).await?;
            }
            _ => {}
        }
        if self == Self::Move {
            play.users.enlist(ChatId(target), Listed::IgnoredUser(UserId(alice))).await?;
        }
        if matches!(self, Self::Unban | Self::Undo | Self::Due | Self::Join | Self::Answer | Self::Move | Self::Erase | Self::Archive) {
            cast.is_banned_at_the_source(play).await?;
        }
        play.quiet(&cast.ids()).await?;
        Ok(cast)
    }

    /// Plays it; how it has ended is right.
    pub async fn tell(self, play: &Play, cast: &Cast) -> Result<()> {
        let Scene { alice, boris, mallory, source, .. } = cast.scene;
        let target = cast.target();
        match self {
            Self::Ban => {
                let event = play.ban(source, alice, mallory).await?;
                play.all_applied_within(&cast.scene, &event, 2 * PATIENCE).await?;
                cast.read(play, 1).await
            }
            Self::Unban => {
                play.telegram.unban(source, alice, mallory).await?;
                let event = play.last_event(source, mallory).await?;
                let (summary, results) = play.sync_within(&event, 2 * PATIENCE).await?;
                ensure!((summary.kind, results.len(), results[0].outcome) == (Kind::Lift, 1, Outcome::Applied), "{summary:?} {results:?}");
                cast.read(play, 2).await?;
                cast.is_free(play).await
            }
            Self::Undo => {
                cast.press(play, "Undo").await?;
                play.telegram.wait_until_not_banned(target, mallory, 2 * PATIENCE).await?;
                cast.read(play, 2).await?;
                cast.is_free(play).await
            }
            Self::Delay => cast.ends_as(play, Reason::Delayed).await,
            Self::Due => {
                let later = further_sync_id(cast.ban()?.event_id, Origin::Delayed, &format!("0:{WEEK}"));
                play.is_due(later).await?;
                let (_, results) = play.results_of(later).await?;
                cast.is_banned(play, &results).await
            }
            Self::Unknown => {
                cast.ends_as(play, Reason::UnknownUser).await?;
                ensure!(play.syncs.pending(ChatId(target), UserId(mallory)).await?.len() == 1, "he is waited for");
                Ok(())
            }
            Self::Join => {
                play.telegram.join(target, mallory).await?;
                play.telegram.wait_until_banned(target, mallory, 2 * PATIENCE).await?;
                cast.waits(play, target, 0).await?;
                cast.read(play, 2).await
            }
            Self::Question => cast.ends_as(play, Reason::Asked).await,
            Self::Answer => {
                cast.press(play, "Ban").await?;
                let confirmed = further_sync_id(cast.ban()?.event_id, Origin::Confirmed, &target.to_string());
                let (_, results) = play.results_of(confirmed).await?;
                play.telegram.wait_until_sees(boris, "Decided: ban", PATIENCE).await?;
                cast.is_banned(play, &results).await
            }
            Self::Move => {
                let supergroup = play.telegram.migrate(target).await?;
                cast.follow_from(play, boris, supergroup, 1).await?;
                cast.follow_from(play, boris, target, 0).await?;
                cast.waits(play, supergroup, 1).await?;
                cast.waits(play, target, 0).await?;
                play.quiet(&cast.ids()).await?;
                let chats = play.users.chats([ChatId(supergroup)]).await?;
                ensure!(chats[&ChatId(supergroup)].ignores.users.contains(&UserId(alice)), "whom it ignores came along");
                ensure!(play.subscriptions.count_of(UserId(boris)).await? == 1, "he follows one person");
                Ok(())
            }
            Self::Leave => {
                play.telegram.remove_bot(target).await?;
                cast.follow_from(play, boris, target, 0).await?;
                cast.read(play, 1).await?;
                ensure!(play.subscriptions.count_of(UserId(boris)).await? == 0, "he follows nobody");
                Ok(())
            }
            Self::Demote => {
                play.telegram.demote(target, alice).await?;
                cast.follow_from(play, alice, target, 0).await?;
                play.quiet(&cast.ids()).await?;
                cast.follow_from(play, boris, target, 1).await?;
                ensure!(play.subscriptions.count_of(UserId(alice)).await? == 0, "she follows nobody");
                Ok(())
            }
            Self::Look => {
                play.users.lost(ChatId(target), ChatState::Suspended).await?;
                // An update of the same second counts as newer.
                play.next_second().await;
                play.look_until(target, ChatState::Active).await?;
                cast.read(play, 1).await
            }
            Self::Erase => {
                let operator = cast.caller(play, &["users:read", "users:write"]).await?;
                let (status, answer) = cast.asks(&operator, "DELETE", &format!("users/{boris}/data"), None).await?;
                ensure!(status == 202, "{status} {answer}");
                cast.follow_from(play, boris, target, 0).await?;
                play.quiet(&cast.ids()).await?;
                ensure!(play.subscriptions.count_of(UserId(boris)).await? == 0, "he follows nobody");
                Ok(())
            }
            Self::Program => {
                let program = cast.caller(play, &["bans:write", "subscriptions:write", "users:write", "telegram:write"]).await?;
                let settings = json!({"sync_unban": true});
                let (status, answer) = cast.asks(&program, "PUT", &format!("chats/{target}/settings"), Some(settings)).await?;
                ensure!(status == 200, "{status} {answer}");
                let follows = json!({"admin_user_id": boris, "admin_chat_id": target, "tracked_user_id": alice});
                let (status, answer) = cast.asks(&program, "POST", "subscriptions", Some(follows)).await?;
                ensure!(status == 201 || status == 409, "{status} {answer}");
                cast.follow_from(play, boris, target, 2).await?;
                let ban = told(mallory, source, "ban", aws::time::now());
                let (status, event) = cast.asks(&program, "POST", "events/ban", Some(ban)).await?;
                ensure!(status == 200 || status == 201, "{status} {event}");
                let id = serde_json::from_value(event["event_id"].clone())?;
                let event = play.bans.get(id).await?.context("it is stored")?;
                play.all_applied_within(&cast.scene, &event, 2 * PATIENCE).await?;
                // That he follows her, and of the ban.
                cast.read(play, 2).await
            }
            Self::Archive => cast.is_archived(play).await,
        }
    }
}
