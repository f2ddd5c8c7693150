//! Who is an administrator where. Told by Telegram's updates, and by Telegram itself where they are old.

use super::assign::Assignments;
use super::{Users, admin_key};
use crate::store::page::{Page, PageError, Wanted};
use crate::store::{DAY, VERSION, n, s, value};
use crate::time;
use anyhow::Context;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ban::Occurred;
use domain::ids::{ChatId, UserId};
use domain::role::{Rank, Role};
use serde::{Deserialize, Serialize};

/// How long it is kept that somebody is no administrator, in seconds: longer than any event of it can be on its way.
const KEPT: i64 = 30 * DAY;

/// Somebody's role in a chat, or that he has none, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminItem {
    pub chat_id: ChatId,
    pub user_id: UserId,
    #[serde(default)]
    role: Option<Rank>,
    #[serde(default)]
    can_ban: bool,
    /// Of what told it last; what is older changes nothing.
    occurred: Occurred,
    /// When that was told, Unix seconds.
    pub observed_at: i64,
    /// When a role was found to have ended, Unix seconds; absent while there is one, and where none was known.
    #[serde(default)]
    pub ended_at: Option<i64>,
}

impl AdminItem {
    /// `None`: he is no administrator.
    pub fn role(&self) -> Option<Role> {
        self.role.map(|role| Role { role, can_ban: self.can_ban })
    }

    /// When that happened which told it last.
    pub fn occurred(&self) -> &Occurred {
        &self.occurred
    }
}

impl Users {
    /// What is known of somebody's role in a chat.
    pub async fn admin(&self, chat: ChatId, user: UserId) -> anyhow::Result<Option<AdminItem>> {
        self.read(admin_key(chat, user)).await
    }

    /// An update told of a change of somebody's role. An older change than the one that is known is left out.
    pub async fn set_role(&self, chat: ChatId, user: UserId, role: Option<Role>, occurred: &Occurred) -> anyhow::Result<()> {
        let ended_at = role.is_none().then(time::now);
        let update = self
            .role(chat, user, role, occurred, ended_at)?
            .apply(self.update(admin_key(chat, user)))
            .condition_expression("attribute_not_exists(#occurred) OR #occurred < :occurred");
        self.unless_known(update).await.map(|_| ())
    }

    /// Telegram was asked, because what was `known` was old or nothing; it answered this. As it is known now.
    pub async fn observe_role(
        &self,
        chat: ChatId,
        user: UserId,
        role: Option<Role>,
        known: Option<&AdminItem>,
    ) -> anyhow::Result<AdminItem> {
        let now = time::now();
        // An update of the same second is newer, and wins.
        let occurred = Occurred::new(now, 0);
        let ended_at = match known {
            Some(known) if role.is_none() && known.role.is_some() => Some(now),
            Some(known) if role.is_none() => known.ended_at,
            _ => None,
        };
        let update = self.role(chat, user, role, &occurred, ended_at)?.apply(self.update(admin_key(chat, user)));
        // Where an update came in between, it has told more.
        let update = match known {
            Some(known) => {
                update.condition_expression("#occurred = :known").expression_attribute_values(":known", s(known.occurred.as_str()))
            }
            None => update.condition_expression("attribute_not_exists(#occurred)"),
        };
        self.unless_known(update).await?;
        let can_ban = role.is_some_and(|role| role.can_ban);
        Ok(AdminItem { chat_id: chat, user_id: user, role: role.map(|role| role.role), can_ban, occurred, observed_at: now, ended_at })
    }

    /// A page of the administrators that are known of a chat.
    pub async fn admins(&self, chat: ChatId, wanted: &Wanted) -> Result<Page<AdminItem>, PageError> {
        let query = self
            .table
            .client
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
            .filter_expression("attribute_exists(#role)")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":pk", s(format!("CHAT#{chat}")))
            .expression_attribute_values(":sk", s("ADMIN#"));
        self.table.page(query, &format!("admins of chat {chat}"), wanted).await
    }

    /// A page of somebody's roles, and of those he had.
    pub async fn roles(&self, user: UserId, wanted: &Wanted) -> Result<Page<AdminItem>, PageError> {
        self.table.page(self.by_admin(user), &format!("roles of {user}"), wanted).await
    }

    /// Erases somebody's roles as far as they were told at `until` (Unix seconds) or before, at most `limit` of them; how many.
    pub async fn erase_roles(&self, user: UserId, until: i64, limit: usize) -> anyhow::Result<usize> {
        let mut items = self.by_admin(user).table_name(&self.table.name).into_paginator().items().send();
        let mut erased = 0;
        while let Some(item) = items.next().await {
            let item: AdminItem = serde_dynamo::from_item(item.context("reading a person's roles")?)?;
            if item.observed_at > until {
                continue;
            }
            if erased == limit {
                break;
            }
            self.erase_role(&item).await?;
            erased += 1;
        }
        Ok(erased)
    }

    /// What was told since it was read stays.
    async fn erase_role(&self, item: &AdminItem) -> anyhow::Result<()> {
        let delete = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(admin_key(item.chat_id, item.user_id)))
            .condition_expression("occurred = :occurred")
            .expression_attribute_values(":occurred", s(item.occurred.as_str()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error).context("erasing a role"),
        }
    }

    fn by_admin(&self, user: UserId) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let query = self.table.client.query().index_name("by_admin").key_condition_expression("admin_key = :user");
        query.expression_attribute_values(":user", s(user.to_string()))
    }

    fn role(
        &self,
        chat: ChatId,
        user: UserId,
        role: Option<Role>,
        occurred: &Occurred,
        ended_at: Option<i64>,
    ) -> anyhow::Result<Assignments> {
        Ok(Assignments::default()
            .set("chat_id", n(chat.0))
            .set("user_id", n(user.0))
            .set("admin_key", s(user.to_string()))
            .set("occurred", s(occurred.as_str()))
            .set("observed_at", n(time::now()))
            .set("version", n(i64::from(VERSION)))
            .put("role", role.map(|role| value(role.role)).transpose()?)
            .put("can_ban", role.map(|role| AttributeValue::Bool(role.can_ban)))
            .put("ended_at", ended_at.map(n))
            .put("expires_at", role.is_none().then(|| n(time::now() + KEPT))))
    }
}
