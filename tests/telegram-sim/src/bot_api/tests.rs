//! The methods of the bot and what they answer.

use serde_json::{Value, json};

use super::*;
use crate::control::{BotRole, CallFilter, ChatKind, Command, Fault, NewUser, SayOptions};
use crate::rights::{AdminRights, Permissions};
use crate::world::Status;
use crate::world::tests::Scene;

pub fn call(s: &mut Scene, method: &str, params: Value) -> Answer {
    let mut given = Params::default();
    given.add_json(params);
    s.world.call(method, &given, false).answer
}

/// The description of the error that must come, without `Bad Request: `.
pub fn refusal(s: &mut Scene, method: &str, params: Value) -> String {
    let error = call(s, method, params).unwrap_err();
    error.description.strip_prefix("Bad Request: ").map(str::to_owned).unwrap_or(error.description)
}

fn ban(s: &mut Scene, whom: fn(&Scene) -> i64) -> Answer {
    let (chat, user) = (s.chat, whom(s));
    call(s, "banChatMember", json!({"chat_id": chat, "user_id": user}))
}

fn ban_refusal(s: &mut Scene, whom: fn(&Scene) -> i64) -> String {
    let (chat, user) = (s.chat, whom(s));
    refusal(s, "banChatMember", json!({"chat_id": chat, "user_id": user}))
}

#[test]
fn the_bots_own_ban_comes_back_to_it_as_an_update() {
    let mut s = Scene::new();
    assert_eq!(ban(&mut s, |s| s.member), Ok(json!(true)));
    assert_eq!(s.transitions(), ["member → kicked by Bansync"]);
    assert_eq!(ban(&mut s, |s| s.member), Ok(json!(true)));
    assert!(s.heard().is_empty(), "nothing changed");
}

#[test]
fn banning_somebody_who_was_never_there_works() {
    let mut s = Scene::new();
    assert_eq!(ban(&mut s, |s| s.stranger), Ok(json!(true)));
    assert_eq!(s.status(s.stranger), "kicked");
}

#[test]
fn a_ban_by_the_bot_knows_until_date_and_takes_the_messages_along() {
    let mut s = Scene::new();
    s.world.say(s.chat, s.member, "spam".into(), SayOptions::default()).unwrap();
    let until = s.world.now() + 3600;
    let params = json!({"chat_id": s.chat, "user_id": s.member, "until_date": until});
    call(&mut s, "BanChatMember", params).unwrap();
    assert_eq!(s.world.status(s.chat, s.member), Status::Kicked { until_date: until });
    assert!(s.world.sees(s.admin).unwrap()[0].deleted);
    let params = json!({"chat_id": s.chat, "user_id": s.member, "until_date": s.world.now() + 29});
    call(&mut s, "banChatMember", params).unwrap();
    assert_eq!(s.world.status(s.chat, s.member), Status::Kicked { until_date: 0 });
}

#[test]
fn owner_admins_and_the_bot_itself_are_immune() {
    let mut s = Scene::new();
    assert_eq!(ban_refusal(&mut s, |s| s.owner), "can't remove chat owner");
    assert_eq!(ban_refusal(&mut s, |s| s.admin), "user is an administrator of the chat");
    assert_eq!(ban_refusal(&mut s, |s| s.world.bot.id), "can't restrict self");
    let params = json!({"chat_id": s.chat, "user_id": s.admin, "permissions": {}});
    assert_eq!(refusal(&mut s, "restrictChatMember", params), "user is an administrator of the chat");
    assert!(s.heard().is_empty());
}

#[test]
fn without_the_right_to_restrict_nothing_is_banned() {
    for role in [BotRole::Member, BotRole::Administrator(AdminRights::without_restrict())] {
        let mut s = Scene::of(ChatKind::Supergroup, role);
        assert_eq!(ban_refusal(&mut s, |s| s.member), "not enough rights to restrict/unrestrict chat member");
        assert_eq!(s.status(s.member), "member");
    }
}

