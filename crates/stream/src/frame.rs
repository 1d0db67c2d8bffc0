//! The encoding of a record in a segment: a checksummed frame.
//!
//! ```text
//! magic 4 | length u32 | crc32 u32 | payload
//! payload = ordinal u64 | arrival i64 (UTC ms) | key length u16 | key | data
//! ```
//! Integers are little-endian. `length` and the checksum cover the payload only.

/// The maximum size of a record's data in bytes: the highest limit that Kinesis
/// can be configured to.
pub const MAX_DATA_BYTES: usize = 10 * 1024 * 1024;
/// The maximum length of a partition key in characters, as in Kinesis.
pub const MAX_PARTITION_KEY_CHARS: usize = 256;

/// Starts every frame, so that a scan finds the frames after a corrupt one.
pub(crate) const MAGIC: [u8; 4] = [0xA7, b'm', b'q', 1];
pub(crate) const HEADER_BYTES: usize = 12;
const FIXED_BYTES: usize = 8 + 8 + 2;
const MAX_PAYLOAD_BYTES: usize = FIXED_BYTES + 4 * MAX_PARTITION_KEY_CHARS + MAX_DATA_BYTES;

/// The content of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) ordinal: u64,
    pub(crate) arrived_at_ms: i64,
    pub(crate) partition_key: &'a str,
    pub(crate) data: &'a [u8],
}

/// The result of decoding the bytes at one position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DecodedFrame<'a> {
    /// A whole frame and its length in bytes.
    Whole(Frame<'a>, usize),
    /// A prefix of a frame, which needs at least this many bytes.
    Incomplete(usize),
    /// Bytes that start no frame, with the check that fails.
    Invalid(&'static str),
}

impl Frame<'_> {
    /// Returns the limit that a record exceeds, as a verb phrase; `None` for a
    /// valid record.
    pub(crate) fn limit_violation(partition_key: &str, data: &[u8]) -> Option<String> {
        let chars = partition_key.chars().count();
        if !(1..=MAX_PARTITION_KEY_CHARS).contains(&chars) {
            return Some(format!(
                "has a partition key of {chars} characters; the limits are 1 and {MAX_PARTITION_KEY_CHARS}"
            ));
        }
        (data.len() > MAX_DATA_BYTES).then(|| {
            format!(
                "has {} bytes of data; the limit is {MAX_DATA_BYTES}",
                data.len()
            )
        })
    }

    /// Appends the frame to `out`. The record must be within the limits.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.ordinal.to_le_bytes());
        out.extend_from_slice(&self.arrived_at_ms.to_le_bytes());
        // The limits bound both lengths.
        out.extend_from_slice(&(self.partition_key.len() as u16).to_le_bytes());
        out.extend_from_slice(self.partition_key.as_bytes());
        out.extend_from_slice(self.data);
        let payload = &out[start + HEADER_BYTES..];
        let length = (payload.len() as u32).to_le_bytes();
        let checksum = crc32fast::hash(payload).to_le_bytes();
        out[start + 4..start + 8].copy_from_slice(&length);
        out[start + 8..start + HEADER_BYTES].copy_from_slice(&checksum);
    }
}

/// Decodes the frame at the start of `bytes`.
pub(crate) fn decode(bytes: &[u8]) -> DecodedFrame<'_> {
    let known = bytes.len().min(MAGIC.len());
    if bytes[..known] != MAGIC[..known] {
        return DecodedFrame::Invalid("no record starts there");
    }
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return DecodedFrame::Incomplete(HEADER_BYTES);
    };
    let [_, _, _, _, l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if !(FIXED_BYTES..=MAX_PAYLOAD_BYTES).contains(&length) {
        return DecodedFrame::Invalid("the record's length is out of range");
    }
    let Some(payload) = rest.get(..length) else {
        return DecodedFrame::Incomplete(HEADER_BYTES + length);
    };
    if crc32fast::hash(payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return DecodedFrame::Invalid("the record's checksum does not match");
    }
    match decode_payload(payload) {
        Some(frame) => DecodedFrame::Whole(frame, HEADER_BYTES + length),
        None => DecodedFrame::Invalid("the record's fields do not fit its length"),
    }
}

fn decode_payload(payload: &[u8]) -> Option<Frame<'_>> {
    let (ordinal, rest) = payload.split_first_chunk()?;
    let (arrived_at_ms, rest) = rest.split_first_chunk()?;
    let (key_length, rest) = rest.split_first_chunk()?;
    let (key, data) = rest.split_at_checked(u16::from_le_bytes(*key_length).into())?;
    Some(Frame {
        ordinal: u64::from_le_bytes(*ordinal),
        arrived_at_ms: i64::from_le_bytes(*arrived_at_ms),
        partition_key: str::from_utf8(key).ok()?,
        data,
    })
}

/// Returns whether a whole frame lies anywhere in `bytes`.
pub(crate) fn contains_whole_frame(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, &MAGIC)
        .any(|at| matches!(decode(&bytes[at..]), DecodedFrame::Whole(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> = Frame {
        ordinal: 42,
        arrived_at_ms: -1,
        partition_key: "Ünïcode",
        data: b"\xA7mq\x01 data",
    };

    fn encoded() -> Vec<u8> {
        let mut bytes = Vec::new();
        FRAME.encode(&mut bytes);
        bytes
    }

    #[test]
    fn decode_reverses_encode() {
        let bytes = encoded();
        assert_eq!(decode(&bytes), DecodedFrame::Whole(FRAME, bytes.len()));
    }

    #[test]
    fn a_prefix_is_incomplete_and_a_flipped_bit_is_detected() {
        let bytes = encoded();
        for length in 0..bytes.len() {
            assert!(
                matches!(decode(&bytes[..length]), DecodedFrame::Incomplete(_)),
                "{length}"
            );
        }
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !matches!(decode(&bytes), DecodedFrame::Whole(..)),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn finds_a_frame_after_garbage() {
        let mut bytes = b"garbage\xA7mq\x01 more garbage".to_vec();
        assert!(!contains_whole_frame(&bytes));
        bytes.extend(encoded());
        assert!(contains_whole_frame(&bytes));
        bytes.pop();
        assert!(!contains_whole_frame(&bytes));
    }

    #[test]
    fn limits_are_those_of_kinesis() {
        assert_eq!(Frame::limit_violation(&"é".repeat(256), &[]), None);
        assert!(Frame::limit_violation(&"é".repeat(257), &[]).is_some());
        assert!(Frame::limit_violation("", b"x").is_some());
        assert_eq!(Frame::limit_violation("k", &vec![0; MAX_DATA_BYTES]), None);
        assert!(Frame::limit_violation("k", &vec![0; MAX_DATA_BYTES + 1]).is_some());
    }
}
