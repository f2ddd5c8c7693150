# What admins are told on their own, in English.

## A ban, and the question whether to ban too.

# Below the template `ban_detected`.
ban-sources = { $count ->
        [1] Source
       *[other] Sources
    }: { $source }
decision-facts =
    { $count ->
        [1] Source
       *[other] Sources
    }: { $source }
    Reason: { $reason }
    Time: { $time }
decision-source = { $chat } (ID: <code>{ $id }</code>)
decision-by = { $source }, by { $by }
reason-not-given = not given
# The source keeps it to itself.
not-shared = not shared
question-ban =
    { $ban }

    Ban them in { $chat } too?
question-new-source =
    { $ban }

    ⚠️ { $chat } has had no bans from this source yet. Ban them there too? “Ban” also lets in this source’s other bans, those before and those to come.
question-many-new-source =
    ⚠️ { $chat } has had no bans from this source yet
    Source: { $source }
    These wait for your answer. “Ban” also lets in what else comes from there:
question-many-flooded =
    ⚠️ Unusually many members of { $chat } were banned within an hour
    Source: { $source }
    I’m holding the rest. From this source:
question-many-held =
    ⚠️ Unusually many people were banned by one source within an hour
    Source: { $source }
    I’m holding these bans. Those that concern { $chat }:
# A person whose ban is held.
question-one-of-many = • { $person } — { $reason }
question-more = …and { $count } more
question-answers-all = Your answer counts for all { $count }.
question-asked = { $count ->
        [one] Asked: only you. Open until { $until }
       *[other] Asked: { $count } admins. The first answer counts, until { $until }
    }
digest = { $count ->
        [one] 🗞 { $count } message waited for you
       *[other] 🗞 { $count } messages waited for you
    }
digest-line = { $ended } · { $person }
digest-details = 🔍 Details: /history, or /why and the ID
told-only-you = You asked me only to tell you, so { $chat } is unchanged.
told-only-chat = The settings of { $chat } say “tell only”, so it is unchanged.
bans-held =
    ⚠️ Unusually many people were banned in { $chat } within an hour
    I’m holding these bans: admins of other chats decide for themselves.
cycles =
    🔁 { $person } is banned and unbanned over and over
    Source: { $source }
    I’ll tell you no more about it within this hour. How it stands: /why { $id }

## The bot in a chat.

chat-suspended =
    ⚠️ I can no longer ban in { $chat }
    Syncing is paused there until I have the right “Ban users” again. Check with /verify
chat-resumed =
    ✅ I can ban in { $chat } again
    New bans are synced from now on. I don’t catch up on those I missed.
chat-removed =
    ⚠️ I’m no longer in { $chat }
    You no longer follow anyone there. To go on, add me again and follow them anew.

admin-suspended =
    ⏸ You can no longer ban in { $chat }
    What you follow there is paused until you can.
admin-resumed =
    ▶️ You can ban in { $chat } again
    What you follow there is active again.

# What the bot’s operators are told in their chat.
alarm-raised = 🚨 Alarm: { $name }

# Somebody’s own endpoint for messages.
webhook-on =
    🔗 A webhook at { $host } is registered for you
    A program of whoever runs this bot did that. It gets what I tell you, where “webhook” is among your channels.
webhook-off =
    ⚠️ Your webhook at { $host } doesn’t take my messages
    I tried several times and have turned it off. Register it again once it works; messages since then aren’t sent there.

# A community is several chats that Telegram lets admins ban in at once.
community-added =
    ℹ️ { $chat } is now in the community { $community }
    A ban in a community is a ban in all of its chats. To me it’s the same as a ban in each of them, and I sync it by your rules.
    If I unban someone, the community may still keep them out. Then an admin of the community has to unban them.

## Somebody asks that his ban be lifted.

appeal =
    🙏 { $person } appeals their ban in { $chat }:
    <blockquote>{ $words }</blockquote>

## What became of a ban in one chat.

report-already-banned =
    ℹ️ Already banned in your chat
    User: { $user }
    Chat: { $chat }
