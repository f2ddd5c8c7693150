# Lists, history, numbers, in English.

list = <b>You follow in { $chat }</b>
list-empty = You follow nobody in { $chat }.
list-marks = ❓ I ask first · 🔔 I only tell · ⏸ suspended while you may not ban
and-more = { $count ->
        [one] … and one more
       *[other] … and { $count } more
    }
ignored-list = <b>Kept out of the bans that are carried into { $chat }</b>
ignored-nobody = Nobody is kept out of the bans that are carried into { $chat }. To begin: /ignore
ignored-source = all bans from { $chat }

sources = <b>Sources of { $chat }</b>
    Chats whose bans of people you follow come here.
sources-none = None yet.
sources-how = A source’s first ban is asked about, unless /settings say otherwise. By ID: <code>/block -1001234567890</code>, <code>/unblock -1001234567890</code>
others = <b>Followed from { $chat } by others</b>
others-line = { $number }. { $admin } follows { $who }
others-none = Nobody else follows anybody here.

history-of-chat = <b>History of { $chat }</b>
history-of-person = <b>History of { $who }</b>
history-empty-chat = Nothing was decided in { $chat } since I am here.
history-empty-person = I know of nothing that was decided about { $who }, or the chats keep it to themselves.
history-hidden = { $count ->
        [one] One more is kept to itself by its chat.
       *[other] { $count } more are kept to themselves by their chats.
    }
history-file = { $count ->
        [one] One entry
       *[other] { $count } entries
    } (at most { $most } are in a file).
event-ban = 🚫 { $time } · { $whom } · banned
event-ban-until = 🚫 { $time } · { $whom } · banned until { $until }
event-unban = ✅ { $time } · { $whom } · ban lifted
event-kick = 👢 { $time } · { $whom } · removed
event-restrict = 🔇 { $time } · { $whom } · restricted
event-unrestrict = 🔊 { $time } · { $whom } · no longer restricted
filter-all = All
filter-bans = 🚫 Bans
filter-unbans = ✅ Lifted
filter-kicks = 👢 Removed

why = <b>{ $who } in { $chat }</b>
why-nothing = Nothing has happened to { $who } in { $chat } that I know of.
by-anonymous = an anonymous admin
by-bot = the bot { $name }
by-unknown = somebody I do not know
# The source does not share who decides.
by-not-shared = an admin there
by-program = a program of the bot's operator
step-local-ban = 🚫 { $time } · banned here by { $by }
step-local-unban = ✅ { $time } · ban lifted here by { $by }
step-local-kick = 👢 { $time } · removed here by { $by }
step-local-restrict = 🔇 { $time } · restricted here by { $by }
step-local-unrestrict = 🔊 { $time } · no longer restricted, by { $by }
step-banned = 🚫 { $time } · I banned them here, because { $by } banned them in { $chat }
step-already = ℹ️ { $time } · { $by } banned them in { $chat }; they were banned here already
step-skipped = ⏭ { $time } · { $by } banned them in { $chat }; not carried over: { $reason }
step-failed = ❌ { $time } · { $by } banned them in { $chat }; I failed: { $reason }
step-lifted = ✅ { $time } · I lifted the ban that came from { $chat }
step-not-lifted = ⏭ { $time } · the ban that came from { $chat } was to be lifted; it was not: { $reason }
origin-confirmed = { $by } answered the question with “Ban”
origin-delayed = the chat’s delay was over
origin-triggered = a program asked for it
origin-retried = a program asked for another try
origin-joined = they came to the chat
origin-added = an admin brought them into the chat
origin-released = { $by } let held bans go on
origin-undone-here = { $by } undid it here
origin-undone-everywhere = { $by } undid it everywhere

stats =
    <b>{ $chat }: the last 30 days</b>

    Followed from here: { $follows }

    Decided here
    🚫 bans: { $bans } · ✅ lifted: { $unbans } · 👢 removed: { $kicks }

    Carried over to here
    ✅ banned: { $applied } · ℹ️ already banned: { $already } · ⏭ skipped: { $skipped } · ❌ failed: { $failed } · ↩️ lifted: { $lifted }
stats-more = There were more: of each, the newest { $most } are counted.

verify =
    <b>My rights in { $chat }</b>
    { $ban } Ban users — what I am here for
    { $invite } Invite users — turn away who asks to join and is banned
    { $delete } Delete messages — tidy up commands
verify-good = I can work here.
verify-bad = ⚠️ I cannot ban here: no ban is carried over until I can. Chat settings → Administrators → the bot → “Ban users”, then /verify again.

my-data =
    <b>What I hold about you</b>
    Name: { $name }
    ID: <code>{ $id }</code>
    Username: { $username }
    Known since: { $since }
    You follow: { $follows }
    You are followed by: { $followers }
my-data-file = Part { $part } of what I hold under your ID. Bans say why; where and by whom only if that chat shares it.
ask-erase =
    <b>Erase your data?</b>
    Your name, settings, subscriptions, roles, appeals and the log of my messages go, and so do your name and the reasons in what was decided about you. Chats keep their records with your ID, without your name, until they are a year old: bans of you, and bans you decided. Whoever follows you still does. It cannot be undone.
erased = ✅ I am erasing it; that takes some minutes. Backups go within 35 days. If you send /start, we begin anew.
