//! The colours of both themes.

/// The background a picture is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

/// Colours of series. Each has a contrast of at least 3:1 to the background (WCAG 2.2, 1.4.11), and each two of them stay apart for
/// readers with protanopia, deuteranopia or tritanopia.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Blue,
    Green,
    Orange,
    Red,
    Grey,
}

impl Colour {
    /// As `#rrggbb`.
    pub(crate) fn on(self, theme: Theme) -> &'static str {
        match (theme, self) {
            (Theme::Light, Self::Blue) => "#2c44c8",
            (Theme::Light, Self::Green) => "#12a068",
            (Theme::Light, Self::Orange) => "#f4600f",
            (Theme::Light, Self::Red) => "#991a59",
            (Theme::Light, Self::Grey) => "#8784ac",
            (Theme::Dark, Self::Blue) => "#5088f3",
            (Theme::Dark, Self::Green) => "#38dda3",
            (Theme::Dark, Self::Orange) => "#ffad2e",
            (Theme::Dark, Self::Red) => "#d84088",
            (Theme::Dark, Self::Grey) => "#a89ec4",
        }
    }
}

impl Theme {
    /// The dark one is that of Telegram's night mode.
    pub(crate) fn background(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#17212b",
        }
    }

    /// Titles, names, totals.
    pub(crate) fn ink(self) -> &'static str {
        match self {
            Self::Light => "#18222d",
            Self::Dark => "#f2f5f8",
        }
    }

    /// Labels of the axes.
    pub(crate) fn muted(self) -> &'static str {
        match self {
            Self::Light => "#5a6878",
            Self::Dark => "#a7b4c2",
        }
    }

    /// Lines behind the values. Faint: nothing is read from them alone.
    pub(crate) fn grid(self) -> &'static str {
        match self {
            Self::Light => "#dde3e9",
            Self::Dark => "#2f3d4b",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOURS: [Colour; 5] = [Colour::Blue, Colour::Green, Colour::Orange, Colour::Red, Colour::Grey];

    /// Linear RGB.
    fn linear(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let channel = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn multiplied(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(vector).map(|(factor, value)| factor * value).sum())
    }

    /// WCAG 2.2, "contrast ratio".
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour| multiplied([[0.2126, 0.7152, 0.0722], [0.0; 3], [0.0; 3]], linear(colour))[0] + 0.05;
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    /// Ottosson, "A perceptual color space for image processing" (2020).
    fn oklab(rgb: [f64; 3]) -> [f64; 3] {
        let cones = multiplied(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ],
            rgb,
        );
        multiplied(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ],
            cones.map(|cone| cone.max(0.0).cbrt()),
        )
    }

    /// Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
    const VISION: [(&str, [[f64; 3]; 3]); 4] = [
        ("trichromacy", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        ("protanopia", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
        ("deuteranopia", [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
        ("tritanopia", [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
    ];

    #[test]
    fn series_stand_out_from_the_background_at_3_to_1_and_texts_at_4_5_to_1() {
        for theme in [Theme::Light, Theme::Dark] {
            for colour in COLOURS {
                let ratio = contrast(colour.on(theme), theme.background());
                assert!(ratio >= 3.0, "{colour:?} on {theme:?}: {ratio}");
            }
            assert!(contrast(theme.ink(), theme.background()) >= 4.5 && contrast(theme.muted(), theme.background()) >= 4.5);
        }
    }

    #[test]
    fn each_two_colours_can_be_told_apart_without_one_kind_of_cone() {
        for theme in [Theme::Light, Theme::Dark] {
            for (vision, matrix) in VISION {
                let seen = COLOURS.map(|colour| oklab(multiplied(matrix, linear(colour.on(theme))).map(|channel| channel.clamp(0.0, 1.0))));
                for (one, other) in (0..5).flat_map(|one| (0..one).map(move |other| (one, other))) {
                    let distance = seen[one].iter().zip(seen[other]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    // About 0.02 is the least difference that is seen at all.
                    assert!(distance > 0.09, "{:?}, {:?}, {vision}, {theme:?}: {distance}", COLOURS[one], COLOURS[other]);
                }
            }
        }
    }
}
