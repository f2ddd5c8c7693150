//! The rules of Telegram, told as what people do and what the bot hears of it.

use serde_json::{Value, json};

use super::*;
use crate::control::{BotRole, ChatKind, Forward, NewChat, SayOptions, TextMention};
use crate::rights::{AdminRights, Permissions};

pub const T0: i64 = 1_800_000_000_000;
const DAY: i64 = 24 * 3600;

/// A supergroup with the bot as administrator, hearing of `chat_member`; updates so far are forgotten.
pub struct Scene {
    pub world: World,
    pub chat: i64,
    pub owner: i64,
    pub admin: i64,
    pub member: i64,
    pub stranger: i64,
}

impl Scene {
    pub fn new() -> Self {
        Self::of(ChatKind::Supergroup, BotRole::Administrator(AdminRights::moderator()))
    }

    pub fn of(kind: ChatKind, bot: BotRole) -> Self {
        let mut world = World::new(&Config::default(), T0);
        let [owner, admin, member, stranger] =
            ["Olga", "Anton", "Mira", "Sami"].map(|name| world.create_user(NewUser::named(name)).unwrap());
        let new = NewChat { kind, bot, ..NewChat::supergroup("Lake", owner) };
        let chat = world.create_chat(new.admins(&[admin]).members(&[member])).unwrap();
        world.outbox.allowed = Some(["chat_member", "my_chat_member", "message"].map(str::to_owned).into());
        world.outbox.clear();
        Self { world, chat, owner, admin, member, stranger }
    }

    pub fn heard(&mut self) -> Vec<(String, Value)> {
        heard(&mut self.world)
    }

    /// `old → new by from` of the member updates heard since the last question.
    pub fn transitions(&mut self) -> Vec<String> {
        let updates = self.heard().into_iter().filter(|(kind, _)| kind.ends_with("chat_member"));
        let told = updates.map(|(_, u)| {
            let status = |key: &str| u[key]["status"].as_str().unwrap().to_owned();
            let name = u["from"]["first_name"].as_str().unwrap();
            format!("{} → {} by {name}", status("old_chat_member"), status("new_chat_member"))
        });
        told.collect()
    }

    pub fn status(&self, user: i64) -> &'static str {
        self.world.status(self.chat, user).name()
    }
}

pub fn heard(world: &mut World) -> Vec<(String, Value)> {
    let all = world.outbox.deliveries();
    world.outbox.clear();
    all.into_iter().map(|d| (d.kind.clone(), d.body[d.kind.as_str()].clone())).collect()
}

#[test]
fn a_ban_by_an_admin_is_heard_as_kicked_for_ever() {
    let mut s = Scene::new();
    s.world.ban(s.chat, s.admin, s.member, None).unwrap();
    let (kind, update) = s.heard().remove(0);
    assert_eq!(kind, "chat_member");
    assert_eq!(update["from"]["id"], s.admin);
    assert_eq!(update["new_chat_member"]["status"], "kicked");
    assert_eq!(update["new_chat_member"]["until_date"], 0);
    assert_eq!(update["date"], T0 / 1000);
}

#[test]
fn a_ban_shorter_than_30_seconds_or_longer_than_366_days_is_for_ever() {
    let mut s = Scene::new();
    let now = s.world.now();
    for (seconds, stored) in [(29, 0), (30, now + 30), (3600, now + 3600), (366 * DAY, now + 366 * DAY), (366 * DAY + 1, 0), (-5, 0)] {
        assert_eq!(s.world.stored_until(Some(now + seconds)), stored, "{seconds}");
    }
    s.world.ban(s.chat, s.admin, s.member, Some(now + 10)).unwrap();
    assert_eq!(s.world.status(s.chat, s.member), Status::Kicked { until_date: 0 });
}

#[test]
fn a_temporary_ban_ends_without_an_update() {
    let mut s = Scene::new();
    let until = s.world.now() + 60;
    s.world.ban(s.chat, s.admin, s.member, Some(until)).unwrap();
    s.heard();
    s.world.at(until * 1000);
    assert_eq!(s.status(s.member), "left");
    assert!(s.heard().is_empty());
}

