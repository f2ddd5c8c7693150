//! A chat's figures as the drawing of which the bot's pictures are made.

use super::Answer;
use super::refusal::Refusal;
use crate::Webhook;
use crate::bot::Asker;
use crate::bot::charts::{Drawn, Shown, View};
use crate::http::Request;
use domain::ids::ChatId;
use telegram::text;

impl Webhook {
    pub(super) async fn web_picture(&self, asker: &Asker, chat: ChatId, request: &Request) -> Result<Answer, Refusal> {
        let unreadable = || Refusal::unreadable(asker.lang);
        let drawn = match request.parameter("chart").as_deref() {
            Some("bans") => Drawn::Bans,
            Some("results") => Drawn::Results,
            Some("sources") => Drawn::Sources,
            _ => return Err(unreadable()),
        };
        let period = match request.parameter("period").as_deref() {
            Some("day") => Shown::Day,
            None | Some("week") => Shown::Week,
            Some("month") => Shown::Month,
            Some("year") => Shown::Year,
            Some(_) => return Err(unreadable()),
        };
        let view = View { period, dark: request.parameter("theme").as_deref() == Some("dark") };
        let (room, _) = self.room_of(asker, chat).await?;
        match self.picture(asker, &room, view, drawn).await? {
            Some(svg) => Ok(Answer::Svg(svg)),
            None => Err(Refusal::new(404, "figures_off", &text!(asker.lang, "figures-off"))),
        }
    }
}
