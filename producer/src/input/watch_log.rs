//! Watch logs: a row is one viewing, which becomes a `play` and a `stop`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;

use marquee_event::{EventType, Title, TitleKind, bounds, parse_rfc3339};
use xxhash_rust::xxh3::xxh3_64;

use super::rebase::{Rebase, Span};
use super::row::{event, id_of, outgoing, session_of};
use super::spool::Spooled;
use super::table::Table;
use super::{Format, Input, SourceError};
use crate::Outgoing;

/// The columns of a watch log.
pub(super) const COLUMNS: [&str; 4] = [
    "user_id",
    "show_name",
    "watch_duration_minutes",
    "watch_date",
];

/// When viewings of a day begin whose time of day nobody wrote down: in the
/// evening, seconds from midnight.
const EVENING_BEGINS_S: u64 = 18 * 3_600;
const EVENING_LASTS_S: u64 = 5 * 3_600;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Viewing {
    at_us: i64,
    /// Indexes into the names.
    user: u32,
    show: u32,
    lasts_ms: u32,
    /// Which of several identical rows it is, from 0: a person may well watch
    /// a show twice a day for as long.
    again: u32,
}

/// Every name once.
#[derive(Debug, Default)]
struct Names {
    indexes: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn index(&mut self, name: &str) -> u32 {
        if let Some(index) = self.indexes.get(name) {
            return *index;
        }
        // Fewer names than rows, and fewer rows than memory holds.
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.indexes.insert(name.to_owned(), index);
        self.names.push(name.to_owned());
        index
    }

    fn get(&self, index: u32) -> &str {
        self.names.get(index as usize).map_or("", String::as_str)
    }
}

pub(super) fn open(file: Spooled, span: Option<Span>) -> Result<Input, SourceError> {
    let mut users = Names::default();
    let mut shows = Names::default();
    let mut viewings = read(file, &mut users, &mut shows)?;
    tell_apart(&mut viewings);
    for viewing in &mut viewings {
        viewing.at_us += time_of_day_us(viewing, &users, &shows);
    }
    let moments = moments_of(&viewings);
    let at = |moment: Option<&Moment>| moment.map_or(0, |moment| moment.at_us);
    let rebase = Rebase::new(span, at(moments.first()), at(moments.last()));
    let catalogue = shows.names.iter().map(|name| show(name)).collect();
    Ok(Input {
        format: Format::WatchLog,
        count: moments.len() as u64,
        timed: !moments.is_empty(),
        catalogue: Some(catalogue),
        events: Box::new(moments.into_iter().filter_map(move |moment| {
            let viewing = viewings.get(moment.viewing as usize)?;
            Some(Ok(outgoing_of(moment, *viewing, &users, &shows, rebase)))
        })),
    })
}

fn read(file: Spooled, users: &mut Names, shows: &mut Names) -> Result<Vec<Viewing>, SourceError> {
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
            lasts_ms: lasts_ms(minutes)
                .ok_or_else(|| row.unexpected(2, "minutes, from 0 to 10080 (a week)"))?,
            at_us: start_us(date).ok_or_else(|| row.unexpected(3, "a date such as 2026-01-31"))?,
            again: 0,
        });
    }
    Ok(viewings)
}

/// A date's midnight, or an instant; UTC microseconds. A date is told from an
/// instant later by being a whole day: nobody starts at midnight exactly.
fn start_us(date: &str) -> Option<i64> {
    let instant = if date.len() == "2026-01-31".len() {
        format!("{date}T00:00:00Z")
    } else {
        date.to_owned()
    };
    parse_rfc3339(&instant)
}

fn lasts_ms(minutes: &str) -> Option<u32> {
    let ms = minutes.parse::<f64>().ok()? * 60_000.0;
    // What is not a number is in no range.
    (0.0..=bounds::POSITION_MS as f64)
        .contains(&ms)
        .then_some(ms.round() as u32)
}

