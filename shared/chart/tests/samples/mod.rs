//! Charts like those of the bot.

use chart::{Chart, Colour, Kind, Series, Theme};

/// Texts of a picture in one language.
pub struct Texts {
    pub titles: [&'static str; 3],
    pub month: &'static str,
    pub bans: &'static str,
    pub results: [&'static str; 4],
    pub sources: [&'static str; 5],
    pub empty: &'static str,
}

pub const ENGLISH: Texts = Texts {
    titles: ["Bans over the last 30 days", "Sync results", "Top sources"],
    month: "Nov",
    bans: "Banned",
    results: ["Applied", "Already banned", "Skipped", "Failed"],
    sources: [
        "Rust Jobs",
        "Spam watch — the list of all chats that share their bans with each other",
        "C++ & Qt <chat>",
        "🔥 Crypto 交易",
        "@small_group",
    ],
    empty: "No data for this time",
};

/// The picture of `/stats`.
pub fn overview(theme: Theme, texts: &Texts) -> Vec<Chart> {
    let labels: Vec<_> = (1..=30).map(|day| format!("{day} {}", texts.month)).collect();
    let wave = |scale: u64, shift: u64| -> Vec<u64> { (0..30).map(|day| (day * 37 + shift) % 17 * scale + day * scale / 4).collect() };
    let colours = [Colour::Blue, Colour::Grey, Colour::Orange, Colour::Red];
    let results = texts.results.iter().zip(colours).zip([90, 20, 9, 3]).map(|((name, colour), scale)| Series {
        name: (*name).to_owned(),
        values: wave(scale, scale),
        colour,
    });
    let sources = texts.sources.iter().zip([48_120, 9_641, 1_204, 87, 0]).map(|(label, value)| ((*label).to_owned(), value));
    let kinds = [
        Kind::Bars(vec![Series { name: texts.bans.to_owned(), values: wave(1, 3), colour: Colour::Blue }]),
        Kind::Bars(results.collect()),
        Kind::Ranking(sources.collect()),
    ];
    let chart = |(title, kind): (&&str, Kind)| Chart {
        title: (*title).to_owned(),
        labels: labels.clone(),
        kind,
        theme,
        empty: texts.empty.to_owned(),
    };
    texts.titles.iter().zip(kinds).map(chart).collect()
}
