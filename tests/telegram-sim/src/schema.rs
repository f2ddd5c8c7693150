//! Whether what goes between the bot and the simulator is as the Bot API's documentation says: calls, their answers, updates.
//!
//! `bot-api.json` holds the documentation's tables, of the version that it names. `schema.py` beside it writes them anew.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bot_api::Params;

/// Read once. An empty one, which knows no method, would refuse every call.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| serde_json::from_str(include_str!("../bot-api.json")).unwrap_or_default());

/// The tables do not say which `status` is whose (Bot API, `ChatMember`).
const STATUSES: [(&str, &str); 6] = [
    ("creator", "ChatMemberOwner"),
    ("administrator", "ChatMemberAdministrator"),
    ("member", "ChatMemberMember"),
    ("restricted", "ChatMemberRestricted"),
    ("left", "ChatMemberLeft"),
    ("kicked", "ChatMemberBanned"),
];

/// Violations that are kept: more say nothing new.
const MAX_KEPT: usize = 50;

/// Field names and their types; a name that ends in `?` may be left out.
type Fields = BTreeMap<String, String>;

#[derive(Default, Deserialize)]
struct Schema {
    version: String,
    methods: BTreeMap<String, Method>,
    types: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
struct Method {
    returns: String,
    fields: Fields,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Shape {
    OneOf(Vec<String>),
    Object(Fields),
}

/// Count of what was compared with the documentation since the simulator started, and the differences.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SchemaReport {
    /// The documentation, such as "Bot API 10.3".
    pub version: String,
    pub updates: u64,
    pub calls: u64,
    pub answers: u64,
    pub refused: u64,
    /// The first violations, in words; none holds a text or a name.
    pub violations: Vec<String>,
}

impl SchemaReport {
    /// Compares an update of this kind.
    pub fn update(&mut self, kind: &str, content: &Value) {
        self.updates += 1;
        let documented = match SCHEMA.types.get("Update") {
            Some(Shape::Object(fields)) => fields.get(&format!("{kind}?")),
            _ => None,
        };
        let compared = documented.ok_or_else(|| "no such kind".to_owned()).and_then(|kind| check(content, kind, ""));
        self.note(&format!("update {kind}"), compared);
    }

    /// Compares a call of the bot. `in_webhook_answer`: its method stands among its parameters.
    ///
    /// # Errors
    /// Differences from the documentation, in words.
    pub fn call(&mut self, method: &str, params: &Params, in_webhook_answer: bool) -> Result<(), String> {
        self.calls += 1;
        let compared = check_call(method, params, in_webhook_answer);
        self.note(method, compared.clone());
        compared
    }

    /// Compares the result of a call that succeeded.
    pub fn answer(&mut self, method: &str, result: &Value) {
        self.answers += 1;
        let documented = SCHEMA.methods.get(method).ok_or_else(|| "no such method".to_owned());
        let compared = documented.and_then(|method| check(result, &method.returns, ""));
        self.note(&format!("answer to {method}"), compared);
    }

    pub fn report(&self) -> Self {
        Self { version: SCHEMA.version.clone(), ..self.clone() }
    }

    fn note(&mut self, what: &str, compared: Result<(), String>) {
        let Err(violation) = compared else { return };
        self.refused += 1;
        let violation = format!("{what}: {violation}");
        if self.violations.len() < MAX_KEPT && !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }
}

fn check_call(method: &str, params: &Params, in_webhook_answer: bool) -> Result<(), String> {
    let documented = SCHEMA.methods.get(method).ok_or("no such method")?;
    let mut given = Map::new();
    for (name, value) in params.fields().filter(|(name, _)| !(in_webhook_answer && *name == "method")) {
        let kind = field(&documented.fields, name).ok_or_else(|| format!(".{name} is unknown"))?;
        given.insert(name.clone(), untexted(value, kind));
    }
    for part in params.parts() {
        match field(&documented.fields, part) {
            Some(_) => _ = given.insert(part.to_owned(), Value::from(part)),
            None if params.names_part(part) => {}
            None => return Err(format!("the file {part} is unknown")),
        }
    }
    check_fields(&given, &documented.fields, "")
}

fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.get(name).or_else(|| fields.get(&format!("{name}?"))).map(String::as_str)
}

