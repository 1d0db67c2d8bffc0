//! Content digests, which keys and receipts contain.

/// Returns the 128-bit XXH3 hash of `content` as 32 hexadecimal digits.
///
/// The hash identifies content and detects damage at the speed of memory. It is not
/// cryptographic: access control of the S3 bucket, not the digest, prevents forgery.
pub fn of(content: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(content))
}
