//! What a Mini App is opened with (Telegram, "Mini Apps", "Validating data received via the Mini App").

use super::{Refused, World};
use ring::hmac;
use serde_json::json;
use std::collections::BTreeMap;

/// The key of launch data, made of a bot's token.
pub fn key(token: &str) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"WebAppData"), token.as_bytes());
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

impl World {
    /// Signed at `at`, Unix seconds, or now; by another bot's `token` where it is given.
    pub fn open_web_app(&self, user: i64, at: Option<i64>, token: Option<&str>) -> Result<String, Refused> {
        let person = self.users.get(&user).ok_or("there is no such user")?;
        let user = json!({
            "id": user, "first_name": person.first_name, "last_name": person.last_name.clone().unwrap_or_default(), "username": person.username,
            "language_code": person.language_code, "allows_write_to_pm": true,
        });
        let fields = BTreeMap::from([
            ("auth_date", at.unwrap_or(self.now_ms / 1000).to_string()),
            ("query_id", "AAHdF6IQAAAAAN0XohDhrOrc".to_owned()),
            // By Telegram's own key, for others than the bot; the bot's hash is of it, too.
            ("signature", "zL-ucjNyREiHDE8aihFwpfR9aggP2xiAo3NSpfe-p7IbCisNlDKlo7Kb6G4D0Ao2mBrSgEk4maLSdv6MLIlADQ".to_owned()),
            ("user", user.to_string()),
        ]);
        let signed = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n");
        let other = token.map(key);
        let hash = hmac::sign(other.as_ref().unwrap_or(&self.launch_key), signed.as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).append_pair("hash", &hash).finish())
    }
}
