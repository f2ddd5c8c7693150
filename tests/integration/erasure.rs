//! A person is erased on request, everywhere, and stays erased until he comes back.

use crate::made_up;
use crate::play::{PATIENCE, Play};
use anyhow::Result;
use domain::ban::{BanEvent, Occurred, event_id};
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use telegram_sim::AdminRights;
use telegram_sim::control::NewUser;

/// Tables that hold people for longer than days.
const TABLES: [&str; 6] = ["users", "subscriptions", "bans", "sync", "notifications", "audit"];

impl Play {
    /// Items, of all tables, in which a text or a number stands.
    async fn holding(&self, what: &str) -> Result<Vec<Value>> {
        let mut holding = Vec::new();
        for table in TABLES {
            holding.extend(self.items(table).await?.into_iter().filter(|item| item.to_string().contains(what)));
        }
        Ok(holding)
    }

    async fn wait_until_erased(&self, user: i64) -> Result<()> {
        let key = json!({"pk": {"S": format!("USER#{user}")}, "sk": {"S": "PROFILE"}});
        let profile = json!({"TableName": self.stack.tables["users"], "Key": key, "ConsistentRead": true});
        let erased = async || {
            let item = self.stack.aws("dynamodb", "GetItem", profile.clone()).await.unwrap_or_default();
            Ok((item["Item"].is_object() && item["Item"]["erasing_at"].is_null()).then_some(()))
        };
        Ok(self.telegram.wait_until("the erasure to end", PATIENCE, erased).await?)
    }
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_found_and_nothing_is_written_until_he_comes_back() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let (alice, carol, mallory) = (play.admin("Alice", "en").await?, play.admin("Carol", "en").await?, play.person("Mallory").await?);
    // No other text of the stack has this name.
    let name = format!("Erasmus{}", made_up::unique());
    let user = NewUser { username: Some(name.clone()), started: true, ..NewUser::named(&name) };
    let boris = play.telegram.create_user(user).await?;
    let (a, b) = (play.chat("A", alice, &[boris, mallory]).await?, play.chat("B", carol, &[boris]).await?);
    play.telegram.say(b, boris, "hello").await?;
    play.telegram.promote(b, boris, AdminRights::moderator()).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    // He follows, is told of a ban, is followed, and banned himself.
    play.subscribe(b, boris, mallory).await?;
    assert_eq!(operator.put(&format!("users/{boris}/settings"), json!({"settings": {"note": name}})).await?.status, 200);
    play.sync_of(&play.ban(a, alice, mallory).await?).await?;
    let notified = async || Ok((!play.notices(boris).await.unwrap_or_default().is_empty()).then_some(()));
    play.telegram.wait_until("him to be told", PATIENCE, notified).await?;
    play.subscribe(b, carol, boris).await.unwrap_err();
    let c = play.chat("C", carol, &[]).await?;
    play.subscribe(c, carol, boris).await?;
    play.sync_of(&play.ban(a, alice, boris).await?).await?;

    let path = format!("users/{boris}/data");
    let data = operator.there(&path).await?;
    let count = |list: &str| data[list]["items"].as_array().map(Vec::len);
    assert_eq!((&data["profile"]["first_name"], &data["settings"]["settings"]["note"]), (&json!(name), &json!(name)), "{data}");
    assert_eq!((count("roles"), count("subscriptions"), count("ban_events"), count("notifications")), (Some(1), Some(1), Some(1), Some(1)));
    assert_eq!((&data["followers"], &data["ban_events"]["items"][0]["user_name"]), (&json!(1), &json!(name)));
    assert_eq!(operator.get(&format!("{path}?cursor=x")).await?.status, 422);

