//! Works: what is recommended as one. A movie, a show, or all episodes of a series.

use std::collections::BTreeMap;

use marquee_event::{Title, TitleKind};

/// A work, by the places of its titles in the catalogue.
#[derive(Debug)]
pub(crate) struct Work {
    /// Its titles: the episodes in their order, or the one title.
    pub(crate) titles: Vec<usize>,
}

/// What makes titles one work.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'t> {
    Series(&'t str),
    Title(&'t str),
}

impl Work {
    /// The works of a catalogue, in the order of the ids of their first titles.
    pub(crate) fn of(titles: &[Title]) -> Vec<Self> {
        let mut by_key: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
        for (place, title) in titles.iter().enumerate() {
            by_key.entry(key(title)).or_default().push(place);
        }
        let mut works: Vec<Self> = by_key
            .into_values()
            .map(|mut places| {
                places.sort_by_key(|&place| order(&titles[place]));
                Self { titles: places }
            })
            .collect();
        works.sort_by_key(|work| titles[work.first()].title_id.as_str());
        works
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

fn key(title: &Title) -> Key<'_> {
    match (title.kind, title.series_id.as_deref()) {
        (TitleKind::Episode, Some(series)) => Key::Series(series),
        _ => Key::Title(&title.title_id),
    }
}

/// Episodes are watched by season and number; those that have none come last.
fn order(title: &Title) -> (i32, i32, &str) {
    let number = |known: Option<i32>| known.unwrap_or(i32::MAX);
    (number(title.season), number(title.episode), &title.title_id)
}
