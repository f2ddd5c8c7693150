//! Telegram HTML: what is seen of it, and a long text in pieces that can be sent.

/// The longest message, in UTF-16 units of what is seen (Bot API: 4096 characters after entities parsing).
pub const LONGEST: usize = 4096;

/// The most pieces of one message that are formatted; of more, Telegram loses the formatting (Bot API: 100 entities).
const MOST_ENTITIES: usize = 100;

/// Lines that are seen of a long answer before the rest of it is folded.
const UNFOLDED: usize = 6;

/// Lines of HTML as one text: what is beyond the sixth line goes into a block quotation that is folded until somebody opens it
/// (`<blockquote expandable>`, Bot API "HTML style"). An element may have several lines, and is not parted; none may have a block quotation
/// itself, since they cannot be nested (Bot API "Formatting options").
pub fn fold<L: AsRef<str>>(lines: &[L]) -> String {
    let mut seen = 0;
    let open = lines.iter().take_while(|line| {
        let first = seen == 0;
        seen += line.as_ref().split('\n').count();
        first || seen <= UNFOLDED
    });
    let (open, folded) = lines.split_at(open.count());
    let joined = |lines: &[L]| lines.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("\n");
    match folded {
        [] => joined(open),
        _ => format!("{}\n<blockquote expandable>{}</blockquote>", joined(open), joined(folded).trim_start_matches('\n')),
    }
}

/// `html` without its markup, for an answer that says the markup is wrong.
pub fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for char in html.chars() {
        match char {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            _ => text.push(char),
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// How long it is for Telegram, in UTF-16 units.
pub fn length(html: &str) -> usize {
    plain_text(html).encode_utf16().count()
}

/// Tags that a text from outside may have (Bot API "HTML style"). No quotation: the folded lines of a message are one, and it cannot be nested.
const TAGS: [&str; 12] = ["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "code", "a"];

/// Is it HTML that Telegram reads, with each tag closed on its line? A message may be folded after any line.
///
/// # Errors
/// What is wrong.
pub fn check(html: &str) -> Result<(), String> {
    html.lines().try_for_each(check_line)
}

fn check_line(line: &str) -> Result<(), String> {
    let mut open = Vec::new();
    for token in tokens(line) {
        let text = token.text;
        match text.strip_prefix("</") {
            _ if !token.is_tag() && text == "&" => return Err("an `&` begins no entity; write &amp;".to_owned()),
            _ if !token.is_tag() => {}
            _ if !text.ends_with('>') => return Err("a `<` is no tag; write &lt;".to_owned()),
            Some(closed) => match open.pop() {
                Some(opened) if opened == closed.trim_end_matches('>') => {}
                _ => return Err(format!("{text} closes nothing")),
            },
            None => {
                let tag = name(text);
                let inside = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or_default();
                let attributes = inside.strip_prefix(tag).unwrap_or(inside).trim();
                if !TAGS.contains(&tag) {
                    return Err(format!("there is no <{tag}>"));
                }
                let is_link =
                    attributes.strip_prefix("href=\"").and_then(|rest| rest.strip_suffix('"')).is_some_and(|href| !href.contains('"'));
                if (tag == "a") != is_link || (tag != "a" && !attributes.is_empty()) {
                    return Err(format!("<{tag}> has other attributes"));
                }
                open.push(tag);
            }
        }
    }
    open.pop().map_or(Ok(()), |tag| Err(format!("<{tag}> is not closed on its line")))
}

/// A long text as messages, each short enough and with few enough tags: parted at the ends of lines, in a long line at spaces, in a long word anywhere. Tags that
/// are open where it is parted are closed and opened again. A text of nothing but spaces is no message.
pub fn split(html: &str) -> Vec<String> {
    split_at(html, LONGEST, MOST_ENTITIES)
}

/// What must not be parted.
struct Token<'a> {
    text: &'a str,
    /// UTF-16 units that are seen.
    width: usize,
}

impl Token<'_> {
    fn is_tag(&self) -> bool {
        self.width == 0 && self.text.starts_with('<')
    }

    /// Of an entity; the tag that closes it begins no other.
    fn opens(&self) -> bool {
        self.is_tag() && !self.text.starts_with("</")
    }
}

fn split_at(html: &str, longest: usize, entities: usize) -> Vec<String> {
    let tokens = tokens(html);
    let (mut pieces, mut open, mut start) = (Vec::new(), Vec::<&str>::new(), 0);
    while start < tokens.len() {
        let (end, next) = piece(&tokens, start, longest, entities.saturating_sub(open.len()));
        let mut text: String = open.concat();
        for token in &tokens[start..end] {
            text.push_str(token.text);
            if token.is_tag() {
                follow(&mut open, token.text);
            }
        }
        for tag in open.iter().rev() {
            text.push_str(&format!("</{}>", name(tag)));
        }
        if !plain_text(&text).trim().is_empty() {
            pieces.push(text);
        }
        start = next;
    }
    pieces
}

/// Where the piece that begins at `start` ends, and where the next one begins: the space between them is left out. `entities`: how many may
/// begin in it.
fn piece(tokens: &[Token], start: usize, longest: usize, entities: usize) -> (usize, usize) {
    let (mut width, mut opened) = (0, 0);
    let fitting = tokens[start..].iter().take_while(|token| {
        width += token.width;
        opened += usize::from(token.opens());
        width <= longest && opened <= entities
    });
    // One at least, so that it goes on whatever its width.
    let end = start + fitting.count().max(1);
    if end >= tokens.len() {
        return (tokens.len(), tokens.len());
    }
    // The first token that does not fit may be the space at which the piece ends.
    let last = |space: &str| (start + 1..=end).rev().find(|&at| tokens[at].text == space);
    last("\n").or_else(|| last(" ")).map_or((end, end), |at| (at, at + 1))
}

/// Notes a tag among those that are open.
fn follow<'a>(open: &mut Vec<&'a str>, tag: &'a str) {
    match tag.strip_prefix("</") {
        Some(_) => drop(open.pop()),
        None => open.push(tag),
    }
}