    let (status, erased) = operator.delete(&path).await?.parts();
    assert_eq!((status, &erased["user_id"]), (202, &json!(boris)));
    play.wait_until_erased(boris).await?;
    assert_eq!(play.holding(&name).await?, [] as [Value; 0]);
    for item in play.holding(&boris.to_string()).await? {
        let (tombstone, follower) = (item["pk"]["S"] == format!("USER#{boris}"), item["source"]["S"] == format!("user:{boris}"));
        // Of chats: what was done to him there, and whom of their admins a sync was to tell.
        let of_sync = item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("SYNC#"));
        let begins = |name: &str, prefix: &str| item[name]["S"].as_str().is_some_and(|key| key.starts_with(prefix));
        let of_ledger = begins("pk", "CHAT#") && begins("sk", "L#");
        // For an hour: when he was written to, and that a sync acted on him.
        let passing = begins("pk", "WINDOW#") || begins("pk", "PERSON#");
        // For a year: which program changed what of him, and that he was erased.
        let of_audit = begins("pk", "AUDIT#");
        let record = !item["event_id"].is_null() || of_sync || of_ledger || passing || of_audit;
        assert!(tombstone || follower || record, "{item}");
    }
    let data = operator.there(&path).await?;
    assert_eq!((&data["erased_at"], &data["profile"], &data["settings"]), (&erased["erased_at"], &Value::Null, &Value::Null));
    assert_eq!(
        (&data["roles"]["items"], &data["subscriptions"]["items"], &data["notifications"]["items"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert_eq!(operator.get(&format!("users/{boris}")).await?.status, 404);
    let (status, body) = operator.post("users", json!({"user_id": boris, "first_name": name})).await?.parts();
    assert_eq!((status, &body["code"]), (409, &json!("erased")));

    // What he writes leaves no trace; he may stop the bot, too.
    play.telegram.rename_user(boris, None, Some("Again"), None).await?;
    play.telegram.say(b, boris, "still here").await?;
    play.telegram.block_bot(boris).await?;
    play.quiet(&[boris, b]).await?;
    assert_eq!(play.holding(&name).await?, [] as [Value; 0]);

    play.telegram.unblock_bot(boris).await?;
    play.telegram.start_bot(boris).await?;
    play.telegram.wait_until_accepted(PATIENCE).await?;
    let (status, body) = operator.get(&format!("users/{boris}")).await?.parts();
    assert_eq!((status, &body["first_name"], &body["can_write"]), (200, &json!(name), &json!(true)), "{body}");
    assert_eq!(operator.there(&format!("users?username={name}")).await?["user_id"], boris);
    Ok(())
}

#[tokio::test]
async fn much_is_erased_part_by_part_and_what_comes_after_it_stays() -> Result<()> {
    let play = Play::begin().await?;
    let operator = play.operator().await?;
    let (user, chat, now) = (UserId(made_up::user()), ChatId(made_up::chat()), aws::time::now());
    let name = format!("Erasmus{}", made_up::unique());
    let event = |n: i64, at: i64| BanEvent {
        event_id: event_id(chat, user, Action::Kick, Some(at), None),
        user_id: user,
        chat_id: chat,
        event_type: Action::Kick,
        until: None,
        reason: Some(format!("reason {n}")),
        initiator_user_id: None,
        initiator_bot: None,
        event_timestamp: at,
        occurred: Occurred::new(at, n),
        tracked: false,
        chat_title: None,
        chat_public: false,
        user_name: Some(name.clone()),
        metadata: Default::default(),
    };
    let events: Vec<_> = (0..450).map(|n| event(n, now - 1000 + n)).collect();
    stream::iter(&events).map(|event| play.bans.insert(event.clone())).buffer_unordered(8).try_collect::<Vec<_>>().await?;
    let newer = event(451, now + 60);
    play.bans.insert(newer.clone()).await?;

    let (status, _) = operator.delete(&format!("users/{user}/data")).await?.parts();
    assert_eq!(status, 202);
    play.wait_until_erased(user.0).await?;
    let named: Vec<_> = play.items("bans").await?.into_iter().filter(|item| item.to_string().contains(&name)).collect();
    assert_eq!(named.len(), 1, "the newer one stays");
    assert_eq!(named[0]["event_id"]["S"], newer.event_id.to_string());
    let id = user.to_string();
    let erased = play.items("bans").await?.into_iter().filter(|item| item["user_id"]["N"] == id && item["erased"]["BOOL"] == true);
    assert_eq!(erased.count(), 450, "whose id does not come into the archive");
    let (mut cursor, mut left) = (String::new(), 0);
    loop {
        let page = operator.there(&format!("users/{user}/data?part=ban_events&limit=100{cursor}")).await?;
        left += page["ban_events"]["items"].as_array().map_or(0, Vec::len);
        match page["ban_events"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(left, 451, "the chat's record of what was done stays");
    Ok(())
}
