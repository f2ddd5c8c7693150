//! Names of people, kept fresh from what they write; so that `@username` can be looked up, and messages name people as they are called.

use anyhow::Result;
use aws::store::users::{Seen, Users};
use aws::time;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::profile::ProfileChange;
use domain::role::Role;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;
use telegram::update::Person;

/// A profile that has not changed is written again after this, in seconds; what is remembered of it is as old at most.
const FRESH: i64 = 300;

/// After so many seconds a word is a first one again.
const SILENCE: i64 = 60;

/// People remembered; then all are forgotten, which costs a write each.
const REMEMBERED: usize = 10_000;

/// Who was written lately, so that the same names are not written with every message.
#[derive(Default)]
pub struct Cache {
    written: Mutex<HashMap<UserId, Written>>,
    /// Roles that were noted, by chat and person.
    roles: Mutex<HashMap<(ChatId, UserId), Option<Role>>>,
    /// When it was last looked whether somebody is waited for, by chat and person, Unix seconds.
    words: Mutex<HashMap<(ChatId, UserId), i64>>,
    /// Who was beyond the pace, and in which minute.
    silent: Mutex<HashMap<UserId, i64>>,
}

#[derive(Clone)]
struct Written {
    at: i64,
    names: ProfileChange,
    seen: Seen,
}

impl Cache {
    /// Writes a person's profile where it changed or is no longer fresh. Bots are left out. Answers the language that he has chosen.
    pub async fn seen(&self, users: &Users, person: &Person) -> Result<Option<Lang>> {
        if person.is_bot || person.id.is_reserved() {
            return Ok(None);
        }
        let (now, names) = (time::now(), names(person));
        let seen = match self.fresh(person.id, &names, now) {
            Some(seen) => seen,
            None => {
                let seen = users.seen(person.id, &names).await?;
                self.remember(person.id, Written { at: now, names, seen });
                seen
            }
        };
        Ok(match seen {
            Seen::Known(language) => language,
            Seen::Erased => None,
        })
    }

    /// Writes a name that somebody else told of a person: it says nothing of his language.
    pub async fn named(&self, users: &Users, person: &Person) -> Result<()> {
        let names = ProfileChange { language_code: None, ..names(person) };
        users.seen(person.id, &names).await.map(drop)
    }

    /// Was this role not noted lately?
    pub fn is_new_role(&self, chat: ChatId, user: UserId, role: Option<Role>) -> bool {
        let Ok(mut roles) = self.roles.lock() else { return true };
        if roles.len() >= REMEMBERED {
            roles.clear();
        }
        roles.insert((chat, user), role) != Some(role)
    }

    /// Has somebody not written in a chat lately? In large groups no update may tell that he came (Bot API, "ChatMemberUpdated").
    pub fn is_first_word(&self, chat: ChatId, user: UserId, now: i64) -> bool {
        let Ok(mut words) = self.words.lock() else { return true };
        if words.len() >= REMEMBERED {
            words.clear();
        }
        match words.entry((chat, user)) {
            Entry::Occupied(last) if now - *last.get() < SILENCE => false,
            entry => {
                entry.insert_entry(now);
                true
            }
        }
    }

    /// Somebody is beyond the pace of this minute: what else they ask for in it costs nothing here.
    pub fn silence(&self, user: UserId, now: i64) {
        if let Ok(mut silent) = self.silent.lock() {
            if silent.len() >= REMEMBERED {
                silent.clear();
            }
            silent.insert(user, now / 60);
        }
    }

    pub fn is_silent(&self, user: UserId, now: i64) -> bool {
        self.silent.lock().is_ok_and(|silent| silent.get(&user) == Some(&(now / 60)))
    }

    /// Somebody whose profile changes is written when he is seen next.
    pub fn forget(&self, user: UserId) {
        if let Ok(mut written) = self.written.lock() {
            written.remove(&user);
        }
    }

    fn fresh(&self, user: UserId, names: &ProfileChange, now: i64) -> Option<Seen> {
        let written = self.written.lock().ok()?;
        written.get(&user).filter(|written| now - written.at < FRESH && written.names == *names).map(|written| written.seen)
    }

    fn remember(&self, user: UserId, new: Written) {
        if let Ok(mut written) = self.written.lock() {
            if written.len() >= REMEMBERED {
                written.clear();
            }
            written.insert(user, new);
        }
    }
}

fn names(person: &Person) -> ProfileChange {
    ProfileChange {
        first_name: Some(person.first_name.clone()),
        last_name: Some(person.last_name.clone()),
        username: Some(person.username.clone()),
        language_code: Some(person.language_code.clone()),
        ..ProfileChange::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::role::Rank;

    const NOW: i64 = 10_000;

    fn person(first_name: &str) -> Person {
        Person { id: UserId(5), first_name: first_name.to_owned(), ..Person::default() }
    }

    #[test]
    fn a_profile_is_written_again_when_a_name_changes_or_after_five_minutes() {
        let cache = Cache::default();
        let known = Seen::Known(Some(Lang::En));
        cache.remember(UserId(5), Written { at: NOW, names: names(&person("Mal")), seen: known });
        for (user, name, at, expected) in [
            (5, "Mal", NOW, Some(known)),
            (5, "Mal", NOW + FRESH - 1, Some(known)),
            (5, "Mal", NOW + FRESH, None),
            (5, "Mallory", NOW, None),
            (6, "Mal", NOW, None),
        ] {
            assert_eq!(cache.fresh(UserId(user), &names(&person(name)), at), expected, "{user} {name} {at}");
        }
        cache.forget(UserId(5));
        assert_eq!(cache.fresh(UserId(5), &names(&person("Mal")), NOW), None);
    }

    #[test]
    fn whoever_is_beyond_the_pace_is_silent_until_the_minute_is_over() {
        let cache = Cache::default();
        cache.silence(UserId(5), 119);
        for (user, now, expected) in [(5, 60, true), (5, 119, true), (5, 120, false), (6, 119, false)] {
            assert_eq!(cache.is_silent(UserId(user), now), expected, "{user} {now}");
        }
    }

    #[test]
    fn a_role_is_news_until_it_was_noted_and_again_when_it_changes() {
        let cache = Cache::default();
        let moderator = Some(Role { role: Rank::Moderator, can_ban: true });
        let is_new = |chat: i64, role| cache.is_new_role(ChatId(chat), UserId(5), role);
        assert!(is_new(-1, moderator));
        assert!(!is_new(-1, moderator));
        assert!(is_new(-2, moderator), "in another chat");
        assert!(is_new(-1, None), "the role has ended");
        assert!(is_new(-1, moderator), "and is back");
    }
}