#[test]
fn wrong_ids_have_their_own_errors() {
    let mut s = Scene::new();
    assert_eq!(ban_refusal(&mut s, |_| 42), "user not found");
    assert_eq!(ban_refusal(&mut s, |_| 0), "invalid user_id specified");
    assert_eq!(refusal(&mut s, "banChatMember", json!({"user_id": 1})), "chat_id is empty");
    assert_eq!(refusal(&mut s, "getChat", json!({"chat_id": -100123})), "chat not found");
    let private = json!({"chat_id": s.member, "user_id": s.member});
    assert_eq!(refusal(&mut s, "banChatMember", private), "can't ban members in private chats");
}

#[test]
fn a_chat_the_bot_is_not_in_is_forbidden_and_one_it_never_was_in_unknown() {
    let mut s = Scene::new();
    s.world.set_bot_role(s.chat, BotRole::Absent, None).unwrap();
    assert_eq!(ban_refusal(&mut s, |s| s.member), "Forbidden: bot was kicked from the supergroup chat");
    s.world.set_bot_role(s.chat, BotRole::Member, None).unwrap();
    let chat = s.chat;
    call(&mut s, "leaveChat", json!({"chat_id": chat})).unwrap();
    assert_eq!(ban_refusal(&mut s, |s| s.member), "Forbidden: bot is not a member of the supergroup chat");
    let mut s = Scene::of(ChatKind::Supergroup, BotRole::Absent);
    assert_eq!(ban_refusal(&mut s, |s| s.member), "chat not found");
}

#[test]
fn a_basic_group_the_bot_was_thrown_out_of_or_that_was_deleted_is_forbidden() {
    let mut s = Scene::of(ChatKind::Group, BotRole::Member);
    s.world.set_bot_role(s.chat, BotRole::Absent, None).unwrap();
    assert_eq!(s.transitions(), ["member → left by Olga"]);
    let chat = s.chat;
    let answer = refusal(&mut s, "getChat", json!({"chat_id": chat}));
    assert_eq!(answer, "Forbidden: bot was kicked from the group chat");
    s.world.delete_chat(chat).unwrap();
    let answer = refusal(&mut s, "getChat", json!({"chat_id": chat}));
    assert_eq!(answer, "Forbidden: the group chat was deleted");
}

#[test]
fn an_upgraded_group_answers_with_its_new_id() {
    let mut s = Scene::of(ChatKind::Group, BotRole::Administrator(AdminRights::moderator()));
    let new = s.world.migrate(s.chat, None).unwrap();
    let error = ban(&mut s, |s| s.member).unwrap_err();
    assert_eq!(error.code, 400);
    assert_eq!(error.description, "Bad Request: group chat was upgraded to a supergroup chat");
    assert_eq!(error.parameters, Some(json!({"migrate_to_chat_id": new})));
}

#[test]
fn basic_groups_know_removal_but_neither_unban_nor_restriction() {
    let mut s = Scene::of(ChatKind::Group, BotRole::Administrator(AdminRights::moderator()));
    assert_eq!(ban_refusal(&mut s, |s| s.admin), "only the creator of a basic group can kick group administrators");
    assert_eq!(ban(&mut s, |s| s.member), Ok(json!(true)));
    assert_eq!(s.transitions(), ["member → left by Bansync"]);
    let params = json!({"chat_id": s.chat, "user_id": s.member});
    let answer = refusal(&mut s, "unbanChatMember", params.clone());
    assert_eq!(answer, "method is available for supergroup and channel chats only");
    assert_eq!(refusal(&mut s, "restrictChatMember", params), "method is available only for supergroups");
    let mut s = Scene::of(ChatKind::Group, BotRole::Member);
    assert_eq!(ban_refusal(&mut s, |s| s.member), "need to be inviter of a user to kick it from a basic group");
}

