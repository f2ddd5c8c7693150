//! Which records of a stream a function reads: the filters of its event source mapping (Lambda Developer Guide, "Control which events
//! Lambda sends to your function"), so far as template.yaml uses them.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// Whether one of the mappings would hand the record over. `mappings`: as `list_event_source_mappings` answers them.
pub fn is_wanted(mappings: &[Value], record: &Value) -> Result<bool> {
    for mapping in mappings {
        let filters = mapping["FilterCriteria"]["Filters"].as_array().map(Vec::as_slice).unwrap_or_default();
        if filters.is_empty() {
            return Ok(true);
        }
        for filter in filters {
            let pattern = filter["Pattern"].as_str().context("a filter has a pattern")?;
            let pattern: Map<String, Value> = serde_json::from_str(pattern).with_context(|| format!("no pattern: {pattern}"))?;
            if matches(&pattern, record)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// All fields of the pattern match.
fn matches(pattern: &Map<String, Value>, value: &Value) -> Result<bool> {
    for (name, wanted) in pattern {
        let field = value.get(name);
        let fits = match wanted {
            Value::Object(pattern) => matches(pattern, field.unwrap_or(&Value::Null))?,
            Value::Array(rules) => any(rules, field)?,
            other => bail!("this filter is not understood: {other}"),
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One of the rules fits.
fn any(rules: &[Value], field: Option<&Value>) -> Result<bool> {
    for rule in rules {
        let fits = match rule {
            Value::Object(rule) => fits(rule, field)?,
            exact => field == Some(exact),
        };
        if fits {
            return Ok(true);
        }
    }
    Ok(false)
}

fn fits(rule: &Map<String, Value>, field: Option<&Value>) -> Result<bool> {
    let only = if rule.len() == 1 { rule.iter().next() } else { None };
    match only.map(|(name, value)| (name.as_str(), value)) {
        Some(("exists", Value::Bool(wanted))) => Ok(field.is_some_and(|field| !field.is_object()) == *wanted),
        Some(("prefix", Value::String(prefix))) => Ok(field.and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix))),
        Some(("anything-but", Value::Array(unwanted))) => Ok(field.is_some_and(|field| !unwanted.contains(field))),
        _ => bail!("this filter is not understood: {}", Value::from(rule.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping(patterns: &[&str]) -> Value {
        let filters: Vec<_> = patterns.iter().map(|pattern| json!({"Pattern": pattern})).collect();
        json!({"FilterCriteria": {"Filters": filters}})
    }

    #[test]
    fn the_templates_own_filters_are_understood() {
        let template = include_str!("../../../../template.yaml");
        let patterns: Vec<&str> = template.lines().filter_map(|line| line.split_once("Pattern: '")?.1.split('\'').next()).collect();
        assert!(patterns.len() >= 9, "{patterns:?}");
        let record = json!({"eventName": "MODIFY", "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
            "dynamodb": {"Keys": {"sk": {"S": "SUB#1"}}, "NewImage": {"active": {"N": "1"}, "status": {"S": "running"}}}});
        for pattern in patterns {
            is_wanted(&[mapping(&[pattern])], &record).unwrap_or_else(|error| panic!("{pattern}: {error:#}"));
        }
    }

    #[test]
    fn a_record_is_wanted_where_one_filter_of_one_mapping_fits() {
        let inserted = mapping(&[r#"{"eventName":["INSERT"]}"#]);
        let expired = mapping(&[r#"{"eventName":["REMOVE"],"userIdentity":{"type":["Service"]}}"#]);
        let check = |record: Value, expected| {
            assert_eq!(is_wanted(&[inserted.clone(), expired.clone()], &record).unwrap(), expected, "{record}");
        };
        check(json!({"eventName": "INSERT"}), true);
        // What an erasure takes out of an old ban is no new ban.
        check(json!({"eventName": "MODIFY"}), false);
        check(json!({"eventName": "REMOVE", "userIdentity": {"type": "Service"}}), true);
        check(json!({"eventName": "REMOVE"}), false);
        assert!(is_wanted(&[json!({})], &json!({"eventName": "MODIFY"})).unwrap(), "without a filter all is read");
        assert!(!is_wanted(&[], &json!({"eventName": "INSERT"})).unwrap(), "without a mapping nothing is");
    }

    #[test]
    fn prefixes_exceptions_and_existence_are_told() {
        let check = |pattern: &str, record: Value, expected| {
            assert_eq!(is_wanted(&[mapping(&[pattern])], &record).unwrap(), expected, "{pattern} {record}");
        };
        check(r#"{"sk":{"S":[{"prefix":"SUB#"}]}}"#, json!({"sk": {"S": "SUB#1"}}), true);
        check(r#"{"sk":{"S":[{"prefix":"SUB#"}]}}"#, json!({"sk": {"S": "COUNT"}}), false);
        check(r#"{"status":{"S":[{"anything-but":["running"]}]}}"#, json!({"status": {"S": "failed"}}), true);
        check(r#"{"status":{"S":[{"anything-but":["running"]}]}}"#, json!({"status": {"S": "running"}}), false);
        check(r#"{"status":{"S":[{"anything-but":["running"]}]}}"#, json!({}), false);
        check(r#"{"ended_at":{"N":[{"exists":true}]}}"#, json!({"ended_at": {"N": "5"}}), true);
        check(r#"{"ended_at":{"N":[{"exists":true}]}}"#, json!({}), false);
        let unknown = is_wanted(&[mapping(&[r#"{"at":[{"numeric":[">",5]}]}"#])], &json!({"at": 6}));
        assert!(unknown.unwrap_err().to_string().contains("numeric"));
    }
}
