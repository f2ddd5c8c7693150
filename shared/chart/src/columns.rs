//! Vertical bars, stacked by series.

use crate::axes::Axes;
use crate::canvas::{Area, Canvas};
use crate::colour::{Colour, Theme};
use crate::model::Series;

/// Part of a slot that its bar takes.
const SHARE: f64 = 0.72;
/// A bar is no wider, however few there are.
const WIDEST: f64 = 96.0;
/// The least height: one failure among ten thousand bans is to be seen.
const LEAST: f64 = 4.0;
/// Between two parts of a bar, so that they are apart without their colours.
const GAP: f64 = 2.0;

/// The highest sum of one slot.
pub fn highest(series: &[Series], slots: usize) -> u64 {
    (0..slots).map(|slot| parts(series, slot).fold(0, |sum: u64, (_, value)| sum.saturating_add(value))).max().unwrap_or_default()
}

pub fn draw(canvas: &mut Canvas, theme: Theme, axes: &Axes, series: &[Series], slots: usize) {
    let width = (axes.slot * SHARE).min(WIDEST);
    for slot in 0..slots {
        let heights: Vec<_> = parts(series, slot)
            .enumerate()
            .map(|(index, (colour, value))| {
                let gap = if index == 0 { 0.0 } else { GAP };
                (colour, gap, axes.height(value as f64).max(LEAST + gap))
            })
            .collect();
        // Parts drawn higher than their values must not lift a bar above its plot.
        let shrink = ((axes.bottom - axes.top) / heights.iter().map(|(.., height)| height).sum::<f64>()).min(1.0);
        let mut y = axes.bottom;
        for (colour, gap, height) in heights {
            y -= height * shrink;
            let part = Area { x: axes.middle(slot) - width / 2.0, y, width, height: (height - gap) * shrink };
            canvas.rectangle(part, (width / 6.0).min(3.0), colour.on(theme));
        }
    }
}

/// What a slot has above zero, from the bottom up.
fn parts(series: &[Series], slot: usize) -> impl Iterator<Item = (Colour, u64)> {
    series.iter().filter_map(move |one| one.values.get(slot).map(|value| (one.colour, *value))).filter(|(_, value)| *value > 0)
}