#[test]
fn unban_without_only_if_banned_removes_a_present_member() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "user_id": s.member});
    call(&mut s, "unbanChatMember", params).unwrap();
    assert_eq!(s.transitions(), ["member → kicked by Bansync", "kicked → left by Bansync"]);
}

#[test]
fn unban_with_only_if_banned_leaves_a_member_alone_and_is_silent() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "user_id": s.member, "only_if_banned": true});
    assert_eq!(call(&mut s, "unbanChatMember", params.clone()), Ok(json!(true)));
    assert!(s.heard().is_empty());
    s.world.ban(s.chat, s.admin, s.member, None).unwrap();
    s.heard();
    call(&mut s, "unbanChatMember", params).unwrap();
    assert_eq!(s.transitions(), ["kicked → left by Bansync"]);
}

#[test]
fn restricting_takes_permissions_away_and_all_of_them_lift_it() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "user_id": s.member, "permissions": {}});
    call(&mut s, "restrictChatMember", params).unwrap();
    let params = json!({"chat_id": s.chat, "user_id": s.member, "permissions": Permissions::all()});
    call(&mut s, "restrictChatMember", params).unwrap();
    assert_eq!(s.transitions(), ["member → restricted by Bansync", "restricted → member by Bansync"]);
}

#[test]
fn get_chat_member_knows_who_was_never_there_as_left() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "user_id": s.stranger});
    assert_eq!(call(&mut s, "getChatMember", params).unwrap()["status"], "left");
    let params = json!({"chat_id": s.chat.to_string(), "user_id": s.admin.to_string()});
    let admin = call(&mut s, "getChatMember", params).unwrap();
    assert_eq!((&admin["status"], &admin["can_restrict_members"]), (&json!("administrator"), &json!(true)));
}

#[test]
fn administrators_are_listed_with_the_bot_and_without_other_bots() {
    let mut s = Scene::new();
    let other = s.world.create_user(NewUser { is_bot: true, ..NewUser::named("Other") }).unwrap();
    s.world.join(s.chat, other).unwrap();
    s.world.promote(s.chat, other, AdminRights::moderator(), None).unwrap();
    let params = json!({"chat_id": s.chat});
    let admins = call(&mut s, "getChatAdministrators", params.clone()).unwrap();
    let mut ids: Vec<i64> = admins.as_array().unwrap().iter().map(|m| m["user"]["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    let mut expected = [s.owner, s.admin, s.world.bot.id];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert_eq!(call(&mut s, "getChatMemberCount", params), Ok(json!(5)));
}

#[test]
fn promoting_needs_the_right_and_makes_an_administrator_the_bot_can_edit() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "user_id": s.member, "can_delete_messages": true});
    assert_eq!(refusal(&mut s, "promoteChatMember", params.clone()), "not enough rights");
    s.world.set_bot_role(s.chat, BotRole::Administrator(AdminRights::all()), None).unwrap();
    s.heard();
    call(&mut s, "promoteChatMember", params).unwrap();
    assert_eq!(s.transitions(), ["member → administrator by Bansync"]);
}

#[test]
fn a_join_request_is_approved_or_declined_once() {
    let mut s = Scene::new();
    s.world.outbox.allowed = Some(["chat_join_request", "chat_member"].map(str::to_owned).into());
    s.world.request_to_join(s.chat, s.stranger).unwrap();
    let params = json!({"chat_id": s.chat, "user_id": s.stranger});
    call(&mut s, "approveChatJoinRequest", params.clone()).unwrap();
    let heard = s.heard();
    assert_eq!(heard[0].0, "chat_join_request");
    assert_eq!(heard[1].1["via_join_request"], true);
    assert_eq!(refusal(&mut s, "declineChatJoinRequest", params), "HIDE_REQUESTER_MISSING");
}

