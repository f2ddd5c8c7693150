//! The table of API keys, as `aws::store::keys` describes it. xtask compiles no AWS SDK, so items are made here; a test makes a key by this
//! command and opens the door with it.

use anyhow::{Context, Result, bail, ensure};
use domain::access::{ApiKeyRecord, KEY_SHARDS, KeyId};
use serde_json::{Map, Value, json};

use crate::aws::Aws;

/// The partition of all keys that were made before keys were spread.
const FORMER_PARTITION: &str = "KEY";

/// Schema version of items written now.
const VERSION: i64 = 1;

pub struct Table {
    pub aws: Aws,
    pub name: String,
}

impl Table {
    pub fn put(&self, record: &ApiKeyRecord) -> Result<()> {
        let mut item = attributes(&serde_json::to_value(record)?)?;
        item.insert("version".to_owned(), json!({ "N": VERSION.to_string() }));
        item.extend(key(&partition(&record.key_id), &record.key_id));
        let put = json!({"TableName": self.name, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"});
        self.aws.call("dynamodb", "put_item", &put).map(drop)
    }

    pub fn all(&self) -> Result<Vec<ApiKeyRecord>> {
        let mut records = Vec::new();
        for partition in (0..KEY_SHARDS).map(of_shard).chain([FORMER_PARTITION.to_owned()]) {
            self.add(&partition, &mut records)?;
        }
        records.sort_by(|one, other| one.key_id.cmp(&other.key_id));
        Ok(records)
    }

    fn add(&self, partition: &str, records: &mut Vec<ApiKeyRecord>) -> Result<()> {
        let mut query = json!({"TableName": self.name, "KeyConditionExpression": "pk = :keys",
            "ExpressionAttributeValues": {":keys": {"S": partition}}});
        loop {
            let page = self.aws.call("dynamodb", "query", &query)?;
            for item in page["Items"].as_array().into_iter().flatten() {
                records.push(record(item)?);
            }
            match page.get("LastEvaluatedKey") {
                Some(last) if !last.is_null() => query["ExclusiveStartKey"] = last.clone(),
                _ => return Ok(()),
            }
        }
    }

    /// `now`: Unix seconds. Once revoked, a key stays as it is.
    pub fn revoke(&self, id: &KeyId, now: i64) -> Result<()> {
        let mut is_there = false;
        for key in [key(&partition(id), id), key(FORMER_PARTITION, id)] {
            let get = json!({"TableName": self.name, "Key": key, "ConsistentRead": true});
            if !self.aws.call("dynamodb", "get_item", &get)?["Item"].is_object() {
                continue;
            }
            is_there = true;
            let update = json!({"TableName": self.name, "Key": key, "ConditionExpression": "attribute_exists(pk)",
                "UpdateExpression": "SET revoked_at = if_not_exists(revoked_at, :now)",
                "ExpressionAttributeValues": {":now": {"N": now.to_string()}}});
            self.aws.call("dynamodb", "update_item", &update)?;
        }
        ensure!(is_there, "there is no key {id}; `cargo xtask keys list` shows those that are there");
        Ok(())
    }
}

fn of_shard(shard: u8) -> String {
    format!("KEY#{shard:02}")
}

fn partition(id: &KeyId) -> String {
    of_shard(id.shard())
}

fn key(partition: &str, id: &KeyId) -> Map<String, Value> {
    Map::from_iter([("pk".to_owned(), json!({ "S": partition })), ("sk".to_owned(), json!({ "S": id }))])
}

/// A flat record as DynamoDB's attributes.
fn attributes(record: &Value) -> Result<Map<String, Value>> {
    let attribute = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), json!({ "S": text }))),
        Value::Number(number) => Ok((name.clone(), json!({ "N": number.to_string() }))),
        other => bail!("{name} is neither text nor a number: {other}"),
    };
    record.as_object().context("a record has fields")?.iter().map(attribute).collect()
}

fn record(item: &Value) -> Result<ApiKeyRecord> {
    let plain = |(name, attribute): (&String, &Value)| {
        let text = attribute["S"].as_str().map(Value::from);
        let number = || attribute["N"].as_str()?.parse::<i64>().ok().map(Value::from);
        Some((name.clone(), text.or_else(number)?))
    };
    let fields: Map<_, _> = item.as_object().into_iter().flatten().filter_map(plain).collect();
    serde_json::from_value(fields.into()).context("an item of the table is no API key of this version")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::access::ApiKey;

    #[test]
    fn a_record_is_read_back_from_its_attributes() {
        let key = ApiKey::new([1; 12], [1; 32]);
        let written = ApiKeyRecord::new(&key, "a name", "users:read bans:write".parse().unwrap(), 7, Some(60));
        let item = attributes(&serde_json::to_value(&written).unwrap()).unwrap();
        assert_eq!((&item["created_at"], &item["scopes"]), (&json!({"N": "7"}), &json!({"S": "users:read bans:write"})));
        let read = record(&item.into()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), serde_json::to_value(written).unwrap());
    }
}
