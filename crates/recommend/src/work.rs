//! Works, the units of recommendation: a series with all its titles, or a single
//! title without a series.

use std::collections::BTreeMap;

use marquee_event::Title;

/// A work: a series or a single title.
#[derive(Debug)]
pub(crate) struct CreativeWork {
    /// The `work_id` of the curated tables: the series id, or the title id.
    pub(crate) work_id: String,
    /// The indices of its titles: the episodes in viewing order, or the one title.
    /// Never empty.
    pub(crate) titles: Vec<usize>,
}

impl CreativeWork {
    /// Groups the titles of a catalog into works, in the order of work ids.
    pub(crate) fn group(titles: &[Title]) -> Vec<Self> {
        let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, title) in titles.iter().enumerate() {
            let work_id = title.series_id.as_ref().unwrap_or(&title.title_id);
            by_id.entry(work_id).or_default().push(index);
        }
        by_id
            .into_iter()
            .map(|(work_id, mut indices)| {
                indices.sort_by_key(|&index| viewing_order(&titles[index]));
                Self {
                    work_id: work_id.to_owned(),
                    titles: indices,
                }
            })
            .collect()
    }

    /// Returns the title that represents the work.
    pub(crate) fn first(&self) -> usize {
        self.titles[0]
    }

    /// Returns the titles after this title of the work, in viewing order.
    pub(crate) fn after(&self, title: usize) -> &[usize] {
        let position = self.titles.iter().position(|&known| known == title);
        position.map_or(&[], |position| &self.titles[position + 1..])
    }
}

/// Returns the sort key of the viewing order: season, then episode number. Episodes
/// without a season or a number come last.
fn viewing_order(title: &Title) -> (i32, i32, &str) {
    let number = |known: Option<i32>| known.unwrap_or(i32::MAX);
    (number(title.season), number(title.episode), &title.title_id)
}