/// Forms carry everything as text, and objects as JSON in it (Bot API, "Making requests").
fn untexted(value: &Value, kind: &str) -> Value {
    let is_text = kind.split(" | ").any(|kind| ["String", "InputFile"].contains(&kind));
    match value {
        Value::String(text) if !is_text => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// `at`: the way to the value, for the error. `kind`: types of the documentation, one of which has to fit.
fn check(value: &Value, kind: &str, at: &str) -> Result<(), String> {
    let mut violations = Vec::new();
    for kind in kind.split(" | ") {
        match check_one(value, kind, at) {
            Ok(()) => return Ok(()),
            Err(violation) => violations.push(violation),
        }
    }
    // The one deepest inside is of the type that was meant.
    Err(violations.into_iter().max_by_key(|violation| violation.matches('.').count()).unwrap_or_default())
}

fn check_one(value: &Value, kind: &str, at: &str) -> Result<(), String> {
    let fits = match kind {
        "Integer" => value.is_i64() || value.is_u64(),
        "Float" => value.is_number(),
        "String" | "InputFile" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "True" => *value == Value::Bool(true),
        _ => return check_composed(value, kind, at),
    };
    if fits { Ok(()) } else { Err(format!("{at} is no {kind}")) }
}

fn check_composed(value: &Value, kind: &str, at: &str) -> Result<(), String> {
    if let Some(kind) = kind.strip_prefix("Array of ") {
        let items = value.as_array().ok_or_else(|| format!("{at} is no array"))?;
        return items.iter().try_for_each(|item| check(item, kind, &format!("{at}[]")));
    }
    let object = value.as_object().ok_or_else(|| format!("{at} is no {kind}"))?;
    match SCHEMA.types.get(kind) {
        Some(Shape::Object(fields)) => check_fields(object, fields, at),
        Some(Shape::OneOf(_)) if kind == "ChatMember" => {
            let status = STATUSES.iter().find(|(status, _)| value["status"] == *status);
            status.map_or_else(|| Err(format!("{at}.status is unknown")), |(_, kind)| check(value, kind, at))
        }
        Some(Shape::OneOf(kinds)) => check(value, &kinds.join(" | "), at),
        None => Err(format!("{at} is of the unknown type {kind}")),
    }
}

fn check_fields(object: &Map<String, Value>, fields: &Fields, at: &str) -> Result<(), String> {
    for (name, value) in object {
        let kind = field(fields, name).ok_or_else(|| format!("{at}.{name} is unknown"))?;
        check(value, kind, &format!("{at}.{name}"))?;
    }
    let missing = fields.keys().find(|name| !name.ends_with('?') && !object.contains_key(*name));
    missing.map_or(Ok(()), |name| Err(format!("{at}.{name} is missing")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(method: &str, params: Value) -> Result<(), String> {
        let mut given = Params::default();
        given.add_json(params);
        SchemaReport::default().call(method, &given, false)
    }

    #[test]
    fn a_call_is_refused_for_what_the_documentation_does_not_have() {
        for (method, params, expected) in [
            ("banChatMember", json!({"chat_id": -1, "user_id": 2}), Ok(())),
            ("banChatMember", json!({"chat_id": "@name", "user_id": "2", "until_date": null}), Ok(())),
            ("banChatMember", json!({"chat_id": -1}), Err(".user_id is missing")),
            ("banChatMember", json!({"chat_id": -1, "user_id": "two"}), Err(".user_id is no Integer")),
            ("banChatMember", json!({"chat_id": -1, "user_id": 2, "why": "spam"}), Err(".why is unknown")),
            ("banEveryone", json!({}), Err("no such method")),
            (
                "sendMessage",
                json!({"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback": "b"}]]}}),
                Err(".reply_markup.inline_keyboard[][].callback is unknown"),
            ),
            ("restrictChatMember", json!({"chat_id": 1, "user_id": 2, "permissions": r#"{"can_send_messages": true}"#}), Ok(())),
            (
                "restrictChatMember",
                json!({"chat_id": 1, "user_id": 2, "permissions": {"can_send_media_messages": true}}),
                Err(".permissions.can_send_media_messages is unknown"),
            ),
        ] {
            assert_eq!(call(method, params.clone()), expected.map_err(str::to_owned), "{method} {params}");
        }
    }

    #[test]
    fn a_member_is_compared_with_what_the_status_says() {
        let user = json!({"id": 1, "is_bot": false, "first_name": "A"});
        let check = |member: Value| check(&member, "ChatMember", "");
        assert_eq!(check(json!({"status": "left", "user": user})), Ok(()));
        assert_eq!(check(json!({"status": "kicked", "user": user})), Err(".until_date is missing".to_owned()));
        assert_eq!(check(json!({"status": "gone", "user": user})), Err(".status is unknown".to_owned()));
    }

    #[test]
    fn what_differs_is_counted_and_told_once() {
        let mut report = SchemaReport::default();
        for _ in 0..2 {
            report.update("chat_join_request", &json!({"chat": {"id": -1, "type": "supergroup"}}));
        }
        report.answer("getChatMemberCount", &json!(3));
        report.answer("getChatMemberCount", &json!("3"));
        assert_eq!((report.updates, report.answers, report.refused), (2, 2, 3));
        assert_eq!(report.violations, ["update chat_join_request: .date is missing", "answer to getChatMemberCount:  is no Integer"]);
        assert!(report.report().version.starts_with("Bot API "));
    }
}
