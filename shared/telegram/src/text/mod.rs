//! What the bot says: Fluent messages in `locales/`, a folder a language.
//!
//! [`text!`](crate::text!) formats one as Telegram HTML. Whatever comes from outside is escaped on its way in: only [`Html`] is not. A test
//! holds every id in the code, and every id in the folders, against each other.

use crate::render::escape;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::OnceLock;

/// Formats a message: `text!(lang, "id", name = value, …)`. The id is written out, so that the test of all ids finds it.
#[macro_export]
macro_rules! text {
    ($lang:expr, $id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::text::format($lang, $id, &[$((stringify!($name), $crate::text::Value::from($value))),*])
    };
}

/// Text that is HTML already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html(pub String);

impl AsRef<str> for Html {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What is put into a message.
pub enum Value {
    /// HTML.
    Text(String),
    /// Chooses among plural forms.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(escape(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Html> for Value {
    fn from(Html(text): Html) -> Self {
        Self::Text(text)
    }
}

impl From<UserId> for Value {
    fn from(id: UserId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<ChatId> for Value {
    fn from(id: ChatId) -> Self {
        Self::Text(id.to_string())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}

numbers!(i64, u32, usize);

/// The files of a language, by its folder.
macro_rules! resources {
    ($folder:literal) => {
        [
            include_str!(concat!("../../locales/", $folder, "/bot.ftl")),
            include_str!(concat!("../../locales/", $folder, "/lists.ftl")),
            include_str!(concat!("../../locales/", $folder, "/notifications.ftl")),
            include_str!(concat!("../../locales/", $folder, "/settings.ftl")),
        ]
    };
}

fn sources(lang: Lang) -> [&'static str; 4] {
    match lang {
        Lang::Ru => resources!("ru"),
        Lang::En => resources!("en"),
    }
}

/// Read when a language is first spoken: most functions speak none.
fn bundle(lang: Lang) -> &'static FluentBundle<FluentResource> {
    static BUNDLES: [OnceLock<FluentBundle<FluentResource>>; 2] = [const { OnceLock::new() }; 2];
    BUNDLES[lang as usize].get_or_init(|| {
        let tag = match lang {
            Lang::Ru => "ru",
            Lang::En => "en",
        };
        let mut bundle = FluentBundle::new_concurrent(tag.parse().into_iter().collect());
        // Names have no characters that turn the text's direction, and Telegram shows isolating marks in some clients.
        bundle.set_use_isolating(false);
        for source in sources(lang) {
            // What is wrong in a file is left out; a test reads them all.
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
            bundle.add_resource_overriding(resource);
        }
        bundle
    })
}

/// See [`text!`](crate::text!).
pub fn format(lang: Lang, id: &str, arguments: &[(&str, Value)]) -> String {
    let bundle = bundle(lang);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else { return id.to_owned() };
    let mut given = FluentArgs::with_capacity(arguments.len());
    for (name, value) in arguments {
        let value = match value {
            Value::Text(text) => FluentValue::from(text.as_str()),
            Value::Number(number) => FluentValue::from(*number),
        };
        given.set(*name, value);
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&given), &mut errors).into_owned();
    #[cfg(test)]
    assert!(errors.is_empty(), "{id}: {errors:?}");
    text
}

#[cfg(test)]
mod tests;
