//! The interface to the title catalog.

/// The attributes of a title that compaction needs. All are `None` for an unknown title.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TitleAttributes<'a> {
    /// The series that the title is an episode of.
    pub series_id: Option<&'a str>,
    /// The genres, joined by `|`.
    pub genres: Option<&'a str>,
    /// The runtime in milliseconds.
    pub runtime_ms: Option<i64>,
}

/// One version of the title catalog.
pub trait TitleCatalog {
    /// Returns the attributes of a title; the default if the catalog lacks it.
    fn title(&self, title_id: &str) -> TitleAttributes<'_>;
}
