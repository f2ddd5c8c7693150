use super::super::html::{LONGEST, length, split};
use super::*;
use domain::ids::ChatId;
use domain::notification::Decider;
use uuid::Uuid;

fn sync_report(report: &SyncReport, lang: Lang) -> String {
    super::sync_report(report, &Templates::default(), lang)
}

fn report(outcome: Outcome, chats: &[&str]) -> SyncReport {
    of_groups(&[(outcome, chats)])
}

fn decision() -> Decision {
    Decision {
        source_chat: "A & B".to_owned(),
        source_chat_id: Some(ChatId(-1009)),
        shared: ShareBans::Full,
        by: None,
        reason: None,
        at: Some(1_736_937_000),
    }
}

fn of_groups(groups: &[(Outcome, &[&str])]) -> SyncReport {
    let mut ids = 1..;
    let mut named = |title: &&str| NamedChat { chat_id: ChatId(-ids.next().unwrap()), title: (*title).to_owned(), sync_id: None };
    SyncReport {
        sync_id: Uuid::nil(),
        kind: Kind::Ban,
        user_id: UserId(987_654_321),
        user_name: Some("Mal <lory>".to_owned()),
        decision: decision(),
        also: Vec::new(),
        chats: groups.iter().map(|(outcome, chats)| (*outcome, chats.iter().map(&mut named).collect())).collect(),
    }
}

const MIXED: [(Outcome, &[&str]); 4] = [
    (Outcome::Applied, &["One", "Two"]),
    (Outcome::Already, &["Three"]),
    (Outcome::Skipped(Reason::AutoSyncOff), &["Four"]),
    (Outcome::Failed(Reason::NoRights), &["Five <5>"]),
];

#[test]
fn a_ban_synced_to_one_chat_is_told_in_the_agreed_words() {
    assert_eq!(
        sync_report(&report(Outcome::Applied, &["My chat"]), Lang::Ru),
        "✅ Бан успешно синхронизирован в ваш чат\nПользователь: Mal &lt;lory&gt; (ID: <code>987654321</code>)\nЧат: My chat\n\
         Источник: A &amp; B (ID: <code>-1009</code>)\nПричина: не указана\nВремя: <tg-time unix=\"1736937000\" format=\"Dt\">15 янв. 2025, 10:30 UTC</tg-time>"
    );
    assert_eq!(
        sync_report(&report(Outcome::Applied, &["My chat"]), Lang::En),
        "✅ Ban successfully synced to your chat\nUser: Mal &lt;lory&gt; (ID: <code>987654321</code>)\nChat: My chat\n\
         Source: A &amp; B (ID: <code>-1009</code>)\nReason: not given\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>"
    );
    assert_eq!(
        sync_report(&report(Outcome::Failed(Reason::IsAdmin), &["My chat"]), Lang::En),
        "❌ Failed to sync ban\nUser: Mal &lt;lory&gt; (ID: <code>987654321</code>)\nChat: My chat\nError: this is an admin of the chat\n\
         Source: A &amp; B (ID: <code>-1009</code>)\nReason: not given\n<blockquote expandable>Time: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time></blockquote>"
    );
}

#[test]
fn a_chat_without_automatic_sync_hears_of_the_ban_itself() {
    assert_eq!(
        sync_report(&report(Outcome::Skipped(Reason::AutoSyncOff), &["My chat"]), Lang::En),
        "🚫 User Mal &lt;lory&gt; (ID: 987654321) was banned in A &amp; B\nReason: not given\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>\n\
         Source: A &amp; B (ID: <code>-1009</code>)\nThe settings of My chat say “tell only”, so it is unchanged."
    );
    let told = report(Outcome::Skipped(Reason::NotifyOnly), &["My chat"]);
    assert!(sync_report(&told, Lang::En).ends_with("\nYou asked me only to tell you, so My chat is unchanged."));
    for (kind, expected) in [(Kind::Ban, Some(BanButton { sync_id: Uuid::nil(), chat_id: ChatId(-1) })), (Kind::Lift, None)] {
        let rows = ban_buttons(&SyncReport { kind, ..told.clone() }, Lang::En);
        assert_eq!(rows.first().and_then(|row| row[0].callback()).and_then(BanButton::read), expected, "{kind:?}");
    }
}

