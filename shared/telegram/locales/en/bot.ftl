# Answers to commands and buttons, in English.

subject = { $name } (ID: <code>{ $id }</code>)
subject-unnamed = ID <code>{ $id }</code>

## First words

start =
    👋 I sync bans between chats.
    Follow someone: when they’re banned in another chat I’m in, I ban them in yours too and tell you why. You can undo it.

    1. Add me to your group as an admin with the right “Ban users”.
    2. Reply to someone there with /subscribe
start-banned =
    👋 I sync bans between chats.
    Can’t get into a chat? Press the button or send /why: I’ll show where I banned you and why, and you can appeal.
    For your own chats, add me to your group as an admin with the right “Ban users”.
start-known = { $count ->
        [one] 👋 You’re an admin in { $count } chat with me.
       *[other] 👋 You’re an admin in { $count } chats with me.
    }
start-known-cannot = ⚠️ { $chat }: I can’t ban there. Check with /verify
start-in-group = 👋 I’m here. Admins: reply to someone with /subscribe to follow their bans. More: /help
start-in-group-can = 👋 I’m here, and I can ban. Admins: reply to someone with /subscribe to follow their bans. More: /help
start-in-group-cannot = 👋 I’m here, but I can’t ban yet: give me the right “Ban users”, then check with /verify
help =
    <b>📖 Help</b>
    Reply to someone in your group with /subscribe. When they’re banned in another chat, I ban them in yours too.

    <b>Most used</b>
    /subscribe — follow someone’s bans
    /list — people you follow
    /undo — undo my ban
    /settings — how bans are synced
    /verify — check my rights

    Name a person by reply, mention, @username or numeric ID: <code>/undo 123456789</code>
help-following =
    <b>👥 Following</b>
    /subscribe — follow someone’s bans
    /unsubscribe — stop following
    /list — people you follow
    /sources — chats whose bans come to yours

    In private you can also forward a message of the person, or pick them with a button.
help-deciding =
    <b>⚖️ Deciding</b>
    /undo — undo my ban in your chat; for a ban your chat made, undo it in all the others
    /ignore, /unignore — never sync someone’s bans to your chat, or sync them again
    /block, /unblock — block a source, or unblock it
    /settings — how bans are synced, your language and quiet hours
help-looking =
    <b>🔍 Looking</b>
    /history — bans in your chat, or one person’s bans
    /why — what happened to someone in your chat, and who decided it
    /stats — your chat’s last 30 days in numbers
    /verify — check my rights
    /web — all of this as a web page, with charts

    <b>About you</b>
    /why with no name — where I banned you, and how to appeal
    /privacy, /mydata — what I keep about you
unknown-command = I don’t know /{ $command }. All commands: /help
privacy =
    <b>What I keep</b>
    • About people who write in chats I’m in: names, username, language, and when I last saw them.
    • Bans and unbans in chats where I’m an admin, who decided them, and what I synced: for a year. Then an archive keeps IDs, dates and the kind of event, with no end. It has no names, titles, reasons or deciders.
    • Who follows whom, who is an admin where, and what people and chats chose.
    • Which messages I sent you and when, without their text: 90 days. Messages that wait for your digest: until it’s sent. That you appealed: a year.
    • How much happened where, counted by ID: for a year. Then, for another year, the numbers without anybody’s ID.
    • Also: logs with IDs (30 days), messages I couldn’t deliver (14 days), backups (35 days).
    I keep no chat messages, pictures or phone numbers, and I sell nothing.

    <b>Who sees it</b>
    A chat’s admins see its history. Each chat chooses in /settings what others see of its bans: nothing, that it happened, or everything, with the title, the reason and who decided. Until it chooses, others see that it happened. Whoever follows a person always hears that a chat has banned them: by the chat’s ID, or by its title if the chat has a public @username. The reason of your own ban is always in /mydata.

    <b>Your rights</b>
    /mydata shows everything I hold about you and lets you erase it. Chats keep their records until they are a year old, with your ID but without your name: bans of you, and bans you decided. The archive has your ID only in what got there before you asked. If an admin follows you, or a chat has you on its ignore list, only they can end that.

## Who may what