#[test]
fn a_guards_query_is_answered_once_and_within_ten_seconds() {
    let mut s = Scene::new();
    s.world.outbox.allowed = Some(["chat_join_request", "chat_member"].map(str::to_owned).into());
    let (chat, stranger, method) = (s.chat, s.stranger, "answerChatJoinRequestQuery");
    s.world.set_guard(chat, true).unwrap();
    for (result, after_ms, expected) in [
        ("queue", 9_999, Ok(json!(true))),
        ("maybe", 0, Err("invalid result specified")),
        ("decline", 10_000, Err("query is too old and response timeout expired or query ID is invalid")),
        ("decline", 0, Ok(json!(true))),
        ("approve", 0, Ok(json!(true))),
    ] {
        s.world.request_to_join(chat, stranger).unwrap();
        let query = s.heard()[0].1["query_id"].clone();
        let now_ms = s.world.now_ms();
        s.world.at(now_ms + after_ms);
        let params = json!({"chat_join_request_query_id": query, "result": result});
        let answer = call(&mut s, method, params.clone());
        assert_eq!(answer, expected.map_err(ApiError::bad_request), "{result} after {after_ms}");
        if answer.is_ok() {
            assert!(refusal(&mut s, method, params).starts_with("query is too old"), "answered before");
        }
    }
    assert_eq!(s.status(stranger), "member");
    assert!(call(&mut s, "getChat", json!({"chat_id": chat})).unwrap()["guard_bot"].is_object());
}

#[test]
fn a_chats_community_is_told_of_and_stands_in_the_chat() {
    let mut s = Scene::new();
    s.world.outbox.allowed = Some(["message"].map(str::to_owned).into());
    let (chat, stranger) = (s.chat, s.stranger);
    assert!(s.world.join_from_community(chat, stranger).is_err(), "it is in none");
    s.world.set_community(chat, 7, Some("All".to_owned())).unwrap();
    let community = json!({"id": 7, "name": "All"});
    assert_eq!(call(&mut s, "getChat", json!({"chat_id": chat})).unwrap()["community"], community);
    s.world.join_from_community(chat, stranger).unwrap();
    s.world.set_community(chat, 7, None).unwrap();
    let heard: Vec<Value> = s.heard().into_iter().map(|(_, message)| message).collect();
    assert_eq!(heard[0]["community_chat_added"]["community"], community);
    assert_eq!((&heard[1]["community_chat_joined"]["community"], &heard[1]["from"]["id"]), (&community, &json!(stranger)));
    assert_eq!(heard[2]["community_chat_removed"], json!({}));
    assert_eq!(s.world.schema.violations, [""; 0]);
}

#[test]
fn what_telegram_passes_over_is_refused_where_the_documentation_does_not_have_it() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "user_id": s.member, "verbose": true});
    let said = refusal(&mut s, "getChatMember", params);
    assert_eq!(said, "not in the Bot API: .verbose is unknown");
    assert_eq!(s.world.schema.violations, ["getChatMember: .verbose is unknown"]);
    s.world.reset();
    assert_eq!(s.world.schema.refused, 1, "it is about the whole run");
}

#[test]
fn private_messages_need_a_start_and_no_block() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.member, "text": "hi"});
    let answer = |s: &mut Scene| refusal(s, "sendMessage", params.clone());
    assert_eq!(answer(&mut s), "Forbidden: bot can't initiate conversation with a user");
    s.world.start_bot(s.member, None).unwrap();
    s.world.set_blocked(s.member, true).unwrap();
    assert_eq!(answer(&mut s), "Forbidden: bot was blocked by the user");
    s.world.delete_account(s.member).unwrap();
    assert_eq!(answer(&mut s), "Forbidden: user is deactivated");
}

#[test]
fn a_muted_bot_cannot_write() {
    let mut s = Scene::of(ChatKind::Supergroup, BotRole::Member);
    let bot = s.world.bot.id;
    s.world.restrict(s.chat, s.admin, bot, Permissions::none(), None).unwrap();
    let params = json!({"chat_id": s.chat, "text": "hi"});
    assert_eq!(refusal(&mut s, "sendMessage", params), "not enough rights to send text messages to the chat");
}

