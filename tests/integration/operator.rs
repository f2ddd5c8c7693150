//! An operator's program that looks after people and chats by REST, and after the store itself.

use crate::caller::Answer;
use crate::guard::now;
use crate::play::Play;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

pub struct Operator<'a> {
    play: &'a Play,
    token: String,
}

impl<'a> Operator<'a> {
    pub async fn new(play: &'a Play) -> Result<Self> {
        Ok(Self { play, token: play.token(&["users:read", "users:write"]).await? })
    }

    /// `path`: behind `/api/v1/`.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let Answer { status, body, .. } = self.play.api(method, &format!("/api/v1/{path}"), Some(&self.token), body.as_ref()).await?;
        Ok((status, body))
    }

    pub async fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.call("GET", path, None).await
    }

    /// What is there.
    pub async fn there(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path).await?;
        ensure!(status == 200, "{path}: {status} {body}");
        Ok(body)
    }

    pub async fn put(&self, path: &str, body: Value) -> Result<(u16, Value)> {
        self.call("PUT", path, Some(body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<(u16, Value)> {
        self.call("POST", path, Some(body)).await
    }

    /// Changes attributes of an item of the table of people and chats past the rules; `attributes` as DynamoDB's JSON.
    pub fn set(&self, pk: &str, sk: &str, attributes: Value) -> Result<()> {
        let updates =
            attributes.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!({"Action": "PUT", "Value": value})));
        let parameters = json!({"TableName": self.play.stack.tables["users"], "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "AttributeUpdates": updates.collect::<serde_json::Map<_, _>>()});
        now(self.play.stack.aws("dynamodb", "UpdateItem", parameters)).map(drop)
    }

    /// All items of a table, as DynamoDB's JSON.
    pub fn items(&self, table: &str) -> Result<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), None::<Value>);
        loop {
            let mut parameters = json!({ "TableName": self.play.stack.tables[table], "ConsistentRead": true });
            if let Some(start) = start {
                parameters["ExclusiveStartKey"] = start;
            }
            let mut answer = now(self.play.stack.aws("dynamodb", "Scan", parameters))?;
            items.extend(answer["Items"].as_array_mut().into_iter().flat_map(std::mem::take));
            start = Some(answer["LastEvaluatedKey"].take()).filter(|start| !start.is_null());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}
