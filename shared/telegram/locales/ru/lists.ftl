# Списки, история, числа, по-русски.

list = <b>Ваши подписки в чате { $chat }: { $count }</b>
list-sources = 📡 Источники: { $count } — { $sources }
list-empty = В чате { $chat } у вас пока нет подписок.
list-marks = ⚡️ баню автоматически · ❓ сначала спрашиваю · 🔔 только сообщаю · ⏸ на паузе, пока вы не можете банить
and-more = { $count ->
        [one] … и ещё { $count }
        [few] … и ещё { $count }
       *[many] … и ещё { $count }
    }
ignored-list =
    <b>Исключения чата { $chat }</b>
    Не переношу баны этих людей и баны из этих чатов:
ignored-nobody = В чате { $chat } исключений нет. Добавить человека: /ignore
ignored-source = все баны из чата { $chat }

sources =
    <b>Источники чата { $chat }</b>
    Чаты, баны из которых я переношу сюда, если на человека есть подписка.
sources-none = Пока ни одного.
sources-how = Перед первым баном из нового источника я спрашиваю, если в /settings не выбрано другое. По ID: <code>/block -1001234567890</code>, <code>/unblock -1001234567890</code>
others = <b>Подписки других админов в чате { $chat }</b>
others-line = { $number }. { $who }; админ: { $admin }
others-none = У других админов здесь подписок нет.

history-of-chat = <b>История чата { $chat }</b>
history-of-person = <b>История: { $who }</b>
history-empty-chat = Записей о чате { $chat } пока нет.
history-empty-bans = Банов в чате { $chat } пока нет.
history-empty-unbans = В чате { $chat } ещё никому не снимали бан.
history-empty-kicks = Киков в чате { $chat } пока нет.
history-empty-person = Записей, которые я могу показать, нет: { $who }.
history-none-so-far = ⏳ До { $time } записей нет. Могут быть более старые: нажмите кнопку, и я продолжу.
history-no-more = Более старых записей нет.
history-hidden = { $count ->
        [one] Скрыта ещё { $count } запись: чат не делится банами.
        [few] Скрыто ещё { $count } записи: чаты не делятся банами.
       *[many] Скрыто ещё { $count } записей: чаты не делятся банами.
    }
history-file = { $count ->
        [one] В файле { $count } запись.
        [few] В файле { $count } записи.
       *[many] В файле { $count } записей.
    }
history-file-more = Нажмите кнопку, чтобы получить следующую часть.
event-ban = 🚫 { $time } · { $whom } · бан
event-ban-until = 🚫 { $time } · { $whom } · бан до { $until }
event-unban = ✅ { $time } · { $whom } · бан снят
event-kick = 👢 { $time } · { $whom } · кик
event-restrict = 🔇 { $time } · { $whom } · ограничение
event-unrestrict = 🔊 { $time } · { $whom } · ограничение снято
event-synced = 🚫 { $time } · { $whom } · мой бан, после бана в чате { $chat }
event-synced-until = 🚫 { $time } · { $whom } · мой бан до { $until }, после бана в чате { $chat }
event-unsynced = ✅ { $time } · { $whom } · я снял свой бан, перенесённый из чата { $chat }
filter-all = Всё
filter-bans = 🚫 Баны
filter-unbans = ✅ Снятые
filter-kicks = 👢 Кики