#[test]
fn a_text_is_refused_when_empty_too_long_or_wrong_html() {
    let mut s = Scene::new();
    let chat = s.chat;
    let mut answer = |text: &str| refusal(&mut s, "sendMessage", json!({"chat_id": chat, "text": text, "parse_mode": "HTML"}));
    assert_eq!(answer(" <b> </b>"), "message text is empty");
    assert_eq!(answer(&"🦊".repeat(2049)), "message is too long");
    assert_eq!(answer("a <h1>b</h1>"), "can't parse entities: Unsupported start tag \"h1\" at byte offset 2");
    assert_eq!(answer("<b>a"), "can't parse entities: Can't find end tag corresponding to start tag \"b\"");
    let markdown = json!({"chat_id": chat, "text": "a", "parse_mode": "MarkdownV2"});
    assert_eq!(refusal(&mut s, "sendMessage", markdown), "unsupported parse_mode");
    let longest = json!({"chat_id": chat, "text": "🦊".repeat(2048)});
    assert!(call(&mut s, "sendMessage", longest).is_ok());
}

#[test]
fn a_block_quotation_may_be_expandable_and_holds_no_other() {
    let kinds =
        |html: &str| html::parse(html).map(|(_, entities)| entities.iter().map(|entity| entity["type"].clone()).collect::<Vec<_>>());
    assert_eq!(kinds("<blockquote expandable>a <b>b</b></blockquote>").unwrap(), ["expandable_blockquote", "bold"]);
    assert_eq!(kinds("<blockquote>a</blockquote>").unwrap(), ["blockquote"]);
    assert!(kinds("<blockquote expandable>a <blockquote>b</blockquote></blockquote>").is_err());
}

