//! One chart, or several below one another, as an SVG document.

use crate::axes::Axes;
use crate::canvas::{Anchor, Area, Canvas, Unit};
use crate::font::{Font, Weight};
use crate::legend::{self, Entry};
use crate::model::{Chart, Kind};
use crate::text::escape;
use crate::{columns, line, ranking};
use std::slice;

/// Of every picture, in units.
const WIDTH: f64 = 800.0;
/// Between the picture's sides and what is drawn.
pub const LEFT: f64 = 32.0;
pub const RIGHT: f64 = WIDTH - LEFT;

const TITLE: Font = Font { size: 36.0, weight: Weight::SemiBold };
const EMPTY: Font = Font { size: 28.0, weight: Weight::Regular };
/// Above and below a chart.
const MARGIN: f64 = 32.0;
/// From a title's top to what is below it.
const BELOW_TITLE: f64 = 56.0;
/// From a legend to the plot: half of the topmost number is in it.
const BELOW_LEGEND: f64 = 24.0;
/// Height of what stands in place of a chart without values.
const PLACEHOLDER: f64 = 140.0;

/// A chart as an SVG document, 800 units wide; its height depends on the kind.
pub fn svg(chart: &Chart) -> String {
    stack(slice::from_ref(chart))
}

/// Charts below one another in one SVG document, 800 units wide.
pub fn stack(charts: &[Chart]) -> String {
    let charts: Vec<_> = charts.iter().map(Chart::cleaned).collect();
    let mut height = 0.0;
    let mut elements = String::new();
    for chart in &charts {
        let top = height;
        let mut canvas = Canvas::default();
        height = draw(&mut canvas, chart, top) + MARGIN;
        let mut behind = Canvas::default();
        behind.rectangle(Area { x: 0.0, y: top, width: WIDTH, height: height - top }, 0.0, chart.theme.background());
        if top > 0.0 {
            behind.rule(LEFT, RIGHT, top, 2.0, chart.theme.grid());
        }
        elements += &behind.into_elements();
        elements += &canvas.into_elements();
    }
    let height = Unit(height.max(MARGIN));
    let title = escape(&charts.iter().map(|chart| &*chart.title).collect::<Vec<_>>().join("; "));
    let description = escape(&charts.iter().map(Chart::description).collect::<Vec<_>>().join(". "));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}\" font-family=\"Inter, system-ui, sans-serif\"><title>{title}</title><desc>{description}</desc>{elements}</svg>"
    )
}

/// Draws a chart below `top`. Gives back where it ends.
fn draw(canvas: &mut Canvas, chart: &Chart, top: f64) -> f64 {
    let theme = chart.theme;
    let top = top + MARGIN;
    canvas.text((LEFT, top + TITLE.size * 0.8), Anchor::Start, TITLE, theme.ink(), &TITLE.cut(&chart.title, RIGHT - LEFT));
    let top = top + BELOW_TITLE;
    if chart.is_empty() {
        let middle = (WIDTH / 2.0, top + PLACEHOLDER / 2.0);
        canvas.text(middle, Anchor::Middle, EMPTY, theme.muted(), &EMPTY.cut(&chart.empty, RIGHT - LEFT));
        return top + PLACEHOLDER;
    }
    let slots = chart.slots();
    match &chart.kind {
        Kind::Bars(series) => {
            let entries: Vec<_> = series.iter().map(|one| Entry { name: &one.name, colour: one.colour, number: one.total() }).collect();
            let plot = legend::draw(canvas, theme, top, &entries) + BELOW_LEGEND;
            let axes = Axes::draw(canvas, theme, plot, columns::highest(series, slots), &chart.labels, slots);
            columns::draw(canvas, theme, &axes, series, slots);
            axes.end()
        }
        Kind::Line(series) => {
            let entries: Vec<_> = series.iter().map(|one| Entry { name: &one.name, colour: one.colour, number: one.last() }).collect();
            let plot = legend::draw(canvas, theme, top, &entries) + BELOW_LEGEND;
            let axes = Axes::draw(canvas, theme, plot, line::highest(series), &chart.labels, slots);
            line::draw(canvas, theme, &axes, series);
            axes.end()
        }
        Kind::Ranking(rows) => ranking::draw(canvas, theme, top, rows),
    }
}

#[cfg(test)]
mod tests;
