//! What somebody is told of, and when.

use super::{QuietHours, UserChange, UserSettings};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Hours between two digests.
pub const DIGEST_HOURS: std::ops::RangeInclusive<u8> = 1..=168;

/// A Monday, at the hour at which a daily digest comes: digests are counted from it by the reader's clock.
const FIRST_DIGEST: DateTime = jiff::civil::datetime(2024, 1, 1, 9, 0, 0, 0);

/// What a message is about: its recipient chooses by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Somebody was banned in a source, and it is for the recipient to say what follows.
    UserBanned,
    /// A decision was carried over.
    BanSynced,
    /// It could not be.
    SyncError,
    /// The recipient follows somebody, and it was not by their own hand in the bot.
    SubscriptionCreated,
    /// A guard held bans back, or nobody more can be followed.
    LimitReached,
    /// The bot's rights, communities.
    System,
}

impl Topic {
    pub const ALL: [Self; 6] =
        [Self::UserBanned, Self::BanSynced, Self::SyncError, Self::SubscriptionCreated, Self::LimitReached, Self::System];
}

/// When a message about a topic comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    Off,
    #[default]
    Now,
    /// With others; what is urgent comes at once all the same.
    Digest,
}

/// How long a message can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody has to do something: a question, or a right that was lost.
    Urgent,
    Normal,
}

/// The way by which a message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    #[default]
    Telegram,
    /// The topic `notifications`: e-mail and whatever else an operator has subscribed to it.
    Sns,
    /// The recipient's own endpoint, where one is registered.
    Webhook,
}

impl Channel {
    pub const ALL: [Self; 3] = [Self::Telegram, Self::Sns, Self::Webhook];

    /// The word under which it is logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Sns => "sns",
            Self::Webhook => "webhook",
        }
    }
}

/// What somebody chose to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Topics that were chosen; what is about another comes at once.
    pub topics: BTreeMap<Topic, When>,
    /// Urgent messages come in quiet hours too, without a sound.
    pub urgent_in_quiet_hours: bool,
    /// Hours between two digests, of [`DIGEST_HOURS`].
    pub digest_hours: u8,
    /// Each of them has every message.
    pub channels: BTreeSet<Channel>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { topics: BTreeMap::new(), urgent_in_quiet_hours: true, digest_hours: 24, channels: [Channel::Telegram].into() }
    }
}

impl Preferences {
    pub(super) fn changed(&self, change: &UserChange) -> Self {
        let mut topics = self.topics.clone();
        topics.extend(&change.topics);
        Self {
            topics,
            urgent_in_quiet_hours: change.urgent_in_quiet_hours.unwrap_or(self.urgent_in_quiet_hours),
            digest_hours: change.digest_hours.unwrap_or(self.digest_hours),
            channels: change.channels.clone().unwrap_or_else(|| self.channels.clone()),
        }
    }

    pub fn when(&self, topic: Topic) -> When {
        self.topics.get(&topic).copied().unwrap_or_default()
    }
}

/// Delivery of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Now {
        silent: bool,
    },
    /// With whatever else waits for this moment, Unix seconds.
    Held {
        until: i64,
    },
    /// Its recipient wants none.
    Dropped,
}

impl UserSettings {
    /// Delivery of a message at `now` (Unix seconds).
    pub fn delivery(&self, topic: Topic, priority: Priority, now: i64) -> Delivery {
        match (self.due(topic, priority, now), self.preferences.when(topic), priority) {
            (Delivery::Dropped, ..) => Delivery::Dropped,
            (_, When::Digest, Priority::Normal) => Delivery::Held { until: self.next_digest(now) },
            (due, ..) => due,
        }
    }

    /// The same of one that has waited for its digest.
    pub fn due(&self, topic: Topic, priority: Priority, now: i64) -> Delivery {
        match self.notifications_enabled && self.preferences.when(topic) != When::Off {
            true => self.by_the_hour(priority, now),
            false => Delivery::Dropped,
        }
    }

    /// The same of one that comes whatever was chosen.
    pub fn by_the_hour(&self, priority: Priority, now: i64) -> Delivery {
        match self.quiet_hours.and_then(|hours| hours.end(now, &self.timezone)) {
            None => Delivery::Now { silent: false },
            Some(_) if priority == Priority::Urgent && self.preferences.urgent_in_quiet_hours => Delivery::Now { silent: true },
            Some(until) => Delivery::Held { until },
        }
    }

    /// When the first digest after `now` comes, Unix seconds: after so many hours by the reader's clock, and not in quiet hours. It is the same for
    /// all that waits for it.
    fn next_digest(&self, now: i64) -> i64 {
        let zone = zone(&self.timezone);
        let hours = i64::from(self.preferences.digest_hours.clamp(*DIGEST_HOURS.start(), *DIGEST_HOURS.end()));
        let at = next_round(now, hours, &zone).unwrap_or(now + hours * 3600);
        self.quiet_hours.and_then(|quiet| quiet.end(at, &self.timezone)).unwrap_or(at)
    }
}

