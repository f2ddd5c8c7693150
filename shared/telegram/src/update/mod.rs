//! A webhook body becomes one closed enum before anything else sees it. "Not for us" is a value, not an error.
//!
//! The raw body is read by small lenient structs of our own, not by teloxide's types: those lose the whole update over one unknown
//! status, entity or missing right, and an update lost here is a ban lost.

mod command;
mod lenient;
mod press;
mod raw;
mod state;
mod wrote;

pub use command::{Command, CommandName, Target};
pub use press::{Press, Under};
pub use state::{FORMER_PERMISSION, MemberState, PERMISSIONS};
pub use wrote::{Forwarded, Written, Wrote};

use domain::ban::{BanEvent, Occurred, event_id};
use domain::chat::Community;
use domain::ids::{ChatId, UserId};
use domain::lang::Lang;
use domain::member::{self, Member};
use domain::profile::{full_name, is_visible};
use domain::role::{self, Role};
use std::collections::BTreeMap;

/// What an update asks of us.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Somebody did something to a member of a chat. `tracked` of the event is not known yet.
    Ban(Box<BanEvent>),
    /// Somebody became an administrator of a chat, is one no longer, or has other rights; he may have been banned by that, too.
    Admin(Box<AdminChange>),
    /// The bot's own membership of a chat changed.
    BotMembership(BotMembership),
    /// A person stopped the bot in private, or let it write again.
    PrivateChat {
        user: UserId,
        may_write: bool,
    },
    /// A group became a supergroup.
    Migrated {
        from: ChatId,
        to: ChatId,
        title: Option<String>,
    },
    /// A chat came into a community, or left it.
    Community(CommunityChange),
    Command(Box<Command>),
    /// Somebody writes to the bot in private.
    Wrote(Box<Wrote>),
    /// A button was pressed: every press is answered.
    Button(Box<Press>),
    /// Somebody came into a chat, or asks to be let in.
    Joined(Joined),
    /// A person wrote something that is not for us; his name may be new.
    Seen(Person, Option<Joined>),
    /// Nothing to do.
    NotForUs,
}

/// The body can never be understood: no JSON object, or a known kind of update without the fields that make it one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is no update that can be read")]
pub struct Unreadable;

/// A person as an update names him.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub is_bot: bool,
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    pub language_code: Option<String>,
}

impl Person {
    /// First and last name, or the username where there is none.
    pub fn name(&self) -> String {
        full_name(&self.first_name, self.last_name.as_deref(), self.username.as_deref())
    }

    pub fn lang(&self) -> Lang {
        Lang::from_code(self.language_code.as_deref())
    }
}

/// Somebody in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMember {
    pub person: Person,
    pub member: Member,
}

impl ChatMember {
    /// Reads a `ChatMember` of the Bot API.
    pub fn read(raw: &serde_json::value::RawValue) -> Result<Self, Unreadable> {
        let who: raw::ChatMember = parse(raw)?;
        Ok(Self { person: who.user.person(), member: parse::<MemberState>(raw)?.member() })
    }
}

/// A change of somebody's role in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminChange {
    pub chat_id: ChatId,
    pub user_id: UserId,
    /// `None`: he is no administrator any more.
    pub role: Option<Role>,
    /// Orders this change among others of the same administrator.
    pub occurred: Occurred,
    /// What was done to him by that, where it is more than the end of his role.
    pub ban: Option<BanEvent>,
}

/// A change of the bot's own membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotMembership {
    pub chat_id: ChatId,
    pub title: Option<String>,
    pub bot: Member,
    /// Orders this change among others of the same chat.
    pub occurred: Occurred,
}

/// A change of a chat's community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityChange {
    pub chat_id: ChatId,
    pub title: Option<String>,
    /// `None`: the chat is in none any more.
    pub community: Option<Community>,
    /// Orders this change among others of the same chat.
    pub occurred: Occurred,
}

/// Somebody came into a chat, or asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    pub chat_id: ChatId,
    pub user_id: UserId,
    /// The person who brought him, where it was somebody else.
    pub by: Option<UserId>,
    /// He only asks.
    pub asks: bool,
    /// He asks the bot, which guards the chat: the query waits 10 seconds for an answer (Bot API 10.1, `ChatJoinRequest`).
    pub query_id: Option<String>,
    /// Unix seconds; tells one coming from another.
    pub at: i64,
}

