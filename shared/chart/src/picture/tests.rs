use super::*;
use crate::colour::{Colour, Theme};
use crate::model::Series;
use proptest::prelude::*;
use roxmltree::{Document, Node};

/// Texts as strangers write them: any character, markup, scripts that the font lacks.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"[<>&"' a-zА-я\n]{0,40}"#,
        prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
        Just("<script>alert(1)</script>".to_owned()),
        Just("]]>\u{202e}👩\u{200d}🚀 Ёж\0".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..20, any::<u64>(), Just(u64::MAX)]
}

fn series() -> impl Strategy<Value = Vec<Series>> {
    let colour = prop::sample::select(vec![Colour::Blue, Colour::Green, Colour::Orange, Colour::Red, Colour::Grey]);
    let one = (text(), prop::collection::vec(value(), 0..40), colour);
    prop::collection::vec(one.prop_map(|(name, values, colour)| Series { name, values, colour }), 0..6)
}

fn chart() -> impl Strategy<Value = Chart> {
    let kind = prop_oneof![
        series().prop_map(Kind::Bars),
        series().prop_map(Kind::Line),
        prop::collection::vec((text(), value()), 0..12).prop_map(Kind::Ranking),
    ];
    let theme = prop_oneof![Just(Theme::Light), Just(Theme::Dark)];
    (text(), prop::collection::vec(text(), 0..40), kind, theme, text()).prop_map(|(title, labels, kind, theme, empty)| Chart {
        title,
        labels,
        kind,
        theme,
        empty,
    })
}

fn attribute(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// A text's left, right, top and bottom, by the widths of the bundled font.
fn place(node: Node<'_, '_>) -> [f64; 4] {
    let weight = if node.attribute("font-weight") == Some("600") { Weight::SemiBold } else { Weight::Regular };
    let font = Font { size: attribute(node, "font-size"), weight };
    let (x, y, width) = (attribute(node, "x"), attribute(node, "y"), font.width(node.text().unwrap_or_default()));
    let left = match node.attribute("text-anchor").unwrap() {
        "start" => x,
        "middle" => x - width / 2.0,
        _ => x - width,
    };
    [left, left + width, y - font.size * 0.75, y + font.size * 0.25]
}

const SVG: &str = "http://www.w3.org/2000/svg";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_charts_are_well_formed_xml_of_a_few_harmless_elements(charts in prop::collection::vec(chart(), 0..4)) {
        let svg = stack(&charts);
        let document = Document::parse(&svg).unwrap();
        for node in document.descendants().filter(Node::is_element) {
            prop_assert_eq!(node.tag_name().namespace(), Some(SVG));
            let name = node.tag_name().name();
            prop_assert!(["svg", "title", "desc", "rect", "line", "polyline", "polygon", "circle", "text"].contains(&name), "{}", name);
            for attribute in node.attributes() {
                let name = attribute.name();
                prop_assert!(!name.starts_with("on") && !["style", "class", "id", "href"].contains(&name), "{}", name);
                prop_assert!(name == "aria-label" || !attribute.value().contains("NaN") && !attribute.value().contains("inf"), "{:?}", attribute);
            }
        }
        prop_assert_eq!(&svg, &stack(&charts));
    }

    #[test]
    fn texts_do_not_overlap_or_leave_the_picture(charts in prop::collection::vec(chart(), 1..4)) {
        let svg = stack(&charts);
        let document = Document::parse(&svg).unwrap();
        let height = attribute(document.root_element(), "height");
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        let places: Vec<_> = texts.filter(|node| node.text().is_some()).map(|node| (place(node), node.text())).collect();
        for (index, ([left, right, top, bottom], text)) in places.iter().enumerate() {
            // Coordinates are rounded to a tenth.
            prop_assert!(*left >= LEFT - 0.2 && *right <= RIGHT + 0.2 && *top >= 0.0 && *bottom <= height, "{:?}", text);
            for ([other_left, other_right, other_top, other_bottom], other) in &places[..index] {
                let is_apart = left >= other_right || right <= other_left || top >= other_bottom || bottom <= other_top;
                prop_assert!(is_apart, "{:?} {:?}", text, other);
            }
        }
    }

    #[test]
    fn bars_and_lines_stay_inside_the_picture(chart in chart()) {
        let svg = svg(&chart);
        let document = Document::parse(&svg).unwrap();
        let height = attribute(document.root_element(), "height");
        for node in document.descendants().filter(|node| node.has_tag_name("rect")) {
            let [x, y, width, tall] = ["x", "y", "width", "height"].map(|name| attribute(node, name));
            prop_assert!(x >= 0.0 && x + width <= WIDTH + 0.2 && y >= 0.0 && y + tall <= height + 0.2 && width >= 0.0 && tall >= 0.0);
        }
        for node in document.descendants().filter(|node| node.has_tag_name("circle")) {
            let [x, y, radius] = ["cx", "cy", "r"].map(|name| attribute(node, name));
            prop_assert!(x >= radius && x + radius <= WIDTH && y >= radius && y + radius <= height);
        }
    }
}

fn ranking(rows: &[(&str, u64)]) -> Chart {
    Chart {
        title: "Sources".to_owned(),
        labels: Vec::new(),
        kind: Kind::Ranking(rows.iter().map(|(label, value)| ((*label).to_owned(), *value)).collect()),
        theme: Theme::Light,
        empty: "Nothing yet".to_owned(),
    }
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    document.descendants().filter(|node| node.has_tag_name("text")).map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_text_is_drawn_as_it_is_written_and_cut_where_it_has_no_room() {
    let long = "A".repeat(100);
    let texts = texts(&svg(&ranking(&[("<b>Cats & \"dogs\"</b>", 12_345), (&long, 1)])));
    assert_eq!(texts[..4], ["Sources", "<b>Cats & \"dogs\"</b>", "12\u{202f}345", &texts[3]]);
    assert!(texts[3].starts_with("AAA") && texts[3].ends_with("A…"));
}

#[test]
fn a_chart_without_values_says_so() {
    for rows in [&[][..], &[("Cats", 0)]] {
        assert_eq!(texts(&svg(&ranking(rows))), ["Sources", "Nothing yet"]);
    }
}

#[test]
fn a_screen_reader_hears_titles_and_numbers() {
    let bans = Series { name: "Banned".to_owned(), values: vec![1_000, 34], colour: Colour::Blue };
    let labels = ["24 Nov", "25 Nov"].map(str::to_owned).to_vec();
    let bars = Chart { title: "Bans".to_owned(), labels, kind: Kind::Bars(vec![bans]), ..ranking(&[]) };
    let svg = stack(&[bars, ranking(&[("Cats", 7), ("Dogs", 5)])]);
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!((root.attribute("role"), root.attribute("aria-label")), (Some("img"), Some("Bans; Sources")));
    let text = |name: &str| root.children().find(|node| node.has_tag_name(name)).unwrap().text();
    assert_eq!(text("title"), Some("Bans; Sources"));
    assert_eq!(text("desc"), Some("Bans (24 Nov – 25 Nov): Banned 1\u{202f}034. Sources: Cats 7, Dogs 5"));
}

#[test]
fn the_legend_has_totals_of_bars_and_the_last_values_of_lines() {
    let series = || vec![Series { name: "Bans".to_owned(), values: vec![3, 4], colour: Colour::Blue }];
    for (kind, number) in [(Kind::Bars(series()), "7"), (Kind::Line(series()), "4")] {
        assert_eq!(texts(&svg(&Chart { kind, ..ranking(&[]) }))[1..3], ["Bans", number]);
    }
}