admins-only = Only the chat’s admins can do this.
only-for-admins = Only admins of chats I’m in can do this.
may-not-decide = Only an admin who can ban users in that chat can do this.
cannot-check-admins = I can’t see who the admins are. Make me an admin of the chat and send the command again.
telegram-does-not-tell = Telegram didn’t tell me whether you can do this in that chat. Send the command again in a minute.
takes-long = ⏳ This takes longer than usual. Press the button and I’ll go on.
cannot-be-done = ⚠️ Something went wrong, and trying again didn’t help. Send the command again. If it fails again, tell whoever runs this bot.
anonymous = You’re posting anonymously, so I can’t see who you are. Press the button to show me. Nobody else will see it.
button-it-is-me = It’s me
not-your-menu = These buttons are someone else’s. Send the command yourself.
stale-button = This button no longer works. Send the command again.
too-fast = ⏳ Too many requests: the limit is 30 a minute. Try again in a minute.
told-privately = I’ve answered you in private.
write-to-me-first = I can’t message you yet. Open our chat and press Start: the answer will be there.
about-chat = Chat: { $chat }

## The web page

web-link =
    🌐 Your chats as a web page: questions, people you follow, history, settings and charts.
    The button signs you in as you. It works for 10 minutes: don’t pass it on.
button-web = 🌐 Open the page
web-nowhere = There’s no web page here: this bot fetches its updates. Everything is in /help
web-later = This can’t be done right now. Try again in a moment.
web-too-fast = Too many requests. Try again in a minute.
web-unreadable = I don’t understand this request. Reload the page.
web-signed-out = You’re signed out. Open the page from the bot again: /web
web-not-found = This isn’t here any more. Reload the page.
web-not-known = I don’t know you as an admin of this chat. If you are one, send /verify there, and open it again.
web-who = Who do you mean? Type a numeric ID or a @username.
web-settings-refused = These settings don’t fit together: { $fields }

## Who runs the bot

operators-here = 🛠 <b>{ $chat }</b> is the operators’ chat: I tell it when something failed for good.
operators-elsewhere = 🛠 <b>{ $chat }</b> isn’t told when something fails. Whoever runs this bot can choose it: deploy with <code>OperatorsChat={ $id }</code>

## Who is meant

who-is-meant = Who do you mean? Reply to one of their messages, or add an ID or username: <code>/{ $command } 123456789</code> or <code>/{ $command } @username</code>
unknown-username = I don’t know @{ $username } yet: I only know people who have written in chats I’m in. Reply to one of their messages or use their numeric ID.
which-one = That message is about several people. Who do you mean?
username-is-another = ⚠️ I knew @{ $username } as { $who }. Their username is now @{ $now }, so the old one may be someone else’s. Is this the person? If not, reply to one of their messages or use their numeric ID.
username-is-gone = ⚠️ I knew @{ $username } as { $who }. They no longer have a username, so this one may be someone else’s. Is this the person? If not, reply to one of their messages or use their numeric ID.
username-is-unsure = ⚠️ I knew @{ $username } as { $who }. Telegram doesn’t tell me whether this is still their username. Is this the person? If not, reply to one of their messages or use their numeric ID.
username-changed-hands = ⚠️ @{ $username } was another person’s until { $time }. Now it belongs to { $who }. Is this the person? If not, use the numeric ID of the person you mean.
hidden-forward = This person hides their account in forwarded messages. Reply to them in the group, pick them with the /subscribe button, or use their numeric ID.
forward-of-chat = That was posted in the name of a chat or channel, so there’s no person to follow.
ask-whom = <b>{ $chat }</b>: who do you mean? Pick them with the button below, forward one of their messages, or send their @username or numeric ID. For example: <code>/{ $command } 123456789</code>
choose-chat = Which chat is this about? You’re an admin in { $count ->
        [one] one chat.
       *[other] { $count } chats.
    }
no-chats = I don’t know of any chat where you’re an admin. Add me to your group as an admin. If I’m there already, send any command in the group once, for example /verify

## Following

here-admin = admin
here-member = member
here-banned = already banned
here-not = not a member
here-unknown = Telegram can’t find them
here-late = ⏳ Telegram didn’t answer in time
known-bans = { $count ->
        [0] no known bans
        [one] { $count } known ban
       *[other] { $count } known bans
    }
known-bans-newest = { $count ->
        [one] { $count } known ban:
       *[other] { $count } known bans, newest first:
    }
