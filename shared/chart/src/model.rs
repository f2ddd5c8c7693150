//! What a chart shows.

use crate::colour::{Colour, Theme};
use crate::number::number;
use crate::text::clean;

/// One chart. All texts are the caller's, in the reader's language; a text too long for its place is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    pub title: String,
    /// Names of the x axis's slots, oldest first, such as "24 Nov". As many of them are written as there is room for, the last one always.
    /// A ranking does not use them.
    pub labels: Vec<String>,
    pub kind: Kind,
    pub theme: Theme,
    /// Stands in place of the drawing when there is no value above zero.
    pub empty: String,
}

/// What is drawn. A value belongs to the label with the same index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts of periods, as vertical bars; the series of one period are stacked, the first at the bottom. The legend has each series' total.
    /// Missing values are zero.
    Bars(Vec<Series>),
    /// Levels at points in time. The legend has each series' last value. A series with fewer values than labels ends earlier.
    Line(Vec<Series>),
    /// Labels with values, as horizontal bars in the order given. Every row is drawn, so the caller takes the first few.
    Ranking(Vec<(String, u64)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub name: String,
    pub values: Vec<u64>,
    pub colour: Colour,
}

impl Series {
    /// The sum of the values, at most [`u64::MAX`].
    pub(crate) fn total(&self) -> u64 {
        self.values.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    pub(crate) fn last(&self) -> u64 {
        self.values.last().copied().unwrap_or_default()
    }
}

impl Chart {
    /// The same chart with texts that XML can hold, each on one line.
    pub(crate) fn cleaned(&self) -> Self {
        let series = |all: &[Series]| all.iter().map(|one| Series { name: clean(&one.name), ..one.clone() }).collect();
        Self {
            title: clean(&self.title),
            labels: self.labels.iter().map(|label| clean(label)).collect(),
            kind: match &self.kind {
                Kind::Bars(all) => Kind::Bars(series(all)),
                Kind::Line(all) => Kind::Line(series(all)),
                Kind::Ranking(rows) => Kind::Ranking(rows.iter().map(|(label, value)| (clean(label), *value)).collect()),
            },
            theme: self.theme,
            empty: clean(&self.empty),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Bars(all) | Kind::Line(all) => all.iter().flat_map(|one| &one.values).all(|value| *value == 0),
            Kind::Ranking(rows) => rows.iter().all(|(_, value)| *value == 0),
        }
    }

    /// Number of slots on the x axis.
    pub(crate) fn slots(&self) -> usize {
        match &self.kind {
            Kind::Bars(all) | Kind::Line(all) => all.iter().map(|one| one.values.len()).max().unwrap_or_default().max(self.labels.len()),
            Kind::Ranking(_) => 0,
        }
    }

    /// The chart in words, for screen readers: title, span of the x axis, names with numbers.
    pub(crate) fn description(&self) -> String {
        if self.is_empty() {
            return format!("{}: {}", self.title, self.empty);
        }
        let list = |pairs: Vec<(&str, u64)>| {
            pairs.into_iter().map(|(name, value)| format!("{name} {}", number(value)).trim().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let span = match (self.labels.first(), self.labels.last()) {
            (Some(first), Some(last)) if self.labels.len() > 1 => format!(" ({first} – {last})"),
            (Some(only), _) => format!(" ({only})"),
            _ => String::new(),
        };
        match &self.kind {
            Kind::Bars(all) => format!("{}{span}: {}", self.title, list(all.iter().map(|one| (&*one.name, one.total())).collect())),
            Kind::Line(all) => format!("{}{span}: {}", self.title, list(all.iter().map(|one| (&*one.name, one.last())).collect())),
            Kind::Ranking(rows) => format!("{}: {}", self.title, list(rows.iter().map(|(label, value)| (&**label, *value)).collect())),
        }
    }
}
