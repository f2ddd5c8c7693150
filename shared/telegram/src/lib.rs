//! Telegram: reading updates, calling the Bot API, telling what an answer calls for, and writing messages. The only crate that names
//! `teloxide-core`. Knows nothing of AWS.
//!
//! # Layout
//! - [`update`]: a webhook body becomes one closed enum
//! - [`client`]: typed calls with their own time-out; an answer that is no success is a [`client::Failure`]
//! - [`reaction`]: the table from a failure to what is to be done about it
//! - [`bot`]: the calls that the product makes
//! - [`launch`]: who opens the web page
//! - [`message`]: messages as they are sent
//! - [`text`]: what the bot says, in its languages
//! - [`render`]: messages made of it

pub mod bot;
pub mod client;
pub mod launch;
pub mod message;
pub mod reaction;
pub mod render;
pub mod text;
pub mod update;
