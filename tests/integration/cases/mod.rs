//! Sequences that users of other bots have reported, read in place from `../shared/cases` where the folder is there.
//!
//! # Layout
//! - [`case`]: what a file says; [`world`]: the people and chats that all files have; [`story`]: a case that is played, up to each of its
//!   pauses. What is waited for in a pause, and what is true after it, is for the test of the case to say.
//! - [`carrying`]: bans on their way; [`coming`]: people who are waited for; [`kicks`]: what guard bots do; [`groups`]: a chat changes
//! - [`naming`]: who is meant by a command; [`answering`]: where and how often it is answered
//! - [`cards`]: what admins read; [`updates`]: what Telegram sends, however odd; [`programs`]: what programs send

mod answering;
mod cards;
mod carrying;
mod case;
mod coming;
mod groups;
mod kicks;
mod naming;
mod programs;
mod story;
mod updates;
mod world;

use std::path::PathBuf;

/// Why a test of these is skipped.
const NO_CASES: &str = "there is no folder ../shared/cases beside the checkout";

/// The folder of cases, unless it is absent.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/cases"));
    folder.is_dir().then_some(folder)
}
