//! Counts in CloudWatch's embedded metric format: a JSON line on standard output that CloudWatch Logs turns into a metric.

use crate::time;
use serde_json::json;

const NAMESPACE: &str = "Bansync";

/// Counts `value` under `name`, by one dimension such as `("status", "applied")`. One line of about 250 bytes.
pub fn count(name: &str, dimension: Option<(&str, &str)>, value: u32) {
    let dimensions: Vec<&str> = dimension.iter().map(|(key, _)| *key).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": time::now_ms(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": [{"Name": name, "Unit": "Count"}]}],
        },
        name: value,
    });
    if let Some((key, of)) = dimension {
        line[key] = of.into();
    }
    println!("{line}");
}
