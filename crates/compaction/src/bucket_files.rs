//! Which bucket a file of the facts is of, and which buckets read it again.
//!
//! A file's name says its bucket. Those of a generation that was made in `N`
//! buckets are read by the `N'` of the next: a user of bucket `b` can be in
//! bucket `b'` only if the two are the same modulo the greatest number that
//! divides both `N` and `N'`, as `b` and `b'` are one hash modulo either. Numbers
//! of buckets are powers of two, so this is the lesser of them: a bucket reads
//! the files of its own, those of the one that it came out of, or those of all
//! that it takes in.

use marquee_lake::generation::FileEntry;

/// The key of a bucket's file of that number, from 0.
pub(crate) fn key(directory: &str, bucket: u32, index: usize) -> String {
    format!("{directory}/part-{bucket:04}-{index:04}.parquet")
}

/// The bucket of the file at that key; `None` where it says none.
fn bucket_of_key(key: &str) -> Option<u32> {
    let (_, name) = key.rsplit_once('/')?;
    let name = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    let (bucket, index) = name.split_once('-')?;
    let is_number = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(bucket) && is_number(index))
        .then(|| bucket.parse().ok())
        .flatten()
}

/// How the buckets of a run share the files of the last generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BucketMapping {
    buckets: u32,
    /// Buckets that differ by a multiple of it may have the same users.
    common: u32,
}

impl BucketMapping {
    /// Between so many buckets, of files that were made in `last`; where that is
    /// not known, every bucket reads every file.
    pub(crate) fn new(last: Option<u32>, buckets: u32) -> Self {
        let buckets = buckets.max(1);
        let common = match last {
            None | Some(0) => 1,
            Some(last) => greatest_divisor(last, buckets),
        };
        Self { buckets, common }
    }

    /// Those of the files that may have users of the bucket.
    pub(crate) fn of_bucket(self, bucket: u32, files: &[FileEntry]) -> Vec<FileEntry> {
        let may_have = |file: &&FileEntry| {
            let of_file = bucket_of_key(&file.key);
            of_file.is_none_or(|of_file| of_file % self.common == bucket % self.common)
        };
        files.iter().filter(may_have).cloned().collect()
    }

    /// How many buckets read a file.
    pub(crate) fn readers(self) -> u32 {
        self.buckets / self.common
    }
}

/// The greatest number that divides both, neither of which is 0.
fn greatest_divisor(a: u32, b: u32) -> u32 {
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
    fn a_files_name_says_its_bucket() {
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

    /// The buckets whose files that bucket reads.
    fn read(last: Option<u32>, made: u32, bucket: u32, buckets: u32) -> Vec<u32> {
        let files = BucketMapping::new(last, buckets).of_bucket(bucket, &files(made));
        let of = |file: &FileEntry| bucket_of_key(&file.key).unwrap();
        files.iter().map(of).collect()
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
        let readers = |last, buckets| BucketMapping::new(Some(last), buckets).readers();
        assert_eq!([readers(4, 4), readers(4, 8), readers(8, 4)], [1, 2, 1]);
    }

    #[test]
    fn a_file_that_says_no_bucket_is_read_by_all() {
        let file = FileEntry {
            key: "d/part-0.parquet".to_owned(),
            rows: 1,
            bytes: 1,
            digest: String::new(),
        };
        let files = [file];
        let mapping = BucketMapping::new(Some(4), 4);
        assert!((0..4).all(|bucket| mapping.of_bucket(bucket, &files) == files));
    }

    proptest! {
        /// Whatever the two numbers are, powers of two or not.
        #[test]
        fn a_users_rows_are_in_a_file_that_is_read(
            user in "[a-z0-9]{1,8}",
            last in 1u32..70,
            buckets in 1u32..70,
        ) {
            let bucket = |buckets| bucket_of(user.as_bytes(), buckets);
            let read_by = |reader| read(Some(last), last, reader, buckets);
            prop_assert!(read_by(bucket(buckets)).contains(&bucket(last)));
            let reads: usize = (0..buckets).map(|reader| read_by(reader).len()).sum();
            let readers = BucketMapping::new(Some(last), buckets).readers();
            prop_assert_eq!(reads, (last * readers) as usize);
        }
    }
}
