//! The title catalog as the transform needs it: the enrichment of each title.

use std::collections::HashMap;

use marquee_event::Title;

/// The values that the title catalog adds to an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrichment {
    /// The series of the title.
    pub series_id: Option<String>,
    /// The genres, joined by `|`.
    pub genres: Option<String>,
    /// The runtime, in milliseconds.
    pub runtime_ms: Option<i64>,
}

/// A version of the title catalog.
#[derive(Debug, Default)]
pub struct Titles {
    /// The version; `None` if no title catalog was published yet.
    pub version: Option<String>,
    by_id: HashMap<String, Enrichment>,
}

impl Titles {
    /// Creates a version from its titles.
    pub fn new(version: Option<String>, titles: Vec<Title>) -> Self {
        let enrichment = |title: Title| {
            let genres = title.joined_genres();
            let enrichment = Enrichment {
                series_id: title.series_id,
                genres,
                runtime_ms: title.runtime_ms,
            };
            (title.title_id, enrichment)
        };
        Self {
            version,
            by_id: titles.into_iter().map(enrichment).collect(),
        }
    }

    /// Returns the enrichment of the title.
    pub fn get(&self, title_id: &str) -> Option<&Enrichment> {
        self.by_id.get(title_id)
    }
}