#[test]
fn what_the_source_keeps_to_itself_is_told_as_not_shared() {
    let at = Some(1_736_937_000);
    for (shared, at, reason, expected) in [
        (ShareBans::Nothing, None, None, "Reason: not shared\nTime: not shared"),
        (
            ShareBans::Events,
            at,
            None,
            "Reason: not shared\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>",
        ),
        (ShareBans::Full, at, None, "Reason: not given\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>"),
        (
            ShareBans::Full,
            at,
            Some("spam".to_owned()),
            "Reason: spam\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>",
        ),
    ] {
        let decision = Decision { shared, at, reason, ..decision() };
        let mixed = SyncReport { decision: decision.clone(), ..of_groups(&MIXED) };
        let one = SyncReport { decision, ..report(Outcome::Skipped(Reason::AutoSyncOff), &["My chat"]) };
        for report in [mixed, one] {
            let text = sync_report(&report, Lang::En);
            assert!(text.contains(expected), "{shared:?}: {text}");
        }
    }
    let unnamed = Decision { source_chat: "-1009".to_owned(), ..decision() };
    assert_eq!(source_of(&unnamed, Lang::En).0, "ID <code>-1009</code>");
}

#[test]
fn a_failure_says_how_to_mend_it() {
    assert_eq!(
        sync_report(&report(Outcome::Failed(Reason::NoRights), &["My chat"]), Lang::Ru),
        "❌ Ошибка синхронизации бана\nПользователь: Mal &lt;lory&gt; (ID: <code>987654321</code>)\nЧат: My chat\n\
         Причина: у меня нет права «Блокировка пользователей»\n\
         🔧 Настройки чата → «Администраторы» → этот бот → включите «Блокировка пользователей». Затем отправьте в том чате /verify.\n\
         Источник: A &amp; B (ID: <code>-1009</code>)\n\
         <blockquote expandable>Причина: не указана\nВремя: <tg-time unix=\"1736937000\" format=\"Dt\">15 янв. 2025, 10:30 UTC</tg-time></blockquote>"
    );
    for (kind, reason, expected) in [
        (Kind::Ban, Reason::NoRights, "/verify"),
        (Kind::Ban, Reason::ChatGone, "Add me to the chat"),
        (Kind::Ban, Reason::TelegramError, "Ban by hand"),
        (Kind::Lift, Reason::NoRights, "/verify"),
        (Kind::Lift, Reason::ChatGone, "Add me to the chat"),
        (Kind::Lift, Reason::TelegramError, "Unban by hand"),
    ] {
        let text = sync_report(&SyncReport { kind, ..report(Outcome::Failed(reason), &["My chat"]) }, Lang::En);
        let fix = text.lines().nth(4).unwrap();
        assert!(fix.starts_with("🔧 ") && fix.contains(expected), "{kind:?} {reason:?}: {text}");
    }
}

#[test]
fn several_chats_are_a_card_with_a_line_each_what_failed_first_and_the_rest_folded() {
    assert_eq!(
        sync_report(&of_groups(&MIXED), Lang::En),
        "⚠️ Ban synced to 2 of your 5 chats\nUser: Mal &lt;lory&gt; (ID: <code>987654321</code>)\n\
         Source: A &amp; B (ID: <code>-1009</code>)\nReason: not given\nTime: <tg-time unix=\"1736937000\" format=\"Dt\">15 Jan 2025, 10:30 UTC</tg-time>\n\
         ❌ Five &lt;5&gt;: failed — I don’t have the right “Ban users”\n<blockquote expandable>    \
         🔧 Chat settings → Administrators → this bot → turn on “Ban users”. Then send /verify in that chat.\n\
         ✅ One: banned\n✅ Two: banned\nℹ️ Three: already banned\n⏭ Four: unchanged — the chat’s settings say “tell only”</blockquote>"
    );
    assert_eq!(
        sync_report(&of_groups(&MIXED[..3]), Lang::Ru),
        "✅ Бан успешно синхронизирован в ваши чаты: 2\nПользователь: Mal &lt;lory&gt; (ID: <code>987654321</code>)\n\
         Источник: A &amp; B (ID: <code>-1009</code>)\nПричина: не указана\nВремя: <tg-time unix=\"1736937000\" format=\"Dt\">15 янв. 2025, 10:30 UTC</tg-time>\n\
         ✅ One: бан поставлен\n<blockquote expandable>✅ Two: бан поставлен\nℹ️ Three: бан уже был\n\
         ⏭ Four: без изменений — в настройках чата выбрано «только сообщать»</blockquote>"
    );
}

#[test]
fn a_card_about_a_lift_has_its_own_words() {
    let card = sync_report(&SyncReport { kind: Kind::Lift, ..of_groups(&MIXED[..2]) }, Lang::En);
    assert!(card.starts_with("✅ Unbanned in your chats: 3\nUser: Mal"), "{card}");
    assert!(
        card.ends_with("\n✅ One: unbanned\n<blockquote expandable>✅ Two: unbanned\nℹ️ Three: wasn’t banned any more</blockquote>"),
        "{card}"
    );
    let card = sync_report(&SyncReport { kind: Kind::Lift, ..of_groups(&MIXED) }, Lang::Ru);
    assert!(card.starts_with("⚠️ Бан снят не везде: 3 из 5\n") && card.contains("✅ One: бан снят\n"), "{card}");
}

