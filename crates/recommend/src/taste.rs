//! Content-based matching of genres with a viewer's taste.

use std::collections::HashMap;

use crate::viewer::Viewer;

/// A viewer's taste: a vector over genres.
pub(crate) struct Taste<'v> {
    shares: HashMap<&'v str, f64>,
    length: f64,
}

impl<'v> Taste<'v> {
    pub(crate) fn of(viewer: &'v Viewer) -> Self {
        let squares = viewer.taste.iter().map(|(_, share)| share * share);
        let shares = viewer.taste.iter();
        Self {
            length: squares.sum::<f64>().sqrt(),
            shares: shares
                .map(|(genre, share)| (genre.as_str(), *share))
                .collect(),
        }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.length > 0.0
    }

    /// Returns the cosine similarity of the taste and these genres, or `None` if the
    /// taste is unknown.
    pub(crate) fn fit(&self, genres: &[String]) -> Option<f64> {
        if !self.is_known() {
            return None;
        }
        if genres.is_empty() {
            return Some(0.0);
        }
        let common: f64 = self.shared(genres).map(|genre| self.shares[genre]).sum();
        let length = self.length * (genres.len() as f64).sqrt();
        Some((common / length).clamp(0.0, 1.0))
    }

    /// Returns the genres that are part of the taste.
    pub(crate) fn shared<'g>(&self, genres: &'g [String]) -> impl Iterator<Item = &'g str> {
        let genres = genres.iter().map(String::as_str);
        genres.filter(|genre| self.shares.get(genre).is_some_and(|share| *share > 0.0))
    }
}
