//! Parameters of a call, however they came: JSON, form, query or multipart.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::control::Document;

/// The parameters by name. Forms and queries carry everything as text, so the getters read both.
#[derive(Debug, Clone, Default)]
pub struct Params {
    fields: Map<String, Value>,
    /// Uploads, by the name of their part.
    files: BTreeMap<String, Document>,
}

impl Params {
    /// Adds the fields of a JSON object; anything else is no parameters at all.
    pub fn add_json(&mut self, json: Value) {
        if let Value::Object(fields) = json {
            self.fields.extend(fields);
        }
    }

    /// Adds one field of a multipart form.
    pub fn add_text(&mut self, name: String, text: String) {
        self.fields.insert(name, Value::from(text));
    }

    /// Adds one file of a multipart form.
    pub fn add_file(&mut self, name: String, file: Document) {
        self.files.insert(name, file);
    }

    /// Adds the pairs of a query or an urlencoded form.
    pub fn add_urlencoded(&mut self, text: &str) {
        // The parser of URLs is the only one at hand; the address itself means nothing.
        if let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{text}")) {
            let pairs = url.query_pairs();
            self.fields.extend(pairs.map(|(k, v)| (k.into_owned(), Value::from(v.into_owned()))));
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
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

    /// The file a parameter stands for: the part of that name, or the one it names as `attach://<part>` (Bot API,
    /// "Sending files").
    pub fn file(&self, name: &str) -> Option<&Document> {
        let part = self.text(name).strip_prefix("attach://").unwrap_or(name);
        self.files.get(part)
    }

    /// Every parameter that is given, by its name.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.fields.iter().filter(|(_, value)| !value.is_null())
    }

    /// The names of the parts that are files.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Does a parameter, or something in one, stand for this file?
    pub fn names_part(&self, part: &str) -> bool {
        let name = format!("attach://{part}");
        self.fields.values().any(|value| value.as_str().is_some_and(|text| text.contains(&name)))
    }

    /// Everything but one parameter, for the log; of files the name and the size only.
    pub fn without(&self, name: &str) -> Value {
        let mut fields = self.fields.clone();
        let files = self.files.iter().map(|(name, file)| (name.clone(), json!({"file_name": file.file_name, "file_size": file.size})));
        fields.extend(files);
        fields.remove(name);
        Value::Object(fields)
    }
}
