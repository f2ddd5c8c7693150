# Списки, история, числа, по-русски.

list = <b>В чате { $chat } вы следите</b>
list-empty = Вы ни за кем не следите в чате { $chat }.
list-marks = ❓ сначала спрашиваю · 🔔 только сообщаю · ⏸ приостановлено, пока вы не можете банить
and-more = { $count ->
        [one] … и ещё { $count }
        [few] … и ещё { $count }
       *[many] … и ещё { $count }
    }
ignored-list = <b>В чат { $chat } не переносятся баны</b>
ignored-nobody = Исключений нет: в чат { $chat } переносятся все баны. Начать: /ignore
ignored-source = все баны из чата { $chat }

sources = <b>Источники чата { $chat }</b>
    Чаты, из которых сюда приходят баны тех, за кем вы следите.
sources-none = Пока ни одного.
sources-how = О первом бане из источника я спрашиваю, если в /settings не выбрано другое. По ID: <code>/block -1001234567890</code>, <code>/unblock -1001234567890</code>
others = <b>За кем в чате { $chat } следят другие</b>
others-line = { $number }. { $admin } следит за { $who }
others-none = Больше никто ни за кем не следит.

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
by-bot = бот { $name }
by-unknown = кто-то, кого я не знаю
# The source does not share who decides.
by-not-shared = админ того чата
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
my-data-file = Часть { $part } того, что я храню под вашим ID. О банах сказано, почему; где и кто решил — только если чат этим делится.
ask-erase =
    <b>Стереть ваши данные?</b>
    Исчезнут имя, настройки, подписки, роли, апелляции и журнал моих сообщений, а также ваше имя и причины в решениях о вас. Записи чатов с вашим ID, но без имени, остаются, пока им не исполнится год: ваши баны и баны, которые решили вы. Кто на вас подписан, тот и остаётся. Отменить это нельзя.
erased = ✅ Стираю; это займёт несколько минут. Резервные копии исчезнут в течение 35 дней. Если отправите /start, начнём заново.
