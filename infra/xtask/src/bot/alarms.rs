//! The stack's alarms (`DescribeAlarms`).

use serde_json::Value;

use super::finding::Finding;

/// From all metric alarms of the stack.
pub fn judge(alarms: &[Value]) -> Vec<Finding> {
    if alarms.is_empty() {
        return vec![Finding::notice("alarms: the stack has none", "deploy this version: without them nobody is told of what is given up")];
    }
    let ringing: Vec<Finding> = alarms.iter().filter(|alarm| alarm["StateValue"] == "ALARM").map(rings).collect();
    if ringing.is_empty() { vec![Finding::well(format!("alarms: none of {} rings", alarms.len()))] } else { ringing }
}

fn rings(alarm: &Value) -> Finding {
    let name = alarm["AlarmName"].as_str().unwrap_or_default();
    // Whoever wrote the alarm says in its description what to look at.
    let advice = alarm["AlarmDescription"].as_str().filter(|text| !text.is_empty());
    Finding::wrong(format!("alarm {name} rings"), advice.unwrap_or("look at its metric in CloudWatch"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;
    use serde_json::json;

    #[test]
    fn an_alarm_that_rings_tells_what_to_do() {
        let alarm = |name: &str, state: &str| json!({"AlarmName": name, "StateValue": state, "AlarmDescription": "Do this."});
        let quiet = [alarm("bansync-SyncDlqAlarm-1", "OK"), alarm("bansync-EventsDlqAlarm-2", "INSUFFICIENT_DATA")];
        assert_eq!(judge(&quiet)[0].to_string(), "✓ alarms: none of 2 rings");
        let findings = judge(&[alarm("bansync-SyncDlqAlarm-1", "ALARM"), alarm("bansync-EventsDlqAlarm-2", "OK")]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].to_string(), "✗ alarm bansync-SyncDlqAlarm-1 rings\n  → Do this.");
        assert_eq!(judge(&[])[0].level, Level::Notice);
    }
}
