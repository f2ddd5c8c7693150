//! Charts of statistics: SVG of our own, and PNG made of that SVG.
//!
//! Reads no file, no environment, no clock; the same chart gives the same text.
//! An SVG has presentation attributes only: no `style`, no script, no reference, so it can stand inline in a page under a strict
//! Content-Security-Policy.
//!
//! # Layout
//! - `model`: what a chart shows
//! - `colour`: the colours of both themes
//! - `picture`: one chart, or several below one another, as an SVG document
//! - `pixels`: that document as PNG
//! - `columns`, `line`, `ranking`: the kinds of charts; `axes` and `legend` around them
//! - `font`, `text`, `number`: widths of texts in the bundled font, what a text may contain, numbers as text
//! - `canvas`: the elements of SVG

mod axes;
mod canvas;
mod colour;
mod columns;
mod font;
mod legend;
mod line;
mod model;
mod number;
mod picture;
mod pixels;
mod ranking;
mod text;

pub use colour::{Colour, Theme};
pub use model::{Chart, Kind, Series};
pub use picture::{stack, svg};
pub use pixels::{Error, png};
