//! Who is an administrator where: told by updates, asked for where that is old, and what hangs on it.

use crate::play::{PATIENCE, Play};
use anyhow::Result;
use aws::store::users::AdminItem;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::subscription::Source;
use serde_json::{Value, json};
use telegram_sim::AdminRights;
use telegram_sim::control::{CallFilter, Fault};

impl Play {
    /// How often Telegram was asked what somebody is in a chat.
    async fn asked(&self, chat: i64, user: i64) -> Result<usize> {
        Ok(self.telegram.calls(CallFilter::method("getChatMember").chat(chat).user(user)).await?.len())
    }

    async fn known(&self, chat: i64, user: i64) -> Result<Option<AdminItem>> {
        self.users.admin(ChatId(chat), UserId(user)).await
    }
}

fn verify(chat: i64, user: i64) -> String {
    format!("admins/verify?user_id={user}&chat_id={chat}")
}

#[tokio::test]
async fn a_role_that_an_update_told_is_known_without_asking_until_it_is_old() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let (boris, bella) = (play.admin("Boris", "en").await?, play.admin("Bella", "en").await?);
    let chat = play.chat("B", boris, &[bella]).await?;
    for (rights, role, can_ban) in [
        (AdminRights::moderator(), "moderator", true),
        (AdminRights::without_restrict(), "moderator", false),
        (AdminRights { can_promote_members: true, ..AdminRights::moderator() }, "admin", true),
    ] {
        play.telegram.promote(chat, bella, rights).await?;
        play.telegram.wait_until_accepted(PATIENCE).await?;
        let told = operator.there(&verify(chat, bella)).await?;
        assert_eq!((&told["is_admin"], &told["role"], &told["can_ban"]), (&json!(true), &json!(role), &json!(can_ban)), "{told}");
    }
    play.telegram.demote(chat, bella).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let told = operator.there(&verify(chat, bella)).await?;
    assert_eq!((&told["is_admin"], &told["role"], &told["can_ban"]), (&json!(false), &Value::Null, &json!(false)));
    assert_eq!(play.asked(chat, bella).await?, 0);

    let old = json!({"observed_at": {"N": (aws::time::now() - 301).to_string()}});
    play.set_item(&format!("CHAT#{chat}"), &format!("ADMIN#{bella}"), old).await?;
    for _ in 0..2 {
        assert_eq!(operator.there(&verify(chat, bella)).await?["is_admin"], false);
        assert_eq!(play.asked(chat, bella).await?, 1, "old: asked once");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_is_not_known_is_asked_for_and_then_listed() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[mallory]).await?;
    let told = operator.there(&verify(chat, boris)).await?;
    assert_eq!((&told["role"], &told["can_ban"]), (&json!("owner"), &json!(true)));
    for user in [mallory, 999_999_999_999] {
        assert_eq!(operator.there(&verify(chat, user)).await?["is_admin"], false);
    }
    let listed = operator.there(&format!("chats/{chat}/admins")).await?;
    assert_eq!((&listed["items"], &listed["next_cursor"]), (&json!([told]), &Value::Null));
    let (status, body) = operator.get(&verify(-1_009_999_999_999, boris)).await?.parts();
    assert_eq!((status, &body["code"]), (404, &json!("chat_unknown")));
    for path in ["admins/verify?user_id=1", "admins/verify?user_id=-1&chat_id=-1", "admins/verify?user_id=1&chat_id=1"] {
        assert_eq!(operator.get(path).await?.status, 400, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn what_telegram_answers_instead_of_a_role_is_told_as_what_it_is() -> Result<()> {
    let play = Play::alone().await?;
    let operator = play.operator().await?;
    // The owner is known from the moment when the bot came.
    let (boris, mia) = (play.admin("Boris", "en").await?, play.person("Mia").await?);
    let chat = play.chat("B", boris, &[mia]).await?;
    for (fault, status) in [
        (Fault::error(403, "Forbidden: bot was kicked from the supergroup chat"), 404),
        (Fault::error(502, "Bad Gateway"), 503),
        (Fault::error(400, "Bad Request: CHAT_ADMIN_REQUIRED"), 422),
    ] {
        let _fault = play.fault(fault.method("getChatMember").chat(chat).times(1)).await?;
        assert_eq!(operator.get(&verify(chat, mia)).await?.status, status);
    }
    // A flood wait is everybody's: the second time Telegram is not asked.
    let _flood = play.fault(Fault::too_many_requests(2).method("getChatMember").chat(chat).times(1)).await?;
    for _ in 0..2 {
        assert_eq!(operator.get(&verify(chat, mia)).await?.status, 429);
        assert_eq!(play.asked(chat, mia).await?, 4);
    }
    let told = async || Ok(operator.there(&verify(chat, mia)).await.ok());
    assert_eq!(play.telegram.wait_until("the flood wait to end", PATIENCE, told).await?["is_admin"], false);
    Ok(())
}

#[tokio::test]
async fn the_subscriptions_of_an_admin_who_goes_end_in_that_chat_however_he_goes() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, mallory) = (play.admin("Boris", "en").await?, play.person("Mallory").await?);
    let mut admins = Vec::new();
    for name in ["Demoted", "Leaving", "Banned"] {
        admins.push(play.admin(name, "en").await?);
    }
    let (b, c) = (play.chat("B", boris, &admins).await?, play.chat("C", boris, &admins).await?);
    for admin in &admins {
        for chat in [b, c] {
            play.telegram.promote(chat, *admin, AdminRights::moderator()).await?;
            play.telegram.wait_until_accepted(PATIENCE).await?;
            play.subscribe(chat, *admin, mallory).await?;
        }
    }
    let [demoted, leaving, banned] = admins[..] else { unreachable!() };
    play.telegram.demote(b, demoted).await?;
    play.telegram.leave(b, leaving).await?;
    play.telegram.ban(b, boris, banned, None).await?;
    for admin in admins {
        play.wait_until_followed(admin, b, 0).await?;
        play.wait_until_followed(admin, c, 1).await?;
    }
    // The ban of an admin is a ban all the same.
    let of = async || {
        let events = play.bans_of(banned).await;
        Ok(events.is_ok_and(|events| events.contains(&Action::Ban)).then_some(()))
    };
    play.telegram.wait_until("the ban of an admin to be stored", PATIENCE, of).await?;
    Ok(())
}