/// `a` of `<a href="…">`.
fn name(tag: &str) -> &str {
    tag.trim_start_matches('<').split(|char: char| char.is_whitespace() || char == '>').next().unwrap_or_default()
}

/// Tags, entities and characters.
fn tokens(html: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest) = (Vec::new(), html);
    while let Some(first) = rest.chars().next() {
        let (length, width) = match first {
            '<' => (rest.find('>').map_or(rest.len(), |end| end + 1), 0),
            '&' => (entity(rest).unwrap_or(1), 1),
            _ => (first.len_utf8(), first.len_utf16()),
        };
        let (text, after) = rest.split_at(length);
        tokens.push(Token { text, width });
        rest = after;
    }
    tokens
}

/// The bytes of the entity that `text` begins with: Telegram knows `&lt;`, `&gt;`, `&amp;` and `&quot;` by name.
fn entity(text: &str) -> Option<usize> {
    ["&lt;", "&gt;", "&amp;", "&quot;"].iter().find(|entity| text.starts_with(**entity)).map(|entity| entity.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_that_telegram_does_not_read_is_told_from_what_it_does() {
        for (html, expected) in [
            ("<b>a</b> <a href=\"https://example.org/?a=1&amp;b\">b</a>\n<code>&lt;</code>", Ok(())),
            ("<b><i>a</b></i>", Err("</b> closes nothing")),
            ("</b>", Err("</b> closes nothing")),
            ("<b>a\n</b>", Err("<b> is not closed on its line")),
            ("<blockquote>a</blockquote>", Err("there is no <blockquote>")),
            ("<b onclick=\"x\">a</b>", Err("<b> has other attributes")),
            ("<a>b</a>", Err("<a> has other attributes")),
            ("<a href=\"x\" href=\"y\">b</a>", Err("<a> has other attributes")),
            ("<<b>x</b>", Err("<b> has other attributes")),
            ("a & b", Err("an `&` begins no entity; write &amp;")),
            ("1 < 2", Err("a `<` is no tag; write &lt;")),
        ] {
            assert_eq!(check(html), expected.map_err(str::to_owned), "{html}");
        }
    }

    #[test]
    fn plain_text_is_what_the_markup_shows() {
        assert_eq!(plain_text("<b>a</b> &lt;b&gt; &amp;lt;"), "a <b> &lt;");
    }

    #[test]
    fn a_text_is_parted_at_line_ends_else_at_spaces_else_anywhere_and_never_in_a_tag_or_an_entity() {
        for (html, longest, expected) in [
            ("", 5, &[] as &[&str]),
            (" \n ", 1, &[]),
            ("short", 5, &["short"]),
            ("one\ntwo", 7, &["one\ntwo"]),
            ("one\ntwo", 6, &["one", "two"]),
            ("a b\nc d", 5, &["a b", "c d"]),
            ("one\ntwo", 3, &["one", "two"]),
            ("one two", 5, &["one", "two"]),
            ("abcdef", 4, &["abcd", "ef"]),
            ("a\n\n\nb", 2, &["a\n", "\nb"]),
            ("<b>one\ntwo</b>", 5, &["<b>one</b>", "<b>two</b>"]),
            ("<b>a<a href=\"x y\">bc de</a></b>", 4, &["<b>a<a href=\"x y\">bc</a></b>", "<b><a href=\"x y\">de</a></b>"]),
            ("&lt;&amp;&gt;", 2, &["&lt;&amp;", "&gt;"]),
            // A fold goes on in the next piece.
            (
                "a\n<blockquote expandable>b c\nd</blockquote>",
                5,
                &["a\n<blockquote expandable>b c</blockquote>", "<blockquote expandable>d</blockquote>"],
            ),
            // A pair of surrogates each.
            ("😀😀😀", 5, &["😀😀", "😀"]),
        ] {
            assert_eq!(split_at(html, longest, MOST_ENTITIES), expected, "{html} at {longest}");
        }
    }

    #[test]
    fn a_text_is_parted_where_it_has_too_many_tags_for_a_message() {
        for (html, entities, expected) in [
            ("<b>1</b>\n<b>2</b>", 2, &["<b>1</b>\n<b>2</b>"][..]),
            ("<b>1</b>\n<b>2</b>\n<b>3</b>", 2, &["<b>1</b>\n<b>2</b>", "<b>3</b>"]),
            ("<b>1</b>\n<b>2</b> <b>3</b>", 2, &["<b>1</b>", "<b>2</b> <b>3</b>"]),
            // One that is opened again counts, too.
            ("<i>a\n<b>1</b>\n<b>2</b></i>", 2, &["<i>a\n<b>1</b></i>", "<i><b>2</b></i>"]),
        ] {
            assert_eq!(split_at(html, LONGEST, entities), expected, "{html} of {entities} entities");
        }
        let many = "<b>x</b>\n".repeat(MOST_ENTITIES + 1);
        assert_eq!(split(&many).iter().map(|piece| piece.matches("<b>").count()).collect::<Vec<_>>(), [MOST_ENTITIES, 1]);
    }

    #[test]
    fn what_is_beyond_the_sixth_line_is_folded_and_no_element_is_parted() {
        let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
        for (given, expected) in [
            (lines(&[]), ""),
            (lines(&["1", "2", "3", "4", "5", "6"]), "1\n2\n3\n4\n5\n6"),
            (lines(&["1", "2", "3", "4", "5", "6", "7"]), "1\n2\n3\n4\n5\n6\n<blockquote expandable>7</blockquote>"),
            (lines(&["1", "2\n3\n4", "5\n6\n7", "8"]), "1\n2\n3\n4\n<blockquote expandable>5\n6\n7\n8</blockquote>"),
            (lines(&["1\n2\n3\n4\n5\n6\n7", "8"]), "1\n2\n3\n4\n5\n6\n7\n<blockquote expandable>8</blockquote>"),
        ] {
            assert_eq!(fold(&given), expected, "{given:?}");
        }
    }

    #[test]
    fn a_message_of_the_longest_length_is_one_piece() {
        let html = |length: usize| format!("<b>{}</b>", "&amp;".repeat(length));
        assert_eq!(split(&html(LONGEST)), [html(LONGEST)]);
        assert_eq!(split(&html(LONGEST + 1)).len(), 2);
    }

    /// Whether every tag is closed, by its own kind and in order.
    fn is_well_formed(html: &str) -> bool {
        let mut open = Vec::new();
        for token in tokens(html).iter().filter(|token| token.is_tag()) {
            match token.text.strip_prefix("</") {
                Some(closed) if open.pop() != Some(name(closed)) => return false,
                Some(_) => {}
                None => open.push(name(token.text)),
            }
        }
        open.is_empty()
    }

    fn html() -> impl Strategy<Value = String> {
        let text = prop_oneof!["[a-cж😀 \n]{0,12}", Just("&lt;".to_owned()), Just("&amp;quot;".to_owned())];
        text.prop_recursive(4, 64, 6, |inner| {
            let tag = prop_oneof![Just(("<b>", "</b>")), Just(("<i>", "</i>")), Just(("<a href=\"a b\">", "</a>")), Just(("", ""))];
            (tag, prop::collection::vec(inner, 0..6)).prop_map(|((begin, end), parts)| format!("{begin}{}{end}", parts.concat()))
        })
    }

    proptest! {
        #[test]
        fn every_piece_is_well_formed_and_short_enough_and_nothing_but_space_is_lost(
            html in html(), longest in 2_usize..40, entities in 6_usize..20
        ) {
            let pieces = split_at(&html, longest, entities);
            for piece in &pieces {
                prop_assert!(tokens(piece).iter().filter(|token| token.opens()).count() <= entities, "{}", piece);
                prop_assert!(is_well_formed(piece), "{}", piece);
                prop_assert!(length(piece) <= longest && !plain_text(piece).trim().is_empty(), "{}", piece);
            }
            let seen = |html: &str| plain_text(html).split_whitespace().collect::<String>();
            prop_assert_eq!(seen(&pieces.concat()), seen(&html));
        }
    }
}
