//! What the bot says of itself before anybody has started it.

use domain::lang::Lang;

/// In the empty private chat, above the button that starts the bot; at most 512 characters.
pub fn description(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "I carry bans between chats. Follow a person from your group: when they are banned in another chat where I am, I ban them \
             in yours too and tell you. You can take it back.\n\n\
             Add me to your group as an administrator with the right “Ban users”, and start me here, so that I may write to you."
        }
        Lang::Ru => {
            "Я переношу баны между чатами. Подпишитесь на человека в своей группе: когда его забанят в другом чате, где я есть, я забаню \
             его и у вас и сообщу вам. Бан можно снять.\n\n\
             Добавьте меня в группу администратором с правом «Блокировка пользователей» и запустите меня здесь, чтобы я мог вам писать."
        }
    }
}

/// In the bot's profile and where it is shared; at most 120 characters.
pub fn short_description(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Carries bans between chats: follow a person, and a ban elsewhere becomes a ban in your group.",
        Lang::Ru => "Переносит баны между чатами: следите за человеком, и бан в другом чате станет баном в вашей группе.",
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
