//! Users shared through the bot's keyboard.

use serde_json::{Value, json};

use crate::control::NewUser;
use crate::world::Message;
use crate::world::tests::Scene;

/// The bot shows the member this reply markup in private.
fn show(s: &mut Scene, markup: Value) {
    let message = Message { chat: s.member, from: s.world.bot.id, reply_markup: Some(markup), ..Message::default() };
    s.world.keep_message(message);
}

fn request(fields: Value) -> Value {
    json!({"keyboard": [[{"text": "Cancel"}], [{"text": "Whom?", "request_users": fields}]]})
}

#[test]
fn a_shared_user_has_the_names_that_were_asked_for() {
    let id = json!({"request_id": 5});
    let names = json!({"request_id": 5, "request_name": true});
    let all = json!({"request_id": 5, "request_name": true, "request_username": true});
    for (wish, keys) in [
        (id, &["user_id"] as &[_]),
        (names, &["first_name", "last_name", "user_id"]),
        (all, &["first_name", "last_name", "user_id", "username"]),
    ] {
        let mut s = Scene::new();
        show(&mut s, request(wish));
        let new = NewUser { last_name: Some("Night".into()), username: Some("nadia".into()), ..NewUser::named("Nadia") };
        let user = s.world.create_user(new).unwrap();
        s.world.share_users(s.member, 5, &[user]).unwrap();
        let (_, message) = s.heard().remove(0);
        let shared = &message["users_shared"];
        assert_eq!((&shared["request_id"], &shared["users"][0]["user_id"]), (&json!(5), &json!(user)));
        let mut told: Vec<_> = shared["users"][0].as_object().unwrap().keys().collect();
        told.sort();
        assert_eq!(told, keys);
    }
}

#[test]
fn users_are_shared_only_through_a_button_that_is_shown() {
    let mut s = Scene::new();
    let shares = |s: &mut Scene, id| s.world.share_users(s.member, id, &[s.stranger]).is_ok();
    assert!(!shares(&mut s, 5), "no keyboard");
    show(&mut s, request(json!({"request_id": 5})));
    show(&mut s, json!({"inline_keyboard": []}));
    assert!(shares(&mut s, 5), "buttons under a message leave the keyboard alone");
    assert!(!shares(&mut s, 6), "another button");
    show(&mut s, request(json!({"request_id": 6})));
    assert!(!shares(&mut s, 5), "replaced");
    show(&mut s, json!({"remove_keyboard": true}));
    assert!(!shares(&mut s, 6), "removed");
}

#[test]
fn a_button_takes_one_user_or_as_many_as_it_says() {
    for (wish, most) in [(json!({"request_id": 5}), 1), (json!({"request_id": 5, "max_quantity": 3}), 3)] {
        let mut s = Scene::new();
        show(&mut s, request(wish));
        let users = [s.owner, s.admin, s.stranger, s.member];
        assert!(s.world.share_users(s.member, 5, &[]).is_err());
        assert!(s.world.share_users(s.member, 5, &users[..most]).is_ok());
        assert!(s.world.share_users(s.member, 5, &users[..=most]).is_err());
    }
}
