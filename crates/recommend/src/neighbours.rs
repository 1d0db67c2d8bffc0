//! Collaborative filtering: similarity to works that the viewer liked, by the
//! users who liked both.

use std::collections::HashMap;

use crate::model::Model;
use crate::viewer::Viewer;

/// A row of the table `title_neighbour`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour<'t> {
    /// The work.
    pub work_id: &'t str,
    /// Another work that the same users liked.
    pub neighbour_id: &'t str,
    /// The similarity of the two works, 0 to 1.
    pub similarity: f64,
}

/// The neighbours of each work, as pairs of work index and similarity. The small
/// types bound the memory of millions of pairs.
#[derive(Debug, Default)]
pub(crate) struct Neighbours(Vec<Vec<(u32, f32)>>);

/// The nearness of works to those that a viewer liked.
#[derive(Debug, Default)]
pub(crate) struct Nearness {
    /// By work index; the nearest work has nearness 1.
    near: HashMap<usize, Near>,
}

/// The nearness of one work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    /// The nearness, 0 to 1.
    pub(crate) nearness: f64,
    /// The index of the liked title that contributes most.
    pub(crate) because: usize,
}

impl Neighbours {
    /// Collects the neighbours of `works` works; `index_of` maps an id to the index
    /// of its work. Ignores pairs with an unknown work.
    pub(crate) fn new<'t>(
        neighbours: impl IntoIterator<Item = Neighbour<'t>>,
        works: usize,
        index_of: impl Fn(&str) -> Option<usize>,
    ) -> Self {
        let mut by_work = vec![Vec::new(); works];
        for neighbour in neighbours {
            let work = index_of(neighbour.work_id);
            let other = index_of(neighbour.neighbour_id);
            if let Some((work, other)) = work.zip(other) {
                let similarity = neighbour.similarity.clamp(0.0, 1.0) as f32;
                by_work[work].push((other as u32, similarity));
            }
        }
        Self(by_work)
    }
}

impl Model {
    /// Computes the nearness of each work to those that the viewer liked.
    ///
    /// The raw nearness of a work is the sum, over the works of the history, of
    /// similarity times liking. The result is this sum divided by the greatest sum.
    pub(crate) fn nearness(&self, viewer: &Viewer) -> Nearness {
        // The most liked title of each work, in the order of works: the sums do not
        // depend on the order of the history.
        let mut liked: Vec<(usize, f64, usize)> = viewer
            .history
            .iter()
            .filter_map(|interaction| {
                let title = *self.title_index.get(&interaction.title_id)?;
                Some((self.work_of[title], interaction.liking(), title))
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
        // For each work, the sum, its greatest summand, and the title of that summand.
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
    /// Returns `true` if any work is near.
    pub(crate) fn is_known(&self) -> bool {
        !self.near.is_empty()
    }

    /// Returns the nearness of a work; `None` if it is not near.
    pub(crate) fn of(&self, work: usize) -> Option<Near> {
        self.near.get(&work).copied()
    }
}
