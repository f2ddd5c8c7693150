//! A Telegram for tests: the Bot API over HTTP, with users, chats and the rules of bans behind it.

mod config;
pub mod control;
mod rights;

pub use config::Config;
pub use control::Control;
pub use rights::{AdminRights, Permissions};
