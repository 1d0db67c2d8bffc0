//! The catalogue as the transform needs it: title to what enriches its events.

use std::collections::HashMap;

use marquee_event::Title;

/// What the catalogue adds to an event of a title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrichment {
    /// The series that the title is an episode of.
    pub series_id: Option<String>,
    /// Its genres, joined by `|`.
    pub genres: Option<String>,
    /// How long it runs.
    pub runtime_ms: Option<i64>,
}

/// One version of the catalogue.
#[derive(Debug, Default)]
pub struct Titles {
    /// The version; `None` where no catalogue was published yet.
    pub version: Option<String>,
    by_id: HashMap<String, Enrichment>,
}

impl Titles {
    /// That version, of those titles.
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

    /// What is known of the title.
    pub fn get(&self, title_id: &str) -> Option<&Enrichment> {
        self.by_id.get(title_id)
    }
}
