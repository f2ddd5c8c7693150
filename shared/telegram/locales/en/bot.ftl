# Answers to commands and buttons, in English.

subject = { $name } (ID: <code>{ $id }</code>)
subject-unnamed = ID <code>{ $id }</code>

## First words

start =
    👋 I carry bans between chats: follow a person, and when they are banned in one chat, I ban them in yours too.

    1. Add me to a group as an administrator with the right “Ban users”.
    2. Send /subscribe there in reply to that person, or here: then choose them by a button.
    3. I tell you here what I did and why, and you can undo it.
start-in-group = 👋 I am here. For administrators: /subscribe in reply to somebody, and /help.
help =
    <b>Following</b>
    /subscribe — follow a person’s bans
    /unsubscribe — stop following
    /list — whom you follow

    <b>Deciding</b>
    /undo — lift a ban that I carried over; in the chat that banned, lift it everywhere
    /ignore, /unignore — keep a person’s bans out of this chat, or let them in again
    /sources, /block, /unblock — chats whose bans come here, and those that are blocked
    /settings — how bans are carried over, your language and quiet hours

    <b>Looking</b>
    /history — what was decided in this chat, or about a person
    /why — what happened to a person here, and who decided it
    /stats — this chat’s last 30 days
    /verify — may I do what I am here for?

    <b>About you</b>
    /why in private — where you are banned, and how to appeal
    /privacy, /mydata — what I keep of you

    Name a person by a reply, a mention, @username or numeric ID: <code>/subscribe 123456789</code>. In private you may also forward a message of theirs.
privacy =
    <b>What I keep</b>
    • Of people who write where I am: names, username, language, when I last saw them.
    • Bans and unbans in chats where I am an administrator, who decided them, and what I synced: a year. After that an archive keeps IDs, dates and what kind of event it was, with no end. It has no names, titles, reasons or deciders.
    • Who follows whom, who is an admin where, what people and chats chose.
    • Which messages I sent you and when, without their words: 90 days. That you appealed: a year.
    • Besides: logs with IDs (30 days), messages I could not deliver (14 days), backups (35 days).
    I keep no chat messages, no pictures, no phone numbers, and I sell nothing.

    <b>Who sees it</b>
    A chat’s admins see its history. What others see of its bans, each chat chooses in /settings: nothing, that it happened, or all of it, with title, reason and who decided. A chat that chose nothing else shares that it happened. Whoever follows a person hears in any case that a chat has banned them: by the chat’s ID, or by its title if it has a public @username. The reason of your own ban is always in /mydata.

    <b>Your rights</b>
    /mydata shows all I hold about you and erases it. Chats keep their records, with your ID and without your name, until these are a year old: bans of you, and bans you decided. The archive has your ID only in what came there before you asked. That an admin follows you, or a chat ignores you, is theirs to end.

## Who may what

admins-only = This command is for administrators of the chat.
only-for-admins = This is for administrators of chats where I am.
may-not-decide = Only an administrator of that chat who may ban can decide this.
cannot-check-admins = I cannot see the administrators of this chat. Make me an administrator and repeat the command.
telegram-does-not-tell = Telegram did not tell me whether you may do this in that chat. Repeat the command in a minute.
takes-long = ⏳ This takes longer than I have. Press the button: I go on.
cannot-be-done = ⚠️ Something went wrong here, and trying again did not help. Send the command again; if it fails again, tell whoever runs this bot.
anonymous = You write anonymously, so I cannot see who you are. Press the button: that shows it to me, and to nobody else.
button-it-is-me = It is me
not-your-menu = These buttons belong to somebody else. Send the command yourself.
stale-button = This button no longer works. Send the command again.
too-fast = ⏳ That was more than 30 requests in a minute. Try again in a minute.
told-privately = I have written to you privately.
write-to-me-first = I may not write to you yet. Open our chat and press Start: the answer is there.
one-moment = One moment …

