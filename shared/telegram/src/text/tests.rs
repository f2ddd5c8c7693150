use super::*;
use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The messages of a language and the variables of each.
fn messages(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::new();
    for source in sources(lang) {
        let resource = fluent_syntax::parser::parse(source).unwrap_or_else(|(_, errors)| panic!("{lang:?}: {errors:?}"));
        for entry in resource.body {
            if let Entry::Message(message) = entry {
                let mut variables = BTreeSet::new();
                pattern(message.value.as_ref().expect("a message has a text"), &mut variables);
                let twice = messages.insert(message.id.name.to_owned(), variables);
                assert!(twice.is_none(), "{} is there twice in {lang:?}", message.id.name);
            }
        }
    }
    messages
}

fn pattern(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(expression) => inline(expression, variables),
            Expression::Select { selector, variants } => {
                inline(selector, variables);
                variants.iter().for_each(|variant| self::pattern(&variant.value, variables));
            }
        }
    }
}

fn inline(expression: &InlineExpression<&str>, variables: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => {
            variables.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments: CallArguments { positional, .. }, .. } => {
            positional.iter().for_each(|argument| inline(argument, variables));
        }
        _ => {}
    }
}

/// Every `text!(…, "id", name = …)` in the sources below `folder`.
fn used(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            used(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("text/tests.rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for call in source.split("text!(").skip(1) {
                let id = call.split_once('"').and_then(|(lang, rest)| (lang.len() < 60).then(|| rest.split_once('"'))?);
                if let Some((id, _)) = id {
                    found.insert(id.to_owned());
                }
            }
        }
    }
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_variables() {
    let (ru, en) = (messages(Lang::Ru), messages(Lang::En));
    for id in ru.keys().chain(en.keys()) {
        assert_eq!(ru.get(id), en.get(id), "{id}: in Russian and in English");
    }
}

#[test]
fn every_text_that_is_used_is_there_and_every_text_that_is_there_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut ids = BTreeSet::new();
    for folder in ["shared", "functions"] {
        used(&root.join(folder), &mut ids);
    }
    // The macro's own description.
    ids.remove("id");
    let known: BTreeSet<_> = messages(Lang::En).into_keys().collect();
    assert_eq!(ids.difference(&known).collect::<Vec<_>>(), [""; 0], "used and missing");
    assert_eq!(known.difference(&ids).collect::<Vec<_>>(), [""; 0], "there and unused");
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let shown = text!(Lang::En, "subject", name = "<b>Mal\u{202e}", id = UserId(5));
    assert!(shown.contains("&lt;b&gt;Mal ") || shown.contains("&lt;b&gt;Mal<"), "{shown}");
}

#[test]
fn a_number_chooses_its_plural() {
    let of = |lang, number: i64| text!(lang, "hours", count = number);
    assert_eq!([of(Lang::En, 1), of(Lang::En, 2)], ["1 hour", "2 hours"]);
    assert_eq!([1, 2, 5, 21].map(|number| of(Lang::Ru, number)), ["1 час", "2 часа", "5 часов", "21 час"]);
}
