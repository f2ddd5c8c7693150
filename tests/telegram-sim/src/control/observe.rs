//! Looking at the world, disturbing it, and the delivery of updates.

use serde_json::Value;

use super::client::{Control, Result};
use super::command::{Command, Delivered};
use super::faults::*;
use super::log::*;
use super::types::*;
use crate::schema::SchemaReport;

impl Control {
    /// Everything this user sees: the private chat with the bot and the chats he is in, oldest first.
    pub async fn sees(&self, user: i64) -> Result<Vec<Seen>> {
        self.send(Command::Sees { user }).await
    }

    /// The private messages the bot has sent to this user, oldest first.
    pub async fn private_messages(&self, user: i64) -> Result<Vec<Seen>> {
        let mut seen = self.sees(user).await?;
        seen.retain(|m| m.private && m.from != user && !m.deleted);
        Ok(seen)
    }

    /// What the user is in the chat right now.
    pub async fn member(&self, chat: i64, user: i64) -> Result<MemberState> {
        self.send(Command::Member { chat, user }).await
    }

    /// Whether the user is banned in the chat right now.
    pub async fn is_banned(&self, chat: i64, user: i64) -> Result<bool> {
        Ok(self.member(chat, user).await?.status == "kicked")
    }

    /// The whole state.
    pub async fn world(&self) -> Result<Value> {
        self.send(Command::World).await
    }

    /// The log of Bot API calls.
    pub async fn calls(&self, filter: CallFilter) -> Result<Vec<Call>> {
        self.send(Command::Calls(filter)).await
    }

    pub async fn call_counts(&self) -> Result<CallCounts> {
        self.send(Command::CallCounts).await
    }

    /// What the bot has set about itself: `{"commands": [{scope, language_code, commands}], "description",
    /// "short_description", "default_administrator_rights": {"groups", "channels"}}`; rights never set are `null`.
    pub async fn commands(&self) -> Result<Value> {
        self.send(Command::Commands).await
    }

    /// How calls, answers and updates compare with the Bot API's documentation, since the simulator started.
    pub async fn schema(&self) -> Result<SchemaReport> {
        self.send(Command::Schema).await
    }

    // --- faults

    pub async fn set_limits(&self, limits: Limits) -> Result<()> {
        self.send(Command::SetLimits(limits)).await
    }

    /// Adds a fault and returns its id. Of several that match, the oldest fires.
    pub async fn add_fault(&self, fault: Fault) -> Result<u64> {
        self.send(Command::AddFault(fault)).await
    }

    /// Removes the fault with this id; one that is not there is no error. A flood wait that it began goes on.
    pub async fn remove_fault(&self, id: u64) -> Result<()> {
        self.send(Command::RemoveFault { id }).await
    }

    /// Removes all faults and ends a running flood wait.
    pub async fn clear_faults(&self) -> Result<()> {
        self.send(Command::ClearFaults).await
    }

    pub async fn faults(&self) -> Result<Vec<FaultReport>> {
        self.send(Command::Faults).await
    }

    // --- updates

    /// Every update so far and how its delivery stands, oldest first.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>> {
        self.send(Command::Deliveries).await
    }

    /// As [`Control::deliveries`], of these chats only and with update ids greater than `after`: cheap among very many.
    pub async fn deliveries_in(&self, chats: &[i64], after: u32) -> Result<Vec<Delivery>> {
        self.send(Command::DeliveriesIn { chats: chats.to_vec(), after }).await
    }

    /// How many updates the bot has not accepted yet (including those of actions under way, such as a kick).
    pub async fn pending(&self) -> Result<u64> {
        self.send(Command::Pending).await
    }

    /// Sends an update again, same body, out of turn.
    pub async fn redeliver(&self, update_id: u32) -> Result<Delivered> {
        self.send(Command::Redeliver { update_id }).await
    }

    /// Sends any body to the webhook, with the right secret.
    pub async fn deliver_raw(&self, body: &str) -> Result<Delivered> {
        self.send(Command::DeliverRaw { body: body.to_owned(), secret: None }).await
    }

    /// Sends any body to the webhook with another secret; `""` sends no secret header.
    pub async fn deliver_raw_with_secret(&self, body: &str, secret: &str) -> Result<Delivered> {
        self.send(Command::DeliverRaw { body: body.to_owned(), secret: Some(secret.to_owned()) }).await
    }

    /// Holds deliveries back while something is set up, or lets them go.
    pub async fn pause_webhook(&self, paused: bool) -> Result<()> {
        self.send(Command::SetWebhookDelivery { paused }).await
    }

    /// Forgets users, chats, messages, faults, limits and logs. The webhook, the bot's commands and the counters of
    /// ids stay, so nothing that comes later looks like something earlier.
    pub async fn reset(&self) -> Result<()> {
        self.send(Command::Reset).await
    }
}
