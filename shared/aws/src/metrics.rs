//! Counts in CloudWatch's embedded metric format: a JSON line on standard output that CloudWatch Logs turns into a metric.
//!
//! With JSON logs Lambda drops lines below the function's log level, these among them; one without `level` and `timestamp` (RFC 3339) counts
//! as INFO (Lambda Developer Guide, "Configuring advanced logging controls").

use crate::time;
use serde_json::json;

const NAMESPACE: &str = "Bansync";

/// The highest: a metric is there at any log level. No line of a log has it, so that a search for warnings and errors finds none of these.
const LEVEL: &str = "FATAL";

/// Counts `value` under `name`, by one dimension such as `("status", "applied")`. One line of about 300 bytes.
pub fn count(name: &str, dimension: Option<(&str, &str)>, value: u32) {
    let dimensions: Vec<&str> = dimension.iter().map(|(key, _)| *key).collect();
    let now = time::now_ms();
    let mut line = json!({
        "level": LEVEL,
        "timestamp": time::rfc3339(now),
        "_aws": {
            "Timestamp": now,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": [{"Name": name, "Unit": "Count"}]}],
        },
        name: value,
    });
    if let Some((key, of)) = dimension {
        line[key] = of.into();
    }
    println!("{line}");
}