/// The first of the moments that are `hours` apart by the zone's clock after `now`. `None`: no calendar shows it.
fn next_round(now: i64, hours: i64, zone: &TimeZone) -> Option<i64> {
    let local = Timestamp::from_second(now).ok()?.to_zoned(zone.clone()).datetime();
    let passed = local.duration_since(FIRST_DIGEST).as_secs().div_euclid(hours * 3600);
    // Where clocks go back, the next one by the clock may have been.
    (1..=3).find_map(|next| {
        let at = FIRST_DIGEST.checked_add(((passed + next) * hours).hours()).ok()?;
        zone.to_ambiguous_timestamp(at).compatible().ok().map(Timestamp::as_second).filter(|at| *at > now)
    })
}

impl QuietHours {
    /// When they are over, Unix seconds; `None`: they are not on at `now`.
    pub fn end(self, now: i64, timezone: &str) -> Option<i64> {
        if !self.contain(now, timezone) {
            return None;
        }
        let zone = zone(timezone);
        let begun = Timestamp::from_second(now).ok()?;
        let today = begun.to_zoned(zone.clone()).date();
        // The minute by the clock, before and after clocks go back; or clocks leap over it, or onto it.
        let by_the_clock = [today, today.tomorrow().ok()?].into_iter().flat_map(|day| {
            let at = zone.to_ambiguous_timestamp(day.at((self.to / 60) as i8, (self.to % 60) as i8, 0, 0));
            [at.earlier(), at.later()].into_iter().flatten()
        });
        let leaps = zone.following(begun).take(2).map(|leap| leap.timestamp());
        let over = by_the_clock.chain(leaps).map(Timestamp::as_second).filter(|at| *at > now && !self.contain(*at, timezone));
        over.min()
    }
}

