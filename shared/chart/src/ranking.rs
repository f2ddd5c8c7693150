//! Horizontal bars below their labels: a phone has no room for both side by side.

use crate::canvas::{Anchor, Area, Canvas};
use crate::colour::{Colour, Theme};
use crate::font::{Font, Weight};
use crate::number::number;
use crate::picture::{LEFT, RIGHT};

const LABEL: Font = Font { size: 26.0, weight: Weight::Regular };
const VALUE: Font = Font { size: 26.0, weight: Weight::SemiBold };
/// Between a label and its value.
const GAP: f64 = 24.0;
/// From a row's top to the baseline of its texts.
const BASELINE: f64 = 26.0;
/// From a row's top to its bar.
const BAR: f64 = 40.0;
const HEIGHT: f64 = 14.0;
const ROW: f64 = 74.0;

/// Draws all rows. Gives back where the last bar ends.
pub fn draw(canvas: &mut Canvas, theme: Theme, top: f64, rows: &[(String, u64)]) -> f64 {
    let highest = rows.iter().map(|(_, value)| *value).max().unwrap_or_default().max(1);
    for (index, (label, value)) in rows.iter().enumerate() {
        let row = top + index as f64 * ROW;
        let number = number(*value);
        let label = LABEL.cut(label, RIGHT - LEFT - GAP - VALUE.width(&number));
        canvas.text((LEFT, row + BASELINE), Anchor::Start, LABEL, theme.ink(), &label);
        canvas.text((RIGHT, row + BASELINE), Anchor::End, VALUE, theme.ink(), &number);
        let bar = Area { x: LEFT, y: row + BAR, width: RIGHT - LEFT, height: HEIGHT };
        canvas.rectangle(bar, HEIGHT / 2.0, theme.grid());
        if *value > 0 {
            // A whole round end at the least.
            let width = (bar.width * (*value as f64 / highest as f64)).max(HEIGHT);
            canvas.rectangle(Area { width, ..bar }, HEIGHT / 2.0, Colour::Blue.on(theme));
        }
    }
    top + rows.len() as f64 * ROW - (ROW - BAR - HEIGHT)
}