impl Play {
    async fn bans_of(&self, user: i64) -> Result<Vec<Action>> {
        let operator = self.operator().await?;
        let data = operator.there(&format!("users/{user}/data?part=ban_events")).await?;
        let items = data["ban_events"]["items"].as_array().cloned().unwrap_or_default();
        Ok(items.into_iter().filter_map(|item| serde_json::from_value(item["event_type"].clone()).ok()).collect())
    }
}

#[tokio::test]
async fn an_admin_who_is_one_again_keeps_his_subscriptions() -> Result<()> {
    let play = Play::begin().await?;
    let (boris, bella, mallory) = (play.admin("Boris", "en").await?, play.admin("Bella", "en").await?, play.person("Mallory").await?);
    let chat = play.chat("B", boris, &[bella]).await?;
    play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.subscribe(chat, bella, mallory).await?;
    // The event of an end that is over.
    let event = json!({"detail": {"event_id": "6cf0ff3a-994f-5a9f-ba28-47e9a9ed6003", "event_type": "admin.removed", "timestamp": "2026-01-01T10:00:00Z",
        "payload": {"chat_id": chat, "user_id": bella, "changed_at": 1_767_261_600}}});
    let lifecycle = &play.stack.functions["chat-lifecycle"];
    let answer = play.stack.invoke(lifecycle, &event.to_string()).await?;
    assert!(!answer.failed, "{answer:?}");
    play.wait_until_followed(bella, chat, 1).await?;

    play.telegram.demote(chat, bella).await?;
    play.wait_until_followed(bella, chat, 0).await?;
    assert_eq!(play.known(chat, bella).await?.and_then(|known| known.role()), None);
    // Again: nothing is left to end.
    assert!(!play.stack.invoke(lifecycle, &event.to_string()).await?.failed);
    Ok(())
}

