//! The deployed stack as its users meet it: what admins type in Telegram, and what they see.
//!
//! `cargo xtask test` deploys template.yaml and tells by `BANSYNC_STACK` where. Telegram is the simulator.
//!
//! # Layout
//! - [`play`]: a test's own people and chats, and what they do; [`stage`]: which tests play at the same time
//! - [`stack`]: the deployment, its faults and its counters; [`aws_calls`]: calls of AWS for which the crates have no use
//! - [`guard`]: what a test changes for others is put back; [`quiet`]: nothing more comes of what it did
//! - [`travel`]: a ban on its way, and who is told
//! - [`questions`]: modes of following, what admins are asked, whom they keep out
//! - [`taking_back`]: unbans that are carried over, undoing
//! - [`waiting`]: pending bans, delays, bans that are held
//! - [`conversations`]: what people type and press, and what they see; [`commands`]: the same where words do not matter
//! - [`fuzz`]: updates that nobody has thought of
//! - [`chats`]: the bot gains and loses rights and chats; [`communities`]: chats belong together
//! - [`gatekeeping`]: the bot is asked before somebody is let in
//! - [`rights`]: the bot looks at its rights by itself
//! - [`once`]: an update that comes again is answered once; [`group_pace`]: a group with too many messages holds up nobody else;
//!   [`floods`]: nor does whoever asks for too much, and admins are answered all the same
//! - [`pressure`]: what a retry cannot mend, and what takes long; [`names`]: who is meant, and what people are called
//! - [`webhook`]: the front door; [`other_door`]: the one without API Gateway, on another AWS
//! - [`users`]: people and chats, and what they chose; [`items`]: the same in the store
//! - [`admins`]: who is an administrator where
//! - [`erasure`]: a person is erased everywhere; [`privacy`]: what others see of a chat's bans, and a person of what is held on them
//! - [`bans`]: ban events that programs register, and how they are found; [`made_up`]: such events
//! - [`load`]: much history at once; [`storage`]: of a concern by itself, on another emulator, too
//! - [`archive`]: what becomes of events whose time has run out
//! - [`sync_api`]: syncs that programs ask for, and their log
//! - [`audit`]: what programs change is noted, and done once
//! - [`subscriptions`], [`telegram_calls`]: the REST API of these; [`examples`]: of all, as its description shows them
//! - [`notifications`]: messages that programs send, how they are worded; [`endpoints`]: where people have them posted to; [`receiver`]: of what is
//!   posted
//! - [`analytics`]: what is counted
//! - [`bus`]: listening to events
//! - [`caller`]: a program that calls the REST API, and its key
//! - [`access`]: who is let in
//! - [`scene`]: a ban and its chats, and what is true after it
//! - [`faults`]: what breaks on the way, and that nothing is lost; [`fault_runs`]: whole syncs while something breaks at
//!   every place; [`kill_runs`]: while functions die, after each of their writes
//! - [`many_admins`]: are told of one ban, and what a message costs
//! - [`bench`]: how fast, how many calls, how much memory; [`fairness`]: a large sync leaves room; both with a [`crowd`], a
//!   [`counting_telegram`] and functions that are [`reconfigured`]
//! - [`model`]: random histories, and how they must end
//! - [`dead_letters`]: what was given up is told of, shown and tried again
//! - [`operator`]: commands as he types them; [`bot_set_up`]: what he tells Telegram of the bot, and how he finds what is wrong; [`verify`]: whether a deploy went well
//! - [`secrets`]: what must not be found anywhere; [`rotation`]: they are changed
//! - [`corpus`]: real payloads and error answers; [`cases`]: sequences that users of other bots have reported
//! - [`events`]: the payloads in `events/`

mod access;
mod admins;
mod analytics;
mod archive;
mod audit;
mod aws_calls;
mod bans;
mod bench;
mod bot_set_up;
mod browser;
mod bus;
mod caller;
mod cases;
mod chats;
mod commands;
mod communities;
mod conversations;
mod corpus;
mod counting_telegram;
mod crowd;
mod dead_letters;
mod digests;
mod edges;
mod endpoints;
mod ephemeral;
mod erasure;
mod events;
mod examples;
mod fairness;
mod fault_runs;
mod faults;
mod floods;
mod fuzz;
mod gatekeeping;
mod group_pace;
mod guard;
mod items;
mod kill_runs;
mod lists;
mod load;
mod made_up;
mod many_admins;
mod model;
mod moves;
mod names;
mod notifications;
mod once;
mod one_hand;
mod operator;
mod other_door;
mod play;
mod pressure;
mod privacy;
mod questions;
mod quiet;
mod receiver;
mod reconfigured;
mod rights;
mod rotation;
mod scene;
mod secrets;
mod sent_once;
mod stack;
mod stage;
mod storage;
mod subscriptions;
mod sync_api;
mod taking_back;
mod telegram_calls;
mod travel;
mod trust;
mod users;
mod verify;
mod waiting;
mod web;
mod webhook;
