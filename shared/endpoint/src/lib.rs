//! Endpoints of strangers: which may be called at all, and how what is posted there is signed.
//!
//! # Layout
//! - [`address`]: hosts that are in nobody's private network
//! - [`url`]: URLs that are taken
//! - [`secret`]: signatures as Standard Webhooks has them
//! - [`post`]: the one call that is made

pub mod address;
pub mod post;
pub mod secret;
pub mod url;
