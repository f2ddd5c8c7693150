# Lists, history, numbers, in English.

list = <b>People you follow in { $chat }: { $count }</b>
list-sources = { $count ->
        [one] 📡 { $count } source: { $sources }
       *[other] 📡 { $count } sources: { $sources }
    }
list-empty = You don’t follow anyone in { $chat } yet.
list-marks = ⚡️ I ban automatically · ❓ I ask first · 🔔 I only tell · ⏸ paused while you can’t ban
and-more = { $count ->
        [one] … and one more
       *[other] … and { $count } more
    }
ignored-list =
    <b>Ignore list of { $chat }</b>
    I don’t sync bans of these people, or bans from these chats:
ignored-nobody = The ignore list of { $chat } is empty. Add someone: /ignore
ignored-source = all bans from { $chat }

sources =
    <b>Sources of { $chat }</b>
    Chats whose bans I sync here when someone follows the person.
sources-none = None yet.
sources-how = I ask before the first ban of a new source, unless /settings says otherwise. By ID: <code>/block -1001234567890</code>, <code>/unblock -1001234567890</code>
others = <b>People other admins follow in { $chat }</b>
others-line = { $number }. { $admin } follows { $who }
others-none = No other admin follows anyone here.

history-of-chat = <b>History of { $chat }</b>
history-of-person = <b>History of { $who }</b>
history-empty-chat = No entries for { $chat } yet.
history-empty-bans = No bans in { $chat } yet.
history-empty-unbans = Nobody has been unbanned in { $chat } yet.
history-empty-kicks = No kicks in { $chat } yet.
history-empty-person = No entries about { $who } that I can show you.
history-none-so-far = ⏳ No entries back to { $time }. There may be older ones: press the button and I’ll go on.
history-no-more = No older entries.
history-hidden = { $count ->
        [one] { $count } more is hidden: that chat doesn’t share its bans.
       *[other] { $count } more are hidden: those chats don’t share their bans.
    }
history-file = { $count ->
        [one] { $count } entry in this file.
       *[other] { $count } entries in this file.
    }
history-file-more = Press the button for the next part.
event-ban = 🚫 { $time } · { $whom } · banned
event-ban-until = 🚫 { $time } · { $whom } · banned until { $until }
event-unban = ✅ { $time } · { $whom } · unbanned
event-kick = 👢 { $time } · { $whom } · kicked
event-restrict = 🔇 { $time } · { $whom } · restricted
event-unrestrict = 🔊 { $time } · { $whom } · no longer restricted
event-synced = 🚫 { $time } · { $whom } · banned by me, after a ban in { $chat }
event-synced-until = 🚫 { $time } · { $whom } · banned by me until { $until }, after a ban in { $chat }
event-unsynced = ✅ { $time } · { $whom } · unbanned by me; the ban was from { $chat }
filter-all = All
filter-bans = 🚫 Bans
filter-unbans = ✅ Unbans
filter-kicks = 👢 Kicks

why = <b>{ $who } in { $chat }</b>
why-nothing = No entries about { $who } in { $chat }.
by-anonymous = an anonymous admin
by-bot = the bot { $name }
by-unknown = someone I don’t know
# The source does not share who decides.
by-not-shared = an admin there
by-program = a program of whoever runs this bot
step-local-ban = 🚫 { $time } · banned here by { $by }
step-local-unban = ✅ { $time } · unbanned here by { $by }
step-local-kick = 👢 { $time } · kicked here by { $by }
step-local-restrict = 🔇 { $time } · restricted here by { $by }
step-local-unrestrict = 🔊 { $time } · no longer restricted, by { $by }
step-banned = 🚫 { $time } · I banned them here because { $by } banned them in { $chat }
step-already = ℹ️ { $time } · { $by } banned them in { $chat }; they were banned here already
step-skipped = ⏭ { $time } · { $by } banned them in { $chat }; not synced: { $reason }
step-failed = ❌ { $time } · { $by } banned them in { $chat }; I couldn’t ban here: { $reason }
step-lifted = ✅ { $time } · I unbanned them here; the ban was from { $chat }
step-not-lifted = ⏭ { $time } · I left the ban from { $chat } in place: { $reason }
origin-confirmed = { $by } answered the question with “Ban”
origin-delayed = after the delay set in this chat
origin-triggered = requested through the API
origin-retried = another try, requested through the API
origin-joined = when they joined or asked to join
origin-added = when an admin brought them into the chat
origin-released = { $by } let the held bans through
origin-undone-here = { $by } undid it here
origin-undone-everywhere = { $by } undid it everywhere

stats =
    <b>{ $chat }: the last 30 days</b>

    Follows of all admins: { $follows }

    Decided here
    🚫 bans: { $bans } · ✅ unbans: { $unbans } · 👢 kicks: { $kicks }

    Synced from other chats
    🚫 banned: { $applied } · ℹ️ already banned: { $already } · ⏭ unchanged: { $skipped } · ❌ failed: { $failed } · ↩️ unbanned: { $lifted }
stats-more = ⏳ Not everything is counted yet. Press the button and I’ll go on.

chart-bans = Bans
chart-decided = decided
chart-synced = synced
chart-results = Results of syncing
chart-applied = banned
chart-already = already banned
chart-skipped = left unchanged
chart-failed = failed
chart-sources = Where bans came from
chart-empty = Nothing yet
figures =
    <b>{ $chat }: { $period }</b>

    🚫 bans decided here: { $bans }
    🔄 bans synced to here: { $applied } · ❌ failed: { $failed }
    ↩️ undone: { $undone } · ✉️ appeals: { $appeals }
figures-before = As many days before: { $bans } decided, { $applied } synced
figures-syncs = ⏱ Half of the syncs from here took { $half } at most, 95 in 100 took { $most }
figures-age = Counted up to five minutes ago
figures-no-picture = There was no time left for a picture. Press again for one.
figures-off = Charts are switched off for this bot. Send /stats to see the numbers.
period-day = today
period-week = 7 days
period-month = 30 days
period-year = 365 days
seconds = { $seconds } s

verify =
    <b>My rights in { $chat }</b>
    { $ban } Ban users — required
    { $invite } Invite users via link — to decline join requests from banned people
    { $delete } Delete messages — to tidy up commands
verify-good = All good: I can ban in this chat.
verify-bad = ⚠️ I can’t ban in this chat, so syncing is paused. Open chat settings → Administrators → this bot → turn on “Ban users”, then send /verify again.

my-data =
    <b>What I hold about you</b>
    Name: { $name }
    ID: <code>{ $id }</code>
    Username: { $username }
    Known since: { $since }
    You follow: { $follows }
    Follows of your bans: { $followers }
my-data-file = Part { $part } of what I hold under your ID. Bans have their reason; where and by whom only if that chat shares it.
ask-erase =
    <b>Erase your data?</b>
    I delete your name, settings, follows, roles, appeals and the log of my messages, and take your name and the reasons out of decisions about you. Chats keep their records until they are a year old, with your ID but without your name: bans of you, and bans you decided. Whoever follows you still does. This can’t be undone.
erased = ✅ Erasing your data: it takes a few minutes. Backups go within 35 days. To start again, send /start
