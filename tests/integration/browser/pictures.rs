//! Screenshots compared with those beside this file. `BANSYNC_RECORD=1` records them anew; look at them before they are committed.

use super::ROOT;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::Cursor;
use std::path::Path;

/// Pixels of a tile's side. Fonts differ between machines, and so do dates and ids between runs: what is compared is the mean colour of tiles.
const TILE: usize = 40;

/// By how much of 255 the mean of a tile may differ.
const FAR: f64 = 24.0;

/// The part of all tiles that may differ by more.
const MOST: f64 = 0.06;

/// Is a screenshot like the one that was committed?
pub fn assert_alike(name: &str, png: &[u8]) -> Result<()> {
    let reference = Path::new(ROOT).join("tests/integration/browser").join(format!("{name}.png"));
    if std::env::var_os("BANSYNC_RECORD").is_some() {
        fs::write(&reference, png)?;
        return Ok(());
    }
    let reference = fs::read(&reference).with_context(|| format!("{} is not there", reference.display()))?;
    let (one, other) = (Tiles::of(png)?, Tiles::of(&reference)?);
    ensure!(one.size == other.size, "{name} is {:?} and was {:?}", one.size, other.size);
    let part = one.unlike(&other);
    ensure!(part <= MOST, "{name}: {:.1} % of its tiles are of another colour; it is in target/browser", part * 100.0);
    Ok(())
}

/// A picture's size, and the mean red, green and blue of each of its tiles.
struct Tiles {
    size: (usize, usize),
    means: Vec<[f64; 3]>,
}

impl Tiles {
    /// The part of the tiles that differ from another's by more than [`FAR`].
    fn unlike(&self, other: &Self) -> f64 {
        let tiles = self.means.iter().zip(&other.means);
        let far = tiles.filter(|(one, other)| one.iter().zip(*other).any(|(a, b)| (a - b).abs() > FAR)).count();
        far as f64 / self.means.len() as f64
    }

    fn of(png: &[u8]) -> Result<Self> {
        let mut reader = png::Decoder::new(Cursor::new(png)).read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().context("a size that memory can hold")?];
        let info = reader.next_frame(&mut pixels)?;
        let (width, height, samples) = (info.width as usize, info.height as usize, info.color_type.samples());
        let mut means = Vec::new();
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                let mut sums = [0.0; 4];
                for y in top..(top + TILE).min(height) {
                    for x in left..(left + TILE).min(width) {
                        let at = (y * width + x) * samples;
                        (0..3).for_each(|colour| sums[colour] += f64::from(pixels[at + colour]));
                        sums[3] += 1.0;
                    }
                }
                means.push([sums[0] / sums[3], sums[1] / sums[3], sums[2] / sums[3]]);
            }
        }
        Ok(Self { size: (width, height), means })
    }
}

#[test]
fn a_picture_is_like_itself_and_unlike_one_where_a_button_is_of_another_colour() {
    // A button is two tiles of the hundred.
    let picture = |button: u8| {
        let mut pixels = vec![200; 400 * 400 * 3];
        (0..TILE).for_each(|y| pixels[y * 400 * 3..y * 400 * 3 + 2 * TILE * 3].fill(button));
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, 400, 400);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        Tiles::of(&png).unwrap()
    };
    let one = picture(200);
    assert_eq!((one.size, one.means.len(), one.means[99]), ((400, 400), 100, [200.0; 3]));
    assert_eq!((one.unlike(&picture(200)), one.unlike(&picture(190)), one.unlike(&picture(20))), (0.0, 0.0, 0.02));
}
