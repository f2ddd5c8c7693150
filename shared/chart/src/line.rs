//! Lines through the middles of slots.

use crate::axes::Axes;
use crate::canvas::Canvas;
use crate::colour::Theme;
use crate::model::Series;

const WIDTH: f64 = 5.0;
const DOT: f64 = 8.0;

pub fn highest(series: &[Series]) -> u64 {
    series.iter().flat_map(|one| one.values.iter().copied()).max().unwrap_or_default()
}

pub fn draw(canvas: &mut Canvas, theme: Theme, axes: &Axes, series: &[Series]) {
    for one in series {
        let points: Vec<_> =
            one.values.iter().enumerate().map(|(slot, value)| (axes.middle(slot), axes.bottom - axes.height(*value as f64))).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        let colour = one.colour.on(theme);
        // Below several lines it would mix their colours.
        if series.len() == 1 {
            canvas.shade(&[&points[..], &[(last.0, axes.bottom), (first.0, axes.bottom)]].concat(), colour);
        }
        canvas.polyline(&points, WIDTH, colour);
        // The value in the legend; and all there is of a line with one point.
        canvas.dot(*last, DOT, colour);
    }
}
