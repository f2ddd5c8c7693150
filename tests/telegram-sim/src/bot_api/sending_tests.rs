//! What the bot sends: documents, keyboards, and what is wrong with them.

use serde_json::{Value, json};

use crate::bot_api::tests::{call, refusal};
use crate::bot_api::{Answer, Params};
use crate::control::{BotRole, CallFilter, ChatKind, Document, Limits};
use crate::rights::Permissions;
use crate::world::tests::Scene;

const FILE: &[u8] = "id,reason\n7,спам\n".as_bytes();

fn upload(s: &mut Scene, part: &str, content: &[u8], params: Value) -> Answer {
    let mut given = Params::default();
    given.add_json(params);
    given.add_file(part.to_owned(), Document::new("bans.csv", content));
    s.world.call("sendDocument", &given, false).answer
}

fn keyboard(button: Value) -> Value {
    json!({"keyboard": [[button]]})
}

#[test]
fn a_document_is_seen_with_its_caption_and_content() {
    for (part, document) in [("document", Value::Null), ("x1", json!("attach://x1"))] {
        let mut s = Scene::new();
        let caption = json!({"chat_id": s.chat, "caption": "<b>Bans</b>", "parse_mode": "HTML", "document": document});
        let message = upload(&mut s, part, FILE, caption).unwrap();
        assert_eq!((&message["caption"], &message["caption_entities"][0]["type"]), (&json!("Bans"), &json!("bold")));
        assert_eq!((&message["document"]["file_name"], &message["document"]["file_size"]), (&json!("bans.csv"), &json!(FILE.len())));
        assert!(message.get("text").is_none());
        let seen = s.world.sees(s.member).unwrap().remove(0);
        assert_eq!((seen.text.as_str(), seen.document.unwrap().text.unwrap().as_bytes()), ("Bans", FILE));
        let edit = json!({"chat_id": s.chat, "message_id": seen.message_id, "text": "x"});
        assert_eq!(refusal(&mut s, "editMessageText", edit), "there is no text in the message to edit");
    }
}

/// The head of a PNG of this size.
fn png(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat()
}

