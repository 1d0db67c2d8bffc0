//! Synthetic events and facts of some dates.
//!
//! They contain the difficult cases for SQL: nulls, ties, an unknown title, views without
//! watch time, titles that are only rated, search queries that differ in case, sessions
//! across one and several midnights, and a date without events.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::json::ReaderBuilder;
use marquee_event::{Title, TitleKind};
use marquee_tables::curated;
use serde_json::{Value, json};

const MICROS_PER_DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;
const USERS: u64 = 30;
/// The first date, 2026-02-01, in days since 1970-01-01.
const FIRST_DAY: i64 = 20_485;
/// The number of the date without events.
pub(crate) const SILENT: usize = 20;

/// Rows of the compacted tables on one date.
#[derive(Default)]
pub(crate) struct Facts {
    events: Vec<Value>,
    sessions: Vec<Value>,
    views: Vec<Value>,
}

/// A deterministic pseudorandom generator.
struct Numbers(u64);

impl Numbers {
    /// Returns a number from 0 to `below` - 1.
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// Returns date `number`, counted from 0, as `YYYY-MM-DD`.
pub(crate) fn date(number: usize) -> String {
    let mut text = Vec::new();
    marquee_event::format_utc((FIRST_DAY + number as i64) * MICROS_PER_DAY, &mut text);
    String::from_utf8(text[..10].to_vec()).unwrap()
}

/// Returns the title catalog: 12 titles with zero to three genres, one without a runtime.
pub(crate) fn titles() -> Vec<Title> {
    let genres: [&[&str]; 4] = [
        &["drama"],
        &[],
        &["science fiction", "drama", "Krimi für alle"],
        &["comedy", "drama", "comedy"],
    ];
    (0..12)
        .map(|number| Title {
            title_id: format!("t-{number}"),
            name: format!("The {number}th “Name”"),
            kind: TitleKind::Episode,
            series_id: (number % 3 > 0).then(|| format!("sr-{}", number % 3)),
            season: Some(1),
            episode: Some(number),
            genres: genres[number as usize % 4]
                .iter()
                .map(|genre| (*genre).to_owned())
                .collect(),
            runtime_ms: (number != 5).then_some(2_400_000),
            runtime_estimated: false,
            release_date: (number % 2 == 0).then(|| "2024-02-29".to_owned()),
        })
        .collect()
}

impl Facts {
    /// Generates the facts of date `number`, counted from 0.
    pub(crate) fn of(number: usize) -> Self {
        let mut facts = Self::default();
        if number == SILENT {
            return facts;
        }
        let titles = titles();
        for user in 0..USERS {
            let mut numbers = Numbers(user * 1_000 + number as u64 + 7);
            let user_id = match user % 7 {
                0 => format!("ü-{user}"),
                _ => format!("u-{user}"),
            };
            if user == 3 {
                // A session that crosses every midnight and never ends.
                facts.session(
                    &user_id,
                    "s-long",
                    number,
                    23 * 60 + 40,
                    &titles,
                    &mut numbers,
                );
            }
            if (user as usize + number).is_multiple_of(4) {
                let id = format!("s-{user}-{number}-night");
                facts.session(&user_id, &id, number, 23 * 60 + 35, &titles, &mut numbers);
            }
            if number > 0 && number - 1 != SILENT && (user as usize + number - 1).is_multiple_of(4)
            {
                let id = format!("s-{user}-{}-night", number - 1);
                facts.session(&user_id, &id, number, 1, &titles, &mut numbers);
            }
            for nth in 0..numbers.below(3) {
                let id = format!("s-{user}-{number}-{nth}");
                let minute = numbers.below(22 * 60) as i64;
                facts.session(&user_id, &id, number, minute, &titles, &mut numbers);
            }
        }
        facts
    }

    /// Generates a session that begins at this minute of the date and lasts at most 19
    /// minutes.
    fn session(
        &mut self,
        user_id: &str,
        session_id: &str,
        date: usize,
        minute: i64,
        titles: &[Title],
        numbers: &mut Numbers,
    ) {
        let start = (FIRST_DAY + date as i64) * MICROS_PER_DAY + minute * MINUTE + 123_456;
        let mut session = OpenSession {
            user_id,
            session_id,
            device: numbers.one_of(&[None, Some("tv"), Some("phone")]),
            country: numbers.one_of(&[None, Some("DE"), Some("FR")]),
            now: start,
            events: Vec::new(),
        };
        session.event("browse", json!({}));
        let searches = numbers.below(3);
        for _ in 0..searches {
            let query = numbers.one_of(&["Dune", "dune", "Ärger", "", "space pirates"]);
            let results = numbers.one_of(&[None, Some(0), Some(3), Some(40)]);
            session.event("search", json!({"query": query, "results": results}));
        }
        let first_title = numbers.below(13);
        let (mut watch_ms, mut watched) = (0, 0);
        for nth in 0..numbers.below(4) {
            let view = session.view((first_title + nth) % 13, titles, numbers);
            watch_ms += view["watch_ms"].as_i64().unwrap();
            watched += i64::from(view["watch_ms"] != 0);
            self.views.push(view);
        }
        self.sessions.push(json!({
            "user_id": user_id,
            "session_id": session_id,
            "started_at": session.events[0]["event_time"],
            "ended_at": session.now,
            "events": session.events.len(),
            "watch_ms": watch_ms,
            "titles": watched,
            "searches": searches,
            "device_type": session.device,
            "country": session.country,
            "is_binge": numbers.below(6) == 0,
        }));
        self.events.append(&mut session.events);
    }

