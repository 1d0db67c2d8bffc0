//! Watch logs: CSV files in which each row is a viewing, sent as a `play` and a `stop`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;

use marquee_event::{EventType, Title, TitleKind, bounds, parse_rfc3339};
use xxhash_rust::xxh3::xxh3_64;

use super::rebase::{Rebase, TimeRange};
use super::row::{daily_session_id, deterministic_id, event, to_outgoing};
use super::spool::SpooledFile;
use super::table::Table;
use super::{Input, InputFormat, SourceError};
use crate::OutgoingEvent;

/// The columns of a watch log.
pub(super) const COLUMNS: [&str; 4] = [
    "user_id",
    "show_name",
    "watch_duration_minutes",
    "watch_date",
];

/// The start and length, in seconds from midnight, of the evening: viewings without
/// a time of day start in it.
const EVENING_BEGINS_S: u64 = 18 * 3_600;
const EVENING_LASTS_S: u64 = 5 * 3_600;

/// A row of a watch log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Viewing {
    at_us: i64,
    /// Indexes into the name tables.
    user: u32,
    show: u32,
    duration_ms: u32,
    /// The row's number among identical rows, from 0. Identical rows are separate
    /// viewings, not duplicates.
    occurrence: u32,
}

/// A table of distinct names.
#[derive(Debug, Default)]
struct NameTable {
    indexes: HashMap<String, u32>,
    names: Vec<String>,
}

impl NameTable {
    fn index(&mut self, name: &str) -> u32 {
        if let Some(index) = self.indexes.get(name) {
            return *index;
        }
        // The rows, and so the names, fit in memory: there are fewer than 2³².
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.indexes.insert(name.to_owned(), index);
        self.names.push(name.to_owned());
        index
    }

    fn get(&self, index: u32) -> &str {
        &self.names[index as usize]
    }
}

pub(super) fn open(file: SpooledFile, range: Option<TimeRange>) -> Result<Input, SourceError> {
    let mut users = NameTable::default();
    let mut shows = NameTable::default();
    let mut viewings = read(file, &mut users, &mut shows)?;
    number_identical_rows(&mut viewings);
    for viewing in &mut viewings {
        viewing.at_us += time_of_day_us(viewing, &users, &shows);
    }
    let moments = moments_of(&viewings);
    let at = |moment: Option<&Moment>| moment.map_or(0, |moment| moment.at_us);
    let rebase = Rebase::new(range, at(moments.first()), at(moments.last()));
    let title_catalog = shows.names.iter().map(|name| show(name)).collect();
    Ok(Input {
        format: InputFormat::WatchLog,
        count: moments.len() as u64,
        timed: !moments.is_empty(),
        title_catalog: Some(title_catalog),
        events: Box::new(moments.into_iter().map(move |moment| {
            let viewing = viewings[moment.viewing as usize];
            Ok(outgoing_event(moment, viewing, &users, &shows, rebase))
        })),
    })
}

fn read(
    file: SpooledFile,
    users: &mut NameTable,
    shows: &mut NameTable,
) -> Result<Vec<Viewing>, SourceError> {
    let mut table = Table::open(file, COLUMNS)?;
    let mut viewings = Vec::new();
    while let Some(row) = table.next()? {
        let [user, name, minutes, date] = row.fields;
        if user.is_empty() || user.len() > bounds::ID_BYTES || user.contains('\0') {
            return Err(row.unexpected(0, "an id of 1 to 128 bytes"));
        }
        if show(name).validate().is_err() {
            return Err(row.unexpected(1, "a name of 1 to 1024 bytes"));
        }
        viewings.push(Viewing {
            user: users.index(user),
            show: shows.index(name),
            duration_ms: duration_ms(minutes)
                .ok_or_else(|| row.unexpected(2, "minutes from 0 to 10080 (a week)"))?,
            at_us: start_us(date).ok_or_else(|| row.unexpected(3, "a date like 2026-01-31"))?,
            occurrence: 0,
        });
    }
    Ok(viewings)
}

/// Parses a date as its midnight, or an instant; UTC microseconds. An instant at
/// exactly midnight therefore counts as a date.
fn start_us(date: &str) -> Option<i64> {
    let instant = if date.len() == "2026-01-31".len() {
        format!("{date}T00:00:00Z")
    } else {
        date.to_owned()
    };
    parse_rfc3339(&instant)
}

fn duration_ms(minutes: &str) -> Option<u32> {
    let ms = minutes.parse::<f64>().ok()? * 60_000.0;
    // The range does not contain NaN.
    (0.0..=bounds::POSITION_MS as f64)
        .contains(&ms)
        .then_some(ms.round() as u32)
}

