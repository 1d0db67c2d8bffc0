//! How a record lies in a segment.
//!
//! ```text
//! magic 4 | length u32 | crc32 u32 | payload
//! payload = ordinal u64 | arrival i64 (UTC ms) | key length u16 | key | data
//! ```
//! Integers are little-endian, `length` and the checksum are the payload's.

/// The most bytes of data a record may have; what Kinesis can be raised to.
pub const MAX_DATA_BYTES: usize = 10 * 1024 * 1024;
/// The most characters of a partition key; as in Kinesis.
pub const MAX_PARTITION_KEY_CHARS: usize = 256;

/// Begins every frame, so that the frames behind a damaged one can be found.
pub(crate) const MAGIC: [u8; 4] = [0xA7, b'm', b'q', 1];
pub(crate) const HEADER_BYTES: usize = 12;
const FIXED_BYTES: usize = 8 + 8 + 2;
const MAX_PAYLOAD_BYTES: usize = FIXED_BYTES + 4 * MAX_PARTITION_KEY_CHARS + MAX_DATA_BYTES;

/// A record as it lies in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) ordinal: u64,
    pub(crate) arrived_at_ms: i64,
    pub(crate) partition_key: &'a str,
    pub(crate) data: &'a [u8],
}

/// What the bytes at some place are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded<'a> {
    /// A whole frame of so many bytes.
    Whole(Frame<'a>, usize),
    /// The beginning of a frame that needs at least so many bytes.
    Unfinished(usize),
    /// No frame.
    Broken(&'static str),
}

impl Frame<'_> {
    /// Why the stream does not take such a record, if it does not.
    pub(crate) fn refusal(partition_key: &str, data: &[u8]) -> Option<String> {
        let chars = partition_key.chars().count();
        if !(1..=MAX_PARTITION_KEY_CHARS).contains(&chars) {
            return Some(format!(
                "has a partition key of {chars} characters; 1 to {MAX_PARTITION_KEY_CHARS} are allowed"
            ));
        }
        (data.len() > MAX_DATA_BYTES).then(|| {
            format!(
                "has {} bytes of data; {MAX_DATA_BYTES} are allowed",
                data.len()
            )
        })
    }

    /// Appends the frame to `out`. The record must not be one to refuse.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.ordinal.to_le_bytes());
        out.extend_from_slice(&self.arrived_at_ms.to_le_bytes());
        // The limits make both lengths fit.
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

/// Reads the frame at the beginning of `bytes`.
pub(crate) fn decode(bytes: &[u8]) -> Decoded<'_> {
    let known = bytes.len().min(MAGIC.len());
    if bytes[..known] != MAGIC[..known] {
        return Decoded::Broken("no record begins there");
    }
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Decoded::Unfinished(HEADER_BYTES);
    };
    let [_, _, _, _, l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if !(FIXED_BYTES..=MAX_PAYLOAD_BYTES).contains(&length) {
        return Decoded::Broken("the record's length is impossible");
    }
    let Some(payload) = rest.get(..length) else {
        return Decoded::Unfinished(HEADER_BYTES + length);
    };
    if crc32fast::hash(payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Decoded::Broken("the record's checksum does not match");
    }
    match decode_payload(payload) {
        Some(frame) => Decoded::Whole(frame, HEADER_BYTES + length),
        None => Decoded::Broken("the record's fields do not fit its length"),
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

/// Whether a whole record lies anywhere in `bytes`.
pub(crate) fn holds_record(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, &MAGIC)
        .any(|at| matches!(decode(&bytes[at..]), Decoded::Whole(..)))
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
    fn decodes_what_it_encodes() {
        let bytes = encoded();
        assert_eq!(decode(&bytes), Decoded::Whole(FRAME, bytes.len()));
    }

    #[test]
    fn a_prefix_is_unfinished_and_a_flipped_bit_is_noticed() {
        let bytes = encoded();
        for length in 0..bytes.len() {
            assert!(
                matches!(decode(&bytes[..length]), Decoded::Unfinished(_)),
                "{length}"
            );
        }
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(decode(&bytes), Decoded::Whole(..)), "bit {bit}");
        }
    }

    #[test]
    fn finds_a_record_behind_rubble() {
        let mut bytes = b"rubble\xA7mq\x01 more rubble".to_vec();
        assert!(!holds_record(&bytes));
        bytes.extend(encoded());
        assert!(holds_record(&bytes));
        bytes.pop();
        assert!(!holds_record(&bytes));
    }

    #[test]
    fn limits_are_those_of_kinesis() {
        assert_eq!(Frame::refusal(&"é".repeat(256), &[]), None);
        assert!(Frame::refusal(&"é".repeat(257), &[]).is_some());
        assert!(Frame::refusal("", b"x").is_some());
        assert_eq!(Frame::refusal("k", &vec![0; MAX_DATA_BYTES]), None);
        assert!(Frame::refusal("k", &vec![0; MAX_DATA_BYTES + 1]).is_some());
    }
}
