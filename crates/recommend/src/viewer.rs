//! What is known of a viewer.

/// A viewer, as the curated tables know them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Viewer {
    /// Genres and how large a share of the viewer's affinity each has
    /// (`user_genre_affinity`).
    pub taste: Vec<(String, f64)>,
    /// What they watched or rated, the latest first (`user_title`).
    pub history: Vec<Seen>,
}

/// What a viewer did with a title.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The title.
    pub title_id: String,
    /// How many views with watch time it had.
    pub views: i64,
    /// How far the viewer came, 0 to 1; `None` while the title's runtime is unknown.
    pub completion_rate: Option<f32>,
    /// Whether it was seen to its end.
    pub completed: bool,
    /// The rating the viewer gave last, in stars.
    pub rating: Option<f32>,
}

/// What was seen less of was hardly begun.
pub(crate) const BEGUN: f32 = 0.02;
/// Fewer stars than these say that a title was not liked.
const LIKED: f32 = 2.5;

impl Seen {
    /// Whether the viewer said that they did not like it.
    pub(crate) fn is_disliked(&self) -> bool {
        self.rating.is_some_and(|rating| rating < LIKED)
    }

    /// How much they liked it, 0 to 1: by their stars, else by how far they came;
    /// nothing where they did not like it, or hardly began.
    pub(crate) fn liking(&self) -> f64 {
        match (self.rating, self.completion_rate) {
            (Some(_), _) if self.is_disliked() => 0.0,
            (Some(rating), _) => of_stars(f64::from(rating)),
            (None, Some(rate)) if rate >= BEGUN => f64::from(rate).min(1.0),
            (None, _) => 0.0,
        }
    }
}

/// The least and the most stars.
const STARS: (f64, f64) = (0.5, 5.0);

/// Stars on a scale from 0 to 1.
pub(crate) fn of_stars(stars: f64) -> f64 {
    ((stars - STARS.0) / (STARS.1 - STARS.0)).clamp(0.0, 1.0)
}
