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
    let far = one.means.iter().zip(&other.means).filter(|(one, other)| one.iter().zip(*other).any(|(a, b)| (a - b).abs() > FAR)).count();
    let part = far as f64 / one.means.len() as f64;
    ensure!(part <= MOST, "{name}: {:.1} % of its tiles are of another colour; it is in target/browser", part * 100.0);
    Ok(())
}

/// A picture's size, and the mean red, green and blue of each of its tiles.
struct Tiles {
    size: (usize, usize),
    means: Vec<[f64; 3]>,
}

impl Tiles {
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
fn a_picture_is_like_itself_and_unlike_one_of_other_colours() {
    let picture = |colour: u8| {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, 80, 80);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&[colour; 80 * 80 * 3]).unwrap();
        png
    };
    let (one, other) = (Tiles::of(&picture(10)).unwrap(), Tiles::of(&picture(200)).unwrap());
    assert_eq!((one.size, one.means, other.means[3]), ((80, 80), vec![[10.0; 3]; 4], [200.0; 3]));
}
