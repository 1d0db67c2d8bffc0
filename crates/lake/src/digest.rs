//! A content's fingerprint, as it stands in keys and receipts.

/// XXH3 with 128 bits, as 32 hexadecimal digits. It tells contents apart and
/// finds damage at the speed of memory; it is no defence against somebody who
/// forges contents on purpose, which access to the bucket is.
pub fn of(content: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(content))
}
