# Settings by buttons, in English.

settings = <b>⚙️ { $chat }</b>
    How bans of people who are followed from here are carried over. Press what you want to change.
saved = Saved
set-ban-type = Ban: { $value }
set-delay = Delay: { $value }
set-auto-sync = { $mark } Carry over by itself
set-confirmation = { $mark } Ask admins first
set-new-sources = First ban of a source: { $value }
new-sources-ask = ask
new-sources-ban = ban
new-sources-tell = only tell
pick-new-sources = Anybody can make a group and ban there. What shall I do with the first ban from a chat whose bans have never come here?
set-sync-unban = { $mark } Lift when the source lifts
set-spare-bots = { $mark } Leave bots alone
set-kicks = { $mark } Short bans are kicks
set-share-bans = 👁 Our bans, to others: { $value }
share-nothing = nothing
share-events = that it happened
share-full = all of it
set-language = 🌐 { $value }
set-notifications = { $mark } Messages about bans
set-quiet-hours = 🌙 Quiet hours: { $value }
set-zone = 🕰 Time zone: { $value }
ban-type-same = until the source’s ends
ban-type-permanent = for ever
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
quiet-never = none
pick-ban-type = How long are bans to last that are carried over?
pick-delay = How long is a ban to wait before it is carried over? Lifted meanwhile, it is not.
pick-share-bans =
    <b>What do admins of other chats, and whoever was banned, see of your bans?</b>
    • Nothing: lists leave your bans out.
    • That it happened: when, and your chat’s ID.
    • All of it: your chat’s title, the reason and who decided, too.
    Whoever follows a person hears that a chat has banned them in any case: by its ID, or by its title if it has a public @username. Your own admins always see everything.
pick-language = Which language shall I speak?
pick-quiet-hours = When shall my messages come without a sound? The hours are those of { $zone }.
pick-zone = Which time zone are you in? Choose one, or send its name, for example <code>Europe/Moscow</code>.
no-such-zone = There is no such time zone. Send a name like <code>Europe/Moscow</code> or <code>America/New_York</code>.
my-settings = <b>👤 Your settings</b>
    Press what you want to change.
