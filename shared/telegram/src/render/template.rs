//! Texts that an operator can word anew: Jinja templates whose placeholders hold names, and so are escaped whatever the template says.
//!
//! A template is data from outside: it may only name what it is given, has no filters, functions or loops that grow a text, and is stopped by a bound on
//! its steps and on what it writes.

use super::escape_words;
use super::html;
use crate::text::Html;
use domain::lang::Lang;
use domain::template::{LONGEST_SOURCE, LONGEST_VALUE, TemplateId};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Steps of one rendering; each instruction is one.
const FUEL: u64 = 2000;

/// How deep what it calls may be nested; each costs stack.
const RECURSION: usize = 20;

/// Bytes that one rendering writes at most.
const LONGEST_TEXT: usize = 16_384;

/// The longest text that is taken, in UTF-16 units of what is seen: with the lines that follow it there is room for it in a message.
const LONGEST_SEEN: usize = 2048;

/// What makes a longer text of another: a few lines of it outgrow any memory before a step is over.
const GROWING: [char; 3] = ['~', '+', '*'];

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
    #[error("`{0}` is not for templates: a text must not grow")]
    Growing(char),
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
    if let Some(growing) = growing(source) {
        return Err(TemplateError::Growing(growing));
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
    "<b>&\"'</a>{{ x }}{% if".to_owned()
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
        let text = value.to_string();
        if text.len() > LONGEST_TEXT {
            return Err(Error::new(ErrorKind::WriteFailure, "the text is too long"));
        }
        let written = if value.is_safe() { out.write_str(&text) } else { out.write_str(&escape_words(&text, LONGEST_VALUE)) };
        written.map_err(|_| Error::new(ErrorKind::WriteFailure, "the text is too long"))
    });
    environment
}

fn render(source: &str, values: &[(&str, Given)]) -> Result<String, TemplateError> {
    let value = |given: &Given| match given {
        Given::Html(html) => Value::from_safe_string(html.clone()),
        Given::Text(text) => Value::from(text.as_str()),
    };
    let environment = environment();
    let template = environment.template_from_str(source).map_err(|error| because(&error))?;
    let mut text = Bounded(Vec::new());
    let values = Value::from_pairs(values.iter().map(|(name, given)| ((*name).to_owned(), value(given))));
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

/// An operator, inside a tag and outside its strings, that makes a longer text of another.
fn growing(source: &str) -> Option<char> {
    let (mut rest, mut closing, mut quote) = (source, None::<&str>, None::<char>);
    while let Some(char) = rest.chars().next() {
        let mut length = char.len_utf8();
        match (closing, quote) {
            (None, _) => {
                let opened = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")].into_iter().find(|(open, _)| rest.starts_with(open));
                if let Some((open, close)) = opened {
                    (closing, length) = (Some(close), open.len());
                }
            }
            (Some(_), Some(open)) => match char {
                '\\' => length += rest[length..].chars().next().map_or(0, char::len_utf8),
                _ if char == open => quote = None,
                _ => {}
            },
            (Some(close), None) if rest.starts_with(close) => (closing, length) = (None, close.len()),
            // A comment.
            (Some("#}"), None) => {}
            (Some(_), None) if matches!(char, '"' | '\'') => quote = Some(char),
            (Some(_), None) if GROWING.contains(&char) => return Some(char),
            (Some(_), None) => {}
        }
        rest = &rest[length..];
    }
    None
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
            ("{{ username ~ username }}", "`~` is not for templates: a text must not grow"),
            ("{{ 'x' * 1000000000 }}", "`*` is not for templates: a text must not grow"),
            ("{% set a = username + username %}{{ a }}", "`+` is not for templates: a text must not grow"),
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
    fn operators_are_told_from_what_stands_in_strings_comments_and_the_text() {
        for (source, expected) in [
            ("1 + 1 ~ *", None),
            ("{{ '+' }}{# ~ #}{% if a == \"\\\"*\" %}", None),
            ("{{ '}}' ~ a }}", Some('~')),
            ("{{ a }} + {{ b+c }}", Some('+')),
        ] {
            assert_eq!(growing(source), expected, "{source}");
        }
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
