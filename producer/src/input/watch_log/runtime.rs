//! Estimates of the runtimes of shows from the durations of their viewings.
//!
//! The estimate is the 95th percentile (nearest rank) of the show's durations above 0,
//! rounded up to a whole minute. The percentile ignores the few viewings that are too
//! long, such as a player left on overnight. A show with fewer than five such viewings
//! has too few for a percentile: its estimate is its longest duration, or the median
//! duration of the whole file if that is longer, because a single viewing may have been
//! broken off.

const MINUTE_MS: u32 = 60_000;
/// The minimum number of durations for a percentile.
const MIN_VIEWINGS: usize = 5;

/// Estimates the runtime in milliseconds of each of `shows` shows, from the show's index
/// and the duration in milliseconds of each viewing. Every estimate is at least a
/// minute.
///
/// Sorts `durations`, and copies four bytes of each.
pub(super) fn estimate(mut durations: Vec<(u32, u32)>, shows: usize) -> Vec<u32> {
    durations.retain(|(_, duration_ms)| *duration_ms > 0);
    let mut all: Vec<u32> = durations.iter().map(|(_, ms)| *ms).collect();
    all.sort_unstable();
    let median = percentile(&all, 50).unwrap_or_default();
    drop(all);
    durations.sort_unstable();
    let mut estimates = vec![whole_minutes(median); shows];
    for viewings in durations.chunk_by(|one, other| one.0 == other.0) {
        let own: Vec<u32> = viewings.iter().map(|(_, ms)| *ms).collect();
        let runtime_ms = if own.len() < MIN_VIEWINGS {
            own.last().copied().max(Some(median))
        } else {
            percentile(&own, 95)
        };
        let show = viewings.first().map(|(show, _)| *show as usize);
        if let Some(estimate) = show.and_then(|show| estimates.get_mut(show)) {
            *estimate = whole_minutes(runtime_ms.unwrap_or_default());
        }
    }
    estimates
}

/// Returns a percentile of sorted values by the nearest rank: the smallest value that at
/// least `percent` % of the values do not exceed.
fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// Rounds up to whole minutes, at least one.
fn whole_minutes(ms: u32) -> u32 {
    ms.div_ceil(MINUTE_MS).max(1) * MINUTE_MS
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// Estimates in minutes.
    fn minutes(durations: &[(u32, u32)], shows: usize) -> Vec<u32> {
        let ms = durations
            .iter()
            .map(|(show, s)| (*show, s * 1_000))
            .collect();
        estimate(ms, shows)
            .iter()
            .map(|ms| ms / MINUTE_MS)
            .collect()
    }

    #[test]
    fn the_estimate_ignores_the_few_longest_viewings() {
        // 96 viewings of 42 minutes or less, and four of 500 minutes.
        let usual = (0..96).map(|n| (0, if n % 4 == 0 { 600 } else { 2_515 }));
        let durations: Vec<_> = usual.chain([(0, 30_000); 4]).collect();
        assert_eq!(minutes(&durations, 1), [42]);
    }

    #[test]
    fn a_show_with_few_viewings_runs_at_least_the_median_of_the_file() {
        let mut durations = vec![(0, 1_800); 9];
        durations.extend([(1, 60), (2, 5_400), (2, 0), (3, 0)]);
        assert_eq!(minutes(&durations, 5), [30, 30, 90, 30, 30]);
    }

    #[test]
    fn an_estimate_is_at_least_a_minute() {
        assert_eq!(minutes(&[], 1), [1]);
        assert_eq!(minutes(&[(0, 0)], 1), [1]);
        assert_eq!(minutes(&[(0, 1); 9], 1), [1]);
        assert_eq!(estimate(vec![(0, 604_800_000)], 1), [604_800_000]);
    }

    #[test]
    fn percentiles_are_values_by_rank() {
        let values: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&values, 95), Some(95));
        assert_eq!(percentile(&values[..5], 95), Some(5));
        assert_eq!(percentile(&values[..4], 50), Some(2));
        assert_eq!(percentile(&[], 95), None);
    }
}
