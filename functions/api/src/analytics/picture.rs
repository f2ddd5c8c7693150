//! Figures as a picture: the drawing of which the bot's pictures are made, too.

use super::State;
use super::asked::InParts;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chart::Theme;
use domain::analytics::top::TopSources;
use domain::lang::Lang;
use serde::Deserialize;
use telegram::render::charts::{self, Look, SOURCES};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PictureQuery {
    /// What is drawn; left out, all of it, one below the other.
    #[param(inline)]
    chart: Option<ChartName>,
    /// Left out, it is `en`.
    #[param(inline)]
    lang: Option<LangName>,
    /// Left out, it is `light`.
    #[param(inline)]
    theme: Option<ThemeName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartName {
    /// That were decided, and that syncs brought.
    Bans,
    /// What bans that were synced came to.
    Results,
    /// Where they came from.
    Sources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LangName {
    En,
    Ru,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThemeName {
    Light,
    Dark,
}

impl State {
    pub async fn picture(&self, asked: &InParts, query: &PictureQuery) -> anyhow::Result<Response> {
        let look = Look {
            lang: if query.lang == Some(LangName::Ru) { Lang::Ru } else { Lang::En },
            theme: if query.theme == Some(ThemeName::Dark) { Theme::Dark } else { Theme::Light },
            zone: asked.zone.clone(),
            interval: asked.interval.into(),
        };
        let wants = |chart| query.chart.is_none_or(|wanted| wanted == chart);
        let mut drawn = Vec::new();
        if wants(ChartName::Bans) || wants(ChartName::Results) {
            let series = self.series(asked).await?;
            drawn.extend(wants(ChartName::Bans).then(|| charts::bans(&series, &look)));
            drawn.extend(wants(ChartName::Results).then(|| charts::results(&series, &look)));
        }
        if wants(ChartName::Sources) {
            let sources: TopSources = self.top(asked).await?;
            let rows = sources.first(SOURCES).into_iter().map(|(chat, counts)| (chat.to_string(), counts.carried));
            drawn.push(charts::sources(rows.collect(), &look));
        }
        Ok(([(header::CONTENT_TYPE, "image/svg+xml")], chart::stack(&drawn)).into_response())
    }
}
