//! Metrics of a ranking of titles against the titles that a viewer then watched.

/// Returns true if one of the first `depth` titles was watched.
pub fn is_hit(ranking: &[&str], watched: &[&str], depth: usize) -> bool {
    ranking
        .iter()
        .take(depth)
        .any(|title| watched.contains(title))
}

/// Returns the normalized discounted cumulative gain (NDCG): 1 when the ranking
/// begins with all watched titles, 0 when none of the first `depth` titles was
/// watched. Returns `None` when the viewer watched nothing, because the gain is
/// undefined.
///
/// Järvelin and Kekäläinen, *Cumulated gain-based evaluation of IR techniques*, 2002,
/// with gains of 0 and 1.
pub fn ndcg(ranking: &[&str], watched: &[&str], depth: usize) -> Option<f64> {
    let ideal: f64 = (0..watched.len().min(depth)).map(discount).sum();
    let gain: f64 = ranking
        .iter()
        .take(depth)
        .enumerate()
        .filter(|(_, title)| watched.contains(title))
        .map(|(rank, _)| discount(rank))
        .sum();
    (ideal > 0.0).then(|| gain / ideal)
}

/// Returns the discount of a rank, counted from 0.
fn discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_is_within_the_depth() {
        let ranking = ["a", "b", "c"];
        assert!(is_hit(&ranking, &["c"], 3));
        assert!(!is_hit(&ranking, &["c"], 2));
        assert!(!is_hit(&ranking, &[], 3));
    }

    #[test]
    fn gain_is_discounted_by_rank_and_normalized() {
        let ranking = ["a", "b", "c"];
        assert_eq!(ndcg(&ranking, &["a"], 3), Some(1.0));
        assert_eq!(ndcg(&ranking, &["b", "a"], 3), Some(1.0));
        assert_eq!(ndcg(&ranking, &["z"], 3), Some(0.0));
        assert_eq!(ndcg(&ranking, &[], 3), None);
        // The third rank counts half: 1 / log2(4).
        assert_eq!(ndcg(&ranking, &["c"], 3), Some(0.5));
        // More watched titles than ranks: the first two are all that fit.
        assert_eq!(ndcg(&ranking, &["a", "b", "x", "y"], 2), Some(1.0));
    }
}