    /// Returns the rows of `events`, `fact_session` and `fact_view`.
    pub(crate) fn tables(&self) -> [(&'static str, RecordBatch); 3] {
        [
            ("events", rows(curated::events(), &self.events)),
            (
                "fact_session",
                rows(curated::fact_session(), &self.sessions),
            ),
            ("fact_view", rows(curated::fact_view(), &self.views)),
        ]
    }
}

/// A session under construction.
struct OpenSession<'a> {
    user_id: &'a str,
    session_id: &'a str,
    device: Option<&'static str>,
    country: Option<&'static str>,
    now: i64,
    events: Vec<Value>,
}

impl OpenSession<'_> {
    fn event(&mut self, kind: &str, more: Value) {
        self.now += 7_654_321;
        let mut event = json!({
            "event_id": format!("{}-{}", self.session_id, self.now),
            "event_type": kind,
            "event_time": self.now,
            "user_id": self.user_id,
            "session_id": self.session_id,
            "country": self.country,
            "device_type": self.device,
            "shard_id": "shardId-000000000000",
            "sequence_number": self.now.to_string(),
            "sub_sequence": 0,
            "arrived_at": self.now + 1_000,
        });
        let fields = event.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.events.push(event);
    }

    /// Watches or rates a title; number 12 is not in the catalog.
    fn view(&mut self, number: u64, titles: &[Title], numbers: &mut Numbers) -> Value {
        let title_id = format!("t-{number}");
        let title = titles.get(number as usize);
        let runtime_ms = title.and_then(|title| title.runtime_ms);
        let first = self.events.len();
        let is_watched = numbers.below(5) > 0;
        let completed = is_watched && numbers.below(3) == 0;
        let (mut pauses, mut seeks, mut watch_ms) = (0, 0, 0);
        if is_watched {
            (pauses, seeks) = (numbers.below(3), numbers.below(2));
            watch_ms = numbers.below(4) as i64 * 600_000;
            let at = json!({"title_id": title_id, "position_ms": watch_ms});
            let from =
                json!({"title_id": title_id, "position_ms": 0, "from_position_ms": watch_ms});
            self.event("play", at.clone());
            (0..pauses).for_each(|_| self.event("pause", at.clone()));
            (0..seeks).for_each(|_| self.event("seek", from.clone()));
            if completed {
                self.event("complete", at);
            }
        }
        let is_rated = !is_watched || numbers.below(3) == 0;
        let rating = is_rated.then(|| 0.5 + numbers.below(10) as f32 / 2.0);
        if is_rated {
            self.event("rate", json!({"title_id": title_id, "rating": rating}));
        }
        let completion_rate = match completed {
            true => Some(1.0),
            false => runtime_ms.map(|runtime| watch_ms as f32 / runtime as f32 / 1.7),
        };
        json!({
            "user_id": self.user_id,
            "session_id": self.session_id,
            "title_id": title_id,
            "series_id": title.and_then(|title| title.series_id.clone()),
            "genres": title.and_then(Title::joined_genres),
            "runtime_ms": runtime_ms,
            "started_at": self.events[first]["event_time"],
            "ended_at": self.now,
            "events": self.events.len() - first,
            "watch_ms": watch_ms,
            "completion_rate": completion_rate,
            "pauses": pauses,
            "seeks": seeks,
            "completed": completed,
            "rating": rating,
            "engagement_score": completion_rate.unwrap_or(0.3) * 0.77,
            "device_type": self.device,
            "country": self.country,
        })
    }
}

/// Decodes JSON rows with this schema.
pub(crate) fn rows(schema: SchemaRef, rows: &[Value]) -> RecordBatch {
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
        .with_batch_size(rows.len() + 1)
        .build_decoder()
        .unwrap();
    decoder.serialize(rows).unwrap();
    let rows = decoder.flush().unwrap();
    rows.unwrap_or_else(|| RecordBatch::new_empty(schema))
}
