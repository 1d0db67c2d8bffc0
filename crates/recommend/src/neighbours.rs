//! What those liked who liked what the viewer liked.

use std::collections::HashMap;

use crate::model::Model;
use crate::viewer::Viewer;

/// A neighbour of a work, as the table `title_neighbour` has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour<'t> {
    /// The work.
    pub work_id: &'t str,
    /// The one that the same users liked.
    pub neighbour_id: &'t str,
    /// How similar the two are, 0 to 1.
    pub similarity: f64,
}

/// The neighbours of each work, by their places: there may be millions.
#[derive(Debug, Default)]
pub(crate) struct Neighbours(Vec<Vec<(u32, f32)>>);

/// How near works are to what a viewer liked.
#[derive(Debug, Default)]
pub(crate) struct Nearness {
    /// By work: 1 for the nearest.
    near: HashMap<usize, Near>,
}

/// How near a work is, and what it is near to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    /// 0 to 1, 1 for the nearest.
    pub(crate) nearness: f64,
    /// The title that says the most for it.
    pub(crate) because: usize,
}

impl Neighbours {
    /// Those whose works are known, of as many works as there are.
    pub(crate) fn new<'t>(
        neighbours: impl IntoIterator<Item = Neighbour<'t>>,
        works: usize,
        place: impl Fn(&str) -> Option<usize>,
    ) -> Self {
        let mut of = vec![Vec::new(); works];
        for neighbour in neighbours {
            let work = place(neighbour.work_id);
            let other = place(neighbour.neighbour_id).and_then(|other| u32::try_from(other).ok());
            if let Some((work, other)) = work.zip(other) {
                of[work].push((other, neighbour.similarity.clamp(0.0, 1.0) as f32));
            }
        }
        Self(of)
    }
}

impl Model {
    /// How near each work is to what the viewer liked: the sum over the works of the
    /// viewer's history of similarity by liking, as a share of the greatest such sum.
    pub(crate) fn nearness(&self, viewer: &Viewer) -> Nearness {
        // Of each work what was liked most, in the order of works, so that the sums
        // are the same however the history is ordered.
        let mut liked: Vec<(usize, f64, usize)> = viewer
            .history
            .iter()
            .filter_map(|seen| {
                let title = *self.places.get(&seen.title_id)?;
                Some((self.work_of[title], seen.liking(), title))
            })
            .collect();
        liked.sort_by(|one, other| {
            let by_work = one.0.cmp(&other.0);
            by_work.then(other.1.total_cmp(&one.1)).then_with(|| {
                self.titles[one.2]
                    .title_id
                    .cmp(&self.titles[other.2].title_id)
            })
        });
        liked.dedup_by_key(|(work, ..)| *work);

        let own: Vec<usize> = liked.iter().map(|(work, ..)| *work).collect();
        // Each work's sum, and the greatest part of it.
        let mut sums: HashMap<usize, (f64, f64, usize)> = HashMap::new();
        for (work, liking, title) in liked {
            for &(other, similarity) in &self.neighbours.0[work] {
                let (other, part) = (other as usize, liking * f64::from(similarity));
                if part <= 0.0 || own.binary_search(&other).is_ok() {
                    continue;
                }
                let sum = sums.entry(other).or_insert((0.0, 0.0, title));
                sum.0 += part;
                if part > sum.1 {
                    (sum.1, sum.2) = (part, title);
                }
            }
        }
        let greatest = sums.values().map(|sum| sum.0).fold(0.0, f64::max);
        let near = sums.into_iter().map(|(work, (sum, _, because))| {
            let nearness = sum / greatest;
            (work, Near { nearness, because })
        });
        Nearness {
            near: near.collect(),
        }
    }
}

impl Nearness {
    /// Whether anything is near.
    pub(crate) fn is_known(&self) -> bool {
        !self.near.is_empty()
    }

    /// How near that work is.
    pub(crate) fn of(&self, work: usize) -> Option<Near> {
        self.near.get(&work).copied()
    }
}
