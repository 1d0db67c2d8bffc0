//! What a viewer may want to go on with.

use std::collections::HashSet;

use marquee_event::Title;

use crate::model::Model;
use crate::viewer::{BEGUN, Seen, Viewer};

/// How many are given at most.
pub(crate) const CONTINUED: usize = 10;

/// A title to go on with.
#[derive(Debug, Clone, PartialEq)]
pub struct Continued<'m> {
    /// The title.
    pub title: &'m Title,
    /// Why.
    pub reason: Reason<'m>,
}

/// Why a title is one to go on with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason<'m> {
    /// It was left before its end.
    Resume {
        /// How much of it was seen, 0 to 1.
        completion_rate: f32,
    },
    /// It comes after one that was seen to its end.
    NextEpisode {
        /// The one before, by id.
        after: &'m str,
    },
}

impl Model {
    /// What the viewer was in the middle of, the latest first, once for each work.
    pub fn continue_watching(&self, viewer: &Viewer) -> Vec<Continued<'_>> {
        let completed: HashSet<usize> = viewer
            .history
            .iter()
            .filter(|seen| seen.completed)
            .filter_map(|seen| self.places.get(&seen.title_id).copied())
            .collect();
        // Only the last that was seen of a work says where the viewer is.
        let mut met = HashSet::new();
        viewer
            .history
            .iter()
            .filter(|seen| seen.views > 0)
            .filter_map(|seen| Some((seen, *self.places.get(&seen.title_id)?)))
            .filter(|(_, title)| met.insert(self.work_of[*title]))
            .filter(|(seen, _)| !seen.is_disliked())
            .filter_map(|(seen, title)| self.going_on(seen, title, &completed))
            .take(CONTINUED)
            .collect()
    }

    /// What goes on from that title, which was the last of its work.
    fn going_on(
        &self,
        seen: &Seen,
        title: usize,
        completed: &HashSet<usize>,
    ) -> Option<Continued<'_>> {
        if !seen.completed {
            let completion_rate = seen.completion_rate.filter(|rate| *rate >= BEGUN)?;
            return Some(Continued {
                title: &self.titles[title],
                reason: Reason::Resume { completion_rate },
            });
        }
        let later = self.works[self.work_of[title]].after(title);
        let next = later.iter().find(|later| !completed.contains(later))?;
        Some(Continued {
            title: &self.titles[*next],
            reason: Reason::NextEpisode {
                after: &self.titles[title].title_id,
            },
        })
    }
}

#[cfg(test)]
mod tests;
