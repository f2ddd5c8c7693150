//! Names of people, kept fresh from what they write; so that `@username` can be looked up, and messages name people as they are called.

use anyhow::Result;
use aws::store::users::{Profile, Users};
use aws::time;
use std::collections::HashMap;
use std::sync::Mutex;
use telegram::update::Person;

/// A profile that has not changed is written again after this, in seconds.
const FRESH: i64 = 300;

/// People remembered; then all are forgotten, which costs a write each.
const REMEMBERED: usize = 10_000;

/// Who was written lately, so that the same names are not written with every message.
#[derive(Default)]
pub struct Cache {
    written: Mutex<HashMap<i64, (i64, Profile)>>,
}

impl Cache {
    /// Writes a person's profile where it changed or is no longer fresh. Bots are left out.
    pub async fn seen(&self, users: &Users, person: &Person) -> Result<()> {
        if person.is_bot || person.id.is_reserved() {
            return Ok(());
        }
        let profile = Profile {
            user_id: person.id,
            name: person.name(),
            username: person.username.clone(),
            language_code: person.language_code.clone(),
            can_write: None,
        };
        let now = time::now();
        if self.is_fresh(&profile, now) {
            return Ok(());
        }
        users.seen(&profile).await?;
        if let Ok(mut written) = self.written.lock() {
            if written.len() >= REMEMBERED {
                written.clear();
            }
            written.insert(person.id.0, (now, profile));
        }
        Ok(())
    }

    fn is_fresh(&self, profile: &Profile, now: i64) -> bool {
        let Ok(written) = self.written.lock() else { return false };
        written.get(&profile.user_id.0).is_some_and(|(at, known)| now - at < FRESH && known == profile)
    }
}
