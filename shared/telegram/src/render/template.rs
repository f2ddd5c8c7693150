//! Texts that an operator can word anew: Jinja templates whose placeholders hold names, and so are escaped whatever the template says.
//!
//! A template is data from outside: it may only name what it is given, has no filters, functions or loops that grow a text, and is stopped by a bound on
//! its steps and on what it writes.

use super::html;
use super::{escape_words, on_a_line};
use crate::text::Html;
use domain::lang::Lang;
use domain::template::{LONGEST_SOURCE, LONGEST_VALUE, TemplateId};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The placeholder that may have several lines.
const TEXT: &str = "text";

/// Steps of one rendering; each instruction is one.
const FUEL: u64 = 2000;

/// How deep what it calls may be nested; each costs stack.
const RECURSION: usize = 20;

/// Bytes that one rendering writes at most.
const LONGEST_TEXT: usize = 16_384;

/// The longest text that is taken, in UTF-16 units of what is seen: with the lines that follow it there is room for it in a message.
const LONGEST_SEEN: usize = 2048;

/// What a tag may do. Whatever keeps a value could make it larger and larger.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// What makes a larger value of others, texts, lists, tuples and maps: a few lines of it outgrow any memory before a step is over.
const GROWING: [char; 6] = ['~', '+', '*', '[', '{', ','];

/// Texts as they are worded now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<(TemplateId, Lang), String>);

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("it has {0} bytes, and may have {LONGEST_SOURCE}")]
    TooLong(usize),
    #[error("it names {}, and may name {}", .0.join(", "), .1.join(", "))]
    UnknownPlaceholder(Vec<String>, &'static [&'static str]),
    #[error("line {line}: {what}")]
    Syntax { line: usize, what: String },
    #[error("`{0}` is not for templates: there are placeholders, conditions and loops")]
    NotForTemplates(String),
    #[error("it takes too many steps: does it loop?")]
    TooManySteps,
    #[error("what it makes is longer than a message")]
    TooMuch,
    #[error("its markup is not what Telegram reads: {0}")]
    Markup(String),
    #[error("it makes an empty text")]
    Empty,
}

impl Templates {
    /// `chosen`: what an operator worded anew.
    pub fn new(chosen: BTreeMap<(TemplateId, Lang), String>) -> Self {
        Self(chosen)
    }

    /// The text as HTML. `values`: of each placeholder, as plain text or as HTML. One that cannot be rendered with these values is told by
    /// its default.
    pub fn render(&self, id: TemplateId, lang: Lang, values: &[(&str, Given)]) -> String {
        let default = default_source(id, lang);
        if let Some(chosen) = self.0.get(&(id, lang)) {
            match render(chosen, values) {
                Ok(text) if !html::plain_text(&text).trim().is_empty() => return text,
                Ok(_) => tracing::warn!(template = id.name(), "a template made an empty text"),
                Err(error) => tracing::error!(template = id.name(), %error, "a template cannot be rendered; its default is told"),
            }
        }
        render(default, values).unwrap_or_else(|error| {
            tracing::error!(template = id.name(), %error, "a default template cannot be rendered");
            default.to_owned()
        })
    }
}

/// The value of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Html(String),
    /// Escaped where it is written.
    Text(String),
}

impl From<Html> for Given {
    fn from(Html(html): Html) -> Self {
        Self::Html(html)
    }
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

macro_rules! defaults {
    ($($id:ident = $file:literal),* $(,)?) => {
        /// How a text is worded where nobody words it anew.
        pub fn default_source(id: TemplateId, lang: Lang) -> &'static str {
            match (id, lang) {
                $(
                    (TemplateId::$id, Lang::Ru) => include_str!(concat!("../../templates/ru/", $file, ".jinja")),
                    (TemplateId::$id, Lang::En) => include_str!(concat!("../../templates/en/", $file, ".jinja")),
                )*
            }
        }
    };
}