/// Boris owns a chat; Bella, who may ban there, follows Mallory.
struct Shared {
    alice: i64,
    boris: i64,
    bella: i64,
    mallory: i64,
    source: i64,
    chat: i64,
}

impl Play {
    async fn shared(&self) -> Result<Shared> {
        let (alice, boris) = (self.admin("Alice", "en").await?, self.admin("Boris", "en").await?);
        let (bella, mallory) = (self.admin("Bella", "en").await?, self.person("Mallory").await?);
        let source = self.chat("Source", alice, &[mallory]).await?;
        let chat = self.chat("B", boris, &[bella, mallory]).await?;
        self.telegram.promote(chat, bella, AdminRights::moderator()).await?;
        self.telegram.wait_until_accepted(PATIENCE).await?;
        self.subscribe(chat, bella, mallory).await?;
        Ok(Shared { alice, boris, bella, mallory, source, chat })
    }
}

#[tokio::test]
async fn an_admin_who_may_ban_no_more_bans_by_no_old_subscription_until_the_right_is_back() -> Result<()> {
    let play = Play::begin().await?;
    let Shared { alice, bella, mallory, source, chat, .. } = play.shared().await?;
    play.telegram.promote(chat, bella, AdminRights::without_restrict()).await?;
    play.telegram.wait_until_sees(bella, "You can no longer ban in B", PATIENCE).await?;
    let follows = async |expected: bool| {
        let found = async || {
            let found = play.subscriptions.followers_in(Source::User(UserId(mallory)), &[ChatId(chat)]).await;
            Ok(found.is_ok_and(|found| found.is_empty() != expected).then_some(()))
        };
        play.telegram.wait_until("the index to follow", PATIENCE, found).await
    };
    follows(false).await?;
    play.ban(source, alice, mallory).await?;
    play.quiet(&[alice, bella, mallory, source, chat]).await?;
    assert!(!play.telegram.is_banned(chat, mallory).await?);
    let list = play.privately(bella, "/list").await?;
    assert!(list.text.contains("⏸"), "it is hers, and suspended: {}", list.text);

    play.telegram.promote(chat, bella, AdminRights::moderator()).await?;
    play.telegram.wait_until_sees(bella, "You can ban in B again", PATIENCE).await?;
    follows(true).await?;
    play.telegram.unban(source, alice, mallory).await?;
    play.ban(source, alice, mallory).await?;
    play.telegram.wait_until_banned(chat, mallory, PATIENCE).await?;
    let told = play.notices(bella).await?;
    for words in ["You can no longer ban", "You can ban in B again"] {
        assert_eq!(told.iter().filter(|text| text.contains(words)).count(), 1, "{told:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn ones_own_subscription_can_be_ended_without_any_right() -> Result<()> {
    let play = Play::begin().await?;
    let Shared { bella, mallory, chat, .. } = play.shared().await?;
    play.telegram.promote(chat, bella, AdminRights::without_restrict()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let said = play.command(chat, bella, &format!("/unsubscribe {mallory}")).await?;
    assert!(said.text.starts_with("You no longer follow"), "{}", said.text);
    assert!(play.subscriptions.of_admin(UserId(bella), ChatId(chat)).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_owner_sees_and_ends_what_other_admins_follow_and_nobody_else_does() -> Result<()> {
    let play = Play::begin().await?;
    let Shared { boris, bella, mallory, chat, .. } = play.shared().await?;
    let hers = play.privately(bella, "/list").await?;
    assert_eq!(hers.data_of("other admins"), None, "she owns nothing");
    let list = play.privately(boris, "/list").await?;
    let others = play.press(boris, &list, "other admins").await?;
    assert!(others.text.contains("Bella") && others.text.contains("Mallory"), "{}", others.text);
    play.press(boris, &others, "End follow 1").await?;
    let ended = async || {
        let left = play.subscriptions.of_admin(UserId(bella), ChatId(chat)).await;
        Ok(left.is_ok_and(|left| left.is_empty()).then_some(()))
    };
    play.telegram.wait_until("her subscription to end", PATIENCE, ended).await?;
    assert!(!play.subscriptions.is_followed(Source::User(UserId(mallory))).await?);
    Ok(())
}
