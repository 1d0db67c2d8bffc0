//! Sets of mostly consecutive numbers, as intervals.

use serde::{Deserialize, Serialize};

/// A set of numbers from 1, as intervals with both ends included. The intervals ascend and do
/// not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub(crate) struct Intervals(Vec<(u64, u64)>);

impl From<Intervals> for Vec<(u64, u64)> {
    fn from(intervals: Intervals) -> Self {
        intervals.0
    }
}

impl TryFrom<Vec<(u64, u64)>> for Intervals {
    type Error = &'static str;

    fn try_from(intervals: Vec<(u64, u64)>) -> Result<Self, Self::Error> {
        let mut end = 0;
        for (from, to) in &intervals {
            if *from <= end || to < from {
                return Err("intervals must ascend from 1");
            }
            end = *to;
        }
        Ok(Self::joined(intervals))
    }
}

impl Intervals {
    /// Creates the set of the numbers, which may be in any order and repeat.
    pub(crate) fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        Self::joined(numbers.into_iter().map(|number| (number, number)))
    }

    /// Creates the set of the numbers in the ranges, which may be in any order and overlap.
    pub(crate) fn of_ranges(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.sort_unstable();
        Self::joined(ranges)
    }

    /// Adds the numbers of another set.
    pub(crate) fn add(&mut self, other: &Self) {
        let mut all = std::mem::take(&mut self.0);
        all.extend(&other.0);
        all.sort_unstable();
        *self = Self::joined(all);
    }

    /// Joins intervals that touch or overlap. They must be in the order of their first numbers.
    fn joined(intervals: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (from, to) in intervals {
            match joined.last_mut() {
                Some((_, end)) if from <= end.saturating_add(1) => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// Returns the highest number up to `limit`; 0 if there is none.
    pub(crate) fn last_up_to(&self, limit: u64) -> u64 {
        let below = self.0.iter().rev().find(|(from, _)| *from <= limit);
        below.map_or(0, |(_, to)| *to.min(&limit))
    }

    /// Returns the count of numbers after `limit`.
    pub(crate) fn count_after(&self, limit: u64) -> u64 {
        let after = self.0.iter().filter(|(_, to)| *to > limit);
        after.map(|(from, to)| to - limit.max(from - 1)).sum()
    }

    /// Returns the highest plausible number: the end of the last interval before a gap that is
    /// longer than `ratio` times the count of the numbers after it. 0 for an empty set.
    pub(crate) fn plausible_end(&self, ratio: u64) -> u64 {
        let mut after = self.count();
        let mut end = 0;
        for (from, to) in &self.0 {
            if from - end - 1 > after.saturating_mul(ratio) {
                break;
            }
            after -= to - from + 1;
            end = *to;
        }
        end
    }

    /// Returns the count of numbers.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from + 1).sum()
    }

    /// Returns the intervals of numbers from 1 to `up_to` that are not in the set.
    pub(crate) fn gaps(&self, up_to: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = 1;
        for (from, to) in &self.0 {
            if *from > up_to {
                break;
            }
            if *from > next {
                gaps.push((next, from - 1));
            }
            next = to.saturating_add(1);
        }
        if next <= up_to {
            gaps.push((next, up_to));
        }
        gaps
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn malformed_intervals_are_rejected() {
        let written = serde_json::to_string(&Intervals::of(vec![3, 1, 2, 9])).unwrap();
        assert_eq!(written, "[[1,3],[9,9]]");
        let read = |text| serde_json::from_str::<Intervals>(text).ok();
        assert_eq!(read(&written), Some(Intervals::of(vec![1, 2, 3, 9])));
        for wrong in ["[[0,1]]", "[[2,1]]", "[[1,3],[3,4]]", "[[5,6],[1,2]]"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_gap_is_plausible_if_enough_numbers_follow_it() {
        let of = |numbers: &[u64]| Intervals::of(numbers.to_vec()).plausible_end(10);
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[1, 2, 13]), 13);
        assert_eq!(of(&[1, 2, 14]), 2);
        assert_eq!(of(&[1, 2, 14, 15]), 15);
        assert_eq!(of(&[1, 2, 3, (1 << 53) - 1]), 3);
        assert_eq!(of(&[100]), 0);
    }

    proptest! {
        #[test]
        fn intervals_equal_the_set(one in vec(1..60_u64, 0..40), other in vec(1..60_u64, 0..40), up_to in 0..70_u64) {
            let mut intervals = Intervals::of(one.clone());
            intervals.add(&Intervals::of(other.clone()));
            let set: BTreeSet<u64> = one.into_iter().chain(other).collect();
            prop_assert_eq!(intervals.count(), set.len() as u64);
            let last = set.range(..=up_to).next_back().copied().unwrap_or(0);
            prop_assert_eq!(intervals.last_up_to(up_to), last);
            prop_assert_eq!(intervals.count_after(up_to), set.range(up_to + 1..).count() as u64);
            prop_assert_eq!(intervals.plausible_end(60), set.last().copied().unwrap_or(0));
            let missing: Vec<u64> = (1..=up_to).filter(|number| !set.contains(number)).collect();
            let gaps = intervals.gaps(up_to);
            let in_gaps: Vec<u64> = gaps.iter().flat_map(|(from, to)| *from..=*to).collect();
            prop_assert_eq!(in_gaps, missing);
            prop_assert!(gaps.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
    }
}