/// The zone of a name; one that is not known any more counts as UTC.
pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn second(at: &str) -> i64 {
        at.parse::<Timestamp>().unwrap().as_second()
    }

    fn settings(when: &[(Topic, When)], quiet: Option<(u16, u16)>) -> UserSettings {
        let preferences = Preferences { topics: when.iter().copied().collect(), ..Preferences::default() };
        UserSettings { preferences, quiet_hours: quiet.map(|(from, to)| QuietHours { from, to }), ..UserSettings::default() }
    }

    const NOON: &str = "2026-01-10T12:00:00Z";
    const NIGHT: &str = "2026-01-10T23:00:00Z";
    const NIGHT_HOURS: Option<(u16, u16)> = Some((22 * 60, 7 * 60));

    #[test]
    fn what_becomes_of_a_message_by_topic_priority_and_hour() {
        let (loud, silent) = (Delivery::Now { silent: false }, Delivery::Now { silent: true });
        let held = |until: &str| Delivery::Held { until: second(until) };
        let (morning, nine, next_nine) = (held("2026-01-11T07:00:00Z"), held("2026-01-11T09:00:00Z"), held("2026-01-11T09:00:00Z"));
        for (when, priority, at, expected) in [
            (When::Now, Priority::Normal, NOON, loud),
            (When::Now, Priority::Urgent, NOON, loud),
            (When::Now, Priority::Normal, NIGHT, morning),
            (When::Now, Priority::Urgent, NIGHT, silent),
            (When::Digest, Priority::Normal, NOON, nine),
            (When::Digest, Priority::Urgent, NOON, loud),
            (When::Digest, Priority::Normal, NIGHT, next_nine),
            (When::Digest, Priority::Urgent, NIGHT, silent),
            (When::Off, Priority::Normal, NOON, Delivery::Dropped),
            (When::Off, Priority::Urgent, NIGHT, Delivery::Dropped),
        ] {
            for topic in Topic::ALL {
                let chosen = settings(&[(topic, when)], NIGHT_HOURS);
                assert_eq!(chosen.delivery(topic, priority, second(at)), expected, "{topic:?} {when:?} {priority:?} {at}");
                let off = UserSettings { notifications_enabled: false, ..chosen };
                assert_eq!(off.delivery(topic, priority, second(at)), Delivery::Dropped, "all messages are off");
            }
        }
    }

    #[test]
    fn urgent_messages_wait_for_the_morning_where_that_was_chosen_and_what_nobody_chose_comes_at_once() {
        let mut chosen = settings(&[], NIGHT_HOURS);
        chosen.preferences.urgent_in_quiet_hours = false;
        let held = Delivery::Held { until: second("2026-01-11T07:00:00Z") };
        assert_eq!(chosen.delivery(Topic::System, Priority::Urgent, second(NIGHT)), held);
        let now = Delivery::Now { silent: false };
        assert_eq!(UserSettings::default().delivery(Topic::BanSynced, Priority::Normal, second(NIGHT)), now);
    }

    #[test]
    fn digests_come_at_the_same_hours_of_the_readers_clock() {
        let next = |hours, quiet: Option<(u16, u16)>, timezone: &str, now: &str| {
            let mut chosen = settings(&[], quiet);
            (chosen.preferences.digest_hours, chosen.timezone) = (hours, timezone.to_owned());
            Timestamp::from_second(chosen.next_digest(second(now))).unwrap().to_string()
        };
        for (hours, quiet, timezone, now, expected) in [
            (24, None, "UTC", "2026-01-10T08:59:59Z", "2026-01-10T09:00:00Z"),
            (24, None, "UTC", "2026-01-10T09:00:00Z", "2026-01-11T09:00:00Z"),
            (24, None, "Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T07:00:00Z"),
            (24, None, "Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z"),
            (1, None, "UTC", "2026-01-10T08:59:59Z", "2026-01-10T09:00:00Z"),
            // 2:00 does not come in this night.
            (1, None, "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
            (168, None, "UTC", "2026-01-10T08:59:59Z", "2026-01-12T09:00:00Z"),
            // Not at three in the night.
            (6, NIGHT_HOURS, "UTC", "2026-01-10T22:00:00Z", "2026-01-11T07:00:00Z"),
        ] {
            assert_eq!(next(hours, quiet, timezone, now), expected, "{hours} {timezone} {now}");
        }
    }

    #[test]
    fn settings_of_before_there_was_a_choice_tell_all_at_once() {
        let chosen: UserSettings = serde_json::from_str(r#"{"timezone":"UTC"}"#).unwrap();
        assert_eq!(chosen.preferences, Preferences::default());
        let stored = settings(&[(Topic::BanSynced, When::Digest)], None);
        let json = serde_json::to_value(&stored).unwrap();
        assert_eq!(json["preferences"]["topics"], serde_json::json!({"ban_synced": "digest"}));
        assert_eq!(serde_json::from_value::<UserSettings>(json).unwrap(), stored);
    }

    /// A moment near which the clocks of the zone change, where they do, else any.
    fn near_a_change(zone: &TimeZone, at: i64, seconds: i64) -> i64 {
        let change = zone.following(Timestamp::from_second(at).unwrap()).next().map(|change| change.timestamp().as_second());
        change.filter(|change| *change < 1_900_000_000).unwrap_or(at) + seconds
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn quiet_hours_end_at_their_first_loud_minute_in_every_zone_also_where_clocks_change(
            name in prop::sample::select(jiff::tz::db().available().map(|name| name.to_string()).collect::<Vec<_>>()),
            at in 1_700_000_000_i64..1_850_000_000, seconds in -129_600_i64..129_600,
            from in 0_u16..1440, to in 0_u16..1440,
        ) {
            let (zone, hours) = (zone(&name), QuietHours { from, to });
            prop_assume!(from != to);
            let now = near_a_change(&zone, at, seconds);
            match hours.end(now, &name) {
                None => prop_assert!(!hours.contain(now, &name)),
                Some(end) => {
                    let minutes = (now..now + 3 * 86_400).filter(|at| at % 60 == 0 && *at > now);
                    let first = minutes.into_iter().find(|at| !hours.contain(*at, &name));
                    prop_assert_eq!(Some(end), first);
                }
            }
        }

        #[test]
        fn digests_come_within_their_hours_outside_quiet_ones_and_at_the_same_time_for_all_that_waits(
            name in prop::sample::select(jiff::tz::db().available().map(|name| name.to_string()).collect::<Vec<_>>()),
            at in 1_700_000_000_i64..1_850_000_000, seconds in -129_600_i64..129_600,
            hours in DIGEST_HOURS, quiet in prop::option::of((0_u16..1440, 0_u16..1440)), between in 0.0..1.0,
        ) {
            let quiet = quiet.filter(|(from, to)| from != to);
            let mut chosen = settings(&[], quiet);
            (chosen.preferences.digest_hours, chosen.timezone) = (hours, name.clone());
            let now = near_a_change(&zone(&name), at, seconds);
            let due = chosen.next_digest(now);
            // A day in which clocks go back is longer; Lord Howe's goes by half an hour, and no zone's by more than two hours now.
            let longest = (i64::from(hours) + 2 + if quiet.is_some() { 26 } else { 0 }) * 3600;
            prop_assert!(due > now && due <= now + longest);
            prop_assert!(chosen.quiet_hours.is_none_or(|hours| !hours.contain(due, &name)));
            let later = now + ((due - now - 1) as f64 * between) as i64;
            if quiet.is_none() {
                prop_assert_eq!(chosen.next_digest(later), due, "of {}", later);
            }
        }
    }
}
