//! What to watch next, from what is known of a viewer and of the titles. Pure: tables
//! in, an order of titles out, the same for the same.
//!
//! A [`Model`] is made once from the catalogue, from how its titles are received and
//! from which of them the same users liked, and then ranks for any [`Viewer`]:
//! [`Model::recommend`] among the works that the viewer has not touched,
//! [`Model::continue_watching`] among those that were begun. `docs/API.md` has the
//! formula; [`evaluation`] measures an order against what viewers did next.

pub mod evaluation;
mod model;
mod neighbours;
mod resume;
mod standing;
mod taste;
mod viewer;
mod work;

pub use model::{Model, Recommended};
pub use neighbours::Neighbour;
pub use resume::{Continued, Reason};
pub use standing::Reception;
pub use viewer::{Seen, Viewer};
