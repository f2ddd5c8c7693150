//! The simulator as a program: one line `{"url": …}` on standard output when it is ready.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Parser;
use telegram_sim::{Config, Simulator};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

/// A simulated Telegram Bot API.
#[derive(Parser)]
#[command(name = "telegram-sim")]
struct Args {
    /// Port to listen on; 0 = any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Address to listen on; another one lets others on the network play the people
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// File that holds the bot's token.
    #[arg(long, required_unless_present = "token", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The bot's token, `<bot id>:<secret>`.
    #[arg(long)]
    token: Option<String>,
    /// The bot's username, without @.
    #[arg(long)]
    bot_username: String,
    /// Stop when standard input ends: the simulator then never outlives who started it.
    #[arg(long)]
    exit_with_stdin: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    let token = match (args.token, args.token_file) {
        (Some(token), _) => token,
        (None, Some(file)) => std::fs::read_to_string(file)?.trim().to_owned(),
        (None, None) => String::new(),
    };
    let config = Config { bind: args.bind, port: args.port, token, bot_username: args.bot_username, ..Config::default() };
    let simulator = Simulator::start(config).await?;
    let mut out = io::stdout();
    writeln!(out, "{}", serde_json::json!({"url": simulator.url}))?;
    out.flush()?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = stdin_ended(args.exit_with_stdin) => {}
    }
    simulator.stop().await;
    // The thread that reads standard input cannot be interrupted: waiting for it would keep the program alive.
    std::process::exit(0);
}

/// Ends with standard input if `wanted`, otherwise never.
async fn stdin_ended(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 1024];
    while input.read(&mut ignored).await.is_ok_and(|n| n > 0) {}
}
