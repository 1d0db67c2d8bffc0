//! Ranking metrics: the quality of a ranking, given the titles watched later.

/// Returns `true` if the viewer watched one of the first `depth` titles.
pub fn is_hit(order: &[&str], watched: &[&str], depth: usize) -> bool {
    order
        .iter()
        .take(depth)
        .any(|title| watched.contains(title))
}

/// Computes the normalised discounted cumulative gain (NDCG) at `depth`.
///
/// Returns 1 if the watched titles come first, 0 if the viewer watched none of
/// the first `depth`, and `None` if the viewer watched nothing.
///
/// Source: Järvelin and Kekäläinen, *Cumulated gain-based evaluation of IR
/// techniques*, 2002, with gains of 0 and 1.
pub fn ndcg(order: &[&str], watched: &[&str], depth: usize) -> Option<f64> {
    let ideal: f64 = (0..watched.len().min(depth)).map(discount).sum();
    let gain: f64 = order
        .iter()
        .take(depth)
        .enumerate()
        .filter(|(_, title)| watched.contains(title))
        .map(|(position, _)| discount(position))
        .sum();
    (ideal > 0.0).then(|| gain / ideal)
}

/// Returns the weight of a position, counted from 0.
fn discount(position: usize) -> f64 {
    1.0 / (position as f64 + 2.0).log2()
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
    fn gain_is_discounted_by_position_and_normalised() {
        let order = ["a", "b", "c"];
        assert_eq!(ndcg(&order, &["a"], 3), Some(1.0));
        assert_eq!(ndcg(&order, &["b", "a"], 3), Some(1.0));
        assert_eq!(ndcg(&order, &["z"], 3), Some(0.0));
        assert_eq!(ndcg(&order, &[], 3), None);
        // The third of three counts half: 1 / log2(4).
        assert_eq!(ndcg(&order, &["c"], 3), Some(0.5));
        // The viewer watched more titles than `depth`: two hits are the ideal.
        assert_eq!(ndcg(&order, &["a", "b", "x", "y"], 2), Some(1.0));
    }
}
