//! Recommendations of titles for a viewer. Pure and deterministic: equal inputs
//! give equal rankings.
//!
//! A [`Model`] combines the title catalog with the reception of its titles
//! (popularity and ratings) and with pairs of works that the same users liked. It
//! then ranks for any [`Viewer`]: [`Model::recommend`] returns works that the
//! viewer has not interacted with, [`Model::continue_watching`] works that the
//! viewer has begun. `docs/API.md` defines the score.

mod model;
mod neighbours;
mod resume;
mod standing;
mod taste;
mod viewer;
mod work;

pub use model::{Model, RecommendedWork};
pub use neighbours::Neighbour;
pub use resume::{ContinueReason, ContinuedTitle};
pub use standing::Reception;
pub use viewer::{Interaction, Viewer};
