//! Samples of watch logs.

use std::io::{self, Write};

use marquee_event::{MICROS_PER_DAY, format_utc};
use serde::Serialize;

use super::SampleError;
use super::shows::{SHOWS, Show};
use crate::simulate::Simulation;
use crate::simulate::rng::{RngPurpose, SeededRng};

const MINUTE_US: i64 = 60_000_000;

/// The UTC offsets of users, in minutes.
const OFFSETS: [i64; 5] = [-5 * 60, 0, 60, 5 * 60 + 30, 9 * 60];

/// The share of sittings that are binges, in percent.
const BINGE_PERCENT: u32 = 12;
/// The share of the other viewings that reach the end, in percent.
const COMPLETE_PERCENT: u32 = 72;
/// The share of the viewings that do not reach the end, in percent, in which the player
/// was left on.
const LEFT_ON_PERCENT: u32 = 4;

/// The options of a sample of a watch log. The same options give the same bytes.
///
/// The rows are in the order of days. A viewing is of one user and one show: watched to
/// the end or nearly, broken off, or, rarely, left on for hours. Some sittings are
/// binges: three to six viewings of one show in a row, on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchLogSample {
    /// The number of rows, 1 to 1 billion.
    pub rows: u64,
    /// The seed of all random choices.
    pub seed: u64,
    /// The number of users, 1 to 10 million; `None` for one for every 20 rows.
    pub users: Option<u32>,
    /// The number of days, 1 to 3,660.
    pub days: u32,
    /// The first day's midnight in UTC microseconds.
    pub start: i64,
    /// The form of `watch_date`.
    pub dates: DateForm,
}

impl Default for WatchLogSample {
    /// Returns a sample of 10,000 rows in 30 days, from Monday, 5 January 2026.
    fn default() -> Self {
        Self {
            rows: 10_000,
            seed: 1,
            users: None,
            days: 30,
            start: Simulation::default().start,
            dates: DateForm::Date,
        }
    }
}

/// A form of `watch_date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// `2026-01-05`.
    Date,
    /// `2026-01-05 20:15:00`, in UTC.
    Space,
    /// `2026-01-05T20:15:00Z`.
    Utc,
    /// `2026-01-05T21:15:00+01:00`, with the offset of the user.
    Offset,
    /// One of the others in each row.
    Mixed,
}

/// A format of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFormat {
    /// CSV with a header.
    Csv,
    /// A JSON object on each line.
    Json,
}

/// A row of a watch log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WatchLogRow {
    /// The user's id.
    pub user_id: String,
    /// The show's name.
    pub show_name: &'static str,
    /// The duration in minutes.
    pub watch_duration_minutes: serde_json::Number,
    /// The start, in the form of the sample.
    pub watch_date: String,
}

impl WatchLogSample {
    /// Validates the options.
    ///
    /// # Errors
    /// [`SampleError`] for the first number out of range.
    pub fn validate(&self) -> Result<(), SampleError> {
        for (of, value, min, max) in [
            ("rows", self.rows, 1, 1_000_000_000),
            ("users", self.user_count().into(), 1, 10_000_000),
            ("days", self.days.into(), 1, 3_660),
        ] {
            if !(min..=max).contains(&value) {
                return Err(SampleError {
                    of,
                    min,
                    max,
                    value,
                });
            }
        }
        Ok(())
    }

    /// Returns the number of users.
    pub fn user_count(&self) -> u32 {
        let default = || (self.rows / 20).clamp(1, 10_000_000) as u32;
        self.users.unwrap_or_else(default)
    }

    /// Returns the rows; none if the options are invalid. Memory does not depend on the
    /// number of rows.
    pub fn rows(&self) -> impl Iterator<Item = WatchLogRow> + use<> {
        let rows = if self.validate().is_ok() {
            self.rows
        } else {
            0
        };
        let sample = self.clone();
        let users = self.user_count();
        let mut rng = SeededRng::new(self.seed, RngPurpose::WatchLogSample, 0, 0);
        let mut sitting = Sitting::default();
        (0..rows).map(move |row| {
            if sitting.left == 0 {
                // The factors have at most 30 and 12 bits.
                let day = row * u64::from(sample.days) / sample.rows;
                sitting =
                    Sitting::begin(&mut rng, users, sample.start + day as i64 * MICROS_PER_DAY);
            }
            sitting.next_row(&mut rng, sample.dates)
        })
    }

