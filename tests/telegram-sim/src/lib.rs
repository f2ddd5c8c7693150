//! A Telegram for tests: the Bot API over HTTP, with users, chats and the rules of bans behind it.
//!
//! # Layout
//! - [`Simulator`] starts it inside a test; the binary `telegram-sim` starts it alone.
//! - [`control`] is how a test plays the people: the typed client and the commands it sends.
//! - `world` holds the state and Telegram's rules and does no I/O.
//! - `bot_api` holds the methods of the Bot API, as functions on the world.
//! - `schema` compares calls, answers and updates with the Bot API's documentation.
//! - `server` is the HTTP around it all and the postman who brings updates to the webhook.

mod bot_api;
mod config;
pub mod control;
mod rights;
mod schema;
mod server;
mod world;

pub use config::Config;
pub use control::Control;
pub use rights::{AdminRights, Permissions};
pub use server::Simulator;
