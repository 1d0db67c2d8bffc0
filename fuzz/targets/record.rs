//! Fuzzes the unpacker with arbitrary bytes as a record. The result is lines within
//! the limits, or one broken unit with the record's bytes.
#![no_main]

use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use marquee_codec::{Limits, Unit, Unpacker};

const LIMITS: Limits = Limits {
    record_bytes: 64 << 10,
    batch_bytes: 128 << 10,
};

fuzz_target!(|record: &[u8]| {
    let mut unpacker = Unpacker::new(LIMITS);
    let (mut lines, mut broken, mut bytes) = (0, 0, 0);
    let load = |_, buffer: &mut Vec<u8>| {
        buffer.clear();
        buffer.extend_from_slice(record);
        Ok(())
    };
    let Ok(count) = unpacker.unpack(1, load, |_, unit| -> Result<(), Infallible> {
        match unit {
            Unit::Line { bytes: line, .. } => {
                assert!(!line.is_empty() && !line.contains(&b'\n'));
                lines += 1;
                bytes += line.len();
            }
            Unit::Broken { record: kept, .. } => {
                assert_eq!(kept, record);
                broken += 1;
            }
        }
        Ok(())
    });
    assert_eq!(count, 1, "the first record is always in the batch");
    assert!(broken == 0 || (broken == 1 && lines == 0));
    assert!(bytes <= LIMITS.batch_bytes);
});