#[test]
fn html_becomes_plain_text_with_entities() {
    let (text, entities) = html::parse("🦊 <b>a &lt; <i>b</i></b> &amp;&#33; <a href=\"tg://user?id=7\">me</a> <code>x</code>").unwrap();
    assert_eq!(text, "🦊 a < b &! me x");
    assert_eq!(entities[0], json!({"type": "bold", "offset": 3, "length": 5}));
    assert_eq!(entities[1], json!({"type": "italic", "offset": 7, "length": 1}));
    assert_eq!(entities[2]["user"]["id"], 7);
    assert_eq!(entities[3], json!({"type": "code", "offset": 15, "length": 1}));
    for wrong in ["<b>x</i>", "x</b>", "x <", "<span>x</span>", "<b"] {
        assert!(html::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn callback_data_is_at_most_64_bytes() {
    let mut s = Scene::new();
    let with = |chat: i64, data: String| json!({"chat_id": chat, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": data}]]}});
    let chat = s.chat;
    assert!(call(&mut s, "sendMessage", with(chat, "x".repeat(64))).is_ok());
    assert_eq!(refusal(&mut s, "sendMessage", with(chat, "é".repeat(33))), "BUTTON_DATA_INVALID");
}

#[test]
fn replies_and_topics_must_exist() {
    let mut s = Scene::new();
    let params = json!({"chat_id": s.chat, "text": "x", "reply_parameters": {"message_id": 99}});
    assert_eq!(refusal(&mut s, "sendMessage", params), "message to be replied not found");
    let lenient = json!({"message_id": 99, "allow_sending_without_reply": true});
    let params = json!({"chat_id": s.chat, "text": "x", "reply_parameters": lenient});
    assert!(call(&mut s, "sendMessage", params).is_ok());
    let params = json!({"chat_id": s.chat, "text": "x", "message_thread_id": 7});
    assert_eq!(refusal(&mut s, "sendMessage", params), "message thread not found");
}

#[test]
fn a_message_is_edited_once_and_deleted_once() {
    let mut s = Scene::new();
    let chat = s.chat;
    let sent = call(&mut s, "sendMessage", json!({"chat_id": chat, "text": "a"})).unwrap();
    let edit = json!({"chat_id": chat, "message_id": sent["message_id"], "text": "b"});
    assert!(call(&mut s, "editMessageText", edit.clone()).is_ok());
    assert!(refusal(&mut s, "editMessageText", edit.clone()).starts_with("message is not modified"));
    let delete = json!({"chat_id": chat, "message_id": sent["message_id"]});
    call(&mut s, "deleteMessage", delete.clone()).unwrap();
    assert_eq!(refusal(&mut s, "deleteMessage", delete), "message to delete not found");
    assert_eq!(refusal(&mut s, "editMessageText", edit), "message to edit not found");
    let said = s.world.say(chat, s.member, "c".into(), SayOptions::default()).unwrap();
    let edit = json!({"chat_id": chat, "message_id": said, "text": "d"});
    assert_eq!(refusal(&mut s, "editMessageText", edit), "message can't be edited");
}

#[test]
fn an_edit_takes_the_keyboard_away_unless_it_brings_one() {
    let mut s = Scene::new();
    let chat = s.chat;
    let markup = json!({"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]});
    let sent = call(&mut s, "sendMessage", json!({"chat_id": chat, "text": "a", "reply_markup": markup})).unwrap();
    let edit = json!({"chat_id": chat, "message_id": sent["message_id"], "text": "<b>a</b>", "parse_mode": "HTML"});
    let mut with = edit.clone();
    with["reply_markup"] = markup;
    assert!(call(&mut s, "editMessageText", with.clone()).unwrap().get("reply_markup").is_some());
    assert!(refusal(&mut s, "editMessageText", with.clone()).starts_with("message is not modified"));
    let edited = call(&mut s, "editMessageText", edit.clone()).unwrap();
    assert_eq!((&edited["text"], &edited["entities"][0]["type"]), (&json!("a"), &json!("bold")));
    assert!(edited.get("reply_markup").is_none());
    assert!(s.world.sees(s.member).unwrap()[0].buttons.is_empty());
    assert!(refusal(&mut s, "editMessageText", edit).starts_with("message is not modified"));
    with["reply_markup"] = json!({"keyboard": [["a"]]});
    assert_eq!(refusal(&mut s, "editMessageText", with), "inline keyboard expected");
}

#[test]
fn a_message_with_a_reply_keyboard_cannot_be_edited() {
    let mut s = Scene::new();
    let chat = s.chat;
    let sent = call(&mut s, "sendMessage", json!({"chat_id": chat, "text": "a", "reply_markup": {"keyboard": [[{"text": "a"}]]}})).unwrap();
    let edit = json!({"chat_id": chat, "message_id": sent["message_id"], "text": "b"});
    assert_eq!(refusal(&mut s, "editMessageText", edit), "message can't be edited");
}

#[test]
fn the_bot_deletes_what_others_wrote_only_with_the_right_to() {
    let without = AdminRights { can_delete_messages: false, ..AdminRights::moderator() };
    for (rights, deleted) in [(AdminRights::moderator(), true), (without, false)] {
        let mut s = Scene::of(ChatKind::Supergroup, BotRole::Administrator(rights));
        let chat = s.chat;
        let own = call(&mut s, "sendMessage", json!({"chat_id": chat, "text": "own"})).unwrap()["message_id"].clone();
        let said = ["spam", "more spam"].map(|text| s.world.say(chat, s.member, text.into(), SayOptions::default()).unwrap());
        let one = call(&mut s, "deleteMessage", json!({"chat_id": chat, "message_id": said[0]}));
        assert_eq!(one.is_ok(), deleted);
        let rest = call(&mut s, "deleteMessages", json!({"chat_id": chat, "message_ids": [own, said[1], 999]}));
        assert_eq!(rest.is_ok(), deleted);
        assert!(s.world.sees(s.admin).unwrap().iter().all(|m| m.deleted == deleted), "all or nothing");
    }
}

#[test]
fn many_messages_are_deleted_at_once_but_not_more_than_a_hundred() {
    let mut s = Scene::new();
    let chat = s.chat;
    for (ids, answer) in [
        (json!(null), "message identifiers are not specified"),
        (json!(5), "expected an Array of message identifiers"),
        (json!((1..=101).collect::<Vec<_>>()), "too many message identifiers specified"),
        (json!([0]), "invalid message identifier specified"),
    ] {
        assert_eq!(refusal(&mut s, "deleteMessages", json!({"chat_id": chat, "message_ids": ids})), answer);
    }
    for ids in [json!([]), json!("[1, 2]"), json!((1..=100).collect::<Vec<_>>())] {
        assert_eq!(call(&mut s, "deleteMessages", json!({"chat_id": chat, "message_ids": ids})), Ok(json!(true)));
    }
}

#[test]
fn the_first_answer_to_a_button_counts_and_a_link_must_open_the_bot() {
    let mut s = Scene::new();
    let markup = json!({"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]});
    let (chat, member) = (s.chat, s.member);
    let sent = call(&mut s, "sendMessage", json!({"chat_id": chat, "text": "a", "reply_markup": markup})).unwrap();
    let id = s.world.press(member, chat, sent["message_id"].as_i64().unwrap(), "a", false).unwrap();
    let wrong = json!({"callback_query_id": id, "url": "https://example.org/"});
    assert_eq!(refusal(&mut s, "answerCallbackQuery", wrong), "URL_INVALID");
    let link = "https://t.me/bansync_bot?start=x";
    for mut params in [json!({"url": link, "text": "Go", "show_alert": true}), json!({"text": "late"})] {
        params["callback_query_id"] = json!(id);
        call(&mut s, "answerCallbackQuery", params).unwrap();
    }
    let note = s.world.queries[&id].answer.clone().unwrap();
    assert_eq!((note.text.as_deref(), note.show_alert, note.url.as_deref()), (Some("Go"), true, Some(link)));
}

#[test]
fn get_chat_tells_of_a_person_only_when_the_bot_has_met_him() {
    let mut s = Scene::new();
    let (member, stranger) = (s.member, s.stranger);
    let chat = call(&mut s, "getChat", json!({"chat_id": member})).unwrap();
    assert_eq!((&chat["type"], &chat["first_name"]), (&json!("private"), &json!("Mira")));
    assert_eq!(refusal(&mut s, "getChat", json!({"chat_id": stranger})), "chat not found");
    s.world.start_bot(stranger, None).unwrap();
    assert_eq!(call(&mut s, "getChat", json!({"chat_id": stranger})).unwrap()["first_name"], "Sami");
}

#[test]
fn an_unknown_query_is_too_old() {
    let mut s = Scene::new();
    let answer = refusal(&mut s, "answerCallbackQuery", json!({"callback_query_id": "1"}));
    assert!(answer.starts_with("query is too old"));
}

#[test]
fn omitted_allowed_updates_keep_the_old_and_empty_ones_mean_the_default() {
    let mut s = Scene::new();
    let mut set = |params: Value| {
        call(&mut s, "setWebhook", params).unwrap();
        s.world.outbox.allowed.clone().map(|kinds| kinds.len())
    };
    assert_eq!(set(json!({"url": "http://localhost/", "allowed_updates": ["chat_member", "message"]})), Some(2));
    assert_eq!(set(json!({"url": "http://localhost/"})), Some(2));
    assert_eq!(set(json!({"url": "http://localhost/", "allowed_updates": []})), None);
}

#[test]
fn polling_is_a_conflict_while_a_webhook_is_set() {
    let mut s = Scene::new();
    let secret = json!({"url": "http://localhost/", "secret_token": "geheim-1"});
    call(&mut s, "setWebhook", secret).unwrap();
    assert_eq!(call(&mut s, "getUpdates", json!({})).unwrap_err().code, 409);
    let log = format!("{:?}", s.world.traffic.calls(&CallFilter::default()));
    assert!(!log.contains("geheim"), "the secret is not logged");
    let wrong = json!({"url": "http://localhost/", "secret_token": "a b"});
    assert_eq!(refusal(&mut s, "setWebhook", wrong), "secret token contains unallowed characters");
}

#[test]
fn commands_are_kept_by_scope_and_language() {
    let mut s = Scene::new();
    let commands = json!([{"command": "ban", "description": "Ban"}]);
    call(&mut s, "setMyCommands", json!({"commands": commands, "language_code": "de"})).unwrap();
    assert_eq!(call(&mut s, "getMyCommands", json!({"language_code": "de"})), Ok(commands));
    assert_eq!(call(&mut s, "getMyCommands", json!({})), Ok(json!([])));
    let wrong = json!({"commands": [{"command": "Ban!", "description": "x"}]});
    assert_eq!(refusal(&mut s, "setMyCommands", wrong), "BOT_COMMAND_INVALID");
}

#[test]
fn a_menu_button_opens_a_page_by_https_only() {
    let mut s = Scene::new();
    let page = |url: &str| json!({"menu_button": {"type": "web_app", "text": "Page", "web_app": {"url": url}}});
    assert_eq!(call(&mut s, "getChatMenuButton", json!({})), Ok(json!({"type": "commands"})));
    call(&mut s, "setChatMenuButton", page("https://x.example/app/admin")).unwrap();
    assert_eq!(call(&mut s, "getChatMenuButton", json!({})).unwrap()["web_app"]["url"], "https://x.example/app/admin");
    assert!(refusal(&mut s, "setChatMenuButton", page("http://x.example/")).contains("Only HTTPS links are allowed"));
}

#[test]
fn default_administrator_rights_are_kept_for_groups_and_channels_apart() {
    let mut s = Scene::new();
    let (set, get) = ("setMyDefaultAdministratorRights", "getMyDefaultAdministratorRights");
    let rights = json!(AdminRights { can_restrict_members: true, can_delete_messages: true, ..AdminRights::default() });
    assert_eq!(call(&mut s, set, json!({"rights": rights.to_string()})), Ok(json!(true)));
    assert_eq!(call(&mut s, get, json!({})).unwrap()["can_restrict_members"], true);
    assert_eq!(call(&mut s, get, json!({"for_channels": true})).unwrap()["can_restrict_members"], false);
    let shown = s.world.command(Command::Commands).unwrap();
    let shown = &shown["default_administrator_rights"];
    assert_eq!((&shown["groups"]["can_delete_messages"], &shown["channels"]), (&json!(true), &Value::Null));
    call(&mut s, set, json!({})).unwrap();
    assert_eq!(call(&mut s, get, json!({})).unwrap()["can_restrict_members"], false);
    assert!(call(&mut s, set, json!({"rights": "all"})).is_err());
}

#[test]
fn an_unknown_method_is_not_found() {
    let mut s = Scene::new();
    assert_eq!(call(&mut s, "banEverybody", json!({})).unwrap_err(), ApiError::not_found());
}

#[test]
fn a_fault_before_the_effect_prevents_it_and_one_after_it_only_loses_the_answer() {
    for after in [false, true] {
        let mut s = Scene::new();
        let fault = Fault { after_effect: after, ..Fault::internal_server_error().times(1) };
        s.world.traffic.add_fault(fault);
        assert_eq!(ban(&mut s, |s| s.member).unwrap_err().code, 500);
        assert_eq!(s.status(s.member) == "kicked", after);
        let calls = s.world.traffic.calls(&CallFilter::method("banChatMember").ok(false));
        assert_eq!((calls[0].done, calls[0].error_code), (after, Some(500)));
    }
}