known-bans-many = { $count } or more known bans
known-ban = • { $chat }, { $time }
follow-question-here = { $count ->
        [one] If they’re banned in another chat from now on, what should I do here?
       *[other] If any of them is banned in another chat from now on, what should I do here?
    }
follow-question = { $count ->
        [one] If they’re banned in another chat from now on, what should I do in { $chat }?
       *[other] If any of these { $count } people is banned in another chat from now on, what should I do in { $chat }?
    }
follow-chat-asks = The chat’s settings say that I ask before every ban: /settings
follow-chat-tells = The chat’s settings say that I only tell: /settings
followed = ✅ You now follow { $who }. If they’re banned in another chat, I’ll ban them here too.
followed-ask = ✅ You now follow { $who }. If they’re banned in another chat, I’ll ask you before I ban.
followed-tell = ✅ You now follow { $who }. If they’re banned in another chat, I’ll only tell you.
followed-from = ✅ You now follow from { $chat }:
followed-here = ✅ You now follow:
followed-then = { $count ->
        [one] If they’re banned in another chat, I’ll ban them in { $chat } too.
       *[other] If any of them is banned in another chat, I’ll ban them in { $chat } too.
    }
followed-then-here = { $count ->
        [one] If they’re banned in another chat, I’ll ban them here too.
       *[other] If any of them is banned in another chat, I’ll ban them here too.
    }
followed-then-ask = { $count ->
        [one] If they’re banned in another chat, I’ll ask you before I ban.
       *[other] If any of them is banned in another chat, I’ll ask you before I ban.
    }
followed-then-tell = { $count ->
        [one] If they’re banned in another chat, I’ll only tell you.
       *[other] If any of them is banned in another chat, I’ll only tell you.
    }
followed-already = You already follow { $who }.
follows-already = You already follow them.
here-in = { $chat }: { $status }
follows-auto = You follow { $who } in { $chat }. If they’re banned elsewhere, I ban them automatically.
follows-ask = You follow { $who } in { $chat }. If they’re banned elsewhere, I ask you first.
follows-tell = You follow { $who } in { $chat }. If they’re banned elsewhere, I only tell you.
unfollowed = You no longer follow { $who }.
not-followed = You don’t follow { $who }.
limit-reached = ⚠️ Limit reached: you already follow { $most } people. Unfollow someone first: /list
cannot-ban-here = ⚠️ I don’t have the right “Ban users” in this chat, so I can’t ban. Grant it, then check with /verify
cannot-follow-yourself = You can’t follow yourself.
cannot-follow-me = You can’t follow me.
cannot-follow-admin = This person is an admin of the chat, so they can’t be banned there.
cannot-follow-nobody = This ID isn’t one person. It belongs to a service account, an anonymous admin or a channel.

## Ignore list and undo

ignored = ✅ On the ignore list: { $who }. Their bans are no longer synced to your chat. To change that: /unignore
no-longer-ignored = ✅ Off the ignore list: { $who }. If an admin of your chat follows them, their bans are synced again.
not-ignored = { $who } isn’t on the ignore list.
ignore-list-full = ⚠️ The ignore list is full: { $most } entries. Take someone off first: /unignore
blocked = ⛔️ Source blocked: { $source }. I no longer sync its bans to { $chat }. Bans that I set before stay.
source-blocked = ⛔️ Blocked: I no longer sync bans from this source. To change that: /sources
unblocked = ✅ Source unblocked: { $source }. I sync its bans to { $chat } again.
not-blocked = This source isn’t blocked: { $source }.
cannot-block-itself = A chat can’t block itself.
let-in = ✅ Approved: { $source }. I sync its bans without asking first.
known-list-full = ⚠️ The list of sources is full: { $most } entries. Forget one first: /sources
forgotten = ✅ No longer approved: { $source }. I’ll ask before I sync its next ban.
owners-only = Only the chat’s owner can do this.
undoing = ↩️ Undoing my ban in your chat: { $who }
undoing-everywhere = ↩️ Undoing this ban in every chat I synced it to: { $who }
nothing-to-undo = Nothing to undo: there’s no such ban of mine in this chat. You can name a person: <code>/undo 123456789</code>
nothing-to-undo-of = Nothing to undo: I set no ban in this chat on { $who }.