/// Sorts the rows by their values and numbers identical ones.
fn number_identical_rows(viewings: &mut [Viewing]) {
    viewings.sort_unstable();
    let mut before: Option<Viewing> = None;
    for viewing in viewings {
        if let Some(before) = before
            && (Viewing {
                occurrence: 0,
                ..before
            }) == *viewing
        {
            viewing.occurrence = before.occurrence + 1;
        }
        before = Some(*viewing);
    }
}

/// Returns the time of day at which a viewing without one starts, derived from the
/// row; 0 for a viewing with a time.
fn time_of_day_us(viewing: &Viewing, users: &NameTable, shows: &NameTable) -> i64 {
    const DAY_US: i64 = 86_400_000_000;
    if viewing.at_us.rem_euclid(DAY_US) != 0 {
        return 0;
    }
    let row = key(viewing, users, shows).join("\0");
    let seconds = EVENING_BEGINS_S + xxh3_64(row.as_bytes()) % EVENING_LASTS_S;
    seconds as i64 * 1_000_000
}

/// Returns the unique key of a viewing.
fn key(viewing: &Viewing, users: &NameTable, shows: &NameTable) -> [String; 5] {
    [
        users.get(viewing.user).to_owned(),
        shows.get(viewing.show).to_owned(),
        viewing.duration_ms.to_string(),
        viewing.at_us.to_string(),
        viewing.occurrence.to_string(),
    ]
}

/// The start or the end of a viewing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    at_us: i64,
    viewing: u32,
    is_end: bool,
}

/// Returns the starts and ends of all viewings in the order of time.
fn moments_of(viewings: &[Viewing]) -> Vec<Moment> {
    let mut moments: Vec<Moment> = iter::zip(0.., viewings)
        .flat_map(|(index, viewing)| {
            let begin = Moment {
                at_us: viewing.at_us,
                viewing: index,
                is_end: false,
            };
            let end_us = viewing.at_us + i64::from(viewing.duration_ms) * 1_000;
            [
                begin,
                Moment {
                    at_us: end_us,
                    is_end: true,
                    ..begin
                },
            ]
        })
        .collect();
    moments.sort_unstable();
    moments
}

fn outgoing_event(
    moment: Moment,
    viewing: Viewing,
    users: &NameTable,
    shows: &NameTable,
    rebase: Rebase,
) -> OutgoingEvent {
    let user = users.get(viewing.user);
    let (event_type, position_ms) = if moment.is_end {
        (EventType::Stop, i64::from(viewing.duration_ms))
    } else {
        (EventType::Play, 0)
    };
    let [user_key, show_key, duration, at, occurrence] = &key(&viewing, users, shows);
    let event_id = deterministic_id(&[
        "watch-log",
        event_type.name(),
        user_key,
        show_key,
        duration,
        at,
        occurrence,
    ]);
    let session = daily_session_id("watch-log", user, viewing.at_us);
    let mut event = event(
        event_id,
        event_type,
        rebase.map(moment.at_us),
        user,
        &session,
    );
    event.title_id = Some(Cow::Owned(title_id(shows.get(viewing.show))));
    event.position_ms = Some(position_ms);
    to_outgoing(&event)
}

fn show(name: &str) -> Title {
    Title {
        title_id: title_id(name),
        name: name.to_owned(),
        kind: TitleKind::Show,
        series_id: None,
        season: None,
        episode: None,
        genres: Vec::new(),
        runtime_ms: None,
        runtime_estimated: false,
        release_date: None,
    }
}

/// Derives a show's id from its name: a slug, and a hash that distinguishes `Dark` from
/// `DARK`.
fn title_id(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if slug.len() >= 60 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let hash = xxh3_64(name.as_bytes()) >> 32;
    if slug.is_empty() {
        format!("show-{hash:08x}")
    } else {
        format!("show-{slug}-{hash:08x}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_minutes_within_a_week() {
        assert_eq!(duration_ms("90"), Some(5_400_000));
        assert_eq!(duration_ms("0.5"), Some(30_000));
        assert_eq!(duration_ms("10080"), Some(604_800_000));
        for bad in ["", "-1", "NaN", "inf", "10081", "1h"] {
            assert_eq!(duration_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn show_ids_are_readable_and_distinct() {
        assert!(title_id("The Crown: Season 2!").starts_with("show-the-crown-season-2-"));
        assert_ne!(title_id("Dark"), title_id("DARK"));
        assert_ne!(title_id("千と千尋"), title_id("風の谷"));
        assert!(title_id(&"x".repeat(1_000)).len() <= bounds::ID_BYTES);
    }

    #[test]
    fn identical_rows_are_numbered() {
        let row = Viewing {
            at_us: 0,
            user: 1,
            show: 1,
            duration_ms: 5,
            occurrence: 0,
        };
        let mut rows = [row, Viewing { user: 0, ..row }, row, row];
        number_identical_rows(&mut rows);
        assert_eq!(
            rows.map(|row| (row.user, row.occurrence)),
            [(0, 0), (1, 0), (1, 1), (1, 2)]
        );
    }
}
