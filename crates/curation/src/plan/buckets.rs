//! The number of buckets of a date.

/// Returns the smallest power of two for which a bucket has about `bucket_rows` rows or
/// fewer.
///
/// The number depends on the date's rows only, so a run over late events and a run from
/// scratch use the same buckets. A power of two divides every larger one: if the number
/// grows, each bucket splits into several, and no new bucket has users of two old ones.
pub(super) fn buckets(rows: u64, bucket_rows: u64) -> u32 {
    const MAX: u32 = 1 << 31;
    let needed = u32::try_from(rows.div_ceil(bucket_rows.max(1)));
    let power = needed.ok().and_then(u32::checked_next_power_of_two);
    power.unwrap_or(MAX)
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
        fn more_rows_split_the_existing_buckets(
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