#[test]
fn a_temporary_restriction_ends_as_a_plain_member() {
    let mut s = Scene::new();
    let until = s.world.now() + 60;
    s.world.restrict(s.chat, s.admin, s.member, Permissions::none(), Some(until)).unwrap();
    assert_eq!(s.status(s.member), "restricted");
    s.world.at(until * 1000);
    assert_eq!(s.status(s.member), "member");
}

#[test]
fn a_kick_in_a_supergroup_is_a_ban_for_a_minute_and_an_unban_a_second_later() {
    let mut s = Scene::new();
    s.world.kick(s.chat, s.admin, s.member).unwrap();
    assert_eq!(s.world.status(s.chat, s.member), Status::Kicked { until_date: s.world.now() + 60 });
    assert_eq!(s.transitions(), ["member → kicked by Anton"]);
    assert_eq!(s.world.pending(), 1, "the unban is still to come");
    s.world.at(T0 + 999);
    assert!(s.transitions().is_empty());
    s.world.at(T0 + 1000);
    assert_eq!(s.transitions(), ["kicked → left by Anton"]);
}

#[test]
fn removing_from_a_basic_group_is_heard_as_left_by_somebody_else() {
    let mut s = Scene::of(ChatKind::Group, BotRole::Administrator(AdminRights::moderator()));
    s.world.kick(s.chat, s.admin, s.member).unwrap();
    assert_eq!(s.transitions(), ["member → left by Anton"]);
    assert_eq!(s.world.pending(), 0);
}

#[test]
fn banning_somebody_who_was_never_there_is_heard_too() {
    let mut s = Scene::new();
    s.world.ban(s.chat, s.admin, s.stranger, None).unwrap();
    assert_eq!(s.transitions(), ["left → kicked by Anton"]);
}

#[test]
fn nothing_is_heard_when_nothing_changes() {
    let mut s = Scene::new();
    s.world.ban(s.chat, s.admin, s.member, None).unwrap();
    s.heard();
    s.world.ban(s.chat, s.owner, s.member, None).unwrap();
    assert!(s.heard().is_empty());
}

#[test]
fn chat_member_needs_the_bot_to_be_administrator_of_that_chat() {
    let mut s = Scene::of(ChatKind::Supergroup, BotRole::Member);
    s.world.ban(s.chat, s.admin, s.stranger, None).unwrap();
    assert!(s.transitions().is_empty());
}

#[test]
fn chat_member_needs_allowed_updates_to_name_it_but_my_chat_member_comes_by_default() {
    let mut s = Scene::new();
    s.world.outbox.allowed = None;
    s.world.ban(s.chat, s.admin, s.stranger, None).unwrap();
    s.world.set_bot_role(s.chat, BotRole::Member, None).unwrap();
    let kinds: Vec<_> = s.heard().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["my_chat_member"]);
}

#[test]
fn the_bot_hears_who_changes_what_it_is_even_as_it_goes() {
    let mut s = Scene::new();
    s.world.set_bot_role(s.chat, BotRole::Administrator(AdminRights::without_restrict()), None).unwrap();
    s.world.set_bot_role(s.chat, BotRole::Member, Some(s.admin)).unwrap();
    s.world.set_bot_role(s.chat, BotRole::Absent, None).unwrap();
    s.world.set_bot_role(s.chat, BotRole::Member, None).unwrap();
    assert_eq!(
        s.transitions(),
        ["administrator → administrator by Olga", "administrator → member by Anton", "member → kicked by Olga", "kicked → member by Olga",]
    );
}

#[test]
fn creating_a_chat_with_the_bot_is_heard_as_being_added_by_the_owner() {
    let mut s = Scene::new();
    let new = NewChat::supergroup("Sea", s.owner).bot(BotRole::Member);
    let chat = s.world.create_chat(new).unwrap();
    let (kind, update) = s.heard().remove(0);
    assert_eq!((kind.as_str(), &update["chat"]["id"]), ("my_chat_member", &json!(chat)));
    assert_eq!(update["old_chat_member"]["status"], "left");
}

