//! A row of the title catalog.

use serde::{Deserialize, Serialize};

/// What a title is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TitleKind {
    /// Stands by itself.
    Movie,
    /// A part of a series.
    Episode,
    /// A series that is not told apart by episodes.
    Show,
}

impl TitleKind {
    /// The name in JSON and in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Episode => "episode",
            Self::Show => "show",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Movie, Self::Episode, Self::Show]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A title that can be watched: one line of a title catalog's NDJSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// What events call it.
    pub title_id: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: TitleKind,
    /// The series an episode belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_id: Option<String>,
    /// Season within the series, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<i32>,
    /// Episode within the season, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<i32>,
    /// Its genres, the chief one first; none holds a `|`, which separates them
    /// in tables.
    #[serde(default)]
    pub genres: Vec<String>,
    /// How long it runs, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_ms: Option<i64>,
    /// When it came out, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_date: Option<String>,
}

/// An invalid field of a row of the title catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleError {
    /// The identifier of the row, cut to 128 characters.
    pub title_id: String,
    /// The invalid field.
    pub field: &'static str,
    /// The rule that the field violates, as the end of "must be …".
    pub expected: &'static str,
}

impl std::fmt::Display for TitleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "title {:?}: {} must be {}",
            self.title_id, self.field, self.expected
        )
    }
}

impl std::error::Error for TitleError {}

impl Title {
    /// Its genres as the tables hold them: joined by `|`.
    pub fn joined_genres(&self) -> Option<String> {
        (!self.genres.is_empty()).then(|| self.genres.join("|"))
    }

    /// Checks what serde cannot: bounds, ranges, the date's shape.
    pub fn validate(&self) -> Result<(), TitleError> {
        use crate::bounds::ID_BYTES;
        let fault = |field, expected| {
            Err(TitleError {
                title_id: self.title_id.chars().take(ID_BYTES).collect(),
                field,
                expected,
            })
        };
        let id_ok = |id: &str| !id.is_empty() && id.len() <= ID_BYTES && !id.contains('\0');
        if !id_ok(&self.title_id) {
            return fault("title_id", "1 to 128 bytes without U+0000");
        }
        if self.name.is_empty() || self.name.len() > 1024 || self.name.contains('\0') {
            return fault("name", "1 to 1024 bytes without U+0000");
        }
        if self.series_id.as_deref().is_some_and(|id| !id_ok(id)) {
            return fault("series_id", "1 to 128 bytes without U+0000");
        }
        if self
            .genres
            .iter()
            .any(|genre| !id_ok(genre) || genre.contains('|'))
        {
            return fault("genres", "words of 1 to 128 bytes without U+0000 or `|`");
        }
        if self
            .runtime_ms
            .is_some_and(|ms| !(1..=crate::bounds::POSITION_MS).contains(&ms))
        {
            return fault("runtime_ms", "1 to 604800000");
        }
        if self.season.is_some_and(|n| n < 0) || self.episode.is_some_and(|n| n < 0) {
            return fault("season and episode", "not negative");
        }
        if let Some(date) = &self.release_date
            && (date.len() != 10 || crate::parse_rfc3339(&format!("{date}T00:00:00Z")).is_none())
        {
            return fault("release_date", "a date, YYYY-MM-DD");
        }
        Ok(())
    }
}