## Questions

decided-already = This ban was decided before. What happened since: /why { $id }
decided-ban = 🚫 Decided: ban
decided-ignore = Decided: no ban
decided-never = Decided: no ban. This source is now blocked for your chat
decided-by = { $what } (decided by another admin: { $who })
question-ran-out = This question has expired: it’s more than 7 days old.

## Appeals

banned-in = 🚫 You are banned in { $chat }
banned-since = Since: { $time } · permanent
banned-since-until = Since: { $time } · until { $until }
banned-reason = Reason: { $reason }
banned-first = You were banned in { $source } first, and { $chat } follows your bans.
appeal-open = You can appeal once. The admins of { $chat } decide.
appeal-sent = ✍️ Appeal sent on { $time }. I’ll write to you when an admin decides.
appeal-is-granted = Your appeal was granted, but you’re still banned. Ask the admins of { $chat } to unban you.
appeal-later = You’ve appealed in this chat within the last 30 days. You can appeal this ban from { $time }.
appeal-is-declined = Your appeal was declined: the ban stays.
banned-nowhere =
    I haven’t banned you in any chat that I can name.
    If you can’t get into a chat, ask its admins. They may have banned you themselves, or the chat keeps its bans private.
banned-none-of-these = None of the chats I’ve checked so far has a ban of mine on you. There are more to check.
banned-no-more = I found no ban of mine in the other chats that I can show you.
ask-appeal = Tell the admins why they should unban you: one message, up to { $most } characters. You can appeal this ban only once.
appeal-in-words = Please write your appeal as text.
appealed = ✅ I’ve passed your appeal on. I’ll write to you when an admin decides.
appealed-before = You’ve already appealed this ban.
appealed-lately = You’ve appealed in this chat within the last 30 days. You can appeal there again from { $time }.
nobody-to-appeal-to = I don’t know who could decide this. Ask the chat’s admins directly.
appeal-lifted = ✅ Appeal granted: unbanning
appeal-stands = Appeal declined: the ban stays
appeal-was-lifted = Already decided: unbanned
appeal-was-refused = Already decided: the ban stays
appeal-granted = ✅ Your appeal was granted: you’re being unbanned in { $chat }.
appeal-refused = Your appeal was declined: the ban in { $chat } stays.

## Buttons

button-add-to-group = ➕ Add me to a group
button-add-another = ➕ Another group
button-help = 📖 Help
button-why-me = 🚫 Why am I banned?
button-help-following = 👥 Following
button-help-deciding = ⚖️ Deciding
button-help-looking = 🔍 Looking
button-my-settings = 👤 My settings
button-privacy = 🔒 Privacy
button-my-data = 🗂 My data
button-open-chat = 💬 Open our chat
button-follow = ⚡️ Ban automatically
button-follow-auto = ⚡️ Ban automatically
button-follow-ask = ❓ Ask first
button-follow-tell = 🔔 Tell only
button-it-is = 👤 { $who }
button-cancel = Cancel
button-close = Close
button-back = ◀️ Back
button-more = ▶️ Next
button-go-on = ▶️ Go on
button-look-again = 🔄 Check again
button-history = 📜 History
button-why = 🔍 Why
button-unfollow = ✖️ Unfollow
button-list = 📋 People I follow
button-subscribe = ➕ Follow someone
button-day = Day
button-week = Week
button-month = Month
button-year = Year
button-dark = 🌙 Dark
button-light = ☀️ Light
button-csv = 📄 Download CSV
button-settings = ⚙️ Settings
button-other-chat = 🔁 Another chat
button-ignored = 🙈 Ignore list: { $count }
button-sources = 📡 Sources
button-block = ⛔️ Block { $chat }
button-unblock = ✅ Unblock { $chat }
button-let-in = Approve: sync its bans without asking
button-forget = Ask before its next ban
button-others = 👥 People other admins follow
button-end-of = ✖️ End follow { $number }
button-choose-people = { $count ->
        [one] 👤 Choose a person
       *[other] 👥 Choose people
    }
button-data-file = 📄 Download all of it
button-data-next = 📄 Part { $part }
button-erase = 🗑 Erase my data
button-erase-really = 🗑 Yes, erase it
button-appeal = ✍️ Appeal: { $chat }
