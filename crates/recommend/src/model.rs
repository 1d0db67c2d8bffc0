//! The recommendation model and its ranking.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use marquee_event::Title;

use crate::neighbours::{Near, Nearness, Neighbour, Neighbours};
use crate::standing::{Reception, Standing};
use crate::taste::Taste;
use crate::viewer::Viewer;
use crate::work::CreativeWork;

/// The weight of each component of a score.
const NEARNESS_WEIGHT: f64 = 0.4;
const TASTE_WEIGHT: f64 = 0.15;
const POPULARITY_WEIGHT: f64 = 0.25;
const RATING_WEIGHT: f64 = 0.2;

/// A recommendation model for a title catalog.
#[derive(Debug)]
pub struct Model {
    pub(crate) titles: Vec<Title>,
    pub(crate) works: Vec<CreativeWork>,
    /// The index in `titles` of each title id.
    pub(crate) title_index: HashMap<String, usize>,
    /// The index in `works` of each title.
    pub(crate) work_of: Vec<usize>,
    pub(crate) neighbours: Neighbours,
    /// The standing of each work.
    standings: Vec<Standing>,
}

/// A recommended work.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendedWork<'m> {
    /// The title that represents the work.
    pub title: &'m Title,
    /// The overall score, 0 to 1.
    pub score: f64,
    /// The similarity to works that the viewer liked, 0 to 1; `None` if no work is
    /// similar to any of them.
    pub nearness: Option<f64>,
    /// The liked title that contributes most to `nearness`.
    pub because: Option<&'m Title>,
    /// The match of the genres with the viewer's taste, 0 to 1; `None` if the taste
    /// is unknown.
    pub taste: Option<f64>,
    /// The genres that are part of the viewer's taste.
    pub genres: Vec<&'m str>,
    /// The popularity, 0 to 1.
    pub popularity: f64,
    /// The normalised rating, 0 to 1.
    pub rating: f64,
}

impl Model {
    /// Creates a model of these titles.
    ///
    /// `reception` holds popularity and rating by title id; `neighbours` holds pairs
    /// of works that the same users liked. Ignores neighbours outside the catalog.
    pub fn new<'t>(
        titles: Vec<Title>,
        reception: &HashMap<String, Reception>,
        neighbours: impl IntoIterator<Item = Neighbour<'t>>,
    ) -> Self {
        let works = CreativeWork::group(&titles);
        let title_index = titles
            .iter()
            .enumerate()
            .map(|(index, title)| (title.title_id.clone(), index))
            .collect();
        let mut work_of = vec![0; titles.len()];
        for (index, work) in works.iter().enumerate() {
            for &title in &work.titles {
                work_of[title] = index;
            }
        }
        let neighbours = Neighbours::new(neighbours, works.len(), |work_id| {
            let by_id = works.binary_search_by(|work| work.work_id.as_str().cmp(work_id));
            by_id.ok()
        });
        let standings = Standing::of(&titles, &works, reception);
        Self {
            titles,
            works,
            title_index,
            work_of,
            neighbours,
            standings,
        }
    }

    /// Returns the title with this id.
    pub fn title(&self, title_id: &str) -> Option<&Title> {
        let index = *self.title_index.get(title_id)?;
        Some(&self.titles[index])
    }

    /// Returns `true` if the viewer's taste or history affects the ranking.
    pub fn can_personalize(&self, viewer: &Viewer) -> bool {
        Taste::of(viewer).is_known() || self.nearness(viewer).is_known()
    }

    /// Returns at most `limit` works that the viewer has not interacted with, best
    /// score first.
    pub fn recommend(&self, viewer: &Viewer, limit: usize) -> Vec<RecommendedWork<'_>> {
        let excluded: HashSet<usize> = viewer
            .history
            .iter()
            .filter_map(|interaction| self.title_index.get(&interaction.title_id))
            .map(|&title| self.work_of[title])
            .collect();
        let taste = Taste::of(viewer);
        let nearness = self.nearness(viewer);
        let mut scored: Vec<(f64, usize)> = (0..self.works.len())
            .filter(|work| !excluded.contains(work))
            .map(|work| {
                let standing = &self.standings[work];
                let near = near_of(&nearness, work);
                let fit = taste.fit(&standing.genres);
                (
                    score(near.map(|(nearness, _)| nearness), fit, standing),
                    work,
                )
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
                let near = near_of(&nearness, work);
                RecommendedWork {
                    title: &self.titles[self.works[work].first()],
                    score,
                    nearness: near.map(|(nearness, _)| nearness),
                    because: near.and_then(|(_, because)| Some(&self.titles[because?])),
                    taste: taste.fit(&standing.genres),
                    genres: taste.shared(&standing.genres).collect(),
                    popularity: standing.popularity,
                    rating: standing.rating,
                }
            })
            .collect()
    }
}

/// Orders by descending score, then by work id (the order of `works`).
fn best_first(one: &(f64, usize), other: &(f64, usize)) -> Ordering {
    other.0.total_cmp(&one.0).then(one.1.cmp(&other.1))
}

/// Returns the nearness of a work and the title that contributes most to it;
/// `None` if no work is near.
fn near_of(nearness: &Nearness, work: usize) -> Option<(f64, Option<usize>)> {
    nearness.is_known().then(|| match nearness.of(work) {
        Some(Near { nearness, because }) => (nearness, Some(because)),
        None => (0.0, None),
    })
}

/// Returns the weighted mean of the known components.
fn score(nearness: Option<f64>, taste: Option<f64>, standing: &Standing) -> f64 {
    let parts = [
        (NEARNESS_WEIGHT, nearness),
        (TASTE_WEIGHT, taste),
        (POPULARITY_WEIGHT, Some(standing.popularity)),
        (RATING_WEIGHT, Some(standing.rating)),
    ];
    let known = parts
        .iter()
        .filter_map(|(weight, part)| Some((weight, (*part)?)));
    let (sum, weights) = known.fold((0.0, 0.0), |(sum, weights), (weight, part)| {
        (sum + weight * part, weights + weight)
    });
    // Rounding can exceed 1 slightly.
    f64::min(sum / weights, 1.0)
}

#[cfg(test)]
pub(crate) mod tests;
