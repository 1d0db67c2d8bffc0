//! Memory of a batch for the worst payloads. The process has this test only, because the
//! operating system counts the peak memory of a process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fmt::Write as _;
use std::fs;

use base64_simd::STANDARD;
use marquee_codec::envelope;
use marquee_codec::{Compression, compress, kpl};
use marquee_ingest::titles::Titles;
use marquee_ingest::{TransformSettings, Transformer};

/// The memory of the transform's function in `infra/sizes.tf`, in MiB, without the runtime's.
const FUNCTION_MIB: u64 = 1_769 - 150;
/// The maximum size of Lambda's payload.
const PAYLOAD_BYTES: usize = 6 << 20;
/// The weight of a unit besides its bytes and its key.
const UNIT_BYTES: u64 = 96;

/// Returns a payload of as many copies of the record as Lambda delivers.
fn payload(data: &[u8]) -> Vec<u8> {
    let data = STANDARD.encode_to_string(data);
    let copies = (PAYLOAD_BYTES / (data.len() + 300)).clamp(1, 10_000);
    let mut text = String::from("{\"Records\":[");
    for copy in 0..copies {
        let comma = if copy == 0 { "" } else { "," };
        let number = format!("{:056}", copy + 1);
        write!(
            text,
            r#"{comma}{{"kinesis":{{"partitionKey":"k","sequenceNumber":"{number}","data":"{data}","approximateArrivalTimestamp":1772366400.0}},"eventID":"shardId-000000000000:{number}"}}"#
        )
        .unwrap();
    }
    text.push_str("]}");
    text.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    compress(Compression::Gzip, bytes).unwrap()
}

/// Returns bytes that do not compress.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..bytes).map(|_| next() | 0x80).collect()
}

fn worst_records() -> Vec<(&'static str, Vec<u8>)> {
    // Keys of 1,024 bytes that differ in the middle only.
    let keys = ["\u{1F3AC}", "\u{1F3AD}"].map(|middle| {
        let end = "\u{1F3AC}".repeat(127);
        format!("{end}\u{1F3AC}{middle}{end}")
    });
    let mut repeated_keys = kpl::Aggregate::new();
    for number in 0..200_000 {
        repeated_keys.push(&keys[number % 2], None, b"x");
    }
    let mut distinct_keys = kpl::Aggregate::new();
    for number in 0..3_000 {
        distinct_keys.push(&format!("{number:0>256}"), None, b"x");
    }
    let mut empty_users = kpl::Aggregate::new();
    for _ in 0..2_000_000 {
        empty_users.push("k", None, b"");
    }
    let mut compressed_users = kpl::Aggregate::new();
    let user = gzip(b"x");
    for _ in 0..120_000 {
        compressed_users.push("k", None, &user);
    }
    let mut block = noise(1 << 20);
    block.iter_mut().for_each(|byte| *byte |= 0x80);
    block.push(b'\n');
    // The window of the frame makes the blocks after the first nearly free.
    let blocks = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.window_log(25).unwrap();
        for _ in 0..31 {
            std::io::Write::write_all(&mut encoder, &block).unwrap();
        }
        encoder.finish().unwrap()
    };
    vec![
        ("repeated keys", gzip(&repeated_keys.finish())),
        ("distinct keys", gzip(&distinct_keys.finish())),
        ("empty user records", gzip(&empty_users.finish())),
        ("compressed user records", gzip(&compressed_users.finish())),
        ("newlines", gzip(&vec![b'\n'; 32 << 20])),
        ("short lines", gzip(&b"x\n".repeat(2_500_000))),
        ("one long line", gzip(&vec![b'x'; 32 << 20])),
        ("incompressible pages", blocks),
        ("too large", gzip(&vec![b'x'; 48 << 20])),
    ]
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib >> 10
}

#[test]
fn memory_and_units_of_a_batch_are_bounded() {
    let settings = TransformSettings::default();
    for (name, record) in worst_records() {
        let payload = payload(&record);
        let records = envelope::records(&payload).unwrap();
        // Resets the peak.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let mut transformer = Transformer::new(settings).unwrap();
        let done = transformer.transform(&records, &Titles::default()).unwrap();
        let peak = peak_mib();
        let written: usize = done.files.iter().map(|file| file.content.len()).sum();
        println!(
            "{name}: {} of {} records, {} units, {} MiB written, peak {peak} MiB",
            done.records,
            records.len(),
            done.received,
            written >> 20
        );
        assert!(peak < FUNCTION_MIB, "{name}: {peak} MiB");
        assert!(
            done.received * UNIT_BYTES <= settings.limits.batch_bytes as u64,
            "{name}"
        );
        assert!(done.records > 0);
    }
}
