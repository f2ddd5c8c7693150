//! What a text may contain.

/// A text on one line that XML 1.0 can hold: white space is one space, characters outside XML's `Char` and other control characters are dropped.
/// The spaces that the bundled font has, no-break and thin ones, stay as they are.
///
/// Marks that turn the direction of writing are dropped too: a chat's title must not turn what stands after it.
pub fn clean(text: &str) -> String {
    let is_space = |char: char| char.is_whitespace() && !matches!(char, '\u{a0}' | '\u{2009}' | '\u{202f}');
    let is_kept =
        |char: &char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = text.chars().map(|char| if is_space(char) { ' ' } else { char }).filter(is_kept).collect();
    kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A text for the inside of an element or of a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_of_characters_that_xml_allows() {
        for (text, expected) in [
            ("  two\r\n lines\t", "two lines"),
            ("\0a\u{1}b\u{7f}\u{fffe}\u{ffff}c", "abc"),
            ("em\u{2003}and\u{3000}\u{85}ideographic", "em and ideographic"),
            ("\u{202e}turned\u{2066}", "turned"),
            ("24\u{a0}Nov", "24\u{a0}Nov"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("\n", ""),
        ] {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape(r#"<a b="c" d='e'>&amp;"#), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
    }
}