#[test]
fn clients_let_only_those_with_the_right_ban_and_nobody_ban_the_owner() {
    let mut s = Scene::new();
    assert!(s.world.ban(s.chat, s.member, s.stranger, None).is_err());
    assert!(s.world.ban(s.chat, s.admin, s.owner, None).is_err());
    s.world.promote(s.chat, s.member, AdminRights::without_restrict(), None).unwrap();
    assert!(s.world.ban(s.chat, s.admin, s.member, None).is_err(), "an admin cannot ban an admin");
    assert!(s.world.ban(s.chat, s.member, s.stranger, None).is_err(), "no right");
    s.world.ban(s.chat, s.owner, s.member, None).unwrap();
    s.world.demote(s.chat, s.admin, None).unwrap();
    assert_eq!(s.status(s.admin), "member");
}

#[test]
fn the_banned_cannot_join_until_they_are_unbanned() {
    let mut s = Scene::new();
    s.world.ban(s.chat, s.admin, s.member, None).unwrap();
    assert!(s.world.join(s.chat, s.member).is_err());
    s.world.unban(s.chat, s.admin, s.member).unwrap();
    s.world.join(s.chat, s.member).unwrap();
    s.world.leave(s.chat, s.member).unwrap();
    assert_eq!(s.transitions(), ["member → kicked by Anton", "kicked → left by Anton", "left → member by Mira", "member → left by Mira"]);
}

#[test]
fn a_restriction_waits_for_who_leaves_and_comes_back() {
    let mut s = Scene::new();
    s.world.restrict(s.chat, s.admin, s.member, Permissions::text_only(), None).unwrap();
    s.world.leave(s.chat, s.member).unwrap();
    assert!(!s.world.status(s.chat, s.member).is_present());
    s.world.join(s.chat, s.member).unwrap();
    assert_eq!(s.status(s.member), "restricted");
    s.world.restrict(s.chat, s.admin, s.member, Permissions::all(), None).unwrap();
    assert_eq!(s.status(s.member), "member");
}

#[test]
fn an_upgrade_tells_both_chats_and_nobody_leaves_the_old_one() {
    let mut s = Scene::of(ChatKind::Group, BotRole::Administrator(AdminRights::moderator()));
    let new = s.world.migrate(s.chat, None).unwrap();
    let heard = s.heard();
    let kinds: Vec<_> = heard.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["message", "my_chat_member", "message"]);
    assert_eq!(heard[0].1["migrate_to_chat_id"], new);
    assert_eq!(heard[0].1["chat"]["id"], s.chat);
    assert_eq!(heard[1].1["chat"]["id"], new);
    assert_eq!(heard[1].1["old_chat_member"]["status"], "left");
    assert_eq!(heard[1].1["new_chat_member"]["status"], "administrator");
    assert_eq!(heard[2].1["migrate_from_chat_id"], s.chat);
    assert_eq!(heard[2].1["from"]["id"], people::ANONYMOUS_ADMIN);
    assert_eq!(heard[2].1["sender_chat"]["id"], new);
    assert_eq!(s.world.status(new, s.admin).name(), "administrator");
    assert!(s.world.say(s.chat, s.member, "anybody?".into(), SayOptions::default()).is_err());
}

#[test]
fn the_bot_can_lose_its_rights_in_an_upgrade() {
    let mut s = Scene::of(ChatKind::Group, BotRole::Administrator(AdminRights::moderator()));
    let new = s.world.migrate(s.chat, Some(BotRole::Member)).unwrap();
    assert_eq!(s.world.bot_status(new), Status::Member);
}

#[test]
fn an_anonymous_admin_writes_and_acts_in_the_name_of_the_chat() {
    let mut s = Scene::new();
    s.world.promote(s.chat, s.admin, AdminRights::moderator().anonymous(), None).unwrap();
    s.heard();
    s.world.say(s.chat, s.admin, "/ban".into(), SayOptions::default()).unwrap();
    s.world.ban(s.chat, s.admin, s.stranger, None).unwrap();
    let heard = s.heard();
    assert_eq!(heard[0].1["from"]["id"], people::ANONYMOUS_ADMIN);
    assert_eq!(heard[0].1["sender_chat"]["id"], s.chat);
    assert_eq!(heard[1].1["from"]["id"], people::ANONYMOUS_ADMIN);
}

