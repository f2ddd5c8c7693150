//! Charts of a chat's figures: the bot's pictures, and the drawing of the API.

use crate::play::{PATIENCE, Play};
use crate::questions::Pair;
use anyhow::{Result, ensure};
use domain::subscription::Mode;
use serde_json::json;
use telegram_sim::control::Seen;

impl Play {
    /// The picture that a button brings in private; its caption has these words.
    async fn picture(&self, user: i64, under: &Seen, label: &str, words: &str) -> Result<Seen> {
        let before = self.telegram.private_messages(user).await?.len();
        self.telegram.press_button(user, under, label).await?;
        let seen = async || {
            let messages = self.telegram.private_messages(user).await?;
            let photo = |seen: &Seen| seen.document.as_ref().is_some_and(|document| document.is_photo) && seen.text.contains(words);
            Ok(messages.into_iter().skip(before).find(photo))
        };
        Ok(self.telegram.wait_until("a picture", PATIENCE, seen).await?)
    }
}

#[tokio::test]
async fn an_admin_has_a_picture_of_the_chats_figures_in_private_by_day_and_by_night() -> Result<()> {
    let play = Play::begin().await?;
    let Pair { boris, alice, mallory, source, target } = play.pair(Mode::Auto).await?;
    let event = play.ban(source, alice, mallory).await?;
    play.sync_of(&event).await?;
    play.quiet(&[source, target, mallory]).await?;
    let path = format!("analytics/overview?period=week&chat_id={target}");
    play.counted(&play.analyst().await?, &path, &[("/figures/synced_bans/applied", json!(1))]).await?;
    let stats = play.asks(boris, "/stats", "the last 30 days").await?;
    let mut shown = play.picture(boris, &stats, "Week", "bans synced to here: 1").await?;
    assert!(shown.text.contains("7 days") && shown.text.contains("bans decided here: 0"), "{}", shown.text);
    for (label, words) in [("Dark", "7 days"), ("Day", "today"), ("Year", "365 days")] {
        shown = play.picture(boris, &shown, label, words).await?;
        assert_eq!(shown.document.as_ref().and_then(|photo| photo.pixels).map(|(width, _)| width), Some(1000));
    }
    ensure!(shown.button("Light").is_some(), "it stays dark: {:?}", shown.buttons);
    // Half of the 128 MB of `MemorySize`, with all that the function is besides.
    let peak = peak_memory(&play.stack.functions["webhook"]);
    println!("bench: a webhook that draws has used {} MB at most", peak / 1024);
    assert!(peak < 64 * 1024, "{peak} KB");
    Ok(())
}

/// The most memory that any process of a function on this machine has used, in KB; 0: there is none, or the system does not tell.
fn peak_memory(function: &str) -> u64 {
    let of_process = |folder: std::fs::DirEntry| {
        let environment = std::fs::read(folder.path().join("environ")).ok()?;
        let name = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
        environment.split(|byte| *byte == 0).find(|variable| *variable == name.as_bytes())?;
        let status = std::fs::read_to_string(folder.path().join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes.filter_map(of_process).max().unwrap_or_default()
}

#[tokio::test]
async fn the_same_drawing_is_an_svg_of_the_api() -> Result<()> {
    let play = Play::begin().await?;
    let analyst = play.analyst().await?;
    for (query, titles) in [
        ("period=week", vec!["Bans", "Results of syncing", "Where bans came from"]),
        ("period=day&chart=sources&lang=ru&theme=dark&tz=Asia/Kolkata", vec!["Откуда пришли баны"]),
    ] {
        let (status, headers, svg) = analyst.text(&format!("analytics/chart.svg?{query}"), "image/svg+xml").await?;
        assert_eq!((status, headers.as_str()), (200, "image/svg+xml"), "{svg}");
        assert!(svg.starts_with("<svg") && titles.iter().all(|title| svg.contains(title)), "{svg}");
        for forbidden in ["style=", "<style", "<script", "href"] {
            assert!(!svg.contains(forbidden), "{forbidden}");
        }
    }
    let (status, kind, csv) = analyst.text("analytics/timeline?period=week", "text/csv").await?;
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8; header=present"));
    assert!(csv.starts_with("at,bans,kicks,unbans,") && csv.lines().count() == 8, "{csv}");
    let (_, _, csv) = analyst.text("analytics/overview", "text/csv").await?;
    assert!(csv.starts_with("figure,value,previous\n") && csv.contains("synced_bans_applied,"), "{csv}");
    Ok(())
}
