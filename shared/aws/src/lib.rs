//! AWS: the only crate that names `aws-sdk-*`. Knows nothing of Telegram.
//!
//! # Layout
//! - [`env`]: the functions' settings, read once
//! - [`Aws`]: clients, made once; `signed`: signed requests, for services of which one operation is used
//! - [`secrets`]: SecureStrings of the Parameter Store
//! - [`store`]: the tables, a module a concern, each with its access patterns
//! - [`queue`], [`bus`]: what is sent on; refused entries are always read
//! - [`schedule`]: what is to happen later than a queue can hold it
//! - [`archive`]: what leaves the store for good
//! - [`facts`]: what is counted of a change
//! - [`batch`]: batches from queues and streams, each record parsed and answered on its own
//! - [`lambda`]: the main function of every Lambda
//! - [`outage`]: whether to try again what failed
//! - [`metrics`]: counts in CloudWatch's embedded metric format

pub mod archive;
pub mod batch;
pub mod bus;
mod clients;
pub mod env;
pub mod facts;
pub mod lambda;
#[cfg(test)]
mod loopback;
pub mod metrics;
pub mod outage;
pub mod queue;
pub mod schedule;
pub mod secrets;
mod signed;
pub mod store;
pub mod tell;
pub mod time;
pub mod topic;

pub use clients::Aws;
