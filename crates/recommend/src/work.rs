//! Works: what is recommended as one. All titles of a series, or a title of none.

use std::collections::BTreeMap;

use marquee_event::Title;

/// A work, by the places of its titles in the catalogue.
#[derive(Debug)]
pub(crate) struct Work {
    /// What tables call it: the series, or the title.
    pub(crate) work_id: String,
    /// Its titles: the episodes in their order, or the one title.
    pub(crate) titles: Vec<usize>,
}

impl Work {
    /// The works of a catalogue, in the order of their ids.
    pub(crate) fn of(titles: &[Title]) -> Vec<Self> {
        let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, title) in titles.iter().enumerate() {
            let work_id = title.series_id.as_ref().unwrap_or(&title.title_id);
            by_id.entry(work_id).or_default().push(place);
        }
        by_id
            .into_iter()
            .map(|(work_id, mut places)| {
                places.sort_by_key(|&place| order(&titles[place]));
                Self {
                    work_id: work_id.to_owned(),
                    titles: places,
                }
            })
            .collect()
    }

    /// The title that stands for it.
    pub(crate) fn first(&self) -> usize {
        // A work is made of at least one title.
        self.titles.first().copied().unwrap_or_default()
    }

    /// The titles after that one, in their order.
    pub(crate) fn after(&self, title: usize) -> &[usize] {
        let place = self.titles.iter().position(|&known| known == title);
        place.map_or(&[], |place| &self.titles[place + 1..])
    }
}

/// Episodes are watched by season and number; those that have none come last.
fn order(title: &Title) -> (i32, i32, &str) {
    let number = |known: Option<i32>| known.unwrap_or(i32::MAX);
    (number(title.season), number(title.episode), &title.title_id)
}
