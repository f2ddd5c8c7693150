# What admins are told on their own, in English.

## A ban, and the question whether to ban too.

ban-detected =
    🚫 User { $user } (ID: { $id }) was banned in { $chat }
    Reason: { $reason }
    Time: { $time }
    Source: { $source }
decision-facts =
    Source: { $source }
    Reason: { $reason }
    Time: { $time }
decision-source = { $chat } (ID: <code>{ $id }</code>)
decision-by = { $source }, by { $by }
reason-not-given = not given
# The source keeps it to itself.
not-shared = not shared
question-ban =
    { $ban }

    Ban in { $chat }, too?
question-new-source =
    { $ban }

    ⚠️ Your chat has had no bans from this source yet. Ban in { $chat }, too? A “Ban” lets in what came from it so far and what comes.
question-flooded =
    { $ban }

    ⚠️ Unusually many members of { $chat } were banned within an hour, so I hold the rest. Ban there all the same?
question-held =
    { $ban }

    ⚠️ There are unusually many such bans within an hour, so they are held. Carry them over to { $chat }?
bans-held =
    ⚠️ Unusually many people were banned in { $chat } within an hour. These bans are held: the admins of other chats decide for themselves.
cycles =
    🔁 { $person } is banned and unbanned over and over
    Source: { $source }
    I tell you no more of it within this hour. How it stands: /why { $id }

## The bot in a chat.

chat-suspended =
    ⚠️ The bot can no longer ban in { $chat }
    No bans are carried over there until it has the right “Ban users” again.
chat-resumed =
    ✅ I can ban in { $chat } again
    Bans are carried over there from now on. Those that failed in the meantime are not made up for.
chat-removed =
    ⚠️ The bot is no longer in { $chat }
    Your subscriptions in that chat have ended.

admin-suspended =
    ⏸ You can no longer ban in { $chat }
    What you follow from there is suspended until you can.
admin-resumed =
    ▶️ You can ban in { $chat } again
    What you follow from there goes on.

## Somebody asks that his ban be lifted.

appeal =
    🙏 { $person } appeals their ban in { $chat }:
    <blockquote>{ $words }</blockquote>

## What became of a ban in one chat.

report-banned =
    ✅ Ban successfully synced to your chat
    User: { $user }
    Chat: { $chat }
report-already-banned =
    ℹ️ Already banned in your chat
    User: { $user }
    Chat: { $chat }
report-not-banned =
    ℹ️ Ban not carried over to your chat
    User: { $user }
    Chat: { $chat }
    Reason: { $reason }
report-ban-failed =
    ❌ Failed to sync ban
    User: { $user }
    Chat: { $chat }
    Error: { $reason }
report-lifted =
    ✅ Ban lifted in your chat
    User: { $user }
    Chat: { $chat }
report-not-lifted =
    ℹ️ The ban in your chat was not lifted
    User: { $user }
    Chat: { $chat }
    Reason: { $reason }
report-lift-failed =
    ❌ Failed to lift the ban
    User: { $user }
    Chat: { $chat }
    Error: { $reason }

## What became of it in several chats: a card with a line a chat.

card-head =
    { $mark } <b>{ $title }</b>: { $person }
    { $facts }
card-synced = Ban synced
card-synced-in-part = Ban synced in part
card-not-synced = Ban not synced
card-lifted = Ban lifted
card-lifted-in-part = Ban lifted in part
card-not-lifted = Ban not lifted
card-line-banned = ✅ { $chat }: banned
card-line-already-banned = ℹ️ { $chat }: already banned
card-line-lifted = ✅ { $chat }: ban lifted
card-line-already-lifted = ℹ️ { $chat }: was not banned any more
card-line-skipped = ⏭ { $chat }: skipped — { $reason }
card-line-failed = ❌ { $chat }: failed — { $reason }

## Why a chat was skipped or failed.

reason-asked = the chat’s admins decide
reason-new-source = the first ban from this source; the chat’s admins decide
reason-flooded = unusually many members banned within an hour; the chat’s admins decide
reason-held = unusually many bans within an hour; the chat’s admins decide
reason-delayed = the chat has a delay; the ban is carried over later
reason-auto-sync-off = automatic sync is off
reason-notify-only = you asked only to be told
reason-ignored = this person or this chat is on the ignore list
reason-lifted = the ban has been lifted
reason-undone = the sync was undone
reason-ends-too-soon = the ban is about to end
reason-kick = so short a ban is a kick
reason-is-admin = this is an administrator of the chat
reason-is-bot = this is a bot, and bots are left alone in this chat
reason-local-decision = an admin of this chat has decided otherwise
reason-not-ours = this ban was not set by the bot
reason-not-banned = this person is not banned here
reason-still-banned = their ban in another chat still stands
reason-unknown-user = Telegram does not know this user. I ban them when they come
reason-not-supported = this kind of chat has no such bans
reason-no-rights = the bot lacks the right to ban. Give it the right “Ban users”
reason-chat-gone = the bot is not in the chat. Add it again and subscribe anew
reason-telegram-error = Telegram did not carry out the request
reason-timed-out = it was not done in time

# In a card, where the way to mend it follows.
reason-no-rights-short = the bot lacks the right to ban
reason-chat-gone-short = the bot is not in the chat

## What helps where it failed.

fix-no-rights = Chat settings → Administrators → the bot → “Ban users”. Then /verify in that chat checks it.
fix-chat-gone = Add the bot to the chat as an administrator with the right “Ban users”, then send /subscribe there.
fix-telegram-error = It was tried several times. Ban by hand, or ask whoever runs the bot for another try.
fix-telegram-error-lift = It was tried several times. Unban by hand, or ask whoever runs the bot for another try.

## Buttons.

button-ban = 🚫 Ban
button-ignore = Ignore
button-never = ⛔️ Block this source
button-block-in = ⛔️ Block for { $chat }
button-undo = ↩️ Undo
button-undo-in = ↩️ Undo: { $chat }
button-lift = ✅ Unban
button-let-stand = Keep the ban
