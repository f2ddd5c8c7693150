use super::*;
use crate::chat::Ignores;
use proptest::prelude::*;
use std::collections::BTreeSet;

const SOURCE: ChatId = ChatId(-1);
const USER: UserId = UserId(5);

fn flow() -> Flow {
    Flow { user: USER, source: SOURCE, until: None, lasts: None, origin: Origin::Ban, held: false, settle: 5 }
}

fn chat(id: i64, state: ChatState) -> (ChatId, Chat) {
    let chat_id = ChatId(id);
    let (title, migrated_to, migrated_from) = (None, None, None);
    let (settings, ignores) = (ChatSettings::default(), Ignores::default());
    (chat_id, Chat { chat_id, title, state, migrated_to, migrated_from, settings, ignores, known_sources: BTreeSet::from([SOURCE]) })
}

fn followers(of: &[(i64, i64)]) -> Vec<Follower> {
    of.iter().map(|&(chat, admin)| Follower { chat_id: ChatId(chat), admin: UserId(admin), mode: Mode::Auto }).collect()
}

fn plan(of: &[(i64, i64)], chats: impl IntoIterator<Item = (ChatId, Chat)>) -> Plan {
    Plan::ban(&followers(of), &chats.into_iter().collect(), &flow())
}

/// The task in the only chat.
fn task(chat: Chat, mode: Mode, flow: &Flow) -> Task {
    let follower = Follower { chat_id: chat.chat_id, admin: UserId(1), mode };
    let plan = Plan::ban(&[follower], &[(chat.chat_id, chat)].into(), flow);
    plan.all().next().unwrap().task
}

#[test]
fn followers_of_one_chat_are_one_target_and_the_source_is_left_out() {
    let plan = plan(&[(-2, 11), (-1, 10), (-2, 10), (-3, 10)], []);
    let targets = &plan.targets[&5];
    assert_eq!(targets.len(), 2);
    assert_eq!(targets[1].chat_id, ChatId(-2));
    assert_eq!(targets[1].admins, [UserId(10), UserId(11)]);
}

#[test]
fn the_strongest_mode_of_a_chats_followers_counts() {
    for (modes, expected) in [
        ([Mode::Notify, Mode::Auto], Task::Ban(Term::Permanent)),
        ([Mode::Confirm, Mode::Notify], Task::End(Outcome::Skipped(Reason::Asked))),
        ([Mode::Notify, Mode::Notify], Task::End(Outcome::Skipped(Reason::NotifyOnly))),
    ] {
        let followers: Vec<_> = (1..).zip(modes).map(|(id, mode)| Follower { chat_id: ChatId(-2), admin: UserId(id), mode }).collect();
        let plan = Plan::ban(&followers, &[chat(-2, ChatState::Active)].into(), &flow());
        assert_eq!(plan.all().next().unwrap().task, expected, "{modes:?}");
    }
}

#[test]
fn a_chats_state_and_choices_decide_before_telegram_is_asked() {
    let skipped = |reason| Task::End(Outcome::Skipped(reason));
    let failed = |reason| Task::End(Outcome::Failed(reason));
    let with = |state, choose: fn(&mut Chat)| {
        let mut chat = chat(-2, state).1;
        choose(&mut chat);
        chat
    };
    let ignoring = |chat: &mut Chat| {
        chat.ignores.users.insert(USER);
    };
    let ignoring_source = |chat: &mut Chat| {
        chat.ignores.sources.insert(SOURCE);
    };
    use ChatState::{Active, Removed, Suspended};
    for (chat, origin, held, expected) in [
        (with(Active, |_| {}), Origin::Ban, false, Task::Ban(Term::Permanent)),
        (with(Suspended, |_| {}), Origin::Ban, false, failed(Reason::NoRights)),
        (with(Removed, |_| {}), Origin::Ban, false, failed(Reason::ChatGone)),
        (with(Suspended, |chat| chat.settings.auto_sync_enabled = false), Origin::Ban, false, skipped(Reason::AutoSyncOff)),
        (with(Active, |chat| chat.settings.require_confirmation = true), Origin::Ban, false, skipped(Reason::Asked)),
        (with(Active, |chat| chat.settings.require_confirmation = true), Origin::Confirmed, false, Task::Ban(Term::Permanent)),
        (with(Active, |chat| chat.settings.auto_sync_enabled = false), Origin::Confirmed, false, Task::Ban(Term::Permanent)),
        (with(Active, |_| {}), Origin::Ban, true, skipped(Reason::Held)),
        (with(Active, |chat| chat.settings.auto_sync_enabled = false), Origin::Ban, true, skipped(Reason::AutoSyncOff)),
        (with(Active, ignoring), Origin::Ban, true, skipped(Reason::Ignored)),
        (with(Active, ignoring), Origin::Triggered, false, skipped(Reason::Ignored)),
        (with(Active, ignoring_source), Origin::Ban, false, skipped(Reason::Ignored)),
    ] {
        assert_eq!(task(chat.clone(), Mode::Auto, &Flow { origin, held, ..flow() }), expected, "{origin:?} {held} {chat:?}");
    }
}

