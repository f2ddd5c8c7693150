# Настройки кнопками, по-русски.

settings = <b>⚙️ { $chat }</b>
    Как сюда переносятся баны тех, за кем отсюда следят. Нажмите на то, что хотите изменить.
saved = Сохранено
set-ban-type = Бан: { $value }
set-delay = Задержка: { $value }
set-auto-sync = { $mark } Переносить без участия админов
set-confirmation = { $mark } Сначала спрашивать админов
set-new-sources = Первый бан из источника: { $value }
new-sources-ask = спросить
new-sources-ban = забанить
new-sources-tell = только сообщить
pick-new-sources = Создать группу и банить в ней может кто угодно. Что делать с первым баном из чата, откуда банов ещё не было?
set-sync-unban = { $mark } Снимать, когда снял источник
set-spare-bots = { $mark } Не трогать ботов
set-kicks = { $mark } Короткий бан — это кик
set-share-bans = 👁 Наши баны видят другие: { $value }
share-nothing = нет
share-events = только факт
share-full = всё
set-language = 🌐 { $value }
set-notifications = { $mark } Сообщения о банах
set-quiet-hours = 🌙 Тихие часы: { $value }
set-zone = 🕰 Часовой пояс: { $value }
ban-type-same = пока действует у источника
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
pick-delay = Сколько ждать перед переносом бана? Если его за это время снимут, он не переносится.
pick-share-bans =
    <b>Что видят о ваших банах админы других чатов и сами забаненные?</b>
    • Ничего: в списках ваших банов нет.
    • Только факт: когда был бан, и ID вашего чата.
    • Всё: ещё и название чата, причину и кто решил.
    Кто подписан на баны человека, в любом случае узнаёт, что чат его забанил: по ID, а если у чата есть публичный @username, то по названию. Ваши админы всегда видят всё.
pick-language = На каком языке мне говорить?
pick-quiet-hours = Когда присылать сообщения без звука? Часы — по поясу { $zone }.
pick-zone = В каком вы часовом поясе? Выберите или пришлите название, например <code>Europe/Moscow</code>.
no-such-zone = Такого часового пояса нет. Пришлите название вида <code>Europe/Moscow</code> или <code>America/New_York</code>.
my-settings = <b>👤 Ваши настройки</b>
    Нажмите на то, что хотите изменить.
