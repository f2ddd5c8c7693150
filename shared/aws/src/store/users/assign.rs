//! An update expression, attribute by attribute.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

/// What attributes are to be. Every name goes by a placeholder: some are reserved words of DynamoDB's.
#[derive(Default)]
pub struct Assignments {
    set: Vec<String>,
    remove: Vec<String>,
    names: Vec<&'static str>,
    values: Vec<(String, AttributeValue)>,
}

impl Assignments {
    pub fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = :{name}"));
        self.names.push(name);
        self.values.push((format!(":{name}"), value));
        self
    }

    /// Sets what is not there yet.
    pub fn set_once(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
        self.names.push(name);
        self.values.push((format!(":{name}"), value));
        self
    }

    pub fn remove(mut self, name: &'static str) -> Self {
        self.remove.push(format!("#{name}"));
        self.names.push(name);
        self
    }

    /// `None`: the attribute is not there afterwards.
    pub fn put(self, name: &'static str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    pub fn apply(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let mut expression = format!("SET {}", self.set.join(", "));
        if !self.remove.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&self.remove.join(", "));
        }
        let update = self.names.into_iter().fold(update, |update, name| update.expression_attribute_names(format!("#{name}"), name));
        let update = self.values.into_iter().fold(update, |update, (name, value)| update.expression_attribute_values(name, value));
        update.update_expression(expression)
    }
}
