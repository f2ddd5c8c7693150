//! The typed client of the control API: what people do on Telegram, what they see, and what went wrong on purpose.
//!
//! Every method is one `POST /control/<action>`; see [`Command`] for the wire form.

mod client;
mod command;
mod faults;
mod log;
mod membership;
mod observe;
mod people;
mod types;
mod wait;

pub use client::{Control, ControlError};
pub use command::{Command, Delivered, Refusal};
pub use faults::{Fault, FaultAction, FaultReport, Limits};
pub use log::{Call, CallCounts, CallFilter, Delivery, DeliveryState};
pub use types::*;
pub use wait::wait_until;

pub use crate::rights::{AdminRights, Permissions};
pub use crate::schema::SchemaReport;