#[test]
fn the_first_line_of_a_card_says_how_it_ended() {
    let (gone, off) = (Outcome::Failed(Reason::ChatGone), Outcome::Skipped(Reason::NotifyOnly));
    for (kind, outcomes, expected) in [
        (Kind::Ban, [Outcome::Applied, Outcome::Already], "✅ Ban successfully synced to your chats: 1"),
        (Kind::Ban, [Outcome::Already, off], "ℹ️ Already banned in your chats"),
        (Kind::Ban, [Outcome::Applied, gone], "⚠️ Ban synced to 1 of your 2 chats"),
        (Kind::Ban, [Outcome::Already, gone], "❌ Failed to sync ban"),
        (Kind::Ban, [off, gone], "❌ Failed to sync ban"),
        (Kind::Ban, [off, off], "ℹ️ Ban not synced to your chats"),
        (Kind::Lift, [Outcome::Applied, off], "✅ Unbanned in your chats: 1"),
        (Kind::Lift, [Outcome::Applied, gone], "⚠️ Unbanned in 1 of your 2 chats"),
        (Kind::Lift, [gone, gone], "❌ Failed to unban"),
        (Kind::Lift, [off, off], "ℹ️ Ban left in place in your chats"),
    ] {
        let groups = outcomes.map(|outcome| (outcome, &["A"] as &[_]));
        let card = sync_report(&SyncReport { kind, ..of_groups(&groups) }, Lang::En);
        assert_eq!(card.lines().next(), Some(expected), "{kind:?} {outcomes:?}");
    }
}

#[test]
fn at_most_six_lines_of_a_card_are_seen_without_a_tap() {
    for kind in [Kind::Ban, Kind::Lift] {
        for groups in [&MIXED[..1], &MIXED[1..2], &MIXED[2..3], &MIXED[3..], &MIXED[..]] {
            for lang in [Lang::En, Lang::Ru] {
                let card = sync_report(&SyncReport { kind, ..of_groups(groups) }, lang);
                let seen = card.split("<blockquote expandable>").next().unwrap();
                assert!(seen.trim_end().lines().count() <= 6, "{card}");
            }
        }
    }
}

#[test]
fn decisions_of_one_hand_are_one_card_that_names_each_source() {
    let second = Decision { source_chat: "Second".to_owned(), source_chat_id: Some(ChatId(-1010)), ..decision() };
    let further = |n: i64| Decision { source_chat: n.to_string(), source_chat_id: Some(ChatId(n)), ..decision() };
    let mut merged = SyncReport { also: vec![second], ..report(Outcome::Applied, &["My chat"]) };
    merged.chats[0].1[0].sync_id = Some(Uuid::from_u128(8));
    let text = sync_report(&merged, Lang::En);
    assert!(text.contains("\nSources: A &amp; B (ID: <code>-1009</code>); Second (ID: <code>-1010</code>)\nReason"), "{text}");
    let labels = |report: &SyncReport| {
        let rows = block_buttons(report, Lang::En);
        rows.into_iter().flatten().map(|button| button.text).collect::<Vec<_>>()
    };
    assert_eq!(labels(&merged), ["⛔️ Block A & B", "⛔️ Block Second"]);
    let undo = undo_buttons(&merged, Lang::En).concat();
    let data = undo[0].callback().and_then(UndoButton::read);
    assert_eq!(data, Some(UndoButton { sync_id: Uuid::from_u128(8), chat_id: ChatId(-1) }), "the sync that acted there");

    let mut both = SyncReport { chats: of_groups(&MIXED).chats, ..merged.clone() };
    assert_eq!(labels(&both)[..2], ["⛔️ Block A & B for One", "⛔️ Block Second for One"]);
    // One of the sources is a chat of the admin's.
    both.also[0].source_chat_id = Some(ChatId(-1));
    assert_eq!(labels(&both)[..2], ["⛔️ Block A & B for One", "⛔️ Block A & B for Two"]);
    let many = SyncReport { also: (1..=30).map(|n| further(-n)).collect(), ..merged };
    assert!(sync_report(&many, Lang::Ru).contains("; ID <code>-9</code>; …и ещё 21\n"), "{}", sync_report(&many, Lang::Ru));
}

