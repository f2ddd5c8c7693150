//! What the bot says of itself before anybody has started it.

use domain::lang::Lang;

/// In the empty private chat, above the button that starts the bot; at most 512 characters.
pub fn description(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "I sync bans between chats. Follow someone from your group: when they’re banned in another chat I’m in, I ban them in yours too \
             and tell you why. You can undo it.\n\n\
             Add me to your group as an admin with the right “Ban users”, and start me here so that I can write to you.\n\n\
             Did I ban you? Start me and send /why."
        }
        Lang::Ru => {
            "Я переношу баны между чатами. Подпишитесь в своей группе на баны человека: если его забанят в другом чате, где я есть, я забаню \
             и в вашем и объясню почему. Бан можно отменить.\n\n\
             Добавьте меня в группу админом с правом «Блокировка пользователей» и запустите здесь, чтобы я мог вам писать.\n\n\
             Вас забанил я? Запустите меня и отправьте /why."
        }
    }
}

/// In the bot's profile and where it is shared; at most 120 characters.
pub fn short_description(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Syncs bans between chats: follow someone, and a ban elsewhere becomes a ban in your group too.",
        Lang::Ru => "Переносит баны между чатами: подпишитесь на человека, и бан в другом чате станет баном и в вашей группе.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_longer_than_telegram_takes() {
        for lang in [Lang::En, Lang::Ru] {
            assert!(description(lang).chars().count() <= 512);
            assert!(short_description(lang).chars().count() <= 120);
        }
    }
}
