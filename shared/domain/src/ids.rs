//! Telegram's ids. They need 52 bits; chats other than private ones are negative, supergroups and channels start at `-100…`.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A chat: group, supergroup, channel, or the private chat with a user (then equal to the user's id).
    ChatId
);
id!(
    /// A person or a bot.
    UserId
);

impl UserId {
    /// Telegram's own service account.
    pub const TELEGRAM: Self = Self(777_000);
    /// The face of an admin who writes or acts anonymously.
    pub const ANONYMOUS_ADMIN: Self = Self(1_087_968_824);
    /// The face of a channel that writes in a group.
    pub const CHANNEL: Self = Self(136_817_688);

    /// Whoever it was: nobody's id is kept any more.
    pub const FORGOTTEN: Self = Self(0);

    /// Ids that stand for no single person: never followed, never acted on.
    pub fn is_reserved(self) -> bool {
        [Self::TELEGRAM, Self::ANONYMOUS_ADMIN, Self::CHANNEL].contains(&self)
    }

    /// The private chat of this user with the bot.
    pub fn private_chat(self) -> ChatId {
        ChatId(self.0)
    }
}