#[test]
fn the_first_ban_of_a_source_is_asked_about_unless_the_chat_chose_otherwise() {
    let (asked, told) = (Task::End(Outcome::Skipped(Reason::NewSource)), Task::End(Outcome::Skipped(Reason::NotifyOnly)));
    let bans = Task::Ban(Term::Permanent);
    for (new_sources, origin, known, held, expected, introduced) in [
        (NewSources::Ask, Origin::Ban, false, false, asked, false),
        (NewSources::Ask, Origin::Triggered, false, false, asked, false),
        (NewSources::Ask, Origin::Ban, true, false, bans, false),
        (NewSources::Ask, Origin::Confirmed, false, false, bans, false),
        (NewSources::Ask, Origin::Ban, false, true, Task::End(Outcome::Skipped(Reason::Held)), false),
        (NewSources::Tell, Origin::Ban, false, false, told, false),
        (NewSources::Tell, Origin::Ban, true, false, bans, false),
        (NewSources::Ban, Origin::Ban, false, false, bans, true),
        (NewSources::Ban, Origin::Ban, true, false, bans, false),
    ] {
        let mut target = chat(-2, ChatState::Active);
        target.1.settings.new_sources = new_sources;
        if !known {
            target.1.known_sources.clear();
        }
        let plan = Plan::ban(&followers(&[(-2, 1)]), &[target].into(), &Flow { origin, held, ..flow() });
        let task = plan.all().next().unwrap().task;
        assert_eq!((task, !plan.introduced.is_empty()), (expected, introduced), "{new_sources:?} {origin:?} {known} {held}");
    }
    // Nothing is known of the chat: nobody there has let anything in.
    assert_eq!(plan(&[(-2, 1)], []).all().next().unwrap().task, asked);
}

#[test]
fn a_source_that_became_a_supergroup_is_as_known_as_the_group_was() {
    let mut source = chat(SOURCE.0, ChatState::Active);
    source.1.migrated_from = Some(ChatId(-7));
    let mut target = chat(-2, ChatState::Active);
    target.1.known_sources = BTreeSet::from([ChatId(-7)]);
    let plan = plan(&[(-2, 1)], [source, target]);
    assert_eq!(plan.all().next().unwrap().task, Task::Ban(Term::Permanent));
}

#[test]
fn a_group_that_became_a_supergroup_is_banned_in_once_and_there() {
    let mut old = chat(-2, ChatState::Migrated);
    old.1.migrated_to = Some(ChatId(-1002));
    let plan = plan(&[(-2, 1), (-1002, 2)], [old, chat(-1002, ChatState::Active)]);
    let [target] = &plan.targets[&5][..] else { panic!("{plan:?}") };
    assert_eq!((target.chat_id, target.admins.len()), (ChatId(-1002), 2));
}

#[test]
fn a_ban_in_a_supergroup_is_taken_back_by_what_was_done_in_the_group_that_it_was() {
    let mut old = chat(-2, ChatState::Migrated);
    old.1.migrated_to = Some(ChatId(-1002));
    let mut new = chat(-1002, ChatState::Active);
    new.1.migrated_from = Some(ChatId(-2));
    for banned_as in [-2, -1002] {
        let plan =
            Plan::lift(&[(ChatId(banned_as), vec![])], &[old.clone(), new.clone()].into(), &Flow { origin: Origin::UndoneHere, ..flow() });
        let [target] = &plan.targets[&5][..] else { panic!("{plan:?}") };
        assert_eq!((target.chat_id, target.formerly), (ChatId(-1002), Some(ChatId(-2))), "{banned_as}");
    }
}