impl Joined {
    /// Somebody wrote in a chat: he is there, whether or not an update has told that he came. `at`: tells this from another time.
    pub fn by_a_word(chat_id: ChatId, user_id: UserId, at: i64) -> Self {
        Self { chat_id, user_id, by: None, asks: false, query_id: None, at }
    }
}

/// Reads a webhook body.
///
/// `bot`: the bot's own id, whose actions come back as updates and are never news. `now`: Unix seconds, for updates without a date.
pub fn read(body: &[u8], bot: UserId, now: i64) -> Result<Update, Unreadable> {
    let update: raw::Update = serde_json::from_slice(body).map_err(|_| Unreadable)?;
    if let Some(change) = update.chat_member {
        return member_changed(&parse(change)?, bot, update.update_id, now);
    }
    if let Some(change) = update.my_chat_member {
        return bot_membership(&parse(change)?, update.update_id, now);
    }
    if let Some(message) = update.message {
        return parse(message).map(|message| read_message(message, update.update_id));
    }
    if let Some(query) = update.callback_query {
        return parse(query).map(|query| Update::Button(Box::new(press::read(&query, update.update_id))));
    }
    if let Some(request) = update.chat_join_request {
        let request: raw::JoinRequest = parse(request)?;
        let (chat_id, user_id, at) = (request.chat.id, request.from.id, request.date.unwrap_or(now));
        return Ok(Update::Joined(Joined { chat_id, user_id, by: None, asks: true, query_id: request.query_id(), at }));
    }
    Ok(Update::NotForUs)
}

fn parse<'a, T: serde::Deserialize<'a>>(raw: &'a serde_json::value::RawValue) -> Result<T, Unreadable> {
    serde_json::from_str(raw.get()).map_err(|_| Unreadable)
}

/// The status before, where the update tells it.
fn old_member(change: &raw::MemberUpdated) -> Member {
    let old = change.old_chat_member.and_then(|old| parse::<MemberState>(old).ok());
    old.map_or(Member::of(member::Status::Unknown), |old| old.member())
}

fn member_changed(change: &raw::MemberUpdated, bot: UserId, update_id: Option<i64>, now: i64) -> Result<Update, Unreadable> {
    let user = parse::<raw::ChatMember>(change.new_chat_member)?.user;
    let by = change.from.as_ref().map(|from| from.id);
    // Our own actions come back as one update a target: nothing may be spent on them.
    if by == Some(bot) || user.id == bot || user.id.is_reserved() {
        return Ok(Update::NotForUs);
    }
    let (old, new) = (old_member(change), parse::<MemberState>(change.new_chat_member)?.member());
    let at = change.date.unwrap_or(now);
    let occurred = Occurred::new(at, update_id.unwrap_or(0));
    let ban = member::action(&old, &new, by == Some(user.id)).map(|action| BanEvent {
        event_id: event_id(change.chat.id, user.id, action, change.date, update_id),
        user_id: user.id,
        chat_id: change.chat.id,
        event_type: action,
        until: new.until,
        reason: None,
        initiator_user_id: by,
        initiator_bot: change.from.as_ref().and_then(bot_name),
        event_timestamp: at,
        occurred: occurred.clone(),
        tracked: false,
        user_name: Some(user.person().name()).filter(|name| !name.is_empty()),
        chat_title: change.chat.title(),
        chat_public: change.chat.is_public(),
        metadata: BTreeMap::new(),
    });
    if role::changed(&old, &new) {
        let change = AdminChange { chat_id: change.chat.id, user_id: user.id, role: Role::of(&new), occurred, ban };
        return Ok(Update::Admin(Box::new(change)));
    }
    if let Some(ban) = ban {
        return Ok(Update::Ban(Box::new(ban)));
    }
    let came = old.is_present() == Some(false) && new.is_present() == Some(true);
    let by = by.filter(|&by| by != user.id);
    let joined = || Joined { chat_id: change.chat.id, user_id: user.id, by, asks: false, query_id: None, at };
    Ok(if came { Update::Joined(joined()) } else { Update::NotForUs })
}

/// What a bot is called: by its username, which only it has. The faces of anonymous admins and of channels are no bots.
fn bot_name(user: &raw::User) -> Option<String> {
    let person = user.person();
    let is_one = person.is_bot && !person.id.is_reserved();
    is_one.then(|| person.username.clone().unwrap_or_else(|| person.name())).filter(|name| is_visible(name))
}

