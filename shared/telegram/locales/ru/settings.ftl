# Настройки кнопками, по-русски.

settings = <b>⚙️ { $chat }</b>
    Что я делаю в этом чате, когда человека из подписок банят в другом. Нажмите на строку, чтобы изменить.
saved = Сохранено
set-ban-type = Срок бана: { $value }
set-delay = Задержка перед баном: { $value }
set-auto-sync = { $mark } Банить (выкл.: только сообщать)
set-confirmation = { $mark } Спрашивать перед каждым баном
set-new-sources = 🆕 Первый бан нового источника: { $value }
new-sources-ask = спросить
new-sources-ban = забанить
new-sources-tell = только сообщить
pick-new-sources = Создать группу и банить в ней может кто угодно. Что делать с первым баном из нового источника — чата, откуда я ещё не переносил баны в ваш?
set-sync-unban = { $mark } Снимать бан вслед за источником
set-spare-bots = { $mark } Не банить ботов
set-kicks = { $mark } Короткий бан — это кик
set-share-bans = 👁 Другие видят наши баны: { $value }
share-nothing = нет
share-events = только факт
share-full = всё
set-language = 🌐 { $value }
set-notifications = { $mark } Сообщения и вопросы
set-quiet-hours = 🌙 Тихие часы: { $value }
set-zone = 🕰 Часовой пояс: { $value }
ban-type-same = как в источнике
ban-type-permanent = навсегда
no-delay = нет
minutes = { $count ->
        [one] { $count } минута
        [few] { $count } минуты
       *[many] { $count } минут
    }
hours = { $count ->
        [one] { $count } час
        [few] { $count } часа
       *[many] { $count } часов
    }
days = { $count ->
        [one] { $count } день
        [few] { $count } дня
       *[many] { $count } дней
    }
language-of-telegram = как в Telegram
quiet-never = нет
pick-ban-type = Сколько должны длиться перенесённые баны?
pick-delay = Сколько ждать перед баном? Если источник за это время снимет свой бан, я не забаню.
pick-share-bans =
    <b>Что видят о ваших банах админы других чатов и тот, кого забанили?</b>
    • Ничего: в списках ваших банов нет.
    • Только факт: когда был бан, и ID вашего чата.
    • Всё: ещё и название чата, причину и кто решил.
    Тот, кто подписан на баны человека, всегда узнаёт, что чат его забанил: по ID, а если у чата есть публичный @username — по названию. Ваши админы всегда видят всё.
pick-language = На каком языке мне говорить?
pick-quiet-hours = Когда присылать сообщения без звука? Ваш часовой пояс: { $zone }.
pick-zone = В каком вы часовом поясе? Выберите или пришлите название, например <code>Europe/Moscow</code>.
no-such-zone = Такого часового пояса нет. Пришлите название вида <code>Europe/Moscow</code> или <code>America/New_York</code>.
my-settings = <b>👤 Ваши настройки</b>
    Нажмите на то, что хотите изменить.
