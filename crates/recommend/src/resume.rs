//! The titles that a viewer can continue.

use std::collections::HashSet;

use marquee_event::Title;

use crate::model::Model;
use crate::viewer::{BEGUN, Interaction, Viewer};

/// The maximum number of titles to continue.
pub(crate) const MAX_CONTINUED: usize = 10;

/// A title to continue.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuedTitle<'m> {
    /// The title.
    pub title: &'m Title,
    /// The reason to continue with this title.
    pub reason: ContinueReason<'m>,
}

/// The reason to continue with a title.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ContinueReason<'m> {
    /// The viewer stopped before the end.
    Resume {
        /// The completion rate, 0 to 1.
        completion_rate: f32,
    },
    /// The viewer completed an earlier episode.
    NextEpisode {
        /// The id of the completed episode.
        after: &'m str,
    },
}

impl Model {
    /// Returns the titles that the viewer can continue, latest interaction first, at
    /// most one per work.
    pub fn continue_watching(&self, viewer: &Viewer) -> Vec<ContinuedTitle<'_>> {
        let completed: HashSet<usize> = viewer
            .history
            .iter()
            .filter(|interaction| interaction.completed)
            .filter_map(|interaction| self.title_index.get(&interaction.title_id).copied())
            .collect();
        // Only the latest view of a work tells the viewer's position in it.
        let mut visited = HashSet::new();
        viewer
            .history
            .iter()
            .filter(|interaction| interaction.views > 0)
            .filter_map(|interaction| {
                Some((interaction, *self.title_index.get(&interaction.title_id)?))
            })
            .filter(|(_, title)| visited.insert(self.work_of[*title]))
            .filter(|(interaction, _)| !interaction.is_disliked())
            .filter_map(|(interaction, title)| self.continuation(interaction, title, &completed))
            .take(MAX_CONTINUED)
            .collect()
    }

    /// Returns the continuation after the latest interaction with a work: the same
    /// title, or the next episode that is not completed.
    fn continuation(
        &self,
        latest: &Interaction,
        title: usize,
        completed: &HashSet<usize>,
    ) -> Option<ContinuedTitle<'_>> {
        if !latest.completed {
            let completion_rate = latest.completion_rate.filter(|rate| *rate >= BEGUN)?;
            return Some(ContinuedTitle {
                title: &self.titles[title],
                reason: ContinueReason::Resume { completion_rate },
            });
        }
        let later = self.works[self.work_of[title]].after(title);
        let next = later.iter().find(|later| !completed.contains(later))?;
        Some(ContinuedTitle {
            title: &self.titles[*next],
            reason: ContinueReason::NextEpisode {
                after: &self.titles[title].title_id,
            },
        })
    }
}

#[cfg(test)]
mod tests;
