# Списки, история, числа, по-русски.

list = <b>В чате { $chat } вы следите</b>
list-empty = Вы ни за кем не следите в чате { $chat }.
list-marks = ❓ сначала спрашиваю · 🔔 только сообщаю
and-more = { $count ->
        [one] … и ещё { $count }
        [few] … и ещё { $count }
       *[many] … и ещё { $count }
    }
ignored-list = <b>В чат { $chat } не переносятся баны</b>
ignored-nobody = Исключений нет: в чат { $chat } переносятся все баны. Начать: /ignore
ignored-source = все баны из чата { $chat }

history-of-chat = <b>История чата { $chat }</b>
history-of-person = <b>История { $who }</b>
history-empty-chat = С тех пор как я здесь, в чате { $chat } ничего не решали.
history-empty-person = Я не знаю решений о { $who }, или чаты ими не делятся.
history-hidden = { $count ->
        [one] Ещё { $count } запись чат не показывает.
        [few] Ещё { $count } записи чаты не показывают.
       *[many] Ещё { $count } записей чаты не показывают.
    }
history-file = { $count ->
        [one] { $count } запись
        [few] { $count } записи
       *[many] { $count } записей
    } (в файле не больше { $most }).
event-ban = 🚫 { $time } · { $whom } · бан
event-ban-until = 🚫 { $time } · { $whom } · бан до { $until }
event-unban = ✅ { $time } · { $whom } · бан снят
event-kick = 👢 { $time } · { $whom } · исключение
event-restrict = 🔇 { $time } · { $whom } · ограничение
event-unrestrict = 🔊 { $time } · { $whom } · ограничение снято
filter-all = Всё
filter-bans = 🚫 Баны
filter-unbans = ✅ Снятые
filter-kicks = 👢 Исключения

why = <b>{ $who } в чате { $chat }</b>
why-nothing = С { $who } в чате { $chat } ничего не происходило — по крайней мере, мне это неизвестно.
by-anonymous = анонимный админ
by-unknown = кто-то, кого я не знаю
by-program = программа владельца бота
step-local-ban = 🚫 { $time } · забанен здесь; решение: { $by }
step-local-unban = ✅ { $time } · бан снят здесь; решение: { $by }
step-local-kick = 👢 { $time } · исключён здесь; решение: { $by }
step-local-restrict = 🔇 { $time } · ограничен здесь; решение: { $by }
step-local-unrestrict = 🔊 { $time } · ограничение снято; решение: { $by }
step-banned = 🚫 { $time } · я забанил здесь из-за бана в чате { $chat }; решение там: { $by }
step-already = ℹ️ { $time } · бан в чате { $chat } (решение: { $by }); здесь уже был бан
step-skipped = ⏭ { $time } · бан в чате { $chat } (решение: { $by }) не перенесён: { $reason }
step-failed = ❌ { $time } · бан в чате { $chat } (решение: { $by }) перенести не удалось: { $reason }
step-lifted = ✅ { $time } · я снял бан, пришедший из чата { $chat }
step-not-lifted = ⏭ { $time } · бан, пришедший из чата { $chat }, должен был быть снят, но не снят: { $reason }
origin-confirmed = на вопрос ответили «Забанить»: { $by }
origin-delayed = вышла задержка чата
origin-triggered = по запросу программы
origin-retried = по запросу программы ещё раз
origin-joined = человек пришёл в чат
origin-added = админ добавил человека в чат
origin-released = приостановленные баны пропущены: { $by }
origin-undone-here = отменено здесь: { $by }
origin-undone-everywhere = отменено везде: { $by }

stats =
    <b>{ $chat }: последние 30 дней</b>

    Подписок из этого чата: { $follows }

    Решено здесь
    🚫 баны: { $bans } · ✅ сняты: { $unbans } · 👢 исключения: { $kicks }

    Перенесено сюда
    ✅ забанено: { $applied } · ℹ️ уже были забанены: { $already } · ⏭ пропущено: { $skipped } · ❌ не удалось: { $failed } · ↩️ снято: { $lifted }
stats-more = Было больше: из каждого учтены последние { $most }.

verify =
    <b>Мои права в чате { $chat }</b>
    { $ban } Блокировка пользователей — ради этого я здесь
    { $invite } Пригласительные ссылки — отклонять заявки забаненных
    { $delete } Удаление сообщений — убирать команды
verify-good = Я могу здесь работать.
verify-bad = ⚠️ Я не могу здесь банить: пока это так, баны сюда не переносятся. Настройки чата → Администраторы → бот → «Блокировка пользователей», затем снова /verify.

my-data =
    <b>Что я о вас храню</b>
    Имя: { $name }
    ID: <code>{ $id }</code>
    Username: { $username }
    Знаю вас с: { $since }
    Вы следите за: { $follows }
    За вами следят: { $followers }
my-data-file = То, что хранится под вашим ID. О банах сказано без того, кто их решил.
ask-erase = <b>Стереть всё о вас?</b> Исчезнут ваше имя, настройки и подписки, а также ваше имя в решениях о вас. Что вас где-то забанили, — запись самого чата: она останется, но без имени. Отменить это нельзя.
erased = ✅ Стираю; через несколько минут ничего не останется. Если отправите /start, начнём заново.
