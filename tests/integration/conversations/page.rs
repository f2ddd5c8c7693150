//! The page of all conversations.

use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Tests write one after the other.
static PAGE: Mutex<()> = Mutex::new(());

const HEAD: &str = "# Conversations\n\nWhat people type and press, and what they see. Written by the tests of `tests/integration/conversations`, \
                    which fail where the bot says anything else; `BANSYNC_RECORD=1 cargo xtask test conversations` writes it anew. \
                    Lines after ▸ are folded until somebody opens them.\n";

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/conversations.md"))
}

/// Compares a conversation with its section, or writes that.
pub fn hold(title: &str, section: &str) -> Result<()> {
    let _turn = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = std::fs::read_to_string(path()).unwrap_or_else(|_| HEAD.to_owned());
    let heading = format!("\n## {title}\n");
    let found = page.split_once(&heading).map(|(before, rest)| {
        let end = rest.find("\n## ").unwrap_or(rest.len());
        (before, &rest[..end], &rest[end..])
    });
    if std::env::var_os("BANSYNC_RECORD").is_some() {
        let new = match found {
            Some((before, _, after)) => format!("{before}{heading}{section}{after}"),
            None => format!("{page}{heading}{section}"),
        };
        return std::fs::write(path(), new).context("writing the page of conversations");
    }
    let (_, known, _) = found.with_context(|| format!("the page has no conversation called {title}: record it"))?;
    let differs = known.lines().zip(section.lines()).find(|(known, now)| known != now);
    ensure!(known.trim_end() == section.trim_end(), "{title} is another conversation now: {differs:?}\n{section}");
    Ok(())
}
