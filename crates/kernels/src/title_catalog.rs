//! What is known of titles.

/// What the catalogue knows of a title.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownTitle<'a> {
    /// The series that it is an episode of.
    pub series_id: Option<&'a str>,
    /// Its genres, joined by `|`.
    pub genres: Option<&'a str>,
    /// How long it runs.
    pub runtime_ms: Option<i64>,
}

/// One version of the title catalogue.
pub trait TitleCatalog {
    /// What is known of that title; nothing of one that it does not have.
    fn title(&self, title_id: &str) -> KnownTitle<'_>;
}