#[test]
fn a_message_carries_commands_mentions_replies_and_forwards() {
    let mut s = Scene::new();
    let first = s.world.say(s.chat, s.member, "спам".into(), SayOptions::default()).unwrap();
    let options = SayOptions {
        reply_to: Some(first),
        text_mentions: vec![TextMention { text: "Sami".into(), user: s.stranger }],
        forward: Some(Forward::User(s.stranger)),
        ..SayOptions::default()
    };
    s.world.say(s.chat, s.admin, "/ban@bansync_bot 🦊 Sami and @other1".into(), options).unwrap();
    let (_, message) = s.heard().remove(1);
    assert_eq!(message["reply_to_message"]["from"]["id"], s.member);
    assert_eq!(message["forward_origin"]["sender_user"]["id"], s.stranger);
    let entities = message["entities"].as_array().unwrap();
    assert_eq!(entities[0], json!({"type": "bot_command", "offset": 0, "length": 16}));
    assert_eq!((&entities[1]["offset"], &entities[1]["length"]), (&json!(20), &json!(4)), "UTF-16 units");
    assert_eq!(entities[1]["user"]["id"], s.stranger);
    assert_eq!(entities[2]["type"], "mention");
}

#[test]
fn a_forward_names_its_origin_as_far_as_it_shows() {
    let mut s = Scene::new();
    let channel = s.world.create_chat(NewChat { kind: ChatKind::Channel, ..NewChat::supergroup("News", s.owner) }).unwrap();
    let (chat, stranger) = (s.chat, s.stranger);
    for (forward, kind, pointer, value) in [
        (Forward::User(stranger), "user", "/sender_user/id", json!(stranger)),
        (Forward::HiddenUser("Nadia".into()), "hidden_user", "/sender_user_name", json!("Nadia")),
        (Forward::Chat(chat), "chat", "/sender_chat/id", json!(chat)),
        (Forward::Channel { chat: channel, message_id: 9 }, "channel", "/message_id", json!(9)),
    ] {
        let options = SayOptions { forward: Some(forward), ..SayOptions::default() };
        s.heard();
        s.world.say(chat, s.member, "look".into(), options).unwrap();
        let origin = s.heard().remove(0).1["forward_origin"].clone();
        assert_eq!((&origin["type"], origin.pointer(pointer)), (&json!(kind), Some(&value)));
    }
    for forward in [Forward::Chat(7), Forward::Channel { chat, message_id: 9 }] {
        let options = SayOptions { forward: Some(forward), ..SayOptions::default() };
        assert!(s.world.say(chat, s.member, "look".into(), options).is_err());
    }
}

#[test]
fn an_edit_is_heard_with_the_new_text_and_its_entities() {
    let mut s = Scene::new();
    let (chat, member) = (s.chat, s.member);
    let in_group = s.world.say(chat, member, "ban @sami".into(), SayOptions::default()).unwrap();
    let in_private = s.world.say_private(member, "halp".into(), SayOptions::default()).unwrap();
    s.world.outbox.allowed = None;
    s.heard();
    s.world.at(T0 + 5000);
    s.world.edit_message(chat, member, in_group, "/ban @sami".into()).unwrap();
    s.world.edit_message(member, member, in_private, "help".into()).unwrap();
    let heard = s.heard();
    assert!(heard.iter().all(|(kind, m)| kind == "edited_message" && m["edit_date"] == T0 / 1000 + 5 && m["date"] == T0 / 1000));
    let (group, private) = (&heard[0].1, &heard[1].1);
    assert_eq!((&group["message_id"], &group["text"]), (&json!(in_group), &json!("/ban @sami")));
    assert_eq!(group["entities"][0]["type"], "bot_command");
    assert_eq!((&private["chat"]["type"], &private["text"]), (&json!("private"), &json!("help")));
}

#[test]
fn an_edit_is_not_heard_where_the_bot_has_not_asked_for_it_or_is_not_there() {
    let mut s = Scene::new();
    let id = s.world.say(s.chat, s.member, "a".into(), SayOptions::default()).unwrap();
    s.heard();
    s.world.edit_message(s.chat, s.member, id, "b".into()).unwrap();
    assert!(s.heard().is_empty(), "the scene asks for messages, not for edited ones");
    s.world.set_bot_role(s.chat, BotRole::Absent, None).unwrap();
    s.world.outbox.allowed = None;
    s.heard();
    s.world.edit_message(s.chat, s.member, id, "c".into()).unwrap();
    assert!(s.heard().is_empty());
}

