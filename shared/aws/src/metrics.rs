//! Counts in CloudWatch's embedded metric format: a JSON line on standard output that CloudWatch Logs turns into a metric.
//!
//! With JSON logs Lambda drops lines below the function's log level, these among them; one without `level` and `timestamp` (RFC 3339) counts
//! as INFO (Lambda Developer Guide, "Configuring advanced logging controls").

use crate::time;
use serde_json::{Value, json};

const NAMESPACE: &str = "Bansync";

/// The highest: a metric is there at any log level. No line of a log has it, so that a search for warnings and errors finds none of these.
const LEVEL: &str = "FATAL";

/// Counts `value` under `name`, by one dimension such as `("status", "applied")`. One line of about 300 bytes.
pub fn count(name: &str, dimension: Option<(&str, &str)>, value: u32) {
    println!("{}", line(name, dimension, value, time::now_ms()));
}

fn line(name: &str, dimension: Option<(&str, &str)>, value: u32, now_ms: i64) -> Value {
    let dimensions: Vec<&str> = dimension.iter().map(|(key, _)| *key).collect();
    let mut line = json!({
        "level": LEVEL,
        "timestamp": time::rfc3339(now_ms),
        "_aws": {
            "Timestamp": now_ms,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": [{"Name": name, "Unit": "Count"}]}],
        },
        name: value,
    });
    if let Some((key, of)) = dimension {
        line[key] = of.into();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_passes_any_log_level() {
        let line = line("handled", Some(("status", "applied")), 3, 1_767_261_600_250);
        assert_eq!((&line["level"], &line["timestamp"]), (&json!("FATAL"), &json!("2026-01-01T10:00:00.250Z")));
        assert_eq!(
            (&line["handled"], &line["status"], &line["_aws"]["Timestamp"]),
            (&json!(3), &json!("applied"), &json!(1_767_261_600_250_i64))
        );
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["status"]]));
    }
}