fn bot_membership(change: &raw::MemberUpdated, update_id: Option<i64>, now: i64) -> Result<Update, Unreadable> {
    let bot = parse::<MemberState>(change.new_chat_member)?.member();
    if change.chat.is_private() {
        let may_write = match bot.status {
            member::Status::Kicked | member::Status::Left => false,
            member::Status::Member => true,
            _ => return Ok(Update::NotForUs),
        };
        return Ok(Update::PrivateChat { user: UserId(change.chat.id.0), may_write });
    }
    Ok(Update::BotMembership(BotMembership {
        chat_id: change.chat.id,
        title: change.chat.title(),
        bot,
        occurred: Occurred::new(change.date.unwrap_or(now), update_id.unwrap_or(0)),
    }))
}

fn read_message(message: raw::Message, update_id: Option<i64>) -> Update {
    let title = || message.chat.title();
    if let Some(to) = message.migrate_to_chat_id {
        return Update::Migrated { from: message.chat.id, to, title: title() };
    }
    if let Some(from) = message.migrate_from_chat_id {
        return Update::Migrated { from, to: message.chat.id, title: title() };
    }
    // A bot may be in a community, too: its private chats are none of ours.
    if let Some(community) = message.community().filter(|_| !message.chat.is_private()) {
        let occurred = Occurred::new(message.date.unwrap_or_default(), update_id.unwrap_or_default());
        return Update::Community(CommunityChange { chat_id: message.chat.id, title: title(), community, occurred });
    }
    if let Some(command) = Command::read(&message, update_id) {
        return Update::Command(Box::new(command));
    }
    if let Some(wrote) = wrote::read(&message, update_id) {
        return Update::Wrote(Box::new(wrote));
    }
    match message.from {
        Some(from) if !from.is_bot() && !from.id.is_reserved() => {
            let came = (!message.chat.is_private()).then(|| Joined::by_a_word(message.chat.id, from.id, message.date.unwrap_or_default()));
            Update::Seen(from.person(), came)
        }
        _ => Update::NotForUs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Posted;
    use domain::member::Action;
    use domain::role::Rank;
    use proptest::prelude::*;

    const BOT: UserId = UserId(99);

    fn change(old: &str, new: &str, from: i64) -> String {
        format!(
            r#"{{"update_id":7,"some_future_key":[1],"chat_member":{{"chat":{{"id":-100,"type":"supergroup","title":"A \"quoted\" title"}},
            "from":{{"id":{from},"is_bot":false,"first_name":"Alice"}},"date":1000,
            "old_chat_member":{{"user":{{"id":5,"first_name":"Mal","last_name":"Lory"}},"status":"{old}"}},
            "new_chat_member":{{"user":{{"id":5,"first_name":"Mal","last_name":"Lory"}},"status":"{new}","until_date":0}}}}}}"#
        )
    }

    fn of(body: &str) -> Update {
        read(body.as_bytes(), BOT, 1234).unwrap()
    }

    #[test]
    fn a_button_of_an_ephemeral_message_is_its_readers() {
        let pressed = |by: i64| {
            let body = format!(
                r#"{{"update_id":3,"callback_query":{{"id":"q","chat_instance":"0","data":"d","from":{{"id":{by},"first_name":"A"}},
                "message":{{"message_id":0,"ephemeral_message_id":7,"receiver_user":{{"id":5,"first_name":"A"}},"date":9,"text":"x",
                "chat":{{"id":-100,"type":"supergroup"}},"reply_markup":{{"inline_keyboard":[[{{"text":"b","callback_data":"d"}}]]}}}}}}}}"#
            );
            match of(&body) {
                Update::Button(press) => (press.offered, press.under.map(|under| under.posted)),
                other => panic!("{other:?}"),
            }
        };
        let posted = Some(Posted::Ephemeral { receiver: UserId(5), id: 7 });
        assert_eq!(pressed(5), (true, posted));
        assert_eq!(pressed(6), (false, posted));
    }

    #[test]
    fn a_ban_is_read_with_its_names_and_its_time() {
        let Update::Ban(event) = of(&change("member", "kicked", 1)) else { panic!() };
        assert_eq!((event.event_type, event.until, event.event_timestamp), (Action::Ban, None, 1000));
        assert_eq!(event.chat_title.as_deref(), Some("A \"quoted\" title"));
        assert_eq!(event.user_name.as_deref(), Some("Mal Lory"));
        assert_eq!(event.initiator_user_id, Some(UserId(1)));
        assert_eq!(event.occurred, Occurred::new(1000, 7));
    }

    #[test]
    fn a_bot_that_decides_is_known_by_its_username_and_the_faces_of_people_are_no_bots() {
        let by = |from: &str| match of(&change("member", "kicked", 1).replace(r#""id":1,"is_bot":false,"first_name":"Alice""#, from)) {
            Update::Ban(event) => event.initiator_bot,
            other => panic!("{other:?}"),
        };
        for (from, expected) in [
            (r#""id":1,"is_bot":false,"first_name":"Alice","username":"alice""#, None),
            (r#""id":8,"is_bot":true,"first_name":"Guard","username":"guard_bot""#, Some("guard_bot")),
            (r#""id":8,"is_bot":true,"first_name":"Guard""#, Some("Guard")),
            (r#""id":8,"is_bot":true,"first_name":"\u3164""#, None),
            (r#""id":1087968824,"is_bot":true,"first_name":"Group","username":"GroupAnonymousBot""#, None),
            (r#""id":136817688,"is_bot":true,"first_name":"Channel","username":"Channel_Bot""#, None),
        ] {
            assert_eq!(by(from).as_deref(), expected, "{from}");
        }
    }

    #[test]
    fn our_own_ban_coming_back_is_not_news() {
        assert_eq!(of(&change("member", "kicked", BOT.0)), Update::NotForUs);
    }

    #[test]
    fn leaves_and_statuses_from_the_future_are_not_for_us_and_a_join_may_be() {
        let joined = |at| Update::Joined(Joined { chat_id: ChatId(-100), user_id: UserId(5), by: None, asks: false, query_id: None, at });
        assert_eq!(of(&change("left", "member", 5)), joined(1000));
        assert_eq!(of(&change("member", "left", 5)), Update::NotForUs);
        assert_eq!(of(&change("member", "a status from the future", 1)), Update::NotForUs);
    }

    #[test]
    fn who_becomes_or_is_no_longer_an_administrator_is_told_apart_from_who_is_banned() {
        let role = |old: &str, new: &str, rights: &str| {
            let rights = format!(r#""status":"{new}",{rights}"until_date":0"#);
            match of(&change(old, new, 1).replace(&format!(r#""status":"{new}","until_date":0"#), &rights)) {
                Update::Admin(change) => Some((change.role.map(|role| (role.role, role.can_ban)), change.ban.map(|ban| ban.event_type))),
                _ => None,
            }
        };
        let (moderates, promotes) = (r#""can_restrict_members":true,"#, r#""can_promote_members":true,"#);
        assert_eq!(role("member", "administrator", moderates), Some((Some((Rank::Moderator, true)), None)));
        assert_eq!(role("left", "administrator", promotes), Some((Some((Rank::Admin, false)), None)));
        assert_eq!(role("administrator", "administrator", moderates), Some((Some((Rank::Moderator, true)), None)));
        assert_eq!(role("administrator", "creator", ""), Some((Some((Rank::Owner, true)), None)));
        assert_eq!(role("administrator", "member", ""), Some((None, None)));
        assert_eq!(role("administrator", "kicked", ""), Some((None, Some(Action::Ban))));
        assert_eq!(role("administrator", "left", ""), Some((None, Some(Action::Kick))));
        assert_eq!(role("administrator", "administrator", ""), None, "a title that changed is no other role");
        assert_eq!(role("administrator", "a status from the future", ""), None);
        for (old, new) in [("left", "member"), ("member", "left"), ("member", "kicked"), ("kicked", "left"), ("member", "restricted")] {
            assert_eq!(role(old, new, ""), None, "{old} -> {new}");
        }
    }

    #[test]
    fn a_ban_of_a_reserved_id_is_not_for_us() {
        let body = change("member", "kicked", 1).replace("\"id\":5", "\"id\":777000");
        assert_eq!(of(&body), Update::NotForUs);
    }

    #[test]
    fn a_minimal_change_without_date_types_and_names_is_still_a_ban() {
        let body = r#"{"update_id":21,"chat_member":{"chat":{"id":-1},"from":{"id":1},"old_chat_member":{"status":"member","user":{"id":7}},
            "new_chat_member":{"status":"kicked","user":{"id":7}}}}"#;
        let Update::Ban(event) = of(body) else { panic!() };
        assert_eq!((event.event_timestamp, event.user_name.as_deref()), (1234, None));
    }

    #[test]
    fn decoration_of_an_odd_shape_does_not_hide_a_ban() {
        for (usual, odd) in [
            (r#""update_id":7"#, r#""update_id":"seven""#),
            (r#""update_id":7"#, r#""update_id":{"a":[1]}"#),
            (r#""date":1000"#, r#""date":"1000""#),
            (r#""first_name":"Mal""#, r#""first_name":"cut \ud83d""#),
            (r#""first_name":"Mal""#, r#""first_name":null,"is_bot":null"#),
            (r#""title":"A"#, r#""all_members_are_administrators":[],"title":"A"#),
            (r#""old_chat_member":"#, r#""an_older_chat_member":"#),
        ] {
            let body = change("member", "kicked", 1).replace(usual, odd);
            assert_ne!(body, change("member", "kicked", 1), "{usual}");
            assert!(matches!(of(&body), Update::Ban(event) if event.event_type == Action::Ban), "{odd}");
        }
    }

    #[test]
    fn stopping_the_bot_in_private_is_no_ban() {
        let body = |status: &str| {
            format!(
                r#"{{"update_id":1,"my_chat_member":{{"chat":{{"id":5,"type":"private"}},"from":{{"id":5}},"date":1,
                "old_chat_member":{{"user":{{"id":99}},"status":"member"}},"new_chat_member":{{"user":{{"id":99}},"status":"{status}","until_date":0}}}}}}"#
            )
        };
        assert_eq!(of(&body("kicked")), Update::PrivateChat { user: UserId(5), may_write: false });
        assert_eq!(of(&body("member")), Update::PrivateChat { user: UserId(5), may_write: true });
    }

    #[test]
    fn a_press_tells_who_pressed_what_under_which_message() {
        let body = r#"{"update_id":1,"callback_query":{"id":"77","from":{"id":5,"first_name":"A"},"data":"u:1","chat_instance":"x",
            "message":{"message_id":9,"date":1,"chat":{"id":5,"type":"private"},"text":"Banned"}}}"#;
        let Update::Button(press) = of(body) else { panic!() };
        assert_eq!((press.update_id, press.callback_id.as_str(), press.from.id, press.data.as_str()), (Some(1), "77", UserId(5), "u:1"));
        let posted = Posted::Public(9);
        let others = Vec::new();
        assert_eq!(press.under, Some(Under { chat_id: ChatId(5), posted, thread_id: None, text: "Banned".to_owned(), others }));
        let Update::Button(bare) = of(r#"{"callback_query":{"id":"77","message":{"message_id":9,"date":0,"chat":{"id":5}}}}"#) else {
            panic!()
        };
        assert_eq!((bare.data.as_str(), bare.under), ("", None));
    }

    #[test]
    fn a_press_tells_the_other_buttons_of_its_message_as_they_are() {
        let others = |rows: &str| {
            let markup = format!(r#""reply_markup":{{"inline_keyboard":[{rows}]}}"#);
            let message = format!(r#""message":{{"message_id":9,"date":1,"chat":{{"id":5}},"text":"x",{markup}}}"#);
            match of(&format!(r#"{{"callback_query":{{"id":"77","data":"u:1",{message}}}}}"#)) {
                Update::Button(press) => serde_json::to_string(&press.under.unwrap().others).unwrap(),
                other => panic!("{other:?}"),
            }
        };
        let pressed = r#"{"callback_data":"u:1","text":"a"}"#;
        let other = r#"{"callback_data":"u:2","style":"danger","text":"b"}"#;
        assert_eq!(others(&format!("[{pressed}]")), "[]");
        assert_eq!(others(&format!("[{pressed}],[{other}]")), format!("[[{other}]]"));
        assert_eq!(others(&format!("[{pressed},{other}]")), format!("[[{other}]]"));
    }

    #[test]
    fn a_button_that_its_message_does_not_have_was_not_offered() {
        let press = |message: &str| match of(&format!(r#"{{"callback_query":{{"id":"77","data":"u:1"{message}}}}}"#)) {
            Update::Button(press) => press.offered,
            other => panic!("{other:?}"),
        };
        let keyboard = |buttons: &str| {
            let markup = format!(r#""reply_markup":{{"inline_keyboard":[{buttons}]}}"#);
            format!(r#","message":{{"message_id":9,"date":1,"chat":{{"id":5}},"text":"x",{markup}}}"#)
        };
        for (message, expected) in [
            (keyboard(r#"[{"text":"a","url":"u:1"}],[{"text":"b"},{"text":"c","callback_data":"u:1"}]"#), true),
            (keyboard(r#"[{"text":"a","callback_data":"u:2"}]"#), false),
            (keyboard(""), false),
            (r#","message":{"message_id":9,"date":1,"chat":{"id":5},"text":"x"}"#.to_owned(), false),
            // Telegram does not have it any more.
            (r#","message":{"message_id":9,"date":0,"chat":{"id":5}}"#.to_owned(), true),
            (String::new(), true),
        ] {
            assert_eq!(press(&message), expected, "{message}");
        }
    }

    #[test]
    fn who_asks_to_be_let_in_may_be_waited_for() {
        let body = r#"{"update_id":1,"chat_join_request":{"chat":{"id":-100,"type":"supergroup"},"from":{"id":5,"first_name":"A"},"user_chat_id":5,"date":7}}"#;
        let asks = |query_id| Update::Joined(Joined { chat_id: ChatId(-100), user_id: UserId(5), by: None, asks: true, query_id, at: 7 });
        assert_eq!(of(body), asks(None));
        let guarded = |query_id: &str| body.replace("\"date\":7", &format!("\"date\":7,\"query_id\":{query_id}"));
        assert_eq!(of(&guarded("\"66\"")), asks(Some("66".to_owned())));
        assert_eq!(of(&guarded("66")), asks(None), "of an odd shape");
    }

    #[test]
    fn both_halves_of_a_migration_tell_the_same() {
        let to =
            r#"{"update_id":1,"message":{"message_id":1,"chat":{"id":-5,"type":"group","title":"T"},"date":1,"migrate_to_chat_id":-1005}}"#;
        let from = r#"{"update_id":2,"message":{"message_id":1,"chat":{"id":-1005,"type":"supergroup","title":"T"},"date":1,"migrate_from_chat_id":-5}}"#;
        let expected = Update::Migrated { from: ChatId(-5), to: ChatId(-1005), title: Some("T".to_owned()) };
        assert_eq!(of(to), expected);
        assert_eq!(of(from), expected);
    }

    #[test]
    fn a_chats_community_is_read_and_leaving_it_too_though_that_says_nothing() {
        let message = |chat: i64, what: &str| {
            of(&format!(
                r#"{{"update_id":3,"message":{{"message_id":1,"chat":{{"id":{chat},"title":"T"}},"from":{{"id":5}},"date":9,{what}}}}}"#
            ))
        };
        let change = |community| {
            let (chat_id, title, occurred) = (ChatId(-100), Some("T".to_owned()), Occurred::new(9, 3));
            Update::Community(CommunityChange { chat_id, title, community, occurred })
        };
        let community = |name: &str| Some(Community { id: 930_001_122_334, name: name.to_owned() });
        let added = |name: &str| format!(r#""community_chat_added":{{"community":{{"id":930001122334,"name":{name}}}}}"#);
        assert_eq!(message(-100, &added("\"All\"")), change(community("All")));
        assert_eq!(message(-100, &added("null")), change(community("930001122334")));
        assert_eq!(message(-100, r#""community_chat_removed":{}"#), change(None));
        assert!(matches!(message(5, &added("\"All\"")), Update::Seen(_, None)), "in private");
        let joined = message(-100, r#""community_chat_joined":{"community":{"id":1,"name":"All"}}"#);
        assert!(matches!(joined, Update::Seen(_, Some(Joined { user_id: UserId(5), .. }))), "{joined:?}");
        assert!(matches!(message(-100, r#""community_chat_added":{"community":[]}"#), Update::Seen(..)), "of an odd shape");
    }

    #[test]
    fn what_can_never_be_understood_is_an_error_and_unknown_kinds_are_not() {
        for body in [
            "",
            "{",
            "[]",
            "1",
            "null",
            r#"{"update_id":1,"chat_member":{}}"#,
            r#"{"chat_member":{"chat":{"id":"x"}}}"#,
            r#"{"message":{}}"#,
        ] {
            assert_eq!(read(body.as_bytes(), BOT, 0), Err(Unreadable), "{body}");
        }
        for body in ["{}", r#"{"update_id":1,"managed_bot":{"a":[]}}"#, r#"{"update_id":1,"poll":5}"#] {
            assert_eq!(of(body), Update::NotForUs, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_reading_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _outcome = read(&body, BOT, 0);
        }

        #[test]
        fn no_truncated_or_altered_update_makes_reading_panic(cut in 0usize..600, at in 0usize..600, byte in any::<u8>()) {
            let mut body = change("member", "kicked", 1).into_bytes();
            let at = at % body.len();
            body[at] = byte;
            body.truncate(cut.max(1));
            let _outcome = read(&body, BOT, 0);
        }
    }
}
