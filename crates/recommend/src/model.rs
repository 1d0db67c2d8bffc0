//! Ranking what a viewer has not touched.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use marquee_event::Title;

use crate::neighbours::{Near, Nearness, Neighbour, Neighbours};
use crate::standing::{Reception, Standing};
use crate::taste::Taste;
use crate::viewer::Viewer;
use crate::work::Work;

/// What each part weighs in a score.
const NEAR: f64 = 0.4;
const TASTE: f64 = 0.15;
const POPULARITY: f64 = 0.25;
const RATING: f64 = 0.2;

/// The titles, and what is known of them.
#[derive(Debug)]
pub struct Model {
    pub(crate) titles: Vec<Title>,
    pub(crate) works: Vec<Work>,
    /// Each title's place, by id.
    pub(crate) places: HashMap<String, usize>,
    /// Each title's work.
    pub(crate) work_of: Vec<usize>,
    pub(crate) neighbours: Neighbours,
    /// How each work stands.
    standings: Vec<Standing>,
}

/// A work that is recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommended<'m> {
    /// The title that stands for it.
    pub title: &'m Title,
    /// How good a match it is, 0 to 1.
    pub score: f64,
    /// How near it is to what the viewer liked, 0 to 1; `None` where nothing is near.
    pub nearness: Option<f64>,
    /// The title that the viewer liked and that it is nearest to.
    pub because: Option<&'m Title>,
    /// How much its genres are the viewer's, 0 to 1; `None` where no taste is known.
    pub taste: Option<f64>,
    /// Its genres that the viewer likes.
    pub genres: Vec<&'m str>,
    /// How popular it is, 0 to 1.
    pub popularity: f64,
    /// How well it is rated, 0 to 1.
    pub rating: f64,
}

impl Model {
    /// The model of these titles; `reception` knows how each is received, by id, and
    /// `neighbours` which works the same users liked.
    pub fn new<'t>(
        titles: Vec<Title>,
        reception: &HashMap<String, Reception>,
        neighbours: impl IntoIterator<Item = Neighbour<'t>>,
    ) -> Self {
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
        let neighbours = Neighbours::new(neighbours, works.len(), |work_id| {
            let by_id = works.binary_search_by(|work| work.work_id.as_str().cmp(work_id));
            by_id.ok()
        });
        let standings = Standing::of(&titles, &works, reception);
        Self {
            titles,
            works,
            places,
            work_of,
            neighbours,
            standings,
        }
    }

    /// The title of that id.
    pub fn title(&self, title_id: &str) -> Option<&Title> {
        self.places.get(title_id).map(|&place| &self.titles[place])
    }

    /// Whether anything that the viewer did says what they may like.
    pub fn knows(&self, viewer: &Viewer) -> bool {
        Taste::of(viewer).is_known() || self.nearness(viewer).is_known()
    }

    /// At most `limit` works that the viewer has not touched, the best first.
    pub fn recommend(&self, viewer: &Viewer, limit: usize) -> Vec<Recommended<'_>> {
        let touched: HashSet<usize> = viewer
            .history
            .iter()
            .filter_map(|seen| self.places.get(&seen.title_id))
            .map(|&title| self.work_of[title])
            .collect();
        let taste = Taste::of(viewer);
        let nearness = self.nearness(viewer);
        let mut scored: Vec<(f64, usize)> = (0..self.works.len())
            .filter(|work| !touched.contains(work))
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
                Recommended {
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

/// By score, then in the order of works, which is that of their ids.
fn best_first(one: &(f64, usize), other: &(f64, usize)) -> Ordering {
    other.0.total_cmp(&one.0).then(one.1.cmp(&other.1))
}

/// How near a work is, and because of which title; `None` where nothing is.
fn near_of(nearness: &Nearness, work: usize) -> Option<(f64, Option<usize>)> {
    nearness.is_known().then(|| match nearness.of(work) {
        Some(Near { nearness, because }) => (nearness, Some(because)),
        None => (0.0, None),
    })
}

/// The mean of what is known of the match, each part by its weight.
fn score(nearness: Option<f64>, taste: Option<f64>, standing: &Standing) -> f64 {
    let parts = [
        (NEAR, nearness),
        (TASTE, taste),
        (POPULARITY, Some(standing.popularity)),
        (RATING, Some(standing.rating)),
    ];
    let known = parts
        .iter()
        .filter_map(|(weight, part)| Some((weight, (*part)?)));
    let (sum, weights) = known.fold((0.0, 0.0), |(sum, weights), (weight, part)| {
        (sum + weight * part, weights + weight)
    });
    // Its rounding may pass 1 by a little.
    f64::min(sum / weights, 1.0)
}

#[cfg(test)]
pub(crate) mod tests;
