//! The signing keys, as read from the Parameter Store.
//!
//! They are read again so that a rotation is known in time: a new key when the first token comes that it signed, a key that is no longer
//! believed within a minute.

use anyhow::Context;
use aws::{Aws, secrets, time};
use domain::access::{SIGNING_KEY_BYTES, SigningKeys};
use tokio::sync::Mutex;

/// How old what is known may be, in seconds.
const MAX_AGE: i64 = 60;

/// At most this often the keys are read for the sake of a name that is not known, in seconds: anybody can make up names.
const UNKNOWN_PAUSE: i64 = 10;

/// The signing keys.
pub struct Signing {
    aws: Aws,
    parameter: String,
    known: Mutex<Known>,
}

struct Known {
    keys: SigningKeys,
    /// When they were read, Unix seconds.
    read_at: i64,
    /// When they were last asked for, with or without success.
    asked_at: i64,
}

impl Known {
    /// Must the keys be read, to know the one named `kid`, or the current one?
    fn is_stale(&self, kid: Option<&str>, now: i64) -> bool {
        let unknown = kid.is_some_and(|kid| self.keys.get(kid).is_none());
        now - self.read_at >= MAX_AGE || (unknown && now - self.asked_at >= UNKNOWN_PAUSE)
    }
}

impl Signing {
    /// Reads the keys; an error where there are none.
    pub async fn read(aws: Aws, parameter: String) -> anyhow::Result<Self> {
        let (keys, now) = (load(&aws, &parameter).await?, time::now());
        Ok(Self { aws, parameter, known: Mutex::new(Known { keys, read_at: now, asked_at: now }) })
    }

    /// The key of this name, if it is believed.
    pub async fn get(&self, kid: &str) -> anyhow::Result<Option<[u8; SIGNING_KEY_BYTES]>> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known, Some(kid)).await?;
        Ok(known.keys.get(kid).copied())
    }

    /// The key to sign with, and its name.
    pub async fn current(&self) -> anyhow::Result<(String, [u8; SIGNING_KEY_BYTES])> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known, None).await?;
        let (kid, key) = known.keys.signer(time::now());
        Ok((kid.to_owned(), *key))
    }

    async fn refresh(&self, known: &mut Known, kid: Option<&str>) -> anyhow::Result<()> {
        let now = time::now();
        if known.is_stale(kid, now) {
            known.asked_at = now;
            known.keys = load(&self.aws, &self.parameter).await?;
            known.read_at = now;
        }
        Ok(())
    }
}

async fn load(aws: &Aws, parameter: &str) -> anyhow::Result<SigningKeys> {
    let [text] = secrets::load(aws, [parameter.to_owned()]).await?;
    // Its error names a place in the text, and a key's name at most.
    serde_json::from_str(&text).with_context(|| format!("the parameter {parameter} holds no signing keys"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn known(read_at: i64, asked_at: i64) -> Known {
        Known { keys: SigningKeys::new([0; 8], [1; 32]), read_at, asked_at }
    }

    #[test]
    fn what_is_known_holds_for_a_minute() {
        for kid in [None, Some("aaaaaaaa")] {
            assert!(!known(NOW, NOW).is_stale(kid, NOW + 59));
            assert!(known(NOW, NOW).is_stale(kid, NOW + 60));
            assert!(known(NOW, NOW + 59).is_stale(kid, NOW + 60), "a try that failed does not make them young");
        }
    }

    #[test]
    fn names_that_are_not_known_have_the_keys_read_every_ten_seconds_at_most() {
        assert!(!known(NOW, NOW).is_stale(Some("made-up"), NOW + 9));
        assert!(known(NOW, NOW).is_stale(Some("made-up"), NOW + 10));
        assert!(!known(NOW, NOW + 10).is_stale(Some("made-up"), NOW + 19), "it was tried ten seconds ago");
    }
}
