//! Watch logs: CSV files or JSON lines in which each row is a viewing, sent as a `play`
//! and a `stop`.

mod date;
mod rows;
mod runtime;

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;

use marquee_event::{EventType, MICROS_PER_DAY, Title};
use xxhash_rust::xxh3::xxh3_64;

use super::rebase::{Rebase, TimeRange};
use super::row::{daily_session_id, deterministic_id, event, to_outgoing};
use super::spool::SpooledFile;
use super::titles::{Titles, minutes_to_ms, show};
use super::{Input, InputFormat, SourceError};
use crate::OutgoingEvent;
use rows::{RowReader, WatchLogRow};

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

/// Opens a watch log. Memory is at most 80 bytes per row (a viewing of 24 bytes in a
/// vector that doubles, and two moments of 16 bytes), and two copies of each distinct
/// name.
pub(super) fn open(
    file: SpooledFile,
    titles: Option<SpooledFile>,
    range: Option<TimeRange>,
) -> Result<Input, SourceError> {
    let titles = titles.map(Titles::read).transpose()?.unwrap_or_default();
    let mut users = NameTable::default();
    let mut shows = NameTable::default();
    let mut viewings = read(file, &titles, &mut users, &mut shows)?;
    let (title_catalog, title_ids) = catalog_of(titles, &shows, &viewings)?;
    number_identical_rows(&mut viewings);
    for viewing in &mut viewings {
        viewing.at_us += time_of_day_us(viewing, &users, &shows);
    }
    let moments = moments_of(&viewings);
    let at = |moment: Option<&Moment>| moment.map_or(0, |moment| moment.at_us);
    let rebase = Rebase::new(range, at(moments.first()), at(moments.last()));
    Ok(Input {
        format: InputFormat::WatchLog,
        count: moments.len() as u64,
        timed: !moments.is_empty(),
        title_catalog: Some(title_catalog),
        events: Box::new(moments.into_iter().map(move |moment| {
            let viewing = viewings[moment.viewing as usize];
            let title_id = &title_ids[viewing.show as usize];
            let names = key(&viewing, &users, &shows);
            outgoing_event(moment, viewing, &names, title_id, rebase)
        })),
    })
}

fn read(
    file: SpooledFile,
    titles: &Titles,
    users: &mut NameTable,
    shows: &mut NameTable,
) -> Result<Vec<Viewing>, SourceError> {
    let mut rows = RowReader::open(file)?;
    let mut viewings = Vec::new();
    while let Some(row) = rows.next()? {
        let [_, _, minutes, date] = row.fields();
        viewings.push(Viewing {
            user: users.index(row.user_id()?),
            show: shows.index(show_name(&row, titles)?),
            duration_ms: minutes_to_ms(minutes)
                .ok_or_else(|| row.unexpected(2, "minutes from 0 to 10080 (a week)"))?,
            at_us: date::parse_start(date).ok_or_else(|| row.unexpected(3, date::EXPECTED))?,
            occurrence: 0,
        });
    }
    Ok(viewings)
}

/// Returns the row's valid show name, of one of `titles` at most.
fn show_name<'r>(row: &'r WatchLogRow<'_>, titles: &Titles) -> Result<&'r str, SourceError> {
    let [_, name, ..] = row.fields();
    if show(name).validate().is_err() {
        return Err(row.unexpected(1, "a name of 1 to 1024 bytes"));
    }
    match titles.named(name).len() {
        0 | 1 => Ok(name),
        several => {
            let expected = format!(
                "a name of one title in {}, not of {several} titles",
                titles.file
            );
            Err(row.unexpected(1, &expected))
        }
    }
}

/// Returns the title catalog, and the title id of each show: the titles of `--titles`,
/// then the other shows in the order of the log. Estimates unknown runtimes.
fn catalog_of(
    titles: Titles,
    shows: &NameTable,
    viewings: &[Viewing],
) -> Result<(Vec<Title>, Vec<String>), SourceError> {
    let durations = viewings.iter().map(|row| (row.show, row.duration_ms));
    let estimates = runtime::estimate(durations.collect(), shows.names.len());
    let mut found: Vec<Option<usize>> = Vec::with_capacity(shows.names.len());
    for name in &shows.names {
        found.push(titles.named(name).first().copied());
    }
    let mut catalog = titles.titles;
    let mut ids = Vec::with_capacity(found.len());
    for ((name, found), estimate) in iter::zip(&shows.names, found).zip(estimates) {
        let title = match found {
            Some(index) => catalog.get_mut(index),
            None => {
                catalog.push(show(name));
                catalog.last_mut()
            }
        };
        let title = title.ok_or_else(|| SourceError::UnknownShow { name: name.clone() })?;
        if title.runtime_ms.is_none() {
            title.runtime_ms = Some(estimate.into());
            title.runtime_estimated = true;
        }
        ids.push(title.title_id.clone());
    }
    Ok((catalog, ids))
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
    if viewing.at_us.rem_euclid(MICROS_PER_DAY) != 0 {
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

/// Creates the event of a moment; `key` is the key of its viewing.
fn outgoing_event(
    moment: Moment,
    viewing: Viewing,
    key: &[String; 5],
    title_id: &str,
    rebase: Rebase,
) -> Result<OutgoingEvent, SourceError> {
    let [user, show, duration, at, occurrence] = key;
    let (event_type, position_ms) = if moment.is_end {
        (EventType::Stop, i64::from(viewing.duration_ms))
    } else {
        (EventType::Play, 0)
    };
    let event_id = deterministic_id(&[
        "watch-log",
        event_type.name(),
        user,
        show,
        duration,
        at,
        occurrence,
    ]);
    let session = daily_session_id("watch-log", user, viewing.at_us);
    let event_time = rebase.map(moment.at_us);
    let mut event = event(event_id, event_type, event_time, user, &session);
    event.title_id = Some(Cow::Borrowed(title_id));
    event.position_ms = Some(position_ms);
    Ok(to_outgoing(&event)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn memory_per_row_is_as_documented() {
        assert_eq!((size_of::<Viewing>(), size_of::<Moment>()), (24, 16));
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