defaults! {
    BanDetected = "ban_detected",
    SyncSuccess = "sync_success",
    SyncFailed = "sync_failed",
    SubscriptionCreated = "subscription_created",
    LimitReached = "limit_reached",
    System = "system",
}

/// May a text be used as a template? What it makes of samples, of which one has everything that is special in HTML.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(id: TemplateId, source: &str) -> Result<String, TemplateError> {
    if source.len() > LONGEST_SOURCE {
        return Err(TemplateError::TooLong(source.len()));
    }
    let environment = environment();
    let template = environment.template_from_str(source).map_err(|error| because(&error))?;
    let known: BTreeSet<_> = id.placeholders().iter().copied().collect();
    let mut unknown: Vec<_> = template.undeclared_variables(false).into_iter().filter(|name| !known.contains(name.as_str())).collect();
    if !unknown.is_empty() {
        unknown.sort();
        return Err(TemplateError::UnknownPlaceholder(unknown, id.placeholders()));
    }
    if let Some(other) = not_for_templates(source) {
        return Err(TemplateError::NotForTemplates(other));
    }
    let mut shown = String::new();
    for sample in [nasty_sample, empty_sample, sample] {
        let values: Vec<_> = id.placeholders().iter().map(|&name| (name, Given::Text(sample(name)))).collect();
        shown = render(source, &values)?;
        html::check(&shown).map_err(TemplateError::Markup)?;
    }
    if html::plain_text(&shown).trim().is_empty() {
        return Err(TemplateError::Empty);
    }
    if html::length(&shown) > LONGEST_SEEN {
        return Err(TemplateError::TooMuch);
    }
    Ok(shown)
}

fn sample(placeholder: &str) -> String {
    match placeholder {
        "username" => "Mallory",
        "user_id" => "7100000001",
        "chat_name" => "Rust",
        "timestamp" => "2025-01-15 10:30",
        "count" => "100",
        "error" => "no rights",
        _ => "spam",
    }
    .to_owned()
}

fn nasty_sample(_: &str) -> String {
    "<b>&\"'</a>\n{{ x }}{% if".to_owned()
}

fn empty_sample(_: &str) -> String {
    String::new()
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    // Whatever a template says of escaping.
    environment.set_formatter(|out, _, value| {
        if value.as_object().is_some() {
            return Err(Error::new(ErrorKind::InvalidOperation, "only a text can be written"));
        }
        let text = value.to_string();
        let written = if value.is_safe() { out.write_str(&text) } else { out.write_str(&escape_words(&text, LONGEST_VALUE)) };
        written.map_err(|_| Error::new(ErrorKind::WriteFailure, "the text is too long"))
    });
    environment
}

fn render(source: &str, values: &[(&str, Given)]) -> Result<String, TemplateError> {
    let value = |name: &str, given: &Given| match given {
        Given::Html(html) => Value::from_safe_string(html.clone()),
        // A name is on one line; what an operator says may have several.
        Given::Text(text) if name == TEXT => Value::from(text.as_str()),
        Given::Text(text) => Value::from(on_a_line(text).collect::<String>()),
    };
    let environment = environment();
    let template = environment.template_from_str(source).map_err(|error| because(&error))?;
    let mut text = Bounded(Vec::new());
    let values = Value::from_pairs(values.iter().map(|(name, given)| ((*name).to_owned(), value(name, given))));
    template.render_captured_to(values, &mut text).map_err(|error| because(&error))?;
    String::from_utf8(text.0).map_err(|_| TemplateError::TooMuch)
}

/// Writes up to a bound.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_TEXT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the text is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn because(error: &Error) -> TemplateError {
    match error.kind() {
        ErrorKind::OutOfFuel => TemplateError::TooManySteps,
        ErrorKind::WriteFailure => TemplateError::TooMuch,
        kind => TemplateError::Syntax {
            line: error.line().unwrap_or(1),
            what: error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
        },
    }
}

