//! Who opens the web page: data that Telegram, or this bot, has signed.
//!
//! Telegram hands a Mini App *launch data* (`initData`): form fields, of which `hash` is an HMAC by a key made of the bot's token (Telegram, "Mini
//! Apps", "Validating data received via the Mini App"). The bot's own links carry data of the same form, so the page has one door. A session is
//! signed in the same way by another key: launch data is no session, and a session no launch data.

use crate::update::Person;
use domain::ids::UserId;
use ring::hmac;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Launch data is good for so many seconds: long enough for a page that is left open for a while, short enough for one that was copied.
pub const LAUNCH_LIFE: i64 = 3600;

/// The same of a link that the bot wrote, in seconds: it is meant to be opened at once.
pub const LINK_LIFE: i64 = 600;

/// A session is good for so many seconds.
pub const SESSION_LIFE: i64 = 15 * 60;

/// A session can be renewed for so many seconds after its holder has signed in.
const SIGNED_IN: i64 = 12 * 3600;

/// Seconds by which two clocks may differ.
const LEEWAY: i64 = 30;

/// The longest launch data that is read, in bytes: what Telegram sends is a fifth of it.
const LONGEST: usize = 8192;

/// The key of launch data is an HMAC of the token by this name (the same source).
const OF_LAUNCHES: &[u8] = b"WebAppData";

/// A name of our own for sessions: their key is another one.
const OF_SESSIONS: &[u8] = b"BansyncSession";

/// Keys of one bot, made of its token.
pub struct Keys {
    launches: hmac::Key,
    sessions: hmac::Key,
}

/// Somebody who opens the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    pub person: Person,
    /// When it was signed, Unix seconds.
    pub at: i64,
}

/// Somebody who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub user: UserId,
    /// When they signed in, Unix seconds.
    pub since: i64,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is not signed by this bot's token")]
    Forged,
    #[error("it is too old")]
    Old,
}

/// `user` of launch data (`WebAppUser`).
#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
    language_code: Option<String>,
    #[serde(default)]
    is_bot: bool,
}

impl Keys {
    /// `token`: the bot's.
    pub fn of(token: &str) -> Self {
        let key = |name: &[u8]| {
            let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, name), token.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
        };
        Self { launches: key(OF_LAUNCHES), sessions: key(OF_SESSIONS) }
    }

    /// Reads launch data. `now`: Unix seconds.
    ///
    /// # Errors
    /// Somebody else signed it, or it is too old. What cannot be read counts as forged.
    pub fn launch(&self, data: &str, now: i64) -> Result<Launch, Refused> {
        let fields = verified(&self.launches, data)?;
        let at = moment(&fields, "auth_date")?;
        // Only a link of the bot says how long it is good; nobody else can write the field.
        let life = fields.get("life").map_or(Ok(LAUNCH_LIFE), |life| life.parse().map_err(|_| Refused::Forged))?;
        if now - at > life.min(LAUNCH_LIFE) || at - now > LEEWAY {
            return Err(Refused::Old);
        }
        let user: User = fields.get("user").and_then(|user| serde_json::from_str(user).ok()).ok_or(Refused::Forged)?;
        let person = Person {
            id: UserId(user.id),
            is_bot: user.is_bot,
            first_name: user.first_name,
            last_name: user.last_name,
            username: user.username,
            language_code: user.language_code,
        };
        Ok(Launch { person, at })
    }

    /// Launch data for a link that signs somebody in. `now`: Unix seconds.
    pub fn link(&self, person: &Person, now: i64) -> String {
        let user = serde_json::json!({
            "id": person.id, "first_name": person.first_name, "last_name": person.last_name,
            "username": person.username, "language_code": person.language_code,
        });
        let fields = [("auth_date", now.to_string()), ("life", LINK_LIFE.to_string()), ("user", user.to_string())];
        signed(&self.launches, fields)
    }

    /// A session that was begun at `session.since` and is good for [`SESSION_LIFE`] from `now` on, both Unix seconds.
    pub fn begin(&self, session: Session, now: i64) -> String {
        let fields =
            [("expires", (now + SESSION_LIFE).to_string()), ("since", session.since.to_string()), ("user", session.user.to_string())];
        signed(&self.sessions, fields)
    }

    /// Reads a session. `now`: Unix seconds.
    ///
    /// # Errors
    /// This bot did not sign it, or it has ended.
    pub fn session(&self, text: &str, now: i64) -> Result<Session, Refused> {
        let fields = verified(&self.sessions, text)?;
        if moment(&fields, "expires")? <= now {
            return Err(Refused::Old);
        }
        Ok(Session { user: UserId(moment(&fields, "user")?), since: moment(&fields, "since")? })
    }
}

impl Session {
    /// May it be renewed at `now` (Unix seconds)?
    pub fn is_renewable(self, now: i64) -> bool {
        now - self.since <= SIGNED_IN
    }
}

fn moment(fields: &BTreeMap<String, String>, name: &str) -> Result<i64, Refused> {
    fields.get(name).and_then(|text| text.parse().ok()).ok_or(Refused::Forged)
}

