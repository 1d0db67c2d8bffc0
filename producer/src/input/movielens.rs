//! MovieLens files (<https://grouplens.org/datasets/movielens/>): `ratings.csv` gives
//! `rate` events, `movies.csv` the title catalog.

use std::borrow::Cow;

use marquee_event::{EventType, Rating, Title, TitleKind};

use super::rebase::{Rebase, TimeRange};
use super::row::{daily_session_id, deterministic_id, event, to_outgoing};
use super::spool::SpooledFile;
use super::table::Table;
use super::{Input, InputFormat, SourceError};
use crate::OutgoingEvent;

/// The columns of `ratings.csv`.
pub(super) const RATING_COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const MOVIE_COLUMNS: [&str; 3] = ["movieId", "title", "genres"];

const WHOLE_NUMBER: &str = "a whole number from 0 to 4294967295";
/// The timestamps of the years 1970 to 9999, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 0..=253_402_300_799;

/// A row of `ratings.csv`.
#[derive(Debug, Clone, Copy)]
struct RatingRow {
    at_s: i64,
    user: u32,
    movie: u32,
    rating: Rating,
}

pub(super) fn open(
    ratings: SpooledFile,
    movies: Option<SpooledFile>,
    range: Option<TimeRange>,
) -> Result<Input, SourceError> {
    let title_catalog = movies.map(read_movies).transpose()?;
    let mut rows = read_ratings(ratings)?;
    rows.sort_by_key(|row| row.at_s);
    let at_us = |row: Option<&RatingRow>| row.map_or(0, |row| row.at_s * 1_000_000);
    let rebase = Rebase::new(range, at_us(rows.first()), at_us(rows.last()));
    Ok(Input {
        format: InputFormat::Movielens,
        count: rows.len() as u64,
        timed: !rows.is_empty(),
        title_catalog,
        events: Box::new(rows.into_iter().map(move |row| rate(row, rebase))),
    })
}

fn rate(row: RatingRow, rebase: Rebase) -> Result<OutgoingEvent, SourceError> {
    let (user, title) = (format!("ml-{}", row.user), format!("ml-m{}", row.movie));
    let event_time = rebase.map(row.at_s * 1_000_000);
    let halves = row.rating.halves().to_string();
    let event_id = deterministic_id(&[
        "movielens",
        "rate",
        &user,
        &title,
        &halves,
        &row.at_s.to_string(),
    ]);
    let session = daily_session_id("movielens", &user, row.at_s * 1_000_000);
    let mut rate = event(event_id, EventType::Rate, event_time, &user, &session);
    rate.title_id = Some(Cow::Borrowed(&title));
    rate.rating = Some(row.rating);
    Ok(to_outgoing(&rate)?)
}

fn read_ratings(ratings: SpooledFile) -> Result<Vec<RatingRow>, SourceError> {
    let mut table = Table::open(ratings, RATING_COLUMNS)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next()? {
        let [user, movie, rating, timestamp] = row.fields;
        rows.push(RatingRow {
            user: user.parse().map_err(|_| row.unexpected(0, WHOLE_NUMBER))?,
            movie: movie.parse().map_err(|_| row.unexpected(1, WHOLE_NUMBER))?,
            rating: rating
                .parse()
                .ok()
                .and_then(Rating::from_stars)
                .ok_or_else(|| row.unexpected(2, "0.5 to 5 in steps of 0.5"))?,
            at_s: timestamp
                .parse()
                .ok()
                .filter(|at| SECONDS.contains(at))
                .ok_or_else(|| row.unexpected(3, "seconds since 1970"))?,
        });
    }
    Ok(rows)
}

fn read_movies(movies: SpooledFile) -> Result<Vec<Title>, SourceError> {
    let mut table = Table::open(movies, MOVIE_COLUMNS)?;
    let mut titles = Vec::new();
    while let Some(row) = table.next()? {
        let [movie, title, genres] = row.fields;
        let movie: u32 = movie.parse().map_err(|_| row.unexpected(0, WHOLE_NUMBER))?;
        let (name, year) = name_and_year(title);
        let title = Title {
            title_id: format!("ml-m{movie}"),
            name: name.to_owned(),
            kind: TitleKind::Movie,
            series_id: None,
            season: None,
            episode: None,
            genres: genres_of(genres),
            runtime_ms: None,
            runtime_estimated: false,
            release_date: year.map(|year| format!("{year}-01-01")),
        };
        title
            .validate()
            .map_err(|error| row.error(error.to_string()))?;
        titles.push(title);
    }
    Ok(titles)
}

/// Splits a name like `Toy Story (1995)` into name and year. For a range of years,
/// `(2006–2007)`, returns the first. Returns a name without a year unchanged.
fn name_and_year(title: &str) -> (&str, Option<&str>) {
    let cut = || {
        let (name, years) = title.strip_suffix(')')?.rsplit_once('(')?;
        let (year, rest) = years.split_at_checked(4)?;
        let is_year = year.bytes().all(|digit| digit.is_ascii_digit())
            && rest
                .chars()
                .all(|c| c.is_ascii_digit() || c == '-' || c == '–' || c == ' ');
        let name = name.trim_end();
        (is_year && !name.is_empty()).then_some((name, year))
    };
    cut().map_or((title, None), |(name, year)| (name, Some(year)))
}

fn genres_of(genres: &str) -> Vec<String> {
    if genres == "(no genres listed)" {
        return Vec::new();
    }
    genres
        .split('|')
        .filter(|genre| !genre.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_year_in_parentheses_is_the_release_year() {
        for (title, expected) in [
            ("Toy Story (1995)", ("Toy Story", Some("1995"))),
            (
                "Death Note: Desu nôto (2006–2007)",
                ("Death Note: Desu nôto", Some("2006")),
            ),
            ("Babylon 5", ("Babylon 5", None)),
            (
                "Seven (a.k.a. Se7en) (1995)",
                ("Seven (a.k.a. Se7en)", Some("1995")),
            ),
            (
                "(500) Days of Summer (2009)",
                ("(500) Days of Summer", Some("2009")),
            ),
            ("(1995)", ("(1995)", None)),
            ("Odd (19é5)", ("Odd (19é5)", None)),
        ] {
            assert_eq!(name_and_year(title), expected);
        }
    }

    #[test]
    fn genres_are_split_or_empty() {
        assert_eq!(genres_of("Drama|Film-Noir"), ["Drama", "Film-Noir"]);
        assert!(genres_of("(no genres listed)").is_empty());
    }
}
