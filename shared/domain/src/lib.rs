//! The rules of Bansync: what an update means, who follows whom, what a sync does. No I/O, no clock, no AWS, no Telegram client.
//!
//! # Layout
//! - [`ids`]: chat and user ids, and the ids nobody may act on
//! - [`member`]: what a change of a member's status means
//! - [`ban`]: a ban event and its derived, repeatable id
//! - [`registration`]: a ban event that somebody tells of, and whether it can be one
//! - [`search`]: which ban events are looked for, and where
//! - [`chat`]: a chat's state and rights
//! - [`role`]: what an administrator of a chat is to us
//! - [`profile`]: what people are called, and what may be said of them
//! - [`settings`]: what people and chats chose, and what they may choose
//! - [`sharing`]: what somebody may see of a decision in a chat
//! - [`subscription`]: who follows which source from which chat
//! - [`sync`]: from followers to targets, from targets to chunks, from results to a closed summary
//! - [`question`]: what a chat's admins are asked, and their answer
//! - [`appeal`]: what admins answer to somebody who asks that his ban be lifted
//! - [`event`]: the envelope that travels on the bus
//! - [`notification`]: who is told what after a sync
//! - [`template`]: texts of messages that an operator can word anew
//! - [`page`]: the address of the web page
//! - [`outage`]: when what could not be done comes again
//! - [`limiter`]: when the next calls to Telegram may start; [`message_window`]: when a chat takes the next answer, and whose
//! - [`lang`]: the languages the bot speaks
//! - [`access`]: who may call the REST API, and for what
//! - [`analytics`]: what is counted
//!
//! Times are Unix seconds in UTC unless a name ends in `_ms`.

pub mod access;
pub mod analytics;
pub mod appeal;
pub mod ban;
pub mod chat;
pub mod event;
pub mod ids;
pub mod lang;
pub mod limiter;
pub mod member;
pub mod message_window;
pub mod notification;
pub mod outage;
pub mod page;
pub mod profile;
pub mod question;
pub mod registration;
pub mod role;
pub mod search;
pub mod settings;
pub mod sharing;
pub mod subscription;
pub mod sync;
pub mod template;
pub mod tidy;
