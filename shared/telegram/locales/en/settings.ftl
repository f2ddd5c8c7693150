# Settings by buttons, in English.

settings =
    <b>⚙️ { $chat }</b>
    { $now }
settings-auto = When a followed person is banned elsewhere, I ban them in this chat automatically.
settings-ask = When a followed person is banned elsewhere, I ask the admins who follow them before I ban them in this chat.
settings-tell = When a followed person is banned elsewhere, I only tell the admins who follow them. I ban nobody in this chat.
settings-same = The ban ends when the source’s ban ends.
settings-permanent = The ban is permanent.
settings-temporary = The ban lasts { $value }.
settings-delay = I wait { $value } before I ban.
set-mode-auto = ⚡️ Mode: ban automatically
set-mode-ask = ❓ Mode: ask first
set-mode-tell = 🔔 Mode: tell only
pick-mode =
    When a followed person is banned elsewhere, what may I do in { $chat }?
    A single follow can be more careful than this, never bolder.
saved = Saved
set-ban-type = ⏳ Ban length: { $value }
set-delay = 🕐 Delay before banning: { $value }
set-new-sources = 🆕 First ban of a new source: { $value }
new-sources-ask = ask
new-sources-ban = ban
new-sources-tell = tell only
pick-new-sources = Anyone can make a group and ban people there. What should I do with the first ban from a new source, a chat whose bans I have never synced to yours?
set-sync-unban = { $mark } Unban when the source unbans
set-spare-bots = { $mark } Don’t ban bots
set-kicks = { $mark } Don’t sync kicks (short bans)
set-share-bans = 👁 Others see of our bans: { $value }
share-nothing = nothing
share-events = that it happened
share-full = everything
set-language = 🌐 Language: { $value }
my-settings-unasked = { $count ->
        [one] ⚠️ This way I can’t ask you. You chose “Ask first” in { $count } chat.
       *[other] ⚠️ This way I can’t ask you. You chose “Ask first” in { $count } chats.
    }
set-notifications = { $mark } Messages and questions
set-messages = 🔔 What I tell you, and when
pick-messages =
    <b>🔔 What should I tell you, and when?</b>
    Press a line to change it. A digest is one message about all that came. Questions, appeals and lost rights are in no digest.
topic-ban-synced = ✅ Bans synced to your chats: { $when }
topic-sync-error = ❌ Failed syncs: { $when }
topic-user-banned = 🚫 Questions about bans: { $when }
topic-subscription-created = 🔔 New subscriptions: { $when }
topic-limit-reached = ⚠️ Limits, unusually many bans: { $when }
topic-system = ⚙️ Rights and communities: { $when }
when-now = at once
when-digest = in the digest
when-off = never
set-digest = 🗞 Time between digests: { $every }
pick-digest = How often should the digest come? Daily and rarer ones come at 9:00 in your time zone, or when your quiet hours end.
set-urgent-in-quiet-hours = { $mark } In quiet hours too, silently: what’s urgent
# Ways by which messages come; e-mail is whatever the bot’s operator has subscribed.
channel-telegram = { $mark } Telegram
channel-sns = { $mark } E-mail
channel-webhook = { $mark } Webhook
set-quiet-hours = 🌙 Quiet hours: { $value }
set-zone = 🕰 Time zone: { $value }
ban-type-same = as in the source
ban-type-permanent = permanent
no-delay = none
minutes = { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
hours = { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
days = { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
language-of-telegram = as in Telegram
quiet-never = off
pick-ban-type = How long should synced bans last?
pick-delay = How long should I wait before I ban? If the source unbans in the meantime, I don’t ban.
pick-share-bans =
    <b>What can admins of other chats, and the person who was banned, see of your bans?</b>
    • Nothing: lists leave your bans out.
    • That it happened: when, and your chat’s ID.
    • Everything: also your chat’s title, the reason and who decided.
    Whoever follows a person always hears that a chat has banned them: by its ID, or by its title if the chat has a public @username. Your own admins always see everything.
pick-language = Which language should I use?
pick-quiet-hours = When should my messages wait? When your quiet hours end, the news comes in one message. Your time zone: { $zone }.
pick-zone = Which time zone are you in? Choose one, or send its name, for example <code>Europe/Moscow</code>.
no-such-zone = There is no such time zone. Send a name like <code>Europe/Moscow</code> or <code>America/New_York</code>.
my-settings = <b>👤 Your settings</b>
    Press what you want to change.
