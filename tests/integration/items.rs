//! Items of the store, past the rules.

use crate::play::Play;
use anyhow::Result;
use serde_json::{Map, Value, json};

impl Play {
    /// Changes attributes of an item of the table of people and chats; `attributes` as DynamoDB's JSON.
    pub async fn set_item(&self, pk: &str, sk: &str, attributes: Value) -> Result<()> {
        let updates =
            attributes.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!({"Action": "PUT", "Value": value})));
        let parameters = json!({"TableName": self.stack.tables["users"], "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "AttributeUpdates": updates.collect::<Map<_, _>>()});
        self.stack.aws("dynamodb", "UpdateItem", parameters).await.map(drop)
    }

    /// All items of a table, as DynamoDB's JSON.
    pub async fn items(&self, table: &str) -> Result<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), None::<Value>);
        loop {
            let mut parameters = json!({ "TableName": self.stack.tables[table], "ConsistentRead": true });
            if let Some(start) = start {
                parameters["ExclusiveStartKey"] = start;
            }
            let mut answer = self.stack.aws("dynamodb", "Scan", parameters).await?;
            items.extend(answer["Items"].as_array_mut().into_iter().flat_map(std::mem::take));
            start = Some(answer["LastEvaluatedKey"].take()).filter(|start| !start.is_null());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}