## Who is meant

who-is-meant = Who is meant? Reply to a message of theirs, or name them: <code>/{ $command } 123456789</code> or <code>/{ $command } @username</code>
unknown-username = I have not met @{ $username } yet. Reply to a message of theirs or use the numeric ID.
which-one = That message is about several people. Who is meant?
username-is-another = ⚠️ I knew @{ $username } as { $who }, who is called @{ $now } by now: that username may be somebody else’s. Is this the person? If not, reply to a message of theirs or use the numeric ID.
username-is-gone = ⚠️ I knew @{ $username } as { $who }, who has no username any more: it may be somebody else’s. Is this the person? If not, reply to a message of theirs or use the numeric ID.
username-is-unsure = ⚠️ I knew @{ $username } as { $who }, and Telegram does not tell whether they are still called so. Is this the person? If not, reply to a message of theirs or use the numeric ID.
username-changed-hands = ⚠️ @{ $username } was another person’s before { $time }. Now it belongs to { $who }. Is this the person? If not, use the numeric ID of the one you mean.
hidden-forward = The author of this message does not let forwards name them. Reply to them in the group, choose them by the button of /subscribe, or use the numeric ID.
forward-of-chat = This was written in the name of a chat or a channel: there is no person to follow.
ask-whom = Who is it about, in { $chat }? Choose them by the button below, forward a message of theirs, or send their @username or numeric ID. For example: <code>/{ $command } 123456789</code>
choose-chat = Which chat is it about? { $count ->
        [one] You have one.
       *[other] You administer { $count }.
    }
no-chats = I know of no chat that you administer. Add me to a group as an administrator; or send any command there once, and I know you.

## Following

here-admin = Administrator of this chat
here-member = Member of this chat
here-banned = Banned in this chat
here-not = Not in this chat
here-unknown = Telegram does not know them in this chat
here-late = ⏳ Telegram did not tell in time what they are in this chat
known-bans = { $count ->
        [0] No known bans
        [one] { $count } known ban
       *[other] { $count } known bans
    }
known-ban = • { $chat }, { $time }
follow-question-here = Follow their bans in this chat?
follow-question = { $count ->
        [one] Follow their bans in { $chat }?
       *[other] Follow the bans of these { $count } people in { $chat }?
    }
followed = ✅ You follow { $who }. When they are banned where I am, I ban them here too.
followed-ask = ✅ You follow { $who }. When they are banned where I am, I ask you first.
followed-tell = ✅ You follow { $who }. When they are banned where I am, I tell you.
followed-already = You follow { $who } already.
follows-already = You follow them already.
follows-auto = You follow { $who } in { $chat }: their bans are carried over at once.
follows-ask = You follow { $who } in { $chat }: I ask before their bans are carried over.
follows-tell = You follow { $who } in { $chat }: I only tell you of their bans.
unfollowed = You no longer follow { $who }.
not-followed = You do not follow { $who }.
limit-reached = ⚠️ Limit reached: { $most } subscriptions. End those you do not need: /list
cannot-ban-here = ⚠️ I lack the right “Ban users” here: grant it, or I cannot ban. /verify checks it.
cannot-follow-yourself = You cannot follow yourself.
cannot-follow-me = You cannot follow me.
cannot-follow-admin = This is an administrator of this chat, who cannot be banned here.
cannot-follow-nobody = This ID stands for no single person: it is a service account, an anonymous administrator or a channel.

## Keeping out, taking back

