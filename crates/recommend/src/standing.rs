//! The viewer-independent part of a work's score: popularity and rating.

use std::collections::HashMap;

use marquee_event::Title;

use crate::viewer::normalised_stars;
use crate::work::CreativeWork;

/// The rating of all works if nobody has rated anything.
const DEFAULT_RATING: f64 = 0.5;

/// The reception of a title by all viewers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reception {
    /// The number of recent viewers (`title_popularity`).
    pub viewers: u64,
    /// The weighted rating in stars (`title_rating`); `None` for an unrated title.
    pub weighted_rating: Option<f64>,
}

/// The standing of a work: the components of its score that all viewers share.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The distinct genres.
    pub(crate) genres: Vec<String>,
    /// The number of viewers on a logarithmic scale, 0 to 1.
    pub(crate) popularity: f64,
    /// The normalised rating, 0 to 1.
    pub(crate) rating: f64,
}

impl Standing {
    /// Computes the standing of each work.
    ///
    /// A work has the viewers of its most viewed title and the mean rating of its
    /// rated titles. An unrated work gets the mean rating of the rated works.
    pub(crate) fn of(
        titles: &[Title],
        works: &[CreativeWork],
        reception: &HashMap<String, Reception>,
    ) -> Vec<Self> {
        let known = |work: &CreativeWork| -> Vec<Reception> {
            let ids = work.titles.iter().map(|&title| &titles[title].title_id);
            ids.filter_map(|id| reception.get(id).copied()).collect()
        };
        let most = reception.values().map(|known| known.viewers).max();
        let most = (most.unwrap_or(0) as f64).ln_1p();
        let rated = |work: &CreativeWork| {
            let stars = known(work)
                .into_iter()
                .filter_map(|known| known.weighted_rating);
            mean(stars.map(normalised_stars))
        };
        let ratings: Vec<Option<f64>> = works.iter().map(rated).collect();
        let mean_rating = mean(ratings.iter().flatten().copied()).unwrap_or(DEFAULT_RATING);
        works
            .iter()
            .zip(ratings)
            .map(|(work, rating)| {
                let viewers = known(work).iter().map(|known| known.viewers).max();
                Self {
                    genres: genres(work, titles),
                    popularity: match most > 0.0 {
                        true => (viewers.unwrap_or(0) as f64).ln_1p() / most,
                        false => 0.0,
                    },
                    rating: rating.unwrap_or(mean_rating),
                }
            })
            .collect()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

/// Returns the distinct genres of the work's titles, in order of first occurrence.
fn genres(work: &CreativeWork, titles: &[Title]) -> Vec<String> {
    let mut genres: Vec<String> = Vec::new();
    for genre in work.titles.iter().flat_map(|&title| &titles[title].genres) {
        if !genres.contains(genre) {
            genres.push(genre.clone());
        }
    }
    genres
}
