//! The bundled font: its bytes, and how wide texts are in it.

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider};

pub const REGULAR: &[u8] = include_bytes!("../font/Inter-Regular.ttf");
pub const SEMIBOLD: &[u8] = include_bytes!("../font/Inter-SemiBold.ttf");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Regular,
    SemiBold,
}

impl Weight {
    /// As the attribute `font-weight` has it.
    pub fn number(self) -> u16 {
        match self {
            Self::Regular => 400,
            Self::SemiBold => 600,
        }
    }
}

/// A weight in a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Font {
    /// Units of the picture. From 22 on: a phone shows 800 of them at about 360 points.
    pub size: f64,
    pub weight: Weight,
}

/// Height of a capital letter or digit, of the font's size.
const CAPITAL: f64 = 0.73;

impl Font {
    /// From a text's baseline up to the middle of its capitals and digits, in units.
    pub fn middle(self) -> f64 {
        self.size * CAPITAL / 2.0
    }

    /// In units. The font has no kerning, so this is what is drawn, or a little more: what joins with the character before takes no room.
    pub fn width(self, text: &str) -> f64 {
        text.chars().map(self.widths()).sum()
    }

    /// The text, or as much of its beginning as fits into `width` units together with an ellipsis.
    pub fn cut(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let of = self.widths();
        let room = width - of(ELLIPSIS);
        let mut used = 0.0;
        let fits = |char: &char| {
            used += of(*char);
            used <= room
        };
        let mut cut: String = text.chars().take_while(fits).collect();
        cut.truncate(cut.trim_end().len());
        cut.push(ELLIPSIS);
        cut
    }

    /// Widths of characters in units. A character that the font lacks is as wide as the box that stands for it.
    fn widths(self) -> impl Fn(char) -> f64 {
        let font = FontRef::new(match self.weight {
            Weight::Regular => REGULAR,
            Weight::SemiBold => SEMIBOLD,
        })
        .expect("the bundled font can be read");
        let (glyphs, metrics) = (font.charmap(), font.glyph_metrics(Size::unscaled(), LocationRef::default()));
        let scale = self.size / f64::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        move |char| {
            let glyph = glyphs.map(char).unwrap_or(GlyphId::NOTDEF);
            f64::from(metrics.advance_width(glyph).unwrap_or_default()) * scale
        }
    }
}

const ELLIPSIS: char = '…';

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FONT: Font = Font { size: 24.0, weight: Weight::Regular };

    #[test]
    fn english_russian_and_signs_are_in_both_weights() {
        let text = "AZaz09 ÄéßŁş АЯаяЁёІіЇїЄєҐґЎў .,:;!?«»„“”‘’–—…•→←↑↓×−≤≥≈№€₽%‰\u{a0}\u{2009}\u{202f}";
        for font in [REGULAR, SEMIBOLD] {
            let glyphs = FontRef::new(font).unwrap();
            let lacking: String = text.chars().filter(|char| glyphs.charmap().map(*char).is_none()).collect();
            assert_eq!(lacking, "");
        }
    }

    #[test]
    fn a_text_is_cut_at_its_end_and_only_if_it_must() {
        assert_eq!(FONT.cut("Спам", 100.0), "Спам");
        assert_eq!(FONT.cut("News about spam", FONT.width("News about …")), "News about…");
        assert_eq!(FONT.cut("News ab", FONT.width("News …")), "News…");
        assert_eq!(FONT.cut("", 0.0), "");
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in r"\PC{0,60}", width in 30.0..600.0) {
            prop_assert!(FONT.width(&FONT.cut(&text, width)) <= width);
        }

        #[test]
        fn a_character_of_any_script_has_a_width(char: char) {
            prop_assert!((0.0..=4.0 * FONT.size).contains(&FONT.width(&char.to_string())));
        }
    }
}
