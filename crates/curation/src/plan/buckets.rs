//! How many buckets a date's users are divided into.

/// The power of two at which a bucket has no more than so many rows, about.
///
/// It depends on the date's rows alone, so that a run over late events divides
/// as a run from scratch does. Of two powers of two one divides the other: when
/// the number grows, each bucket becomes several, and none gets users of two.
pub(super) fn buckets(rows: u64, bucket_rows: u64) -> u32 {
    const MOST: u32 = 1 << 31;
    let least = u32::try_from(rows.div_ceil(bucket_rows.max(1)));
    let power = least.ok().and_then(u32::checked_next_power_of_two);
    power.unwrap_or(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_date_has_the_next_power_of_two() {
        let of = |rows| buckets(rows, 100);
        assert_eq!([0, 1, 100].map(of), [1, 1, 1]);
        assert_eq!([101, 200].map(of), [2, 2]);
        assert_eq!([201, 300, 400].map(of), [4, 4, 4]);
        assert_eq!([401, 800, 801].map(of), [8, 8, 16]);
        assert_eq!(buckets(5, 0), 8);
        assert_eq!(buckets(u64::MAX, 1), 1 << 31);
    }

    proptest! {
        #[test]
        fn more_rows_divide_what_was_divided(
            rows in any::<u64>(),
            more in any::<u64>(),
            bucket_rows in any::<u64>(),
        ) {
            let before = buckets(rows, bucket_rows);
            let after = buckets(rows.saturating_add(more), bucket_rows);
            prop_assert!(after >= before && after.is_multiple_of(before), "{before} and {after}");
            prop_assert!(before == 1 || u64::from(before / 2) * bucket_rows < rows);
        }
    }
}