why = <b>{ $who } в чате { $chat }</b>
why-nothing = Записей в чате { $chat } нет: { $who }.
by-anonymous = анонимный админ
by-bot = бот { $name }
by-unknown = неизвестно кто
# The source does not share who decides.
by-not-shared = админ того чата
by-program = программа того, кто обслуживает бота
step-local-ban = 🚫 { $time } · бан здесь; решение: { $by }
step-local-unban = ✅ { $time } · бан снят здесь; решение: { $by }
step-local-kick = 👢 { $time } · кик здесь; решение: { $by }
step-local-restrict = 🔇 { $time } · ограничение здесь; решение: { $by }
step-local-unrestrict = 🔊 { $time } · ограничение снято; решение: { $by }
step-banned = 🚫 { $time } · я забанил здесь из-за бана в чате { $chat }; решение там: { $by }
step-already = ℹ️ { $time } · бан в чате { $chat } (решение: { $by }); здесь уже был бан
step-skipped = ⏭ { $time } · бан в чате { $chat } (решение: { $by }) не перенесён: { $reason }
step-failed = ❌ { $time } · бан в чате { $chat } (решение: { $by }) перенести не удалось: { $reason }
step-lifted = ✅ { $time } · я снял бан, перенесённый из чата { $chat }
step-not-lifted = ⏭ { $time } · бан, перенесённый из чата { $chat }, остаётся: { $reason }
origin-confirmed = на вопрос ответили «Забанить»: { $by }
origin-delayed = после задержки, заданной в чате
origin-triggered = запрос через API
origin-retried = повтор по запросу через API
origin-joined = при входе в чат или заявке
origin-added = админ добавил человека в чат
origin-released = перенос придержанных банов разрешён: { $by }
origin-undone-here = отменено здесь: { $by }
origin-undone-everywhere = отменено везде: { $by }

stats =
    <b>{ $chat }: последние 30 дней</b>

    Подписок у всех админов: { $follows }

    Решено здесь
    🚫 баны: { $bans } · ✅ сняты: { $unbans } · 👢 кики: { $kicks }

    Перенесено из других чатов
    🚫 забанено: { $applied } · ℹ️ бан уже был: { $already } · ⏭ без изменений: { $skipped } · ❌ не удалось: { $failed } · ↩️ снято: { $lifted }
stats-more = ⏳ Подсчитано ещё не всё. Нажмите кнопку, и я продолжу.

chart-bans = Баны
chart-decided = решено здесь
chart-synced = пришло
chart-results = Итоги синхронизации
chart-applied = забанены
chart-already = уже были забанены
chart-skipped = без изменений
chart-failed = ошибки
chart-sources = Откуда пришли баны
chart-empty = Пока ничего
figures =
    <b>{ $chat }: { $period }</b>

    🚫 решено здесь банов: { $bans }
    🔄 пришло банов: { $applied } · ❌ ошибок: { $failed }
    ↩️ отменено: { $undone } · ✉️ обжалований: { $appeals }
figures-before = Столько же дней до того: решено { $bans }, пришло { $applied }
figures-syncs = ⏱ Половина синхронизаций отсюда заняла не больше { $half }, 95 из 100 — не больше { $most }
figures-age = Учтено всё, что было до последних пяти минут
figures-no-picture = На картинку не хватило времени. Нажмите ещё раз.
figures-off = Графики для этого бота выключены. Числа покажет /stats.
period-day = сегодня
period-week = 7 дней
period-month = 30 дней
period-year = 365 дней
seconds = { $seconds } с

verify =
    <b>Мои права в чате { $chat }</b>
    { $ban } Блокировка пользователей — обязательно
    { $invite } Пригласительные ссылки — чтобы отклонять заявки забаненных
    { $delete } Удаление сообщений — чтобы убирать команды
verify-good = Всё в порядке: банить в этом чате могу.
verify-bad = ⚠️ Банить в этом чате я не могу, поэтому перенос на паузе. Настройки чата → «Администраторы» → этот бот → включите «Блокировка пользователей» и снова отправьте /verify.

my-data =
    <b>Что я о вас храню</b>
    Имя: { $name }
    ID: <code>{ $id }</code>
    Имя пользователя: { $username }
    Знаю вас с: { $since }
    Ваших подписок: { $follows }
    Подписок на ваши баны: { $followers }
my-data-file = Часть { $part } того, что я храню под вашим ID. У банов указана причина; где и кто решил — только если чат этим делится.
ask-erase =
    <b>Стереть ваши данные?</b>
    Исчезнут имя, настройки, подписки, роли, апелляции и журнал моих сообщений, а также ваше имя и причины в решениях о вас. Записи чатов остаются, пока им не исполнится год, — с вашим ID, но без имени: ваши баны и баны, которые решили вы. Подписки других на ваши баны остаются. Отменить это нельзя.
erased = ✅ Стираю ваши данные: это займёт несколько минут. Резервные копии исчезнут в течение 35 дней. Начать заново: /start
