//! The storage of a concern by itself: on the AWS of all tests, and on an emulator by other authors.
//!
//! Ours could share a mistake with what it is written for. moto's authors read the same documents, and nothing of ours is in it.

use crate::play::Play;
use crate::stack::skipped;
use anyhow::{Context, Result};
use aws::Aws;
use aws::store::page::Wanted;
use aws::store::subscriptions::{Followed, Subscriptions};
use domain::ids::{ChatId, UserId};
use domain::subscription::{MAX_PER_ADMIN, Mode, Source, Subscription};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::slice::from_ref;

/// Subscriptions below the limit when many more are asked for at once.
const FREE: u32 = 5;

/// A subscription of admin `admin` in his chat to person `person`.
fn to(admin: i64, person: i64) -> Subscription {
    Subscription { admin_user_id: UserId(admin), admin_chat_id: ChatId(-admin), source: Source::User(UserId(person)) }
}

/// What the storage of subscriptions promises. `first`: this id and the 1000 after it are nobody's; `at_once`: so many ask at a time.
async fn keeps_its_promises(store: &Subscriptions, first: i64, at_once: usize) -> Result<()> {
    let (boris, person, chat) = (first, first + 1, ChatId(-first));
    let one = to(boris, person);

    // Once, found by all its keys, changed, ended, begun again.
    assert_eq!(store.follow_in(&one, Mode::Notify).await?, Followed::New);
    assert_eq!(store.follow(&one).await?, Followed::Already);
    let item = store.by_id(one.id()).await?.context("it is found by its id")?;
    assert_eq!((&item.subscription, item.mode, item.is_active), (&one, Mode::Notify, true));
    assert!(store.is_followed(one.source).await?);
    assert_eq!(store.set_mode(&one, Mode::Auto).await?.context("it is active")?.mode, Mode::Auto);
    assert_eq!(store.of_chat(chat).await?.as_slice(), from_ref(&one));
    assert!(store.unfollow(&one).await? && !store.unfollow(&one).await?);
    assert_eq!(store.set_mode(&one, Mode::Confirm).await?.map(|item| item.mode), None);
    assert!(!store.is_followed(one.source).await? && store.of_chat(chat).await?.is_empty());
    assert_eq!(store.follow(&one).await?, Followed::New);
    assert_eq!(store.count_of(UserId(boris)).await?, 1);

    // Exactly as many as are allowed, whoever asks at the same time.
    for person in 1..i64::from(MAX_PER_ADMIN - FREE) {
        assert_eq!(store.follow(&to(boris, first + 1 + person)).await?, Followed::New);
    }
    let more = (0..4 * i64::from(FREE)).map(|n| to(boris, first + 500 + n)).collect::<Vec<_>>();
    let asked: Vec<_> = stream::iter(more.iter().map(|subscription| store.follow(subscription))).buffered(at_once).try_collect().await?;
    assert_eq!(asked.iter().filter(|followed| **followed == Followed::New).count(), FREE as usize, "{asked:?}");
    assert_eq!(store.count_of(UserId(boris)).await?, MAX_PER_ADMIN);
    assert_eq!(store.follow(&to(boris, first + 900)).await?, Followed::LimitReached);

    // Pages without gap or double.
    let (mut seen, mut cursor, mut pages) = (BTreeSet::new(), None, 0);
    loop {
        let page = store.page_of_admin(UserId(boris), None, Some(true), &Wanted { limit: 30, cursor }).await?;
        pages += 1;
        for item in page.items {
            assert!(seen.insert(item.subscription_id), "{:?} comes twice", item.subscription);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (MAX_PER_ADMIN as usize, 4));

    // A chat that becomes another, and one that is gone.
    let moved = ChatId(-first - 700);
    store.migrate(&one, moved, None).await?;
    let there = Subscription { admin_chat_id: moved, ..one.clone() };
    assert_eq!(store.of_chat(moved).await?.as_slice(), from_ref(&there));
    assert!(store.end_with_chat(&there).await?);
    assert!(!store.is_followed(one.source).await?);
    assert_eq!(store.admins_of_chat(moved, 0).await?, BTreeSet::from([UserId(boris)]));
    begins_again_with_its_chat(store, &there, ChatId(-first - 701)).await
}

/// A subscription has ended with its chat, which was taken for gone and is another one's by now.
async fn begins_again_with_its_chat(store: &Subscriptions, ended: &Subscription, to: ChatId) -> Result<()> {
    let (chat, admin) = (ended.admin_chat_id, ended.admin_user_id);
    let count = store.count_of(admin).await?;
    let at = store.get(ended).await?.context("it stays, as history")?.updated_at;
    for since in [None, Some(at + 1)] {
        assert_eq!(store.to_migrate(chat, since).await?.len(), 0, "it ended long before: {since:?}");
        store.migrate(ended, to, since).await?;
        assert_eq!(store.of_chat(to).await?.len(), 0, "{since:?}");
    }
    assert_eq!(store.to_migrate(chat, Some(at)).await?.len(), 1);
    let again = Subscription { admin_chat_id: to, ..ended.clone() };
    for _ in 0..2 {
        store.migrate(ended, to, Some(at)).await?;
        assert_eq!(store.of_chat(to).await?.as_slice(), from_ref(&again));
        assert_eq!(store.count_of(admin).await?, count + 1);
    }
    assert_eq!(store.by_id(again.id()).await?.map(|item| item.is_active), Some(true));
    // What its admin ends himself there stays so, whatever comes a second time.
    store.unfollow(&again).await?;
    store.migrate(ended, to, Some(at)).await?;
    assert!(store.of_chat(to).await?.is_empty());

    // One that its admin ended himself, as if in the same second.
    store.follow(ended).await?;
    store.unfollow(ended).await?;
    store.migrate(ended, to, Some(at)).await?;
    assert!(store.of_chat(to).await?.is_empty());
    assert_eq!(store.count_of(admin).await?, count);
    Ok(())
}

#[tokio::test]
async fn subscriptions_are_kept_here() -> Result<()> {
    let play = Play::begin().await?;
    keeps_its_promises(&play.subscriptions, 5_300_000_000, usize::MAX).await
}

#[derive(Deserialize)]
struct Served {
    endpoint: String,
    tables: BTreeMap<String, String>,
}

#[tokio::test]
async fn subscriptions_are_kept_by_other_authors_dynamodb() -> Result<()> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if !root.join("target/local/venv-moto/installed").is_file() {
        return skipped("moto is not installed; `cargo xtask lint` does");
    }
    let mut moto = Command::new("target/local/venv/bin/python")
        .args(["-m", "bansync_local.moto", "--tables", "template.yaml"])
        .current_dir(root)
        .env("PYTHONPATH", "infra/local")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(moto.stdout.take().context("it prints")?).read_line(&mut line)?;
    let served: Served = serde_json::from_str(&line).context("moto did not start")?;
    let aws = Aws::patient_at(&served.endpoint).await;
    // moto's transactions do not bear each other: one after another.
    let kept = keeps_its_promises(&Subscriptions::new(&aws, served.tables["SubscriptionsTable"].clone()), 1000, 1).await;
    // Its input ends, and so does it.
    drop(moto.stdin.take());
    moto.wait()?;
    kept
}