/// What is signed: every field but the hash, in the order of their names.
fn check_string(fields: &BTreeMap<String, String>) -> String {
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

/// The fields, where `hash` is theirs.
fn verified(key: &hmac::Key, text: &str) -> Result<BTreeMap<String, String>, Refused> {
    if text.len() > LONGEST {
        return Err(Refused::Forged);
    }
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        // Of two fields of one name it could not be told which was signed.
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Refused::Forged);
        }
    }
    let hash = fields.remove("hash").and_then(|hash| bytes(&hash)).ok_or(Refused::Forged)?;
    // In constant time.
    hmac::verify(key, check_string(&fields).as_bytes(), &hash).map_err(|_| Refused::Forged)?;
    Ok(fields)
}

fn signed<const N: usize>(key: &hmac::Key, fields: [(&str, String); N]) -> String {
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let hash = hmac::sign(key, check_string(&fields).as_bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).append_pair("hash", &hash).finish()
}

/// Of hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "42:secret";
    const NOW: i64 = 1_800_000_000;

    fn person(id: i64) -> Person {
        Person {
            id: UserId(id),
            is_bot: false,
            first_name: "Ann & <b>Ко</b>".to_owned(),
            last_name: None,
            username: Some("ann".to_owned()),
            language_code: Some("ru".to_owned()),
        }
    }

    #[test]
    fn what_telegram_signs_is_let_in() {
        // Made by the rule of the documentation with Python's hmac; `signature` is one of the signed fields.
        let data = "query_id=AAHd&user=%7B%22id%22%3A7%2C%22first_name%22%3A%22A%22%7D&auth_date=1800000000&signature=abc\
                    &hash=6d6c4ad1ee2db6a1b9a4d81a3b9f0f0f";
        assert_eq!(Keys::of(TOKEN).launch(data, NOW), Err(Refused::Forged), "a hash that is too short");
        let data = include_str!("launch/example.txt").trim();
        let launch = Keys::of(TOKEN).launch(data, NOW + 5).unwrap();
        assert_eq!((launch.person.id, launch.person.first_name.as_str(), launch.at), (UserId(7), "A", NOW));
    }

    #[test]
    fn a_link_signs_in_whom_it_was_written_for_for_ten_minutes() {
        let keys = Keys::of(TOKEN);
        let link = keys.link(&person(7), NOW);
        for now in [NOW - 20, NOW, NOW + 600] {
            assert_eq!(keys.launch(&link, now).map(|launch| launch.person), Ok(person(7)));
        }
        for now in [NOW + 601, NOW - 31] {
            assert_eq!(keys.launch(&link, now), Err(Refused::Old));
        }
        assert_eq!(Keys::of("42:another").launch(&link, NOW), Err(Refused::Forged));
        assert_eq!(Keys::of("43:secret").launch(&link, NOW), Err(Refused::Forged), "another bot's");
    }

    #[test]
    fn launch_data_of_telegrams_is_good_for_an_hour() {
        let keys = Keys::of(TOKEN);
        let data = signed(&keys.launches, [("auth_date", NOW.to_string()), ("user", r#"{"id":7,"first_name":"A"}"#.to_owned())]);
        assert!(keys.launch(&data, NOW + 3600).is_ok());
        assert_eq!(keys.launch(&data, NOW + 3601), Err(Refused::Old));
    }

    #[test]
    fn a_session_is_no_launch_data_and_launch_data_no_session() {
        let keys = Keys::of(TOKEN);
        let session = Session { user: UserId(7), since: NOW };
        let text = keys.begin(session, NOW);
        assert_eq!(keys.session(&text, NOW + 899), Ok(session));
        assert_eq!(keys.session(&text, NOW + 900), Err(Refused::Old));
        assert_eq!(keys.launch(&text, NOW), Err(Refused::Forged));
        assert_eq!(keys.session(&keys.link(&person(7), NOW), NOW), Err(Refused::Forged));
        assert!(session.is_renewable(NOW + 12 * 3600) && !session.is_renewable(NOW + 12 * 3600 + 1));
    }

    #[test]
    fn a_field_more_or_twice_is_forged() {
        let keys = Keys::of(TOKEN);
        let link = keys.link(&person(7), NOW);
        for changed in [
            format!("{link}&life=99999"),
            format!("{link}&auth_date={}", NOW + 500),
            format!("{link}&x=1"),
            link.replace("hash=", "hash=0"),
            link.replace("life=600", "life=6000"),
            String::new(),
            "hash=".to_owned(),
            "x".repeat(LONGEST + 1),
        ] {
            assert_eq!(keys.launch(&changed, NOW), Err(Refused::Forged), "{changed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_changed_of_it_is_forged(at in any::<prop::sample::Index>(), byte in 0x20u8..0x7f) {
            let keys = Keys::of(TOKEN);
            let link = keys.link(&person(7), NOW).into_bytes();
            let mut changed = link.clone();
            let at = at.index(link.len());
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap();
            let fields = |text: &str| form_urlencoded::parse(text.as_bytes()).into_owned().collect::<BTreeMap<String, String>>();
            // Digits of a hash may be written in capitals.
            let same = changed.as_bytes().eq_ignore_ascii_case(&link)
                || fields(&changed) == fields(std::str::from_utf8(&link).unwrap());
            prop_assert!(same || keys.launch(&changed, NOW) == Err(Refused::Forged), "{}", changed);
        }

        #[test]
        fn no_text_is_let_in_and_none_stops_the_reader(text in ".{0,200}") {
            prop_assert_eq!(Keys::of(TOKEN).launch(&text, NOW), Err(Refused::Forged));
            prop_assert_eq!(Keys::of(TOKEN).session(&text, NOW), Err(Refused::Forged));
        }
    }
}
