//! The files of each bucket, and the buckets of the next run that read them.
//!
//! The name of a file contains its bucket. If a generation has `N` buckets and the next run
//! has `N'`, a user of bucket `b` can be in bucket `b'` only if `b` and `b'` are equal modulo
//! the greatest common divisor of `N` and `N'`, because both are one hash modulo `N` or `N'`.
//! The numbers of buckets are powers of two, so the divisor is the smaller number. A bucket
//! thus reads the files of the same bucket, of the bucket that it was split from, or of all
//! buckets that are merged into it.

use marquee_lake::generation::FileEntry;

/// Returns the key of a bucket's file with an index, from 0.
pub(crate) fn key(directory: &str, bucket: u32, index: usize) -> String {
    format!("{directory}/part-{bucket:04}-{index:04}.parquet")
}

/// Returns the bucket that a file's key contains, if any.
fn bucket_of_key(key: &str) -> Option<u32> {
    let (_, name) = key.rsplit_once('/')?;
    let name = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    let (bucket, index) = name.split_once('-')?;
    let is_number = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(bucket) && is_number(index))
        .then(|| bucket.parse().ok())
        .flatten()
}

/// The mapping from the buckets of a run to the files of the parent generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BucketMapping {
    buckets: u32,
    /// The greatest common divisor of the two numbers of buckets. Buckets that are equal
    /// modulo it can have the same users.
    common: u32,
}

impl BucketMapping {
    /// Creates the mapping from `buckets` buckets to the files of a generation with `parent`
    /// buckets. If `parent` is unknown, every bucket reads every file.
    pub(crate) fn new(parent: Option<u32>, buckets: u32) -> Self {
        let buckets = buckets.max(1);
        let common = match parent {
            None | Some(0) => 1,
            Some(parent) => greatest_common_divisor(parent, buckets),
        };
        Self { buckets, common }
    }

    /// Returns the files that can contain users of a bucket. A file whose key has no bucket
    /// can contain any user.
    pub(crate) fn files_of(self, bucket: u32, files: &[FileEntry]) -> Vec<FileEntry> {
        let can_contain = |file: &&FileEntry| {
            let file_bucket = bucket_of_key(&file.key);
            file_bucket.is_none_or(|other| other % self.common == bucket % self.common)
        };
        files.iter().filter(can_contain).cloned().collect()
    }

    /// Returns the number of buckets that read each file.
    pub(crate) fn readers(self) -> u32 {
        self.buckets / self.common
    }
}

/// Returns the greatest common divisor of two positive numbers.
fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use marquee_kernels::bucket_of;
    use proptest::prelude::*;

    #[test]
    fn the_key_of_a_file_contains_its_bucket() {
        for bucket in [0, 7, 9_999, 10_000, u32::MAX] {
            for index in [0, 12_345] {
                let key = key(
                    "curated/events/event_date=2026-03-01/run=1-a",
                    bucket,
                    index,
                );
                assert_eq!(bucket_of_key(&key), Some(bucket), "{key}");
            }
        }
        assert_eq!(key("d", 3, 1), "d/part-0003-0001.parquet");
        for other in [
            "d/part-0.parquet",
            "d/part-0003.parquet",
            "d/part-3-1.parquet",
            "d/part-+003-0001.parquet",
            "d/part-0003-0001.json",
            "d/part-99999999999-0001.parquet",
            "part-0003-0001.parquet",
        ] {
            assert_eq!(bucket_of_key(other), None, "{other}");
        }
    }

    fn files(buckets: u32) -> Vec<FileEntry> {
        let file = |bucket| FileEntry {
            key: key("d", bucket, 0),
            rows: 1,
            bytes: 1,
            digest: String::new(),
        };
        (0..buckets).map(file).collect()
    }

    /// Returns the buckets whose files a bucket reads, among `count` files.
    fn read(parent: Option<u32>, count: u32, bucket: u32, buckets: u32) -> Vec<u32> {
        let files = BucketMapping::new(parent, buckets).files_of(bucket, &files(count));
        let bucket_of_file = |file: &FileEntry| bucket_of_key(&file.key).unwrap();
        files.iter().map(bucket_of_file).collect()
    }

    #[test]
    fn a_bucket_reads_the_files_that_its_users_can_be_in() {
        assert_eq!(read(Some(4), 4, 3, 4), [3]);
        assert_eq!(read(Some(2), 2, 3, 4), [1]);
        assert_eq!(read(Some(1), 1, 3, 4), [0]);
        assert_eq!(read(Some(8), 8, 3, 4), [3, 7]);
        for unknown in [None, Some(0)] {
            assert_eq!(read(unknown, 4, 3, 4), [0, 1, 2, 3]);
            assert_eq!(BucketMapping::new(unknown, 4).readers(), 4);
        }
        let readers = |parent, buckets| BucketMapping::new(Some(parent), buckets).readers();
        assert_eq!([readers(4, 4), readers(4, 8), readers(8, 4)], [1, 2, 1]);
    }

    #[test]
    fn a_file_without_a_bucket_in_its_key_is_read_by_all() {
        let file = FileEntry {
            key: "d/part-0.parquet".to_owned(),
            rows: 1,
            bytes: 1,
            digest: String::new(),
        };
        let files = [file];
        let mapping = BucketMapping::new(Some(4), 4);
        assert!((0..4).all(|bucket| mapping.files_of(bucket, &files) == files));
    }

    proptest! {
        /// Holds for any two numbers, also if they are no powers of two.
        #[test]
        fn a_users_rows_are_in_a_file_that_is_read(
            user in "[a-z0-9]{1,8}",
            parent in 1u32..70,
            buckets in 1u32..70,
        ) {
            let bucket = |buckets| bucket_of(user.as_bytes(), buckets);
            let read_by = |reader| read(Some(parent), parent, reader, buckets);
            prop_assert!(read_by(bucket(buckets)).contains(&bucket(parent)));
            let reads: usize = (0..buckets).map(|reader| read_by(reader).len()).sum();
            let readers = BucketMapping::new(Some(parent), buckets).readers();
            prop_assert_eq!(reads, (parent * readers) as usize);
        }
    }
}
