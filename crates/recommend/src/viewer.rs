//! The interactions and the taste of a viewer.

/// A viewer, as described by the curated tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Viewer {
    /// Genres with their share of the viewer's affinity (`user_genre_affinity`).
    pub taste: Vec<(String, f64)>,
    /// The viewer's interactions, latest first (`user_title`).
    pub history: Vec<Interaction>,
}

/// The interactions of a viewer with one title.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// The id of the title.
    pub title_id: String,
    /// The number of views with watch time.
    pub views: i64,
    /// The greatest completion rate, 0 to 1; `None` if the title's runtime is unknown.
    pub completion_rate: Option<f32>,
    /// `true` if the viewer completed the title.
    pub completed: bool,
    /// The latest rating in stars.
    pub rating: Option<f32>,
}

/// The minimum completion rate of a title that counts as begun.
pub(crate) const BEGUN: f32 = 0.02;
/// The minimum rating, in stars, of a title that is not disliked.
const MIN_LIKED_STARS: f32 = 2.5;

impl Interaction {
    /// Returns `true` if the viewer rated the title below [`MIN_LIKED_STARS`].
    pub(crate) fn is_disliked(&self) -> bool {
        self.rating.is_some_and(|rating| rating < MIN_LIKED_STARS)
    }

    /// Returns the strength of the viewer's preference for the title, 0 to 1.
    ///
    /// The rating decides; without one, the completion rate. A disliked title and a
    /// title that is not [`BEGUN`] have 0.
    pub(crate) fn liking(&self) -> f64 {
        match (self.rating, self.completion_rate) {
            (Some(_), _) if self.is_disliked() => 0.0,
            (Some(rating), _) => normalised_stars(f64::from(rating)),
            (None, Some(rate)) if rate >= BEGUN => f64::from(rate).min(1.0),
            (None, _) => 0.0,
        }
    }
}

/// The minimum and the maximum rating in stars.
const MIN_STARS: f64 = 0.5;
const MAX_STARS: f64 = 5.0;

/// Maps a rating in stars to 0 to 1.
pub(crate) fn normalised_stars(stars: f64) -> f64 {
    ((stars - MIN_STARS) / (MAX_STARS - MIN_STARS)).clamp(0.0, 1.0)
}
