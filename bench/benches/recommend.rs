//! Evaluates the recommendations against the next ratings of MovieLens' viewers.
//!
//! ```console
//! $ cargo bench -p marquee-bench --bench recommend -- ml-latest-small
//! ```
//!
//! The first four fifths of each user's ratings, by time, are the history, as the
//! curated tables would have it. The titles that the user rated with four or more
//! stars in the last fifth are the relevant ones. The first twenty titles of a
//! ranking count.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use marquee_bench::neighbours::{WatchedWork, title_neighbours};
use marquee_bench::ranking::{is_hit, ndcg};
use marquee_event::{Title, TitleKind};

use marquee_recommend::{Interaction, Model, Neighbour, Reception, Viewer};
use serde::Deserialize;

/// The number of recommended titles that count.
const DEPTH: usize = 20;
/// The minimum number of stars of a relevant title.
const RELEVANT_STARS: f32 = 4.0;
/// The number of ratings at the mean that a title's weighted rating includes.
const WEIGHT: f64 = 10.0;

#[derive(Deserialize)]
struct Movie {
    #[serde(rename = "movieId")]
    id: String,
    title: String,
    genres: String,
}

#[derive(Deserialize)]
struct Rating {
    #[serde(rename = "userId")]
    user: u32,
    #[serde(rename = "movieId")]
    movie: String,
    rating: f32,
    timestamp: i64,
}

fn main() -> Result<()> {
    // Cargo passes `--bench`.
    let directory = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let Some(directory) = directory else {
        println!("recommend: skipped; pass the directory with MovieLens' ratings.csv");
        return Ok(());
    };
    let directory = Path::new(&directory);
    let titles = titles(&directory.join("movies.csv"))?;
    let viewers = viewers(&directory.join("ratings.csv"), &titles)?;
    let reception = reception(&viewers)?;
    let neighbours = title_neighbours(viewers.iter().map(|viewer| viewer.watched()));

    println!(
        "{:<24} {:>8} {:>8} {:>8} {:>10}",
        "ranking", "hit@20", "ndcg@20", "titles", "µs each"
    );
    let without = Model::new(titles.clone(), &reception, []);
    let pairs = neighbours.iter().map(|(one, other, similarity)| Neighbour {
        work_id: one,
        neighbour_id: other,
        similarity: *similarity,
    });
    let with = Model::new(titles, &reception, pairs);
    let no_taste = |viewer: &Viewer| Viewer {
        taste: Vec::new(),
        ..viewer.clone()
    };
    report("popularity, rating", &without, &viewers, no_taste)?;
    report("and taste", &without, &viewers, Viewer::clone)?;
    report("and neighbours", &with, &viewers, no_taste)?;
    report("all", &with, &viewers, Viewer::clone)
}

/// A user: the history, and the titles that the user rated highly afterwards.
struct Case {
    viewer: Viewer,
    relevant: Vec<String>,
}

impl Case {
    /// Returns the works that the user watched, the latest first.
    fn watched(&self) -> impl Iterator<Item = WatchedWork<'_>> {
        let history = self.viewer.history.iter();
        history.map(|seen| WatchedWork {
            work_id: &seen.title_id,
            rating: seen.rating,
            completion_rate: seen.completion_rate,
        })
    }
}

/// Ranks titles for every user with relevant titles and prints the quality of the
/// rankings.
fn report(
    name: &str,
    model: &Model,
    cases: &[Case],
    known: impl Fn(&Viewer) -> Viewer,
) -> Result<()> {
    let (mut hits, mut gain, mut users) = (0.0, 0.0, 0.0);
    let mut offered: HashSet<&str> = HashSet::new();
    let mut took = 0.0;
    for case in cases.iter().filter(|case| !case.relevant.is_empty()) {
        let viewer = known(&case.viewer);
        let began = Instant::now();
        let recommended = model.recommend(&viewer, DEPTH);
        took += began.elapsed().as_secs_f64();
        let ranking: Vec<&str> = recommended.iter().map(|one| &*one.title.title_id).collect();
        let relevant: Vec<&str> = case.relevant.iter().map(String::as_str).collect();
        hits += f64::from(u8::from(is_hit(&ranking, &relevant, DEPTH)));
        gain += ndcg(&ranking, &relevant, DEPTH).context("a user has no relevant titles")?;
        users += 1.0;
        offered.extend(ranking);
    }
    let each = took / users * 1e6;
    println!(
        "{name:<24} {:>8.3} {:>8.4} {:>8} {each:>10.0}",
        hits / users,
        gain / users,
        offered.len()
    );
    Ok(())
}

