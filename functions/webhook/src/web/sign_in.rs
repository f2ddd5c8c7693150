//! Who it is: launch data of Telegram's or of a link of the bot's, and the session that comes of it.

use super::refusal::Refusal;
use super::{Answer, body, lang_of};
use crate::http::Request;
use crate::{NotNow, Webhook};
use aws::{secrets, time};
use domain::ids::UserId;
use domain::lang::Lang;
use domain::page;
use serde::Deserialize;
use serde_json::json;
use telegram::launch::{Keys, Refused, SESSION_LIFE, Session};
use telegram::update::Person;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// As Telegram hands it to a Mini App. Left out where a session is to be renewed.
    init_data: Option<String>,
}

impl Webhook {
    pub(super) async fn sign_in(&self, request: &Request) -> Result<Answer, Refusal> {
        let (lang, now) = (lang_of(request), time::now());
        let SignIn { init_data } = body(request, lang)?;
        let Some(data) = init_data else {
            let session = self.session(request).await?;
            self.within_the_pace(session.user, lang).await?;
            if !session.is_renewable(now) {
                return Err(Refusal::signed_out(lang));
            }
            let profile = self.users.profile(session.user).await?.filter(|profile| profile.erased_at.is_none());
            let (name, chosen) = profile.map(|profile| (profile.name(), profile.lang())).unwrap_or_default();
            return Ok(self.signed_in(session, &name, chosen));
        };
        let launch = self.by_token(|keys| keys.launch(&data, now)).await.map_err(|why| {
            tracing::debug!(%why, "somebody was not let in to the web page");
            Refusal::not_signed_in(lang, why)
        })?;
        self.within_the_pace(launch.person.id, lang).await?;
        if launch.person.is_bot {
            return Err(Refusal::not_signed_in(lang, Refused::Forged));
        }
        let chosen = self.people.seen(&self.users, &launch.person).await?;
        let UserId(user) = launch.person.id;
        tracing::info!(user_id = user, "somebody signed in to the web page");
        let session = Session { user: launch.person.id, since: launch.at };
        Ok(self.signed_in(session, &launch.person.name(), Lang::of(chosen, launch.person.language_code.as_deref())))
    }

    fn signed_in(&self, session: Session, name: &str, lang: Lang) -> Answer {
        let token = self.telegram.keys().begin(session, time::now());
        let user = json!({ "id": session.user.to_string(), "name": name });
        Answer::Json(json!({ "token": token, "expires_in": SESSION_LIFE, "user": user, "lang": lang }))
    }

    /// The session in whose name a request comes.
    pub(super) async fn session(&self, request: &Request) -> Result<Session, Refusal> {
        let token = request.bearer().ok_or_else(|| Refusal::signed_out(lang_of(request)))?;
        self.by_token(|keys| keys.session(token, time::now())).await.map_err(|_| Refusal::signed_out(lang_of(request)))
    }

    /// Reads what is signed by the bot's token. Where it seems forged, the token may have been changed.
    async fn by_token<T>(&self, read: impl Fn(Keys) -> Result<T, Refused>) -> Result<T, Refused> {
        match read(self.telegram.keys()) {
            Err(Refused::Forged) => {
                secrets::doubt(&self.aws).await;
                read(self.telegram.keys())
            }
            read => read,
        }
    }

    /// Where the page is: beside where Telegram brings updates. `None`: they are fetched, and nobody comes in.
    pub async fn page_url(&self) -> Result<Option<String>, NotNow> {
        self.may_call().await?;
        match self.telegram.webhook_url().await {
            Ok(url) => Ok(url.as_deref().map(page::beside)),
            Err(failure) => Err(self.not_now(failure).await),
        }
    }

    /// The page's address that signs somebody in, for ten minutes.
    pub async fn sign_in_link(&self, person: &Person) -> Result<Option<String>, NotNow> {
        Ok(self.page_url().await?.map(|page| link(&page, &self.telegram.keys().link(person, time::now()))))
    }
}

/// The page opened with launch data, as Telegram does it: what is behind `#` is sent to no server.
fn link(page: &str, data: &str) -> String {
    let fragment = form_urlencoded::Serializer::new(String::new()).append_pair("tgWebAppData", data).finish();
    format!("{page}#{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_launch_as_telegrams() {
        assert_eq!(link("https://x/app/admin", "user=%7B%7D&hash=0"), "https://x/app/admin#tgWebAppData=user%3D%257B%257D%26hash%3D0");
    }
}
