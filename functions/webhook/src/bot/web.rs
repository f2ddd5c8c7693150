//! The way to the web page.

use super::screen::{Choice, Screen};
use super::{Asker, Stop};
use crate::Webhook;
use telegram::text;
use telegram::update::Person;

impl Webhook {
    /// A link that signs the asker in. It is for them alone, and is only shown in private.
    pub async fn web_link(&self, asker: &Asker) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let profile = self.users.profile(asker.id).await?.filter(|profile| profile.erased_at.is_none());
        let person = match profile {
            Some(profile) => Person {
                id: asker.id,
                first_name: profile.first_name,
                last_name: profile.last_name,
                username: profile.username,
                language_code: profile.language_code,
                ..Person::default()
            },
            None => Person { id: asker.id, ..Person::default() },
        };
        Ok(match self.sign_in_link(&person).await? {
            Some(url) => Screen::text(text!(lang, "web-link")).row([Choice::url(text!(lang, "button-web"), url)]),
            None => Screen::text(text!(lang, "web-nowhere")),
        })
    }
}