    /// Writes the rows to `out`.
    ///
    /// # Errors
    /// An error of writing.
    pub fn write(&self, format: SampleFormat, mut out: impl Write) -> io::Result<()> {
        match format {
            SampleFormat::Csv => {
                let mut csv = csv::Writer::from_writer(&mut out);
                for row in self.rows() {
                    csv.serialize(row).map_err(io::Error::from)?;
                }
                csv.flush()?;
            }
            SampleFormat::Json => {
                for row in self.rows() {
                    serde_json::to_writer(&mut out, &row)?;
                    out.write_all(b"\n")?;
                }
            }
        }
        out.flush()
    }
}

/// The viewings that one user begins one after another.
#[derive(Debug, Clone, Copy)]
struct Sitting {
    user: u32,
    show: Show,
    /// The start of the next viewing in UTC microseconds.
    at_us: i64,
    /// The number of viewings left.
    left: u32,
    is_binge: bool,
}

impl Default for Sitting {
    fn default() -> Self {
        let [show, ..] = SHOWS;
        Self {
            user: 0,
            show,
            at_us: 0,
            left: 0,
            is_binge: false,
        }
    }
}

impl Sitting {
    /// Begins a sitting on the day with this midnight.
    fn begin(rng: &mut SeededRng, users: u32, midnight_us: i64) -> Self {
        // Popularity falls with the rank.
        let rank = rng.weighted((1..=SHOWS.len() as u32).map(|rank| 1_000 / (rank + 1)));
        let is_binge = rng.percent_chance(BINGE_PERCENT);
        let (hours, left) = if is_binge {
            // The last of six viewings begins before midnight.
            (rng.between(14, 17), rng.low_biased(3, 6))
        } else {
            (rng.between(6, 23), 1)
        };
        let second = i64::from(hours) * 3_600 + i64::from(rng.between(1, 3_599));
        let default = Self::default();
        Self {
            user: rng.low_biased(0, users.saturating_sub(1)),
            show: SHOWS.get(rank).copied().unwrap_or(default.show),
            at_us: midnight_us + second * 1_000_000,
            left,
            is_binge,
        }
    }

    /// Returns the next viewing and moves on to its end.
    fn next_row(&mut self, rng: &mut SeededRng, dates: DateForm) -> WatchLogRow {
        let tenths = self.duration_tenths(rng);
        let row = WatchLogRow {
            user_id: format!("user-{:05}", self.user + 1),
            show_name: self.show.name,
            watch_duration_minutes: if tenths.is_multiple_of(10) {
                (tenths / 10).into()
            } else {
                serde_json::Number::from_f64(f64::from(tenths) / 10.0).unwrap_or(0.into())
            },
            watch_date: date_text(self.at_us, self.user, dates, rng),
        };
        let pause = i64::from(rng.between(1, 4)) * MINUTE_US;
        self.at_us += i64::from(tenths) * MINUTE_US / 10 + pause;
        self.left = self.left.saturating_sub(1);
        row
    }

    /// Draws a duration in tenths of a minute.
    fn duration_tenths(&self, rng: &mut SeededRng) -> u32 {
        let runtime = self.show.runtime_minutes;
        if self.is_binge || rng.percent_chance(COMPLETE_PERCENT) {
            // Many users stop in the credits.
            let whole = (runtime - rng.below(3)) * 10;
            return if rng.percent_chance(10) {
                whole - 5
            } else {
                whole
            };
        }
        if rng.percent_chance(LEFT_ON_PERCENT) {
            return runtime * rng.between(4, 10) * 10;
        }
        rng.between(1, runtime - 1) * 10
    }
}

/// Formats the start of a viewing.
fn date_text(at_us: i64, user: u32, dates: DateForm, rng: &mut SeededRng) -> String {
    const FORMS: [DateForm; 4] = [
        DateForm::Date,
        DateForm::Space,
        DateForm::Utc,
        DateForm::Offset,
    ];
    let form = match dates {
        DateForm::Mixed => rng.pick(&FORMS).copied().unwrap_or(DateForm::Date),
        form => form,
    };
    let utc = utc_text(at_us);
    let without_zone = utc.trim_end_matches('Z');
    match form {
        DateForm::Date => without_zone
            .split('T')
            .next()
            .unwrap_or_default()
            .to_owned(),
        DateForm::Space => without_zone.replace('T', " "),
        DateForm::Utc | DateForm::Mixed => utc,
        DateForm::Offset => {
            let offset = OFFSETS.get(user as usize % OFFSETS.len()).copied();
            let offset = offset.unwrap_or_default();
            let local = utc_text(at_us + offset * MINUTE_US);
            let sign = if offset < 0 { '-' } else { '+' };
            let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
            let local = local.trim_end_matches('Z');
            format!("{local}{sign}{hours:02}:{minutes:02}")
        }
    }
}

fn utc_text(at_us: i64) -> String {
    let mut text = Vec::new();
    format_utc(at_us, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