#[test]
fn a_card_lists_every_chat_whatever_its_length() {
    let titles: Vec<_> = (0..100).map(|n| format!("{n} & <{}>", "😀".repeat(60))).collect();
    let titles: Vec<_> = titles.iter().map(String::as_str).collect();
    for (kind, lang) in [(Kind::Ban, Lang::Ru), (Kind::Ban, Lang::En), (Kind::Lift, Lang::Ru), (Kind::Lift, Lang::En)] {
        let groups = [(Outcome::Failed(Reason::NoRights), &titles[..50]), (Outcome::Applied, &titles[50..])];
        let card = sync_report(&SyncReport { kind, ..of_groups(&groups) }, lang);
        let parts = split(&card);
        assert!(parts.len() > 1 && parts.iter().all(|part| length(part) <= LONGEST), "{card}");
        for n in 0..100 {
            assert_eq!(parts.iter().map(|part| part.matches(&format!(" {n} &amp; &lt;😀")).count()).sum::<usize>(), 1, "{n}");
        }
        assert!(
            parts[0].starts_with("⚠️ ") && parts.iter().all(|part| part.matches("<blockquote").count() == part.matches("</block").count()),
            "{card}"
        );
    }
}

#[test]
fn somebody_without_a_visible_name_is_named_by_the_id_alone() {
    for name in [None, Some(""), Some("\u{3164}"), Some("\u{2800} \u{200b}")] {
        let nameless = |report| SyncReport { user_name: name.map(str::to_owned), ..report };
        let one = sync_report(&nameless(report(Outcome::Applied, &["My chat"])), Lang::En);
        assert!(one.contains("\nUser: ID <code>987654321</code>\n"), "{one}");
        let card = sync_report(&nameless(of_groups(&MIXED)), Lang::En);
        assert!(card.starts_with("⚠️ Ban synced to 2 of your 5 chats\nUser: ID <code>987654321</code>\n"), "{card}");
    }
}

#[test]
fn a_ban_of_ours_can_be_undone_by_a_button_a_chat_and_an_unban_cannot() {
    let buttons_of = |report: SyncReport| {
        let rows = undo_buttons(&report, Lang::En);
        rows.into_iter().flatten().map(|button| button.text).collect::<Vec<_>>()
    };
    assert_eq!(buttons_of(report(Outcome::Applied, &["A"])), ["↩️ Undo"]);
    assert_eq!(buttons_of(report(Outcome::Applied, &["A & B", "<C>"])), ["↩️ Undo: A & B", "↩️ Undo: <C>"]);
    assert_eq!(buttons_of(report(Outcome::Already, &["A"])), [""; 0]);
    assert_eq!(buttons_of(SyncReport { kind: Kind::Lift, ..report(Outcome::Applied, &["A"]) }), [""; 0]);
    assert_eq!(buttons_of(report(Outcome::Applied, &["A"; 20])).len(), MOST_BUTTONS);
}

#[test]
fn a_report_blocks_its_source_by_a_button_a_chat() {
    let buttons_of = |report: &SyncReport| {
        let rows = block_buttons(report, Lang::En);
        rows.into_iter().flatten().map(|button| (button.text.clone(), button.callback().and_then(BlockButton::read))).collect::<Vec<_>>()
    };
    let block = |chat| Some(BlockButton { chat_id: ChatId(chat), source: ChatId(-1009) });
    let one = report(Outcome::Skipped(Reason::NotifyOnly), &["A"]);
    assert_eq!(buttons_of(&one), [("⛔️ Block this source".to_owned(), block(-1))]);
    let two = buttons_of(&report(Outcome::Applied, &["A & B", "C"]));
    assert_eq!(two, [("⛔️ Block for A & B".to_owned(), block(-1)), ("⛔️ Block for C".to_owned(), block(-2))]);
    let old = SyncReport { decision: Decision { source_chat_id: None, ..decision() }, ..one };
    assert_eq!(buttons_of(&old), []);
}

#[test]
fn whoever_decided_is_named_and_a_bot_as_a_bot() {
    let by = |id, name: Option<&str>, bot: Option<&str>| {
        let by = Some(Decider { user_id: UserId(id), name: name.map(str::to_owned), bot: bot.map(str::to_owned) });
        source_of(&Decision { by, ..decision() }, Lang::En).0
    };
    let source = "A &amp; B (ID: <code>-1009</code>)";
    assert_eq!(by(7, Some("Al <ice>"), None), format!("{source}, by Al &lt;ice&gt; (ID: <code>7</code>)"));
    assert_eq!(by(7, None, None), format!("{source}, by ID <code>7</code>"));
    assert_eq!(by(7, None, Some("guard_bot")), format!("{source}, by the bot @guard_bot"));
    assert_eq!(by(UserId::ANONYMOUS_ADMIN.0, None, None), format!("{source}, by an anonymous admin"));
}

#[test]
fn what_is_folded_says_so() {
    let text = cycles(&report(Outcome::Applied, &["A"]), Lang::En);
    assert!(text.contains("over and over\nSource: A &amp; B (ID") && text.contains("/why 987654321"), "{text}");
}
