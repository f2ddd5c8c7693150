//! The axes of a plot: round numbers upwards, labels along the bottom.

use crate::canvas::{Anchor, Canvas};
use crate::colour::Theme;
use crate::font::{Font, Weight};
use crate::number::{number, ticks};
use crate::picture::{LEFT, RIGHT};

const HEIGHT: f64 = 300.0;
const FONT: Font = Font { size: 24.0, weight: Weight::Regular };
/// From an axis to its labels.
const DISTANCE: f64 = 14.0;
/// The least room between two labels of the x axis.
const GAP: f64 = 18.0;
/// How wide a label of the x axis may be where its slot is narrower: about a date with its year.
const LABEL: f64 = 160.0;

/// Where values are drawn. The x axis has slots of equal width, one for each label.
pub struct Axes {
    pub left: f64,
    pub top: f64,
    pub bottom: f64,
    /// Width of a slot.
    pub slot: f64,
    /// The value at the top.
    highest: f64,
}

/// A label's place on the x axis.
#[derive(Clone, Debug, PartialEq)]
struct Label {
    text: String,
    left: f64,
    width: f64,
}

impl Axes {
    /// Draws both axes below `top` and the labels below them.
    pub fn draw(canvas: &mut Canvas, theme: Theme, top: f64, highest: u64, labels: &[String], slots: usize) -> Self {
        let ticks = ticks(highest);
        let numbers: Vec<_> = ticks.iter().map(|tick| number(*tick)).collect();
        let left = LEFT + numbers.iter().map(|number| FONT.width(number)).fold(0.0, f64::max) + DISTANCE;
        let axes = Self {
            left,
            top,
            bottom: top + HEIGHT,
            slot: (RIGHT - left) / slots.max(1) as f64,
            highest: ticks.last().map_or(1.0, |tick| *tick as f64),
        };
        for (tick, number) in ticks.iter().zip(&numbers) {
            let y = axes.bottom - axes.height(*tick as f64);
            let stroke = if *tick == 0 { theme.muted() } else { theme.grid() };
            canvas.rule(left, RIGHT, y, 2.0, stroke);
            canvas.text((left - DISTANCE, y + FONT.middle()), Anchor::End, FONT, theme.muted(), number);
        }
        let baseline = axes.bottom + DISTANCE + FONT.size;
        for label in axes.thinned(labels) {
            canvas.text((label.left + label.width / 2.0, baseline), Anchor::Middle, FONT, theme.muted(), &label.text);
        }
        axes
    }

    /// Where the labels end.
    pub fn end(&self) -> f64 {
        self.bottom + DISTANCE + FONT.size * 1.25
    }

    /// A value's height above the x axis, in units.
    pub fn height(&self, value: f64) -> f64 {
        value / self.highest * HEIGHT
    }

    /// The middle of a slot.
    pub fn middle(&self, index: usize) -> f64 {
        self.left + (index as f64 + 0.5) * self.slot
    }

    /// The last label and each n-th before it, with the least n that leaves room between them.
    fn thinned(&self, labels: &[String]) -> Vec<Label> {
        let places: Vec<_> = labels.iter().enumerate().map(|(index, label)| self.place(index, label)).collect();
        let every = |n: usize| places.iter().rev().step_by(n).filter(|label| !label.text.is_empty());
        let has_room = |n: &usize| every(*n).zip(every(*n).skip(1)).all(|(right, left)| left.left + left.width + GAP <= right.left);
        let n = (1..=labels.len()).find(has_room).unwrap_or(1);
        every(n).cloned().collect()
    }

    /// Below the middle of its slot, but not outside of the margins.
    fn place(&self, index: usize, label: &str) -> Label {
        let text = FONT.cut(label, LABEL.max(self.slot - GAP));
        let width = FONT.width(&text);
        Label { text, left: (self.middle(index) - width / 2.0).min(RIGHT - width).max(LEFT), width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thinned(labels: &[String]) -> Vec<Label> {
        Axes::draw(&mut Canvas::default(), Theme::Light, 0.0, 10, labels, labels.len()).thinned(labels)
    }

    fn days(count: usize) -> Vec<String> {
        (1..=count).map(|day| format!("{day} Nov")).collect()
    }

    #[test]
    fn each_day_of_a_week_is_named_and_each_sixth_of_a_month() {
        let texts = |labels: &[String]| thinned(labels).into_iter().rev().map(|label| label.text).collect::<Vec<_>>();
        assert_eq!(texts(&days(7)), days(7));
        assert_eq!(texts(&days(30)), ["6 Nov", "12 Nov", "18 Nov", "24 Nov", "30 Nov"]);
    }

    proptest! {
        #[test]
        fn labels_stay_apart_and_inside_and_the_last_is_written(labels in prop::collection::vec(r"\PC{1,40}", 1..120)) {
            let thinned = thinned(&labels);
            prop_assert!(!thinned.is_empty());
            for (right, left) in thinned.iter().zip(thinned.iter().skip(1)) {
                prop_assert!(left.left + left.width + GAP <= right.left);
            }
            for label in thinned {
                prop_assert!(label.left >= LEFT && label.left + label.width <= RIGHT + 0.001, "{label:?}");
            }
        }
    }
}
