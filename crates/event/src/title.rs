//! A row of the title catalog.

use serde::{Deserialize, Serialize};

use crate::date::Date;

/// The kind of a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TitleKind {
    /// A single film.
    Movie,
    /// An episode of a series.
    Episode,
    /// A series as a whole, without separate episodes.
    Show,
}

impl TitleKind {
    /// Returns the name in JSON and in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Episode => "episode",
            Self::Show => "show",
        }
    }

    /// Returns the kind with the name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Movie, Self::Episode, Self::Show]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A title: one line of a title catalog in NDJSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// The id of the title in events.
    pub title_id: String,
    /// The name for people.
    pub name: String,
    /// The kind of the title.
    pub kind: TitleKind,
    /// The series of an episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_id: Option<String>,
    /// The number of the season in the series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<i32>,
    /// The number of the episode in the season.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<i32>,
    /// The genres, the main one first. A genre must not contain `|`, which separates genres in
    /// tables.
    #[serde(default)]
    pub genres: Vec<String>,
    /// The runtime in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_ms: Option<i64>,
    /// True if `runtime_ms` is an estimate from the durations of viewings.
    #[serde(default, skip_serializing_if = "is_false")]
    pub runtime_estimated: bool,
    /// The release date, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_date: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
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
    /// Returns the genres joined by `|`, as tables store them; `None` without genres.
    pub fn joined_genres(&self) -> Option<String> {
        (!self.genres.is_empty()).then(|| self.genres.join("|"))
    }

    /// Checks the rules that serde does not: the bounds of strings and numbers, and the form
    /// of the date.
    ///
    /// # Errors
    /// [`TitleError`] for the first invalid field.
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
        if self.runtime_estimated && self.runtime_ms.is_none() {
            return fault("runtime_estimated", "absent where runtime_ms is absent");
        }
        if self.season.is_some_and(|n| n < 0) || self.episode.is_some_and(|n| n < 0) {
            return fault("season and episode", "not negative");
        }
        if let Some(date) = &self.release_date
            && date.parse::<Date>().is_err()
        {
            return fault("release_date", "a date, YYYY-MM-DD");
        }
        Ok(())
    }
}
