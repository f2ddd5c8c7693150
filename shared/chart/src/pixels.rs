//! An SVG document as pixels.

use crate::font::{REGULAR, SEMIBOLD};
use png::{BitDepth, ColorType, Encoder, EncodingError};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{self, ImageHrefResolver, Options, Tree};
use std::io::Write;
use std::sync::{Arc, LazyLock};

/// The most pixels of a picture: it takes four bytes for each while it is drawn, and a Lambda has little memory.
const MOST_PIXELS: u64 = 6_000_000;

/// The two weights of the bundled font and no other: a machine's fonts would change the pictures.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for font in [REGULAR, SEMIBOLD] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    Arc::new(fonts)
});

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the SVG cannot be read")]
    Svg(#[from] usvg::Error),
    #[error("a picture of {width} × {height} pixels cannot be drawn: 1 to {MOST_PIXELS} in all are possible")]
    Size { width: u32, height: u32 },
    #[error("the PNG cannot be written")]
    Png(#[from] EncodingError),
}

/// Draws an SVG of this crate `width_px` pixels wide, in its own proportions, on an opaque ground. A character that the bundled font lacks is a box.
///
/// References to files and other documents are not followed.
///
/// # Errors
/// The SVG cannot be read, or the picture has no pixel or more than six million.
pub fn png(svg: &str, width_px: u32) -> Result<Vec<u8>, Error> {
    let tree = read(svg)?;
    let scale = width_px as f32 / tree.size().width();
    let height = (tree.size().height() * scale).round() as u32;
    let size = Error::Size { width: width_px, height };
    if u64::from(width_px) * u64::from(height) > MOST_PIXELS {
        return Err(size);
    }
    let mut pixels = Pixmap::new(width_px, height).ok_or(size)?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(encoded(&pixels)?)
}

fn read(svg: &str) -> Result<Tree, usvg::Error> {
    let options = Options {
        fontdb: Arc::clone(&FONTS),
        image_href_resolver: ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) },
        ..Options::default()
    };
    Tree::from_str(svg, &options)
}

/// Row by row and without the alpha channel: `Pixmap::encode_png` would copy the whole picture first.
fn encoded(pixels: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut header = encoder.write_header()?;
    let mut rows = header.stream_writer()?;
    for row in pixels.data().chunks(pixels.width() as usize * 4) {
        let row: Vec<u8> = row.chunks(4).flat_map(|pixel| &pixel[..3]).copied().collect();
        rows.write_all(&row)?;
    }
    rows.finish()?;
    header.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Anchor, Canvas};
    use crate::font::{Font, Weight};
    use crate::text::clean;
    use crate::{Chart, Colour, Kind, Series, Theme, svg};
    use proptest::prelude::*;
    use resvg::usvg::Node;

    fn decoded(png: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    fn chart(title: &str) -> Chart {
        Chart {
            title: title.to_owned(),
            labels: vec!["24 Nov".to_owned(), "25 Nov".to_owned()],
            kind: Kind::Bars(vec![Series { name: title.to_owned(), values: vec![1, 2], colour: Colour::Blue }]),
            theme: Theme::Dark,
            empty: "No data".to_owned(),
        }
    }

    #[test]
    fn a_picture_is_as_wide_as_asked_and_in_the_charts_colours() {
        let png = png(&svg(&chart("Bans")), 400).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        let (width, height, pixels) = decoded(&png);
        assert_eq!((width, height), (400, 264));
        let pixel = |colour: &str| [1, 3, 5].map(|at| u8::from_str_radix(&colour[at..at + 2], 16).unwrap());
        assert_eq!(pixels[..3], pixel(Theme::Dark.background()));
        for colour in [Colour::Blue.on(Theme::Dark), Theme::Dark.ink()] {
            assert!(pixels.chunks(3).any(|found| found == pixel(colour)), "{colour}");
        }
    }

    #[test]
    fn characters_that_the_font_lacks_are_drawn_as_boxes() {
        let of = |title: &str| png(&svg(&chart(title)), 200).unwrap();
        let nothing = of("");
        for title in ["禁止", "🔥👩\u{200d}🚀🏳\u{fe0f}\u{200d}🌈", "שלום", "مرحبا", "e\u{301}\u{302}\u{303}", "\u{e000}\u{10ffff}"]
        {
            assert_ne!(of(title), nothing, "{title}");
        }
    }

    #[test]
    fn a_picture_without_pixels_or_with_too_many_is_refused() {
        let svg = svg(&chart("Bans"));
        for width in [0, 100_000, u32::MAX] {
            assert!(matches!(png(&svg, width), Err(Error::Size { .. })), "{width}");
        }
        assert!(matches!(png("<svg", 100), Err(Error::Svg(_))));
    }

    #[test]
    fn files_are_not_read() {
        let image = |href: &str| {
            let svg = format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9"><image width="9" height="9" xlink:href="{href}"/></svg>"#
            );
            decoded(&png(&svg, 9).unwrap()).2
        };
        let file = std::env::temp_dir().join(format!("chart-{}.svg", std::process::id()));
        std::fs::write(&file, r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>"#)
            .unwrap();
        let pixels = image(file.to_str().unwrap());
        std::fs::remove_file(file).unwrap();
        assert!(pixels.iter().all(|channel| *channel == 255));
    }

    proptest! {
        #[test]
        fn no_text_is_drawn_wider_than_it_is_measured(text in r"[ -~А-яЁё–…№]{1,40}|\PC{1,40}", is_bold: bool) {
            let text = clean(&text);
            let font = Font { size: 26.0, weight: if is_bold { Weight::SemiBold } else { Weight::Regular } };
            let mut canvas = Canvas::default();
            canvas.text((0.0, 100.0), Anchor::Start, font, "#000000", &text);
            let elements = canvas.into_elements();
            let tree = read(&format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="999" height="200" font-family="Inter">{elements}</svg>"#)).unwrap();
            for node in tree.root().children() {
                let Node::Text(drawn) = node else { continue };
                prop_assert!(f64::from(drawn.bounding_box().width()) <= font.width(&text) + 0.1, "{:?}", text);
            }
        }
    }
}
