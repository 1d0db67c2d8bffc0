//! MovieLens: `ratings.csv` -> `rate` events, `movies.csv` -> the catalogue.
//! (<https://grouplens.org/datasets/movielens/>)

use std::borrow::Cow;

use marquee_event::{EventType, Rating, Title, TitleKind};

use super::rebase::{Rebase, Span};
use super::row::{event, id_of, outgoing, session_of};
use super::spool::Spooled;
use super::table::Table;
use super::{Format, Input, SourceError};
use crate::Outgoing;

/// The columns of `ratings.csv`.
pub(super) const RATING_COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const MOVIE_COLUMNS: [&str; 3] = ["movieId", "title", "genres"];

const WHOLE_NUMBER: &str = "a whole number from 0 to 4294967295";
/// The seconds of the years 1970 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = 0..=253_402_300_799;

/// A row of `ratings.csv`.
#[derive(Debug, Clone, Copy)]
struct Rated {
    at_s: i64,
    user: u32,
    movie: u32,
    rating: Rating,
}

pub(super) fn open(
    ratings: Spooled,
    movies: Option<Spooled>,
    span: Option<Span>,
) -> Result<Input, SourceError> {
    let catalogue = movies.map(read_movies).transpose()?;
    let mut rows = read_ratings(ratings)?;
    rows.sort_by_key(|row| row.at_s);
    let at_us = |row: Option<&Rated>| row.map_or(0, |row| row.at_s * 1_000_000);
    let rebase = Rebase::new(span, at_us(rows.first()), at_us(rows.last()));
    Ok(Input {
        format: Format::Movielens,
        count: rows.len() as u64,
        timed: !rows.is_empty(),
        catalogue,
        events: Box::new(rows.into_iter().map(move |row| Ok(rate(row, rebase)))),
    })
}

fn rate(row: Rated, rebase: Rebase) -> Outgoing {
    let (user, title) = (format!("ml-{}", row.user), format!("ml-m{}", row.movie));
    let event_time = rebase.map(row.at_s * 1_000_000);
    let halves = row.rating.halves().to_string();
    let event_id = id_of(&[
        "movielens",
        "rate",
        &user,
        &title,
        &halves,
        &row.at_s.to_string(),
    ]);
    let session = session_of("movielens", &user, row.at_s * 1_000_000);
    let mut rate = event(event_id, EventType::Rate, event_time, &user, &session);
    rate.title_id = Some(Cow::Borrowed(&title));
    rate.rating = Some(row.rating);
    outgoing(&rate)
}

fn read_ratings(ratings: Spooled) -> Result<Vec<Rated>, SourceError> {
    let mut table = Table::open(ratings, RATING_COLUMNS)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next()? {
        let [user, movie, rating, timestamp] = row.fields;
        rows.push(Rated {
            user: user.parse().map_err(|_| row.unexpected(0, WHOLE_NUMBER))?,
            movie: movie.parse().map_err(|_| row.unexpected(1, WHOLE_NUMBER))?,
            rating: rating
                .parse()
                .ok()
                .and_then(Rating::from_stars)
                .ok_or_else(|| row.unexpected(2, "0.5 to 5 in halves"))?,
            at_s: timestamp
                .parse()
                .ok()
                .filter(|at| SECONDS.contains(at))
                .ok_or_else(|| row.unexpected(3, "seconds since 1970"))?,
        });
    }
    Ok(rows)
}

fn read_movies(movies: Spooled) -> Result<Vec<Title>, SourceError> {
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
            release_date: year.map(|year| format!("{year}-01-01")),
        };
        title
            .validate()
            .map_err(|error| row.error(error.to_string()))?;
        titles.push(title);
    }
    Ok(titles)
}

/// `Toy Story (1995)` is Toy Story of 1995; of a range of years, `(2006–2007)`,
/// the first counts. A name without a year stays as it is.
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
    fn a_year_in_brackets_is_the_release() {
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
    fn genres_are_words_or_none() {
        assert_eq!(genres_of("Drama|Film-Noir"), ["Drama", "Film-Noir"]);
        assert!(genres_of("(no genres listed)").is_empty());
    }
}
