//! Parameters of a call, however they came: JSON, form or query.

use serde_json::{Map, Value};

/// The parameters by name. Forms and queries carry everything as text, so the getters read both.
#[derive(Debug, Clone, Default)]
pub struct Params(Map<String, Value>);

impl Params {
    /// Adds the fields of a JSON object; anything else is no parameters at all.
    pub fn add_json(&mut self, json: Value) {
        if let Value::Object(fields) = json {
            self.0.extend(fields);
        }
    }

    /// Adds the pairs of a query or an urlencoded form.
    pub fn add_urlencoded(&mut self, text: &str) {
        // The parser of URLs is the only one at hand; the address itself means nothing.
        if let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{text}")) {
            let pairs = url.query_pairs();
            self.0.extend(pairs.map(|(k, v)| (k.into_owned(), Value::from(v.into_owned()))));
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_i64(),
        }
    }

    /// Absent = `false`, as for all of the Bot API's switches.
    pub fn bool(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            Some(value) => value.as_i64() == Some(1),
            None => false,
        }
    }

    /// Absent = the empty text.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// An object or array, which forms carry as JSON text.
    pub fn json(&self, name: &str) -> Option<Value> {
        match self.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            value => Some(value.clone()),
        }
    }

    /// Everything but one parameter, for the log.
    pub fn without(&self, name: &str) -> Value {
        let mut fields = self.0.clone();
        fields.remove(name);
        Value::Object(fields)
    }
}