ignored = ✅ { $who }: their bans are no longer carried over here. To change that: /unignore
no-longer-ignored = ✅ { $who }: their bans are carried over here again.
not-ignored = { $who } is not on the ignore list.
ignore-list-full = ⚠️ The ignore list has { $most } entries already: take somebody off with /unignore
blocked = ⛔️ { $source } is blocked: I carry no more bans from there over to { $chat }. Bans that I set before stay.
source-blocked = ⛔️ Blocked: no more bans from this source. /sources changes that
unblocked = ✅ { $source }: its bans come to { $chat } again.
not-blocked = { $source } is not blocked.
cannot-block-itself = A chat cannot block itself.
let-in = ✅ { $source }: its bans are carried over without a question.
known-list-full = ⚠️ The list has { $most } sources already: /sources
forgotten = ✅ { $source }: I ask about its next ban first.
owners-only = This is for the owner of the chat.
undoing = ↩️ Lifting the ban in this chat: { $who }
undoing-everywhere = ↩️ Lifting the ban wherever it is mine: { $who }
nothing-to-undo = There is nothing to undo here: no ban that I have set. You can name the person: <code>/undo 123456789</code>

## Questions

decided-ban = 🚫 Decided: ban
decided-ignore = Decided: no ban
decided-never = Decided: no ban, and none from that chat any more
decided-by = { $what } (by admin { $who })
question-ran-out = This question has run out: it is older than 7 days.

## Appeals

banned-list = You are banned:
banned-in = • in { $chat }, since { $time }
banned-in-from = • in { $chat }, since { $time }, because of a ban in { $source }
banned-nowhere = I know of no ban of mine that keeps you out, at least of none that its chat lets me tell. Ask the chat’s administrators.
banned-none-of-these = In the chats that I have looked at so far, no ban of mine keeps you out. There are more.
banned-no-more = In the other chats no ban of mine keeps you out, at least none that its chat lets me tell.
ask-appeal = Write in one message why the ban should be lifted, in { $most } characters at most. I take it to those who decided. You can do so once.
appeal-in-words = Write it in words, please.
appealed = ✅ I have passed it on. You hear from me when somebody has decided.
appealed-before = You have appealed against this ban already.
appealed-lately = You have appealed in this chat within the last 30 days. You can do so again from { $time }.
nobody-to-appeal-to = I know of nobody who could decide this. Ask the chat’s administrators.
appeal-lifted = ✅ The ban is being lifted
appeal-stands = The ban stands
appeal-was-lifted = An admin has decided already: the ban is lifted
appeal-was-refused = An admin has decided already: the ban stands
appeal-granted = ✅ Your appeal was granted: the ban in { $chat } is being lifted.
appeal-refused = Your appeal was refused: the ban in { $chat } stands.

## Buttons

button-add-to-group = ➕ Add me to a group
button-help = ❓ Help
button-my-settings = 👤 My settings
button-privacy = 🔒 Privacy
button-my-data = 🗂 My data
button-open-chat = 💬 Open our chat
button-follow = ✅ Follow
button-follow-auto = ⚡️ Ban at once
button-follow-ask = ❓ Ask me first
button-follow-tell = 🔔 Only tell me
button-it-is = 👤 { $who }
button-cancel = Cancel
button-close = Close
button-back = ◀️ Back
button-more = ▶️ More
button-go-on = ▶️ Go on
button-look-again = 🔄 Look again
button-history = 📜 History
button-why = 🔍 Why
button-unfollow = ✖️ Stop following
button-list = 📋 All I follow
button-subscribe = ➕ Follow somebody
button-csv = 📄 As a file
button-settings = ⚙️ Settings
button-other-chat = 🔁 Another chat
button-ignored = 🙈 Ignored: { $count }
button-sources = 📡 Sources
button-block = ⛔️ Block { $chat }
button-unblock = ✅ Let in { $chat }
button-let-in = Carry its bans over without a question
button-forget = Ask about its next ban first
button-others = 👥 What other admins follow
button-end-of = ✖️ End { $number }
button-choose-people = { $count ->
        [one] 👤 Choose a person
       *[other] 👥 Choose people
    }
button-data-file = 📄 All of it as a file
button-data-next = 📄 Part { $part }
button-erase = 🗑 Erase it
button-erase-really = 🗑 Yes, erase it
button-appeal = ✍️ Appeal: { $chat }
