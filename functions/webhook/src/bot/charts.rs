//! A chat's figures of a day, a week, a month or a year, and a picture of them.
//!
//! They are of what is counted, and some minutes old; the numbers of /stats are those of the moment.

use super::action::{Action, InChat};
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::{Webhook, budget};
use anyhow::Context;
use aws::store::analytics::Facts;
use aws::time;
use chart::Theme;
use domain::analytics::fact::shard_of;
use domain::analytics::pack::day_of;
use domain::analytics::sums::Series;
use domain::analytics::top::{SourceCounts, TopSources};
use domain::analytics::{Fact, Interval, Period, Span, Sums, Work};
use domain::ids::ChatId;
use domain::lang::Lang;
use domain::sharing::Sight;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use telegram::bot::Document;
use telegram::render::charts::{self, Look, SOURCES};
use telegram::text;

/// Pixels across: sharp on a phone, and a picture of some hundred kilobytes.
const WIDTH: u32 = 1000;

/// Which figures are shown, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub period: Shown,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dark: bool,
}

/// One of a picture's drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    Bans,
    Results,
    Sources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    Day,
    Week,
    Month,
    Year,
}

impl Shown {
    const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    fn period(self) -> Period {
        match self {
            Self::Day => Period::Day,
            Self::Week => Period::Week,
            Self::Month => Period::Month,
            Self::Year => Period::Year,
        }
    }

    fn name(self, lang: Lang) -> String {
        match self {
            Self::Day => text!(lang, "period-day"),
            Self::Week => text!(lang, "period-week"),
            Self::Month => text!(lang, "period-month"),
            Self::Year => text!(lang, "period-year"),
        }
    }

    fn label(self, lang: Lang) -> String {
        match self {
            Self::Day => text!(lang, "button-day"),
            Self::Week => text!(lang, "button-week"),
            Self::Month => text!(lang, "button-month"),
            Self::Year => text!(lang, "button-year"),
        }
    }
}

/// What a chat's figures are.
struct Figures {
    now: Sums,
    /// `None`: they are not kept.
    before: Option<Sums>,
    series: Series,
    sources: TopSources,
}

impl Figures {
    fn new(before: Option<Span>, series: Series) -> Self {
        Self { now: Sums::default(), before: before.map(|_| Sums::default()), series, sources: TopSources::default() }
    }

    fn add(&mut self, fact: &Fact, span: Span, before: Option<Span>) {
        if span.contains(fact.at) {
            self.now.add(fact);
            self.series.add(fact);
            self.sources.add(fact);
        } else if let (Some(sums), Some(before)) = (&mut self.before, before)
            && before.contains(fact.at)
        {
            sums.add(fact);
        }
    }
}

/// Buttons to a chat's figures: one a period.
pub fn periods(lang: Lang, chat: ChatId, dark: bool) -> Vec<Choice> {
    let choice = |period: Shown| Choice::new(period.label(lang), Action::In { chat, then: InChat::Charts(View { period, dark }) });
    Shown::ALL.into_iter().map(choice).collect()
}

impl Webhook {
    /// A picture of a chat's figures, in private.
    pub async fn charts(&self, asker: &Asker, room: &Room, view: View) -> Result<Screen, Stop> {
        let lang = asker.lang;
        let Some(facts) = &self.facts else { return Ok(Screen::text(text!(lang, "figures-off"))) };
        let (figures, look) = self.figures(facts, asker, room, view).await?;
        let sources = self.source_names(&figures.sources).await?;
        let caption = caption(lang, room, view.period, &figures);
        // Drawing takes a second of a small Lambda, and cannot be stopped.
        let shown = match budget::is_spent() {
            true => Screen::text(format!("{caption}\n\n{}", text!(lang, "figures-no-picture"))),
            false => {
                let content = drawn(&figures, sources, &look)?;
                Screen { file: Some(Document { file_name: "charts.png".to_owned(), content, is_photo: true }), ..Screen::text(caption) }
            }
        };
        let other = View { dark: !view.dark, ..view };
        let theme = if view.dark { text!(lang, "button-light") } else { text!(lang, "button-dark") };
        let theme = Choice::new(theme, Action::In { chat: room.id, then: InChat::Charts(other) });
        Ok(shown.row(periods(lang, room.id, view.dark)).row([theme]))
    }

    /// One of the drawings of which the picture is made, as SVG; `None`: nothing is counted.
    pub async fn picture(&self, asker: &Asker, room: &Room, view: View, wanted: Drawn) -> anyhow::Result<Option<String>> {
        let Some(facts) = &self.facts else { return Ok(None) };
        let (figures, look) = self.figures(facts, asker, room, view).await?;
        let picture = match wanted {
            Drawn::Bans => charts::bans(&figures.series, &look),
            Drawn::Results => charts::results(&figures.series, &look),
            Drawn::Sources => charts::sources(self.source_names(&figures.sources).await?, &look),
        };
        Ok(Some(chart::stack(&[picture])))
    }

    async fn figures(&self, facts: &Facts, asker: &Asker, room: &Room, view: View) -> anyhow::Result<(Figures, Look)> {
        let lang = asker.lang;
        let zone = TimeZone::get(&self.zone_of(asker).await?).unwrap_or(TimeZone::UTC);
        let (period, now) = (view.period.period(), time::now());
        let span = period.span(now, &zone).context("a period")?;
        // Of a year there would be as much to read again.
        let before = match view.period {
            Shown::Year => None,
            Shown::Day | Shown::Week | Shown::Month => Some(period.before(now, &zone).context("a period")?),
        };
        let interval = Interval::usual(&span);
        let look = Look { lang, theme: if view.dark { Theme::Dark } else { Theme::Light }, zone, interval };
        let series = Series::new(interval.buckets(span, &look.zone).context("a timeline")?);
        let mut figures = Figures::new(before, series);
        let from = before.map_or(span.from, |before| before.from);
        for chat in self.ids_of(room.id).await? {
            read(facts, chat, from, span.to, |fact| figures.add(fact, span, before)).await?;
        }
        Ok((figures, look))
    }

