//! How messages are worded.

use super::State;
use super::send::TemplateName;
use crate::access::Caller;
use crate::bounded::Integer;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Json, Path, given};
use aws::store::templates::Wording;
use axum::extract;
use domain::lang::Lang;
use domain::template::TemplateId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use telegram::render::{check_template, default_source};
use utoipa::ToSchema;

/// Wordings that a template shows.
const SHOWN: i32 = 20;

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateBody {
    #[schema(inline)]
    template_id: TemplateName,
    /// What a text may name, as `{{ username }}`.
    placeholders: Vec<&'static str>,
    /// Counts the wordings; 0: as the bot comes.
    wording: i64,
    ru: TextBody,
    en: TextBody,
    /// Unix seconds; `null` where nobody has worded it anew.
    changed_at: Option<i64>,
    /// The API key: `key:` and its id.
    changed_by: Option<String>,
}

/// A text in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextBody {
    /// The template, Telegram HTML.
    source: String,
    is_default: bool,
    /// What it makes of samples.
    sample: String,
}

/// A template, and what it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateHistory {
    template: TemplateBody,
    /// Newest first, the current one among them; at most 20.
    history: Vec<TemplateBody>,
}

/// All templates.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateList {
    items: Vec<TemplateBody>,
}

/// How it is to be worded: by new texts, or as it was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWording {
    /// `null`: as the bot comes; left out: as it is now.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 4096, example = "✅ {{ username }}: <b>{{ chat_name }}</b>")]
    ru: Option<Option<String>>,
    /// `null`: as the bot comes; left out: as it is now.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 4096)]
    en: Option<Option<String>>,
    /// Go back to this wording, 0 being how the bot comes. Without texts.
    #[schema(value_type = Option<i64>, minimum = 0)]
    wording: Option<Integer>,
}

/// The variable part of the path.
#[derive(Debug, Deserialize)]
pub struct OfTemplate {
    template_id: TemplateName,
}

impl From<Wording> for TemplateBody {
    fn from(wording: Wording) -> Self {
        let (template, is_new) = (wording.template, wording.wording > 0);
        let text = |lang| {
            let chosen = wording.texts.get(&lang).map(String::as_str);
            // Defaults end with their file.
            let source = chosen.unwrap_or_else(|| default_source(template, lang).trim_end()).to_owned();
            TextBody { sample: check_template(template, &source).unwrap_or_default(), is_default: chosen.is_none(), source }
        };
        Self {
            template_id: template.into(),
            placeholders: template.placeholders().to_vec(),
            wording: wording.wording,
            ru: text(Lang::Ru),
            en: text(Lang::En),
            changed_at: is_new.then_some(wording.changed_at),
            changed_by: is_new.then(|| wording.changed_by.clone()),
        }
    }
}

/// How messages are worded.
///
/// The first lines of cards and questions, and all of other messages, in each language. Texts are Jinja templates without filters; placeholders hold
/// plain text and are escaped.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/templates",
    responses((status = 200, description = "All of them.", body = TemplateList))
)]
pub async fn list_templates(extract::State(state): extract::State<State>) -> Result<axum::Json<TemplateList>, ApiError> {
    let mut chosen: BTreeMap<_, _> = state.templates.all().await?.into_iter().map(|wording| (wording.template, wording)).collect();
    let one = |id| chosen.remove(&id).unwrap_or_else(|| Wording::default_of(id)).into();
    Ok(axum::Json(TemplateList { items: TemplateId::ALL.into_iter().map(one).collect() }))
}

/// How one message is worded, and was.
///
/// Each wording that it had can be gone back to.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/templates/{template_id}",
    params(("template_id" = inline(TemplateName), Path)),
    responses((status = 200, description = "It.", body = TemplateHistory))
)]
pub async fn get_template(
    extract::State(state): extract::State<State>,
    Path(OfTemplate { template_id }): Path<OfTemplate>,
) -> Result<axum::Json<TemplateHistory>, ApiError> {
    let id = template_id.into();
    let (template, history) = (state.templates.one(id).await?, state.templates.history(id, SHOWN).await?);
    Ok(axum::Json(TemplateHistory { template: template.into(), history: history.into_iter().map(TemplateBody::from).collect() }))
}

/// Word a message anew, or go back to how it was.
///
/// A text is tried with samples before it is kept: it may name its placeholders only, must end, and make HTML that Telegram reads, with each tag closed on
/// its line. It is used within half a minute.
#[utoipa::path(
    put,
    path = "/api/v1/notifications/templates/{template_id}",
    params(("template_id" = inline(TemplateName), Path)),
    responses(
        (status = 200, description = "As it is now.", body = TemplateBody),
        (status = 404, description = "`wording_unknown`: it was never worded so.", body = ErrorBody),
        (status = 409, description = "`changed_meanwhile`: somebody else worded it at the same time.", body = ErrorBody),
        (status = 422, description = "`bad_template`: a text cannot be used; `details` says in which language and why. `invalid`: neither a text nor a wording is named, or both.", body = ErrorBody),
    )
)]
pub async fn word_template(
    extract::State(state): extract::State<State>,
    caller: Caller,
    Path(OfTemplate { template_id }): Path<OfTemplate>,
    Json(new): Json<NewWording>,
) -> Result<axum::Json<TemplateBody>, ApiError> {
    let id = template_id.into();
    let before = state.templates.one(id).await?;
    let texts = match new {
        NewWording { ru: None, en: None, wording: Some(Integer(wording)) } => {
            let was = state.templates.before(id, wording).await?;
            was.ok_or_else(|| ApiError::not_found("it was never worded so").with_code("wording_unknown"))?.texts
        }
        NewWording { wording: Some(_), .. } => return Err(ApiError::refused("invalid", "either texts or a wording to go back to")),
        NewWording { ru: None, en: None, wording: None } => {
            return Err(ApiError::refused("invalid", "name a text, or a wording to go back to"));
        }
        NewWording { ru, en, wording: None } => {
            let mut texts = before.texts.clone();
            for (lang, text) in [(Lang::Ru, ru), (Lang::En, en)] {
                match text {
                    Some(Some(text)) => drop(texts.insert(lang, text)),
                    Some(None) => drop(texts.remove(&lang)),
                    None => {}
                }
            }
            texts
        }
    };
    for (lang, text) in &texts {
        check_template(id, text).map_err(|error| {
            let details = json!({ "language": lang, "problem": error.to_string() });
            ApiError::refused("bad_template", format!("the text cannot be used: {error}")).with_details(details)
        })?;
    }
    let wording = state.templates.put(&before, texts, &caller.subject).await?;
    let wording = wording.ok_or_else(|| ApiError::conflict("changed_meanwhile", "somebody else worded it at the same time"))?;
    Ok(axum::Json(wording.into()))
}