/// Something in a tag, outside its strings, that is not for templates.
fn not_for_templates(source: &str) -> Option<String> {
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        let (close, is_statement) = match rest.get(..2) {
            Some("{{") => ("}}", false),
            Some("{%") => ("%}", true),
            Some("{#") => {
                rest = rest.split_once("#}").map_or("", |(_, after)| after);
                continue;
            }
            _ => {
                rest = &rest[1..];
                continue;
            }
        };
        let tag = tag(&rest[2..], close);
        if let Some(growing) = tag.code.chars().find(|char| GROWING.contains(char)) {
            return Some(growing.to_string());
        }
        let keyword = tag.code.trim_start_matches('-').split_whitespace().next().unwrap_or_default();
        if is_statement && !STATEMENTS.contains(&keyword.trim_end_matches('-')) {
            return Some(keyword.to_owned());
        }
        rest = tag.after;
    }
    None
}

struct Tag<'a> {
    /// Without what stands in strings.
    code: String,
    after: &'a str,
}

/// The tag of which `text` is the inside and what follows.
fn tag<'a>(text: &'a str, close: &str) -> Tag<'a> {
    let (mut code, mut quote, mut rest) = (String::new(), None, text);
    while let Some(char) = rest.chars().next() {
        let mut length = char.len_utf8();
        match quote {
            Some(open) => match char {
                '\\' => length += rest[length..].chars().next().map_or(0, char::len_utf8),
                _ if char == open => quote = None,
                _ => {}
            },
            None if rest.starts_with(close) => return Tag { code, after: &rest[close.len()..] },
            None if matches!(char, '"' | '\'') => quote = Some(char),
            None => code.push(char),
        }
        rest = &rest[length..];
    }
    Tag { code, after: "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chosen(source: &str) -> Templates {
        Templates::new([((TemplateId::SyncSuccess, Lang::En), source.to_owned())].into())
    }

    fn success(templates: &Templates, username: &str) -> String {
        let values = [("username", username.into()), ("user_id", "5".into()), ("chat_name", "A & B".into())];
        templates.render(TemplateId::SyncSuccess, Lang::En, &values)
    }

    #[test]
    fn the_defaults_are_good_templates_and_name_what_the_original_did() {
        for id in TemplateId::ALL {
            for lang in [Lang::Ru, Lang::En] {
                let shown = check(id, default_source(id, lang)).unwrap_or_else(|error| panic!("{id}: {error}"));
                assert!(!shown.contains("{{") && !shown.ends_with('\n'), "{shown}");
            }
        }
        assert_eq!(success(&Templates::default(), "Bob"), "✅ Ban successfully synced to your chat\nUser: Bob\nChat: A &amp; B");
    }

    #[test]
    fn what_is_no_template_is_refused_with_a_clear_reason() {
        let long = "x".repeat(LONGEST_SOURCE + 1);
        for (source, expected) in [
            ("{{ user_nme }}", "it names user_nme, and may name username, user_id, chat_name"),
            ("{% if false %}{{ secret }}{% endif %}x", "it names secret, and may name username, user_id, chat_name"),
            (
                "{% for a in 'xxxxxxxxxx' %}{% for b in 'xxxxxxxxxx' %}{% for c in 'xxxxxxxxxx' %}{% for d in 'xxxxxxxxxx' %}y{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
                "it takes too many steps: does it loop?",
            ),
            ("{{ username ~ username }}", "`~` is not for templates: there are placeholders, conditions and loops"),
            ("{{ 'x' * 1000000000 }}", "`*` is not for templates: there are placeholders, conditions and loops"),
            ("{% set a = username %}{{ a }}", "`set` is not for templates: there are placeholders, conditions and loops"),
            ("{% if [username, username] %}x{% endif %}", "`[` is not for templates: there are placeholders, conditions and loops"),
            ("{% for a in (username, username) %}x{% endfor %}", "`,` is not for templates: there are placeholders, conditions and loops"),
            (
                "{% raw %}{{ ' {% endraw %}{{ username ~ username }}",
                "`raw` is not for templates: there are placeholders, conditions and loops",
            ),
            ("<b>{{ username }}", "its markup is not what Telegram reads: <b> is not closed on its line"),
            ("<script>{{ username }}</script>", "its markup is not what Telegram reads: there is no <script>"),
            ("a < b {{ username }}", "its markup is not what Telegram reads: a `<` is no tag; write &lt;"),
            ("  ", "it makes an empty text"),
            (&long, "it has 4097 bytes, and may have 4096"),
        ] {
            assert_eq!(check(TemplateId::SyncSuccess, source).unwrap_err().to_string(), expected, "{source}");
        }
        for source in [
            "{{ username",
            "{% if username %}x",
            "{{ username|upper }}",
            "{{ range(5) }}",
            "{% include 'x' %}",
            "{% macro a() %}x{% endmacro %}{{ a() }}",
        ] {
            assert!(
                matches!(check(TemplateId::SyncSuccess, source), Err(TemplateError::Syntax { .. } | TemplateError::UnknownPlaceholder(..))),
                "{source}: {:?}",
                check(TemplateId::SyncSuccess, source)
            );
        }
        assert!(matches!(check(TemplateId::SyncSuccess, &"x".repeat(LONGEST_SEEN + 1)), Err(TemplateError::TooMuch)));
    }

    #[test]
    fn what_is_not_for_templates_is_told_from_what_stands_in_strings_comments_and_the_text() {
        for (source, expected) in [
            ("1 + 1 ~ * { [a, b] }", None),
            ("{{ '+' }}{# ~ #}{% if a == \"\\\"*\" %}{%- else -%}{% endif %}", None),
            ("{{ '}}' ~ a }}", Some("~")),
            ("{{ a }} + {{ b+c }}", Some("+")),
            ("{% if a %}{% set b = a %}", Some("set")),
            ("{%- include 'x' %}", Some("include")),
            ("{{ {'a': 1} }}", Some("{")),
        ] {
            assert_eq!(not_for_templates(source).as_deref(), expected, "{source}");
        }
    }

    /// Such as could be kept only by a fault of ours: they come out as their default.
    #[test]
    fn lists_are_not_written_out() {
        let many = (0..30).map(|n| format!("{{% set a{} = [a{n}, a{n}] %}}", n + 1)).collect::<String>();
        let text = success(&chosen(&format!("{{% set a0 = [username, username] %}}{many}{{{{ a30 }}}}")), "Bob");
        assert_eq!(text, success(&Templates::default(), "Bob"));
    }

    #[test]
    fn what_a_placeholder_holds_is_escaped_whatever_the_template_says() {
        for source in
            ["{{ username }}", "{% autoescape false %}{{ username }}{% endautoescape %}", "{% set x %}{{ username }}{% endset %}{{ x }}"]
        {
            let shown = success(&chosen(source), "<b>{{ chat_name }}");
            assert!(!shown.contains('<') && !shown.contains("A &amp;"), "{source}: {shown}");
        }
    }

    #[test]
    fn a_template_that_fails_at_last_is_told_by_its_default() {
        for source in ["{{ nobody }}", "{{ username", "{% if false %}x{% endif %}"] {
            assert_eq!(success(&chosen(source), "Bob"), success(&Templates::default(), "Bob"), "{source}");
        }
    }

    proptest! {
        #[test]
        fn no_name_breaks_a_text_that_was_checked(name in ".{0,80}") {
            let text = success(&chosen("<b>{{ username }}</b> {% if username == 'a' %}!{% endif %}"), &name);
            prop_assert!(html::check(&text).is_ok(), "{text}");
        }

        #[test]
        fn whatever_is_checked_ends(source in "([{}%#a-z '\"<>/&|~+*.\n-]|username|\\{\\{ | \\}\\}|\\{% if | %\\}|\\{% endif %\\}){0,60}") {
            let _ = check(TemplateId::SyncSuccess, &source);
        }
    }
}
