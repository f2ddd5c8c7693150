//! `cargo xtask soak`: what a release must pass besides the tests: much of everything, for as long as it takes.

use anyhow::Result;

use crate::beside::MODEL;
use crate::plan::Plan;
use crate::{test, up};

#[derive(clap::Args)]
pub struct Options {
    /// Random histories that the model plays, most of them new ones
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    histories: u32,
    /// Chats that one ban is carried over to
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    chats: u32,
    /// Ban events that programs load at once
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    events: u32,
    /// Admins who are told of one ban
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    admins: u32,
    /// How long updates are made up for the webhook
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    fuzz_minutes: u32,
}

/// The integration tests that grow with these sizes; the model runs beside them.
const TESTS: [&str; 4] = ["bench::", "many_admins::", "load::", "fuzz::"];

pub fn soak(options: &Options) -> Result<()> {
    let (_, integration) = test::built(false)?;
    // How large, in the words of the tests.
    let sizes = [
        ("BANSYNC_MODEL_HISTORIES", options.histories),
        ("BANSYNC_BENCH_CHATS", options.chats),
        ("BANSYNC_BENCH_ADMINS", options.admins),
        ("BANSYNC_LOAD_EVENTS", options.events),
        ("BANSYNC_FUZZ_SECONDS", options.fuzz_minutes.saturating_mul(60)),
    ];
    let plan = Plan {
        units: Vec::new(),
        integration,
        filters: TESTS.to_vec(),
        beside: &[MODEL],
        fuzz: false,
        client: false,
        traces: false,
        local_aws: false,
        environment: sizes.map(|(name, size)| (name, size.to_string())).to_vec(),
        up: &up::Options::default(),
        keep: false,
        figures: true,
    };
    plan.run()
}