report-not-banned =
    ℹ️ Ban not synced to your chat
    User: { $user }
    Chat: { $chat }
    Reason: { $reason }
report-lifted =
    ✅ Unbanned in your chat
    User: { $user }
    Chat: { $chat }
report-not-lifted =
    ℹ️ Ban left in place in your chat
    User: { $user }
    Chat: { $chat }
    Reason: { $reason }
report-lift-failed =
    ❌ Failed to unban
    User: { $user }
    Chat: { $chat }
    Error: { $reason }

## What became of it in several chats: a card with a line a chat.

card-user = User: { $person }
card-synced-all = ✅ Ban successfully synced to your chats: { $done }
card-synced-some = ⚠️ Ban synced to { $done } of your { $count } chats
card-already-banned = ℹ️ Already banned in your chats
card-not-synced = ℹ️ Ban not synced to your chats
card-sync-failed = ❌ Failed to sync ban
card-lifted-all = ✅ Unbanned in your chats: { $done }
card-lifted-some = ⚠️ Unbanned in { $done } of your { $count } chats
card-not-lifted = ℹ️ Ban left in place in your chats
card-lift-failed = ❌ Failed to unban
card-line-banned = ✅ { $chat }: banned
card-line-already-banned = ℹ️ { $chat }: already banned
card-line-lifted = ✅ { $chat }: unbanned
card-line-already-lifted = ℹ️ { $chat }: wasn’t banned any more
card-line-skipped = ⏭ { $chat }: unchanged — { $reason }
card-line-failed = ❌ { $chat }: failed — { $reason }

## Why a chat was skipped or failed.

reason-asked = waiting for the chat’s admins
reason-new-source = the first ban from this source, waiting for the chat’s admins
reason-flooded = too many members banned within an hour, on hold for the chat’s admins
reason-held = too many bans within an hour, on hold for the chat’s admins
reason-delayed = the chat has a delay. I’ll ban later
reason-auto-sync-off = the chat’s settings say “tell only”
reason-notify-only = you chose “Tell only”
reason-ignored = this person or this source is on the ignore list
reason-lifted = the source has unbanned them already
reason-undone = the ban was undone
reason-ends-too-soon = the ban is about to end
reason-kick = a ban this short is a kick
reason-is-admin = this is an admin of the chat
reason-is-bot = this is a bot, and the chat doesn’t ban bots
reason-local-decision = an admin of this chat has decided otherwise
reason-not-ours = I didn’t set this ban
reason-not-banned = they aren’t banned there
reason-still-banned = another chat still bans them
reason-unknown-user = Telegram can’t find this person yet. I’ll ban them when they join
reason-not-supported = this type of chat doesn’t support bans
reason-no-rights = I don’t have the right “Ban users”
reason-chat-gone = I’m no longer in the chat
reason-telegram-error = Telegram didn’t carry out the request
reason-timed-out = I couldn’t do it in time

# In a card, where the way to mend it follows.
reason-no-rights-short = I don’t have the right “Ban users”
reason-chat-gone-short = I’m no longer in the chat

## What helps where it failed.

fix-no-rights = Chat settings → Administrators → this bot → turn on “Ban users”. Then send /verify in that chat.
fix-chat-gone = Add me to the chat as an admin with the right “Ban users”, then follow the person there again: /subscribe
fix-telegram-error = I tried several times. Ban by hand, or ask whoever runs this bot to retry.
fix-telegram-error-lift = I tried several times. Unban by hand, or ask whoever runs this bot to retry.

## Buttons.

button-ban = 🚫 Ban
button-ban-all = 🚫 Ban all { $count }
button-ban-too = 🚫 Ban in { $chat } too
button-ignore = Don’t ban
button-never = ⛔️ Block this source
button-block-in = ⛔️ Block for { $chat }
button-block-source = ⛔️ Block { $source }
button-block-source-in = ⛔️ Block { $source } for { $chat }
button-undo = ↩️ Undo
button-undo-in = ↩️ Undo: { $chat }
button-lift = ✅ Unban
button-let-stand = Keep the ban
