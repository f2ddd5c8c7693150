//! What a person is told, and when, by buttons.

use super::action::{Action, MyOption, MyTopic};
use super::mine::with_warning;
use super::options::{duration, mark};
use super::screen::{Choice, Screen};
use domain::lang::Lang;
use domain::settings::{Channel, Topic, UserSettings, When};
use std::collections::BTreeSet;
use telegram::text;

/// Hours between two digests that can be chosen by button; the REST API takes any.
const DIGESTS: [u8; 6] = [1, 6, 12, 24, 72, 168];

/// What a message can be about, in the order in which it is listed.
const TOPICS: [Topic; 6] =
    [Topic::BanSynced, Topic::SyncError, Topic::UserBanned, Topic::SubscriptionCreated, Topic::LimitReached, Topic::System];

/// Each topic with when it comes: a press turns it on. `unasked`: in how many chats somebody wants to be asked, and cannot be.
pub fn messages(lang: Lang, settings: &UserSettings, unasked: usize) -> Screen {
    let chosen = &settings.preferences;
    let mut screen = Screen::text(with_warning(text!(lang, "pick-messages"), lang, unasked));
    for topic in TOPICS {
        let when = chosen.when(topic);
        let choice = Choice::new(label(lang, topic, when), Action::SetMine(MyOption::Topic(topic, after(topic, when))));
        screen = screen.row([choice]);
    }
    let urgent = Action::SetMine(MyOption::UrgentInQuietHours(!chosen.urgent_in_quiet_hours));
    screen
        .row([Choice::new(text!(lang, "set-digest", every = between(lang, chosen.digest_hours)), Action::PickMine(MyTopic::DigestHours))])
        .row([Choice::new(text!(lang, "set-urgent-in-quiet-hours", mark = mark(chosen.urgent_in_quiet_hours)), urgent)])
        .row(Channel::ALL.map(|of| channel(lang, &chosen.channels, of)))
        .row([Choice::new(text!(lang, "button-back"), Action::MySettings)])
}

/// A way by which messages come; a press turns it on or off.
fn channel(lang: Lang, chosen: &BTreeSet<Channel>, of: Channel) -> Choice {
    let mark = mark(chosen.contains(&of));
    let label = match of {
        Channel::Telegram => text!(lang, "channel-telegram", mark = mark),
        Channel::Sns => text!(lang, "channel-sns", mark = mark),
        Channel::Webhook => text!(lang, "channel-webhook", mark = mark),
    };
    let then = chosen ^ &BTreeSet::from([of]);
    Choice::new(label, Action::SetMine(MyOption::Channels(then)))
}

/// How often a digest can come.
pub fn digests(lang: Lang) -> Vec<(String, u8)> {
    DIGESTS.map(|hours| (between(lang, hours), hours)).into()
}

fn between(lang: Lang, hours: u8) -> String {
    duration(lang, i64::from(hours) * 3600)
}

/// All that asks is urgent, and in no digest.
fn after(topic: Topic, when: When) -> When {
    match when {
        When::Now if topic == Topic::UserBanned => When::Off,
        When::Now => When::Digest,
        When::Digest => When::Off,
        When::Off => When::Now,
    }
}

fn label(lang: Lang, topic: Topic, when: When) -> String {
    let when = match when {
        When::Now => text!(lang, "when-now"),
        When::Digest => text!(lang, "when-digest"),
        When::Off => text!(lang, "when-off"),
    };
    match topic {
        Topic::UserBanned => text!(lang, "topic-user-banned", when = when),
        Topic::BanSynced => text!(lang, "topic-ban-synced", when = when),
        Topic::SyncError => text!(lang, "topic-sync-error", when = when),
        Topic::SubscriptionCreated => text!(lang, "topic-subscription-created", when = when),
        Topic::LimitReached => text!(lang, "topic-limit-reached", when = when),
        Topic::System => text!(lang, "topic-system", when = when),
    }
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;
    use domain::settings::UserChange;

    fn option_of(choice: &Choice) -> Option<MyOption> {
        match &choice.to {
            To::Action(action) => match &**action {
                Action::SetMine(option) => Some(option.clone()),
                _ => None,
            },
            To::Url(_) => None,
        }
    }

    #[test]
    fn a_topic_is_turned_from_at_once_to_the_digest_to_never_and_back() {
        let mut settings = UserSettings::default();
        for expected in
            ["✅ Bans synced to your chats: in the digest", "✅ Bans synced to your chats: never", "✅ Bans synced to your chats: at once"]
        {
            let screen = messages(Lang::En, &settings, 0);
            let press = option_of(&screen.rows[0][0]).unwrap();
            settings = settings.changed(&UserChange::from(press)).unwrap();
            assert_eq!(messages(Lang::En, &settings, 0).rows[0][0].label, expected);
        }
    }

    #[test]
    fn questions_come_at_once_or_never() {
        assert_eq!(after(Topic::UserBanned, When::Now), When::Off);
        assert_eq!(after(Topic::UserBanned, When::Off), When::Now);
    }

    #[test]
    fn whether_questions_wait_for_the_morning_is_turned_by_one_button() {
        let screen = messages(Lang::Ru, &UserSettings::default(), 0);
        let options: Vec<_> = screen.rows.iter().flatten().filter_map(option_of).collect();
        assert!(options.contains(&MyOption::UrgentInQuietHours(false)), "{options:?}");
    }

    #[test]
    fn a_way_is_turned_on_beside_the_others_and_off_again() {
        let mut settings = UserSettings::default();
        for expected in [&[Channel::Telegram, Channel::Sns][..], &[Channel::Telegram]] {
            let screen = messages(Lang::En, &settings, 0);
            let press = screen.rows.iter().flatten().find(|choice| choice.label.ends_with("E-mail")).and_then(option_of).unwrap();
            settings = settings.changed(&UserChange::from(press)).unwrap();
            assert_eq!(settings.preferences.channels.iter().copied().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn every_digest_that_is_offered_can_be_chosen() {
        for (label, hours) in digests(Lang::En) {
            let change = UserChange { digest_hours: Some(hours), ..UserChange::default() };
            assert!(UserSettings::default().changed(&change).is_ok(), "{label}");
        }
    }
}