#[test]
fn who_keeps_a_group_out_keeps_out_the_supergroup_that_it_became() {
    let mut source = chat(SOURCE.0, ChatState::Active);
    source.1.migrated_from = Some(ChatId(-7));
    let mut target = chat(-2, ChatState::Active);
    target.1.ignores.sources.insert(ChatId(-7));
    let plan = plan(&[(-2, 1)], [source, target]);
    assert_eq!(plan.targets[&5][0].task, Task::End(Outcome::Skipped(Reason::Ignored)));
}

#[test]
fn settings_choose_the_term_and_the_delay() {
    let with = |sync_ban_type, until, delay| {
        let mut target = chat(-2, ChatState::Active);
        target.1.settings =
            ChatSettings { sync_ban_type, ban_duration_seconds: Some(3600), sync_delay_seconds: delay, ..ChatSettings::default() };
        let plan = Plan::ban(&followers(&[(-2, 1)]), &[target].into(), &Flow { until, ..flow() });
        let (&delay, targets) = plan.targets.first_key_value().unwrap();
        (targets[0].task, delay)
    };
    assert_eq!(with(SyncBanType::Same, None, 0), (Task::Ban(Term::Permanent), 5));
    assert_eq!(with(SyncBanType::Same, Some(99), 60), (Task::Ban(Term::Until(99)), 60));
    assert_eq!(with(SyncBanType::Permanent, Some(99), 2), (Task::Ban(Term::Permanent), 5));
    assert_eq!(with(SyncBanType::Temporary, None, 900), (Task::Ban(Term::For(3600)), 900));
}

#[test]
fn a_delay_that_no_queue_can_hold_is_a_sync_of_its_own() {
    let mut slow = chat(-2, ChatState::Active);
    slow.1.settings.sync_delay_seconds = 604_800;
    let chats = [slow, chat(-3, ChatState::Active)].into();
    let plan = Plan::ban(&followers(&[(-2, 1), (-3, 1)]), &chats, &flow());
    assert_eq!(plan.later, [(604_800, vec![ChatId(-2)])].into());
    let tasks: Vec<_> = plan.targets[&5].iter().map(|target| target.task).collect();
    assert_eq!(tasks, [Task::Ban(Term::Permanent), Task::End(Outcome::Skipped(Reason::Delayed))]);
    let due = Plan::ban(&followers(&[(-2, 1)]), &chats, &Flow { origin: Origin::Delayed, ..flow() });
    assert_eq!((due.later.len(), due.all().next().unwrap().task), (0, Task::Ban(Term::Permanent)));
}

#[test]
fn an_unban_goes_to_chats_that_ask_for_it_and_an_undo_to_all() {
    let mut asks = chat(-2, ChatState::Active);
    asks.1.settings.sync_unban = true;
    let chats = [asks, chat(-3, ChatState::Active), chat(-4, ChatState::Suspended)].into();
    let banned: Vec<_> = [-2, -3, -4].map(|id| (ChatId(id), vec![UserId(1)])).into();
    let lifted = |origin| {
        let plan = Plan::lift(&banned, &chats, &Flow { origin, ..flow() });
        plan.all().map(|target| (target.chat_id.0, target.task)).collect::<Vec<_>>()
    };
    assert_eq!(lifted(Origin::Unban), [(-2, Task::Lift)]);
    assert_eq!(lifted(Origin::UndoneEverywhere), [(-2, Task::Lift), (-3, Task::Lift), (-4, Task::End(Outcome::Failed(Reason::NoRights)))]);
}

proptest! {
    #[test]
    fn every_followed_chat_is_planned_exactly_once(
        of in prop::collection::vec((-200i64..-1, 1i64..20), 0..400),
        suspended in prop::collection::btree_set(-200i64..-1, 0..50),
    ) {
        let plan = plan(&of, suspended.iter().map(|&id| chat(id, ChatState::Suspended)));
        let chunks = plan.chunks(30);
        let mut chats: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.targets).map(|target| target.chat_id).collect();
        chats.sort();
        let expected: BTreeSet<_> = of.iter().map(|&(chat, _)| ChatId(chat)).collect();
        prop_assert_eq!(chats, expected.into_iter().collect::<Vec<_>>());
        for (n, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.number as usize, n);
            prop_assert!(!chunk.targets.is_empty() && chunk.targets.len() <= CHUNK_TARGETS);
            prop_assert!((5..=MAX_QUEUE_DELAY).contains(&chunk.delay));
        }
    }
}