    /// The first sources by what they are called here: by their title where they share it now, else by their id.
    async fn source_names(&self, sources: &TopSources) -> anyhow::Result<Vec<(String, i64)>> {
        let first = sources.first(SOURCES);
        let sight = Sight { chats: self.users.chats_with_successors(first.iter().map(|(chat, _)| *chat)).await?, own: BTreeSet::new() };
        let named = |(id, counts): (ChatId, SourceCounts)| {
            let title = sight.of(id, false).title(sight.present(id), None);
            (title.unwrap_or_else(|| id.to_string()), counts.carried)
        };
        Ok(first.into_iter().map(named).collect())
    }
}

fn drawn(figures: &Figures, sources: Vec<(String, i64)>, look: &Look) -> anyhow::Result<Vec<u8>> {
    let pictures = [charts::bans(&figures.series, look), charts::results(&figures.series, look), charts::sources(sources, look)];
    chart::png(&chart::stack(&pictures), WIDTH).context("a picture cannot be drawn")
}

/// The facts of a chat from one moment to another, Unix seconds.
async fn read(facts: &Facts, chat: ChatId, from: i64, to: i64, mut one: impl FnMut(&Fact)) -> anyhow::Result<()> {
    let of_chat = |fact: &Fact| {
        if fact.chat == chat {
            one(fact);
        }
    };
    facts.each(shard_of(chat), day_of(from), day_of(to - 1), of_chat).await
}

fn caption(lang: Lang, room: &Room, period: Shown, figures: &Figures) -> String {
    let Figures { now, before, .. } = figures;
    let synced = now.results(Work::Ban);
    let mut lines = vec![text!(
        lang,
        "figures",
        chat = room.title(),
        period = period.name(lang),
        bans = now.tally.decisions.bans,
        applied = synced.applied,
        failed = synced.failed,
        undone = now.results(Work::Undo).applied,
        appeals = now.tally.appeals
    )];
    if let Some(before) = before {
        lines.push(text!(lang, "figures-before", bans = before.tally.decisions.bans, applied = before.results(Work::Ban).applied));
    }
    if let (Some(half), Some(most)) = (now.p50_ms(), now.p95_ms()) {
        let seconds = |millis: u32| text!(lang, "seconds", seconds = i64::from(millis).max(500).saturating_add(500) / 1000);
        lines.push(text!(lang, "figures-syncs", half = seconds(half), most = seconds(most)));
    }
    lines.push(text!(lang, "figures-age"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::store::users::ChatItem;
    use domain::chat::ChatState;
    use domain::ids::UserId;
    use domain::member::Action as Decided;
    use domain::settings::ChatSettings;
    use domain::sync::SyncStatus;
    use uuid::Uuid;

    fn room() -> Room {
        let mut chat = ChatItem::new(ChatId(-5), ChatState::Active, ChatSettings::default());
        chat.title = Some("<b>Books</b>".to_owned());
        Room { id: ChatId(-5), chat: chat.into(), is_owner: false }
    }

    #[test]
    fn a_fact_counts_in_its_own_period_and_in_no_other() {
        let (span, before) = (Span { from: 100, to: 200 }, Some(Span { from: 0, to: 100 }));
        let mut figures = Figures::new(before, Series::new(Interval::Day.buckets(span, &TimeZone::UTC).unwrap()));
        for (n, at) in [(1, 50), (2, 150), (3, 199), (4, 200), (5, 300)] {
            figures.add(&Fact::decision(Uuid::from_u128(n), at, Decided::Ban, ChatId(-5), UserId(1)), span, before);
        }
        let bans = |sums: &Sums| sums.tally.decisions.bans;
        assert_eq!((bans(&figures.now), figures.before.as_ref().map(bans)), (2, Some(1)));
        assert_eq!(figures.series.points().map(|(_, tally)| tally.decisions.bans).sum::<i64>(), 2);
    }

    #[test]
    fn a_caption_says_what_is_known_and_names_are_escaped() {
        let span = Span { from: 0, to: 86_400 };
        let mut figures = Figures::new(None, Series::new(Interval::Day.buckets(span, &TimeZone::UTC).unwrap()));
        let plain = caption(Lang::En, &room(), Shown::Year, &figures);
        assert!(
            plain.contains("&lt;b&gt;Books") && plain.contains("365 days") && !plain.contains("before") && !plain.contains("Half"),
            "{plain}"
        );
        figures.add(&Fact::sync(Uuid::nil(), SyncStatus::Completed, 1000, 7400, ChatId(-5), UserId(1)), span, None);
        let timed = caption(Lang::En, &room(), Shown::Day, &figures);
        assert!(timed.contains("took 6 s at most") && timed.contains("today"), "{timed}");
    }

    #[test]
    fn each_period_has_a_button_that_keeps_the_theme() {
        let row = periods(Lang::Ru, ChatId(-5), true);
        let labels: Vec<_> = row.iter().map(|choice| choice.label.as_str()).collect();
        assert_eq!(labels, ["День", "Неделя", "Месяц", "Год"]);
        let stored = serde_json::to_string(&View { period: Shown::Week, dark: false }).unwrap();
        assert_eq!(stored, r#"{"period":"week"}"#);
        assert_eq!(serde_json::from_str::<View>(&stored).unwrap(), View { period: Shown::Week, dark: false });
    }
}