#[test]
fn only_the_author_edits_and_not_what_he_forwarded_nor_for_ever() {
    let mut s = Scene::new();
    let (chat, admin, member) = (s.chat, s.admin, s.member);
    let forward = SayOptions { forward: Some(Forward::HiddenUser("Nadia".into())), ..SayOptions::default() };
    let forwarded = s.world.say(chat, member, "a".into(), forward).unwrap();
    let own = s.world.say(chat, member, "a".into(), SayOptions::default()).unwrap();
    for (user, id, text) in [(admin, own, "b"), (member, forwarded, "b"), (member, own, "a"), (member, own, " "), (member, 99, "b")] {
        assert!(s.world.edit_message(chat, user, id, text.into()).is_err(), "{user} {id} {text}");
    }
    s.world.edit_message(chat, member, own, "b".into()).unwrap();
    s.world.at(T0 + 2 * DAY * 1000 + 1);
    assert!(s.world.edit_message(chat, member, own, "c".into()).is_err(), "after two days");
}

#[test]
fn an_anonymous_admin_edits_what_was_written_in_the_name_of_the_chat() {
    let mut s = Scene::new();
    s.world.promote(s.chat, s.admin, AdminRights::moderator().anonymous(), None).unwrap();
    let id = s.world.say(s.chat, s.admin, "/ban".into(), SayOptions::default()).unwrap();
    assert!(s.world.edit_message(s.chat, s.member, id, "/unban".into()).is_err());
    s.world.edit_message(s.chat, s.admin, id, "/unban".into()).unwrap();
}

#[test]
fn the_muted_and_the_absent_cannot_write() {
    let mut s = Scene::new();
    s.world.restrict(s.chat, s.admin, s.member, Permissions::none(), None).unwrap();
    for user in [s.member, s.stranger] {
        assert!(s.world.say(s.chat, user, "hi".into(), SayOptions::default()).is_err());
    }
}

#[test]
fn blocking_and_unblocking_is_heard_as_my_chat_member_of_the_private_chat() {
    let mut s = Scene::new();
    s.world.start_bot(s.member, None).unwrap();
    s.world.set_blocked(s.member, true).unwrap();
    s.world.start_bot(s.member, Some("link".into())).unwrap();
    let heard = s.heard();
    let kinds: Vec<_> = heard.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["message", "my_chat_member", "my_chat_member", "message"]);
    assert_eq!(heard[1].1["chat"]["type"], "private");
    assert_eq!(heard[1].1["new_chat_member"]["status"], "kicked");
    assert_eq!(heard[2].1["new_chat_member"]["status"], "member");
    assert_eq!(heard[3].1["text"], "/start link");
}

#[test]
fn coming_and_going_leaves_service_messages() {
    let mut s = Scene::new();
    s.world.join(s.chat, s.stranger).unwrap();
    s.world.leave(s.chat, s.stranger).unwrap();
    let messages: Vec<_> = s.heard().into_iter().filter(|(kind, _)| kind == "message").map(|(_, m)| m).collect();
    assert_eq!(messages[0]["new_chat_members"][0]["id"], s.stranger);
    assert_eq!(messages[1]["left_chat_member"]["id"], s.stranger);
}

#[test]
fn users_see_their_own_chats_only() {
    let mut s = Scene::new();
    s.world.say(s.chat, s.member, "hello".into(), SayOptions::default()).unwrap();
    assert_eq!(s.world.sees(s.admin).unwrap()[0].text, "hello");
    assert!(s.world.sees(s.stranger).unwrap().is_empty());
}

#[test]
fn ids_are_of_telegrams_sizes_and_never_reused_after_a_reset() {
    let mut s = Scene::new();
    assert!(s.owner > i64::from(u32::MAX));
    assert!(s.chat.to_string().starts_with("-100"));
    s.world.reset();
    assert!(s.world.user(s.owner).is_err());
    let user = s.world.create_user(NewUser::named("Nadia")).unwrap();
    assert!(user > s.stranger);
}
