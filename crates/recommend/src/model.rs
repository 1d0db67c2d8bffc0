//! Ranking what a viewer has not touched.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use marquee_event::Title;

use crate::viewer::Viewer;
use crate::work::Work;

/// What each part weighs in a score.
const TASTE: f64 = 0.5;
const POPULARITY: f64 = 0.3;
const RATING: f64 = 0.2;
/// The least and the most stars.
const STARS: (f64, f64) = (0.5, 5.0);
/// Where nobody has rated anything.
const MIDDLE: f64 = 0.5;

/// How a title is received.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reception {
    /// How many viewers it had of late (`title_popularity`).
    pub viewers: u64,
    /// Its weighted rating in stars (`title_rating`), if anybody rated it.
    pub weighted_rating: Option<f64>,
}

/// The titles, and how they are received.
#[derive(Debug)]
pub struct Model {
    pub(crate) titles: Vec<Title>,
    pub(crate) works: Vec<Work>,
    /// Each title's place, by id.
    pub(crate) places: HashMap<String, usize>,
    /// Each title's work.
    pub(crate) work_of: Vec<usize>,
    /// Each work's standing.
    standings: Vec<Standing>,
}

/// What of a work's score is the same for all viewers.
#[derive(Debug)]
struct Standing {
    /// Its genres, each once.
    genres: Vec<String>,
    popularity: f64,
    rating: f64,
}

/// A work that is recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommended<'m> {
    /// The title that stands for it.
    pub title: &'m Title,
    /// How good a match it is, 0 to 1.
    pub score: f64,
    /// How much its genres are the viewer's, 0 to 1; `None` where no taste is known.
    pub taste: Option<f64>,
    /// How popular it is, 0 to 1.
    pub popularity: f64,
    /// How well it is rated, 0 to 1.
    pub rating: f64,
    /// Its genres that the viewer likes.
    pub genres: Vec<&'m str>,
}

impl Model {
    /// The model of these titles; `reception` knows how each is received, by id.
    pub fn new(titles: Vec<Title>, reception: &HashMap<String, Reception>) -> Self {
        let works = Work::of(&titles);
        let places = titles
            .iter()
            .enumerate()
            .map(|(place, title)| (title.title_id.clone(), place))
            .collect();
        let mut work_of = vec![0; titles.len()];
        for (index, work) in works.iter().enumerate() {
            for &title in &work.titles {
                work_of[title] = index;
            }
        }
        let standings = standings(&titles, &works, reception);
        Self {
            titles,
            works,
            places,
            work_of,
            standings,
        }
    }

    /// The title of that id.
    pub fn title(&self, title_id: &str) -> Option<&Title> {
        self.places.get(title_id).map(|&place| &self.titles[place])
    }

    /// Whether the viewer's taste is known.
    pub fn knows(&self, viewer: &Viewer) -> bool {
        norm(viewer) > 0.0
    }

    /// At most `limit` works that the viewer has not touched, the best first.
    pub fn recommend(&self, viewer: &Viewer, limit: usize) -> Vec<Recommended<'_>> {
        let touched: HashSet<usize> = viewer
            .history
            .iter()
            .filter_map(|seen| self.places.get(&seen.title_id))
            .map(|&title| self.work_of[title])
            .collect();
        let shares: HashMap<&str, f64> = viewer
            .taste
            .iter()
            .map(|(genre, share)| (genre.as_str(), *share))
            .collect();
        let norm = norm(viewer);
        let mut scored: Vec<(f64, usize)> = (0..self.works.len())
            .filter(|work| !touched.contains(work))
            .map(|work| {
                let standing = &self.standings[work];
                (standing.score(standing.taste(&shares, norm)), work)
            })
            .collect();
        if limit < scored.len() {
            scored.select_nth_unstable_by(limit, best_first);
            scored.truncate(limit);
        }
        scored.sort_unstable_by(best_first);
        scored
            .into_iter()
            .map(|(score, work)| {
                let standing = &self.standings[work];
                Recommended {
                    title: &self.titles[self.works[work].first()],
                    score,
                    taste: standing.taste(&shares, norm),
                    popularity: standing.popularity,
                    rating: standing.rating,
                    genres: standing.shared(&shares).collect(),
                }
            })
            .collect()
    }
}

/// By score, then in the order of works, which is that of title ids.
fn best_first(one: &(f64, usize), other: &(f64, usize)) -> Ordering {
    other.0.total_cmp(&one.0).then(one.1.cmp(&other.1))
}

/// How long the viewer's taste is as a vector over genres.
fn norm(viewer: &Viewer) -> f64 {
    let squares = viewer.taste.iter().map(|(_, share)| share * share);
    squares.sum::<f64>().sqrt()
}

impl Standing {
    /// The cosine between a taste and the genres; `None` for no taste.
    fn taste(&self, shares: &HashMap<&str, f64>, norm: f64) -> Option<f64> {
        if norm <= 0.0 {
            return None;
        }
        if self.genres.is_empty() {
            return Some(0.0);
        }
        let common: f64 = self.shared(shares).map(|genre| shares[genre]).sum();
        let length = norm * (self.genres.len() as f64).sqrt();
        Some((common / length).clamp(0.0, 1.0))
    }

    /// The genres that are part of a taste.
    fn shared<'s>(&'s self, shares: &HashMap<&str, f64>) -> impl Iterator<Item = &'s str> {
        let genres = self.genres.iter().map(String::as_str);
        genres.filter(|genre| shares.get(genre).is_some_and(|share| *share > 0.0))
    }

    fn score(&self, taste: Option<f64>) -> f64 {
        let others = POPULARITY * self.popularity + RATING * self.rating;
        match taste {
            Some(taste) => TASTE * taste + others,
            None => others / (POPULARITY + RATING),
        }
    }
}

fn standings(
    titles: &[Title],
    works: &[Work],
    reception: &HashMap<String, Reception>,
) -> Vec<Standing> {
    let of = |title: usize| reception.get(&titles[title].title_id);
    let most = reception.values().map(|known| known.viewers).max();
    let most = (most.unwrap_or(0) as f64).ln_1p();
    let ratings: Vec<Option<f64>> = works
        .iter()
        .map(|work| {
            let known = work.titles.iter().filter_map(|&title| of(title));
            mean(known.filter_map(|known| known.weighted_rating.map(rating)))
        })
        .collect();
    let usual = mean(ratings.iter().flatten().copied()).unwrap_or(MIDDLE);
    works
        .iter()
        .zip(ratings)
        .map(|(work, rating)| {
            let known = work.titles.iter().filter_map(|&title| of(title));
            let viewers = known.map(|known| known.viewers).max().unwrap_or(0);
            Standing {
                genres: genres(work, titles),
                popularity: match most > 0.0 {
                    true => (viewers as f64).ln_1p() / most,
                    false => 0.0,
                },
                rating: rating.unwrap_or(usual),
            }
        })
        .collect()
}

/// Stars on a scale from 0 to 1.
fn rating(stars: f64) -> f64 {
    ((stars - STARS.0) / (STARS.1 - STARS.0)).clamp(0.0, 1.0)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

/// The genres of all its titles, in the order they come.
fn genres(work: &Work, titles: &[Title]) -> Vec<String> {
    let mut genres: Vec<String> = Vec::new();
    for genre in work.titles.iter().flat_map(|&title| &titles[title].genres) {
        if !genres.contains(genre) {
            genres.push(genre.clone());
        }
    }
    genres
}

#[cfg(test)]
pub(crate) mod tests;
