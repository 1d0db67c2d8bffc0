//! How good an order of titles is, by what a viewer then watched.

/// Whether one of the first `depth` is among what the viewer watched.
pub fn is_hit(order: &[&str], watched: &[&str], depth: usize) -> bool {
    order
        .iter()
        .take(depth)
        .any(|title| watched.contains(title))
}

/// Normalised discounted cumulative gain: 1 when the first titles are all that the
/// viewer watched, 0 when none of the first `depth` is. `None` where the viewer
/// watched nothing, of which nothing can be told.
///
/// Järvelin and Kekäläinen, *Cumulated gain-based evaluation of IR techniques*, 2002,
/// with gains of 0 and 1.
pub fn ndcg(order: &[&str], watched: &[&str], depth: usize) -> Option<f64> {
    let ideal: f64 = (0..watched.len().min(depth)).map(discount).sum();
    let gain: f64 = order
        .iter()
        .take(depth)
        .enumerate()
        .filter(|(_, title)| watched.contains(title))
        .map(|(place, _)| discount(place))
        .sum();
    (ideal > 0.0).then(|| gain / ideal)
}

/// What a title counts at that place, from 0.
fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_is_within_the_depth() {
        let order = ["a", "b", "c"];
        assert!(is_hit(&order, &["c"], 3));
        assert!(!is_hit(&order, &["c"], 2));
        assert!(!is_hit(&order, &[], 3));
    }

    #[test]
    fn gain_is_discounted_by_place_and_normalised() {
        let order = ["a", "b", "c"];
        assert_eq!(ndcg(&order, &["a"], 3), Some(1.0));
        assert_eq!(ndcg(&order, &["b", "a"], 3), Some(1.0));
        assert_eq!(ndcg(&order, &["z"], 3), Some(0.0));
        assert_eq!(ndcg(&order, &[], 3), None);
        // The third of three counts half: 1 / log2(4).
        assert_eq!(ndcg(&order, &["c"], 3), Some(0.5));
        // More watched than there are places: the first two are all that fit.
        assert_eq!(ndcg(&order, &["a", "b", "x", "y"], 2), Some(1.0));
    }
}
