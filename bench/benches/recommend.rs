//! How good recommendations are, by what the viewers of MovieLens rated next.
//!
//! ```console
//! $ cargo bench -p marquee-bench --bench recommend -- ml-latest-small
//! ```
//!
//! Of each user's ratings in the order of time, the first four fifths are the history,
//! as the curated tables would have it; what of the others has four stars or more is
//! what was to be found. An order's first twenty are looked at.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use marquee_bench::neighbours::{self, Liked};
use marquee_event::{Title, TitleKind};
use marquee_recommend::evaluation::{is_hit, ndcg};
use marquee_recommend::{Interaction, Model, Neighbour, Reception, Viewer};
use serde::Deserialize;

/// How many of an order are looked at.
const DEPTH: usize = 20;
/// How many stars say that a title was one to find.
const GOOD: f32 = 4.0;
/// How many ratings of the mean a title's weighted rating has besides its own.
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
    // Cargo says `--bench`.
    let directory = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let Some(directory) = directory else {
        println!("recommend: skipped, it wants the directory of MovieLens' ratings.csv");
        return Ok(());
    };
    let directory = Path::new(&directory);
    let titles = titles(&directory.join("movies.csv"))?;
    let viewers = viewers(&directory.join("ratings.csv"), &titles)?;
    let reception = reception(&viewers);
    let neighbours = neighbours::of(viewers.iter().map(|viewer| viewer.liked()));

    println!(
        "{:<24} {:>8} {:>8} {:>8} {:>10}",
        "order", "hit@20", "ndcg@20", "titles", "us each"
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
    report("popularity, rating", &without, &viewers, no_taste);
    report("and taste", &without, &viewers, Viewer::clone);
    report("and neighbours", &with, &viewers, no_taste);
    report("all", &with, &viewers, Viewer::clone);
    Ok(())
}

/// A user: what the tables would know, and what was to be found.
struct Case {
    viewer: Viewer,
    found: Vec<String>,
}

impl Case {
    /// What the user liked, the latest first.
    fn liked(&self) -> impl Iterator<Item = Liked<'_>> {
        let history = self.viewer.history.iter();
        history.map(|seen| Liked {
            work_id: &seen.title_id,
            rating: seen.rating,
            completion_rate: seen.completion_rate,
        })
    }
}

/// Ranks for every user that has something to be found, and prints how well it was.
fn report(name: &str, model: &Model, cases: &[Case], known: impl Fn(&Viewer) -> Viewer) {
    let (mut hits, mut gain, mut users) = (0.0, 0.0, 0.0);
    let mut offered: HashSet<&str> = HashSet::new();
    let mut took = 0.0;
    for case in cases.iter().filter(|case| !case.found.is_empty()) {
        let viewer = known(&case.viewer);
        let began = Instant::now();
        let recommended = model.recommend(&viewer, DEPTH);
        took += began.elapsed().as_secs_f64();
        let order: Vec<&str> = recommended.iter().map(|one| &*one.title.title_id).collect();
        let found: Vec<&str> = case.found.iter().map(String::as_str).collect();
        hits += f64::from(u8::from(is_hit(&order, &found, DEPTH)));
        gain += ndcg(&order, &found, DEPTH).unwrap_or(0.0);
        users += 1.0;
        offered.extend(order);
    }
    let each = took / users * 1e6;
    println!(
        "{name:<24} {:>8.3} {:>8.4} {:>8} {each:>10.0}",
        hits / users,
        gain / users,
        offered.len()
    );
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
    let case = |mut ratings: Vec<Rating>| {
        ratings.sort_by(|one, other| {
            let by_time = one.timestamp.cmp(&other.timestamp);
            by_time.then_with(|| one.movie.cmp(&other.movie))
        });
        let later = ratings.split_off(ratings.len() * 4 / 5);
        let good = later.into_iter().filter(|rating| rating.rating >= GOOD);
        Case {
            viewer: viewer(&ratings, &genres),
            found: good.map(|rating| rating.movie).collect(),
        }
    };
    Ok(by_user.into_values().map(case).collect())
}

fn viewer(ratings: &[Rating], genres: &HashMap<&str, &[String]>) -> Viewer {
    let mut affinity: BTreeMap<&str, f64> = BTreeMap::new();
    for rating in ratings {
        let genres = genres.get(rating.movie.as_str()).copied();
        for genre in genres.unwrap_or_default() {
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
    Viewer {
        taste: affinity
            .into_iter()
            .filter(|(_, affinity)| *affinity > 0.0)
            .map(|(genre, affinity)| (genre.to_owned(), affinity / sum))
            .collect(),
        history: ratings.iter().rev().map(seen).collect(),
    }
}

/// Viewers and weighted ratings, as `title_popularity` and `title_rating` have them.
fn reception(cases: &[Case]) -> HashMap<String, Reception> {
    let mut stars: HashMap<&str, (f64, f64)> = HashMap::new();
    for seen in cases.iter().flat_map(|case| &case.viewer.history) {
        let known = stars.entry(&seen.title_id).or_default();
        known.0 += 1.0;
        known.1 += f64::from(seen.rating.unwrap_or_default());
    }
    let count: f64 = stars.values().map(|known| known.0).sum();
    let mean = stars.values().map(|known| known.1).sum::<f64>() / count;
    stars
        .into_iter()
        .map(|(title, (count, sum))| {
            let weighted_rating = Some((sum + WEIGHT * mean) / (count + WEIGHT));
            let reception = Reception {
                viewers: count as u64,
                weighted_rating,
            };
            (title.to_owned(), reception)
        })
        .collect()
}

fn rows<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<impl Iterator<Item = csv::Result<T>>> {
    let reader = csv::Reader::from_path(file);
    let reader = reader.with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(reader.into_deserialize())
}
