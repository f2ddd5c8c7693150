//! The legend above a plot: colours, names, numbers.

use crate::canvas::{Anchor, Area, Canvas};
use crate::colour::{Colour, Theme};
use crate::font::{Font, Weight};
use crate::number::number;
use crate::picture::{LEFT, RIGHT};

const NAME: Font = Font { size: 26.0, weight: Weight::Regular };
const NUMBER: Font = Font { size: 26.0, weight: Weight::SemiBold };
const SWATCH: f64 = 22.0;
/// Between the parts of an entry.
const GAP: f64 = 10.0;
/// Between two entries.
const APART: f64 = 32.0;
const ROW: f64 = 40.0;

pub struct Entry<'a> {
    pub name: &'a str,
    pub colour: Colour,
    pub number: u64,
}

/// Draws entries from left to right in as many rows as they take. Gives back where the last row ends.
pub fn draw(canvas: &mut Canvas, theme: Theme, top: f64, entries: &[Entry<'_>]) -> f64 {
    let (mut x, mut row) = (LEFT, top);
    for entry in entries {
        let number = number(entry.number);
        let around = SWATCH + GAP + GAP + NUMBER.width(&number);
        let name = NAME.cut(entry.name, RIGHT - LEFT - around);
        let width = around + NAME.width(&name);
        if x > LEFT && x + width > RIGHT {
            (x, row) = (LEFT, row + ROW);
        }
        let middle = row + ROW / 2.0;
        let swatch = Area { x, y: middle - SWATCH / 2.0, width: SWATCH, height: SWATCH };
        canvas.rectangle(swatch, 5.0, entry.colour.on(theme));
        canvas.text((x + SWATCH + GAP, middle + NAME.middle()), Anchor::Start, NAME, theme.ink(), &name);
        canvas.text((x + width, middle + NUMBER.middle()), Anchor::End, NUMBER, theme.ink(), &number);
        x += width + APART;
    }
    row + ROW
}