fn titles(file: &Path) -> Result<Vec<Title>> {
    let title = |movie: Movie| Title {
        title_id: movie.id,
        name: movie.title,
        kind: TitleKind::Movie,
        series_id: None,
        season: None,
        episode: None,
        genres: match movie.genres.starts_with('(') {
            true => Vec::new(),
            false => movie.genres.split('|').map(str::to_owned).collect(),
        },
        runtime_ms: None,
        runtime_estimated: false,
        release_date: None,
    };
    rows(file)?.map(|movie| Ok(title(movie?))).collect()
}

fn viewers(file: &Path, titles: &[Title]) -> Result<Vec<Case>> {
    let genres: HashMap<&str, &[String]> = titles
        .iter()
        .map(|title| (title.title_id.as_str(), title.genres.as_slice()))
        .collect();
    let mut by_user: BTreeMap<u32, Vec<Rating>> = BTreeMap::new();
    for rating in rows::<Rating>(file)? {
        let rating = rating?;
        by_user.entry(rating.user).or_default().push(rating);
    }
    let case = |mut ratings: Vec<Rating>| -> Result<Case> {
        ratings.sort_by(|one, other| {
            let by_time = one.timestamp.cmp(&other.timestamp);
            by_time.then_with(|| one.movie.cmp(&other.movie))
        });
        let later = ratings.split_off(ratings.len() * 4 / 5);
        let relevant = later
            .into_iter()
            .filter(|rating| rating.rating >= RELEVANT_STARS);
        Ok(Case {
            viewer: viewer(&ratings, &genres)?,
            relevant: relevant.map(|rating| rating.movie).collect(),
        })
    };
    by_user.into_values().map(case).collect()
}

fn viewer(ratings: &[Rating], genres: &HashMap<&str, &[String]>) -> Result<Viewer> {
    let mut affinity: BTreeMap<&str, f64> = BTreeMap::new();
    for rating in ratings {
        let genres = genres
            .get(rating.movie.as_str())
            .with_context(|| format!("movies.csv lacks the rated movie {}", rating.movie))?;
        for genre in *genres {
            *affinity.entry(genre).or_default() += (f64::from(rating.rating) - 0.5) / 4.5;
        }
    }
    let sum: f64 = affinity.values().sum();
    let seen = |rating: &Rating| Interaction {
        title_id: rating.movie.clone(),
        views: 0,
        completion_rate: None,
        completed: false,
        rating: Some(rating.rating),
    };
    Ok(Viewer {
        taste: affinity
            .into_iter()
            .filter(|(_, affinity)| *affinity > 0.0)
            .map(|(genre, affinity)| (genre.to_owned(), affinity / sum))
            .collect(),
        history: ratings.iter().rev().map(seen).collect(),
    })
}

/// Returns the viewers and the weighted rating of each title, as `title_popularity`
/// and `title_rating` have them.
fn reception(cases: &[Case]) -> Result<HashMap<String, Reception>> {
    let mut stars: HashMap<&str, (f64, f64)> = HashMap::new();
    for seen in cases.iter().flat_map(|case| &case.viewer.history) {
        let known = stars.entry(&seen.title_id).or_default();
        known.0 += 1.0;
        let rating = seen.rating.context("a rated title has no rating")?;
        known.1 += f64::from(rating);
    }
    let count: f64 = stars.values().map(|known| known.0).sum();
    let mean = stars.values().map(|known| known.1).sum::<f64>() / count;
    Ok(stars
        .into_iter()
        .map(|(title, (count, sum))| {
            let weighted_rating = Some((sum + WEIGHT * mean) / (count + WEIGHT));
            let reception = Reception {
                viewers: count as u64,
                weighted_rating,
            };
            (title.to_owned(), reception)
        })
        .collect())
}

fn rows<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<impl Iterator<Item = csv::Result<T>>> {
    let reader = csv::Reader::from_path(file);
    let reader = reader.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(reader.into_deserialize())
}