#[test]
fn a_picture_is_seen_with_its_size_and_refused_where_telegram_takes_none() {
    let send = |s: &mut Scene, content: &[u8]| {
        let mut given = Params::default();
        given.add_json(json!({"chat_id": s.chat, "caption": "Bans"}));
        given.add_file("photo".to_owned(), Document::new("charts.png", content));
        s.world.call("sendPhoto", &given, false).answer
    };
    let mut s = Scene::new();
    let message = send(&mut s, &png(1000, 1500)).unwrap();
    assert_eq!(
        (&message["photo"][0]["width"], &message["photo"][0]["height"], &message["caption"]),
        (&json!(1000), &json!(1500), &json!("Bans"))
    );
    assert!(message.get("document").is_none());
    let seen = s.world.sees(s.member).unwrap().remove(0).document.unwrap();
    assert_eq!((seen.is_photo, seen.pixels), (true, Some((1000, 1500))));
    for (content, why) in [
        (b"GIF89a".to_vec(), "IMAGE_PROCESS_FAILED"),
        (png(5000, 5001), "PHOTO_INVALID_DIMENSIONS"),
        (png(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
    ] {
        let refused = send(&mut s, &content).unwrap_err();
        assert!(format!("{refused:?}").contains(why), "{refused:?}");
    }
    assert!(send(&mut s, &png(2000, 100)).is_ok());
}

#[test]
fn only_text_that_is_not_too_long_is_kept_of_a_file() {
    let longest = Document::LONGEST_TEXT;
    for (content, kept) in [(vec![b'x'; longest], true), (vec![b'x'; longest + 1], false), (vec![0xff], false)] {
        let document = Document::new("a", &content);
        assert_eq!((document.text.is_some(), document.size), (kept, content.len()));
    }
}

#[test]
fn the_log_names_a_file_without_its_content() {
    let mut s = Scene::new();
    let chat = s.chat;
    upload(&mut s, "document", FILE, json!({"chat_id": chat})).unwrap();
    let calls = s.world.traffic.calls(&CallFilter::method("sendDocument"));
    assert_eq!(calls[0].params, json!({"chat_id": chat, "document": {"file_name": "bans.csv", "file_size": FILE.len()}}));
}

#[test]
fn a_document_is_refused_when_missing_empty_or_with_too_long_a_caption() {
    let mut s = Scene::new();
    let chat = s.chat;
    assert_eq!(refusal(&mut s, "sendDocument", json!({"chat_id": chat})), "there is no document in the request");
    let by_id = json!({"chat_id": chat, "document": "BQACAgIAAx"});
    assert_eq!(refusal(&mut s, "sendDocument", by_id), "wrong file identifier/HTTP URL specified");
    let empty = upload(&mut s, "document", b"", json!({"chat_id": chat})).unwrap_err();
    assert_eq!(empty.description, "Bad Request: file must be non-empty");
    let long = upload(&mut s, "document", FILE, json!({"chat_id": chat, "caption": "x".repeat(1025)})).unwrap_err();
    assert_eq!(long.description, "Bad Request: message caption is too long");
}

#[test]
fn a_document_goes_only_where_the_bot_may_send_one_and_counts_as_a_message() {
    let mut s = Scene::of(ChatKind::Supergroup, BotRole::Member);
    let (chat, member, bot) = (s.chat, s.member, s.world.bot.id);
    let private = upload(&mut s, "document", FILE, json!({"chat_id": member})).unwrap_err();
    assert_eq!(private.description, "Forbidden: bot can't initiate conversation with a user");
    s.world.traffic.limits = Limits { burst_per_chat: 1, ..Limits::default() };
    upload(&mut s, "document", FILE, json!({"chat_id": chat})).unwrap();
    assert_eq!(call(&mut s, "sendMessage", json!({"chat_id": chat, "text": "x"})).unwrap_err().code, 429);
    s.world.traffic.limits = Limits::default();
    s.world.restrict(chat, s.admin, bot, Permissions::text_only(), None).unwrap();
    let muted = upload(&mut s, "document", FILE, json!({"chat_id": chat})).unwrap_err();
    assert_eq!(muted.description, "Bad Request: not enough rights to send documents to the chat");
}

#[test]
fn a_silent_message_is_seen_as_one() {
    let mut s = Scene::new();
    for silent in [true, false] {
        let preview = json!({"is_disabled": true});
        let params = json!({"chat_id": s.chat, "text": "x", "disable_notification": silent, "link_preview_options": preview});
        call(&mut s, "sendMessage", params).unwrap();
        assert_eq!(s.world.sees(s.member).unwrap().last().unwrap().silent, silent);
    }
}

#[test]
fn users_are_requested_in_private_with_a_number_and_at_most_ten() {
    let mut s = Scene::new();
    s.world.start_bot(s.member, None).unwrap();
    let (chat, member) = (s.chat, s.member);
    let request = |fields: Value| keyboard(json!({"text": "Whom?", "request_users": fields}));
    let not_a_number = "can't parse keyboard button: Field \"request_id\" must be a valid Number";
    for (to, markup, answer) in [
        (member, request(json!({"request_id": 1, "max_quantity": 10})), None),
        (member, request(json!({"request_id": i32::MIN})), None),
        (member, keyboard(json!({"text": "a plain label"})), None),
        (member, json!({"remove_keyboard": true}), None),
        (chat, keyboard(json!({"text": "a plain label"})), None),
        (chat, request(json!({"request_id": 1})), Some("users can be requested in private chats only")),
        (member, request(json!({})), Some("can't parse keyboard button: Can't find field \"request_id\"")),
        (member, request(json!({"request_id": 1_i64 << 31})), Some(not_a_number)),
        (member, request(json!({"request_id": "a"})), Some(not_a_number)),
        (member, request(json!({"request_id": 1, "max_quantity": 0})), Some("BUTTON_INVALID")),
        (member, request(json!({"request_id": 1, "max_quantity": 11})), Some("BUTTON_INVALID")),
        (member, keyboard(json!({"text": ""})), Some("keyboard button text must be non-empty")),
    ] {
        // The chat takes a message a second.
        s.world.at(s.world.now_ms() + 1000);
        let params = json!({"chat_id": to, "text": "x", "reply_markup": markup});
        match answer {
            Some(answer) => assert_eq!(refusal(&mut s, "sendMessage", params), answer, "{markup}"),
            None => assert!(call(&mut s, "sendMessage", params).is_ok(), "{markup}"),
        }
    }
}

#[test]
fn a_link_under_a_message_is_seen_and_must_lead_to_a_public_address() {
    let mut s = Scene::new();
    for (url, fault) in [
        ("https://t.me/bansync_bot?startgroup=x", None),
        ("example.org", None),
        ("tg://user?id=7", None),
        ("http://localhost:8080/", Some("Wrong HTTP URL")),
        ("not a url", Some("Wrong HTTP URL")),
        ("ftp://example.org/", Some("Unsupported URL protocol")),
    ] {
        let markup = json!({"inline_keyboard": [[{"text": "Open", "url": url}]]});
        let params = json!({"chat_id": s.chat, "text": "x", "reply_markup": markup});
        if let Some(why) = fault {
            let answer = format!("inline keyboard button URL '{url}' is invalid: {why}");
            assert_eq!(refusal(&mut s, "sendMessage", params), answer);
            continue;
        }
        call(&mut s, "sendMessage", params).unwrap();
        let seen = s.world.sees(s.member).unwrap().pop().unwrap();
        assert_eq!(seen.button("Open").unwrap().url.as_deref(), Some(url));
        assert_eq!(seen.data_of("Open"), None);
    }
}