/// Orders the rows by what they say, and numbers identical ones.
fn tell_apart(viewings: &mut [Viewing]) {
    viewings.sort_unstable();
    let mut before: Option<Viewing> = None;
    for viewing in viewings {
        if let Some(before) = before
            && (Viewing { again: 0, ..before }) == *viewing
        {
            viewing.again = before.again + 1;
        }
        before = Some(*viewing);
    }
}

/// Where in its day a viewing begins; always the same for the same row.
fn time_of_day_us(viewing: &Viewing, users: &Names, shows: &Names) -> i64 {
    const DAY_US: i64 = 86_400_000_000;
    if viewing.at_us.rem_euclid(DAY_US) != 0 {
        return 0;
    }
    let row = key(viewing, users, shows).join("\0");
    let seconds = EVENING_BEGINS_S + xxh3_64(row.as_bytes()) % EVENING_LASTS_S;
    seconds as i64 * 1_000_000
}

/// What tells a viewing from all others.
fn key(viewing: &Viewing, users: &Names, shows: &Names) -> [String; 5] {
    [
        users.get(viewing.user).to_owned(),
        shows.get(viewing.show).to_owned(),
        viewing.lasts_ms.to_string(),
        viewing.at_us.to_string(),
        viewing.again.to_string(),
    ]
}

/// A viewing's beginning or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    at_us: i64,
    viewing: u32,
    is_end: bool,
}

/// All beginnings and ends, in the order of time.
fn moments_of(viewings: &[Viewing]) -> Vec<Moment> {
    let mut moments: Vec<Moment> = iter::zip(0.., viewings)
        .flat_map(|(index, viewing)| {
            let begin = Moment {
                at_us: viewing.at_us,
                viewing: index,
                is_end: false,
            };
            let end_us = viewing.at_us + i64::from(viewing.lasts_ms) * 1_000;
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

fn outgoing_of(
    moment: Moment,
    viewing: Viewing,
    users: &Names,
    shows: &Names,
    rebase: Rebase,
) -> Outgoing {
    let user = users.get(viewing.user);
    let (event_type, position_ms) = if moment.is_end {
        (EventType::Stop, i64::from(viewing.lasts_ms))
    } else {
        (EventType::Play, 0)
    };
    let [user_key, show_key, lasts, at, again] = &key(&viewing, users, shows);
    let event_id = id_of(&[
        "watch-log",
        event_type.name(),
        user_key,
        show_key,
        lasts,
        at,
        again,
    ]);
    let session = session_of("watch-log", user, viewing.at_us);
    let mut event = event(
        event_id,
        event_type,
        rebase.map(moment.at_us),
        user,
        &session,
    );
    event.title_id = Some(Cow::Owned(title_id(shows.get(viewing.show))));
    event.position_ms = Some(position_ms);
    outgoing(&event)
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
        release_date: None,
    }
}

/// A show's id: its name, as far as that goes into one, and a hash to tell
/// `Dark` from `DARK`.
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
        assert_eq!(lasts_ms("90"), Some(5_400_000));
        assert_eq!(lasts_ms("0.5"), Some(30_000));
        assert_eq!(lasts_ms("10080"), Some(604_800_000));
        for bad in ["", "-1", "NaN", "inf", "10081", "1h"] {
            assert_eq!(lasts_ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_of_shows_are_readable_and_distinct() {
        assert!(title_id("The Crown: Season 2!").starts_with("show-the-crown-season-2-"));
        assert_ne!(title_id("Dark"), title_id("DARK"));
        assert_ne!(title_id("千と千尋"), title_id("風の谷"));
        assert!(title_id(&"x".repeat(1_000)).len() <= bounds::ID_BYTES);
    }

    #[test]
    fn identical_rows_are_told_apart() {
        let row = Viewing {
            at_us: 0,
            user: 1,
            show: 1,
            lasts_ms: 5,
            again: 0,
        };
        let mut rows = [row, Viewing { user: 0, ..row }, row, row];
        tell_apart(&mut rows);
        assert_eq!(
            rows.map(|row| (row.user, row.again)),
            [(0, 0), (1, 0), (1, 1), (1, 2)]
        );
    }
}
