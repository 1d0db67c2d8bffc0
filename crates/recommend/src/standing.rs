//! How works stand with everybody.

use std::collections::HashMap;

use marquee_event::Title;

use crate::viewer::of_stars;
use crate::work::Work;

/// What a rating counts where nobody has rated anything.
const MIDDLE: f64 = 0.5;

/// How a title is received.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reception {
    /// How many viewers it had of late (`title_popularity`).
    pub viewers: u64,
    /// Its weighted rating in stars (`title_rating`), if anybody rated it.
    pub weighted_rating: Option<f64>,
}

/// What of a work's score is the same for all viewers.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Its genres, each once.
    pub(crate) genres: Vec<String>,
    /// How many viewers it has, on a scale of logarithms from 0 to 1.
    pub(crate) popularity: f64,
    /// How well it is rated, 0 to 1.
    pub(crate) rating: f64,
}

impl Standing {
    /// The standings of all works.
    pub(crate) fn of(
        titles: &[Title],
        works: &[Work],
        reception: &HashMap<String, Reception>,
    ) -> Vec<Self> {
        let known = |work: &Work| -> Vec<Reception> {
            let ids = work.titles.iter().map(|&title| &titles[title].title_id);
            ids.filter_map(|id| reception.get(id).copied()).collect()
        };
        let most = reception.values().map(|known| known.viewers).max();
        let most = (most.unwrap_or(0) as f64).ln_1p();
        let rated = |work: &Work| {
            let stars = known(work)
                .into_iter()
                .filter_map(|known| known.weighted_rating);
            mean(stars.map(of_stars))
        };
        let ratings: Vec<Option<f64>> = works.iter().map(rated).collect();
        let usual = mean(ratings.iter().flatten().copied()).unwrap_or(MIDDLE);
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
                    rating: rating.unwrap_or(usual),
                }
            })
            .collect()
    }
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
