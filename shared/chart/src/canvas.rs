//! The elements of SVG, with presentation attributes only.

use crate::font::Font;
use crate::text::escape;
use std::fmt::{self, Display, Formatter};

/// Elements in the order in which they are painted.
#[derive(Default)]
pub struct Canvas {
    elements: String,
}

/// Which end of a text its x is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Left, top, width and height in units.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A coordinate. A tenth of a unit is less than a pixel of any picture.
pub struct Unit(pub f64);

impl Display for Unit {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        // Plus zero: no "-0".
        write!(formatter, "{}", (self.0 * 10.0).round() / 10.0 + 0.0)
    }
}

impl Canvas {
    pub fn into_elements(self) -> String {
        self.elements
    }

    /// A rectangle with round corners, in `fill`.
    pub fn rectangle(&mut self, area: Area, radius: f64, fill: &str) {
        let Area { x, y, width, height } = area;
        self.elements += &format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{}" fill="{fill}"/>"#,
            Unit(x),
            Unit(y),
            Unit(width),
            Unit(height),
            Unit(radius)
        );
    }

    /// A horizontal line.
    pub fn rule(&mut self, left: f64, right: f64, y: f64, width: f64, stroke: &str) {
        self.elements += &format!(
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{stroke}" stroke-width="{}"/>"#,
            Unit(left),
            Unit(y),
            Unit(right),
            Unit(y),
            Unit(width)
        );
    }

    pub fn polyline(&mut self, points: &[(f64, f64)], width: f64, stroke: &str) {
        self.elements += &format!(
            r#"<polyline points="{}" fill="none" stroke="{stroke}" stroke-width="{}" stroke-linejoin="round" stroke-linecap="round"/>"#,
            list(points),
            Unit(width)
        );
    }

    /// An area in a faint `fill`: what is behind it stays visible.
    pub fn shade(&mut self, points: &[(f64, f64)], fill: &str) {
        self.elements += &format!(r#"<polygon points="{}" fill="{fill}" fill-opacity="0.15"/>"#, list(points));
    }

    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        self.elements += &format!(r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"/>"#, Unit(x), Unit(y), Unit(radius));
    }

    /// A text whose baseline is at `y`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, font: Font, fill: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.elements += &format!(
            r#"<text x="{}" y="{}" text-anchor="{anchor}" font-size="{}" font-weight="{}" fill="{fill}">{}</text>"#,
            Unit(x),
            Unit(y),
            Unit(font.size),
            font.weight.number(),
            escape(text)
        );
    }
}

fn list(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{},{}", Unit(*x), Unit(*y))).collect::<Vec<_>>().join(" ")
}
