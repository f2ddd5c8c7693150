//! Pictures compared with those in `references/`. `BANSYNC_RECORD=1` records them anew; look at them before they are committed.

mod samples;

use chart::{Chart, Colour, Kind, Series, Theme, png, stack};
use samples::{ENGLISH, Texts, overview};
use std::fs;
use std::io::Cursor;
use std::path::Path;

const RUSSIAN: Texts = Texts {
    titles: ["Баны за последние 30 дней", "Результаты синхронизации", "Главные источники"],
    month: "нояб.",
    bans: "Забанено",
    results: ["Применено", "Уже в бане", "Пропущено", "Ошибки"],
    sources: ["Объявления", "Чат жильцов дома по улице Ёлочной, подъезды 1–4", "№1 «Барахолка»", "Съёмка 🎥", "@chat"],
    empty: "За это время данных нет",
};

#[test]
fn pictures_are_as_they_were() {
    let line = |name: &str, colour, from: u64, by: u64| Series {
        name: name.to_owned(),
        values: (0..7).map(|day| from + day * day % 5 * by).collect(),
        colour,
    };
    let week: Vec<_> = (21..28).map(|day| format!("{day} Nov")).collect();
    let lines = |theme| {
        let chart =
            |title: &str, kind| Chart { title: title.to_owned(), labels: week.clone(), kind, theme, empty: "No data yet".to_owned() };
        [
            chart("Subscribers", Kind::Line(vec![line("Subscribers", Colour::Green, 1_200, 90)])),
            chart(
                "Waiting, by chat",
                Kind::Line(vec![
                    line("Kitchen", Colour::Blue, 3, 2),
                    line("Garden", Colour::Orange, 8, 1),
                    line("Office", Colour::Red, 1, 4),
                    line("Street", Colour::Green, 14, 1),
                    line("Yard", Colour::Grey, 6, 3),
                ]),
            ),
            chart("Appeals", Kind::Ranking(Vec::new())),
        ]
    };
    for (name, charts) in [
        ("light", &overview(Theme::Light, &ENGLISH)[..]),
        ("dark", &overview(Theme::Dark, &ENGLISH)),
        ("russian", &overview(Theme::Light, &RUSSIAN)),
        ("lines", &lines(Theme::Light)),
        ("lines-dark", &lines(Theme::Dark)),
    ] {
        let drawn = png(&stack(charts), 800).unwrap();
        let file = format!("{name}.png");
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("references").join(&file);
        // For a look at what differs.
        fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(&file), &drawn).unwrap();
        if std::env::var_os("BANSYNC_RECORD").is_some() {
            fs::write(&reference, &drawn).unwrap();
        }
        let reference = fs::read(&reference).unwrap_or_else(|error| panic!("{}: {error}", reference.display()));
        assert_alike(name, &drawn, &reference);
    }
}

/// Another processor may round the edges of shapes otherwise; a text or bar in another place is more than that.
fn assert_alike(name: &str, drawn: &[u8], reference: &[u8]) {
    let ((size, drawn), (reference_size, reference)) = (decoded(drawn), decoded(reference));
    assert_eq!(size, reference_size, "{name}");
    let differences = || drawn.iter().zip(&reference).map(|(one, other)| one.abs_diff(*other));
    let mean = differences().map(f64::from).sum::<f64>() / drawn.len() as f64;
    let far = differences().filter(|difference| *difference > 32).count() as f64 / drawn.len() as f64;
    assert!(mean < 0.05 && far < 0.0001, "{name}: {mean} of 255 in the mean, {far} of all channels by more than 32");
}

fn decoded(png: &[u8]) -> ((u32, u32), Vec<u8>) {
    let mut reader = ::png::Decoder::new(Cursor::new(png)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size that memory can hold")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    ((info.width, info.height), pixels)
}
