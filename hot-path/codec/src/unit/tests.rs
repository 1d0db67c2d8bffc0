#![allow(clippy::unwrap_used)]

use super::*;
use crate::compression::compress;
use proptest::prelude::*;

type Units = Vec<Result<Vec<u8>, String>>;

/// Returns the units of each record of a batch.
fn batch(limits: Limits, records: &[Vec<u8>]) -> Vec<Units> {
    let mut units = vec![Units::new(); records.len()];
    let load = |index: usize, out: &mut Vec<u8>| {
        out.clear();
        out.extend_from_slice(&records[index]);
        Ok(())
    };
    let each = |index: usize, unit: Unit<'_>| {
        units[index].push(match unit {
            Unit::Line { bytes, .. } => Ok(bytes.to_vec()),
            Unit::Broken { error, record } => {
                assert_eq!(record, records[index]);
                Err(error.to_string())
            }
        });
        Ok::<(), std::convert::Infallible>(())
    };
    Unpacker::new(limits)
        .unpack(records.len(), load, each)
        .unwrap();
    units
}

fn lines_of(record: &[u8]) -> Units {
    batch(Limits::default(), &[record.to_vec()]).remove(0)
}

#[test]
fn a_newline_always_separates_and_blank_lines_are_ignored() {
    let expected: Vec<Result<Vec<u8>, String>> =
        vec![Ok(b"{}".to_vec()), Ok(b"a\r".to_vec()), Ok(b" b".to_vec())];
    assert_eq!(lines_of(b"\n{}\n\r\n \t\na\r\n b"), expected);
    assert_eq!(lines_of(b""), vec![]);
    assert_eq!(lines_of(b"\n\n"), vec![]);
}

#[test]
fn a_bad_user_record_rejects_the_whole_record() {
    let mut aggregate = kpl::Aggregate::new();
    aggregate.push("k", None, b"{\"good\":1}");
    aggregate.push("k", None, &[0x28, 0xB5, 0x2F, 0xFD, 0xFF, 0xFF]);
    let units = lines_of(&aggregate.finish());
    assert_eq!(units.len(), 1);
    assert!(
        units[0].as_ref().unwrap_err().starts_with("broken zstd"),
        "{units:?}"
    );
}

#[test]
fn a_record_and_a_batch_have_limits() {
    let limits = Limits {
        record_bytes: 100,
        batch_bytes: 490,
    };
    let big = vec![b'x'; 101];
    let fits = compress(Compression::Gzip, &[b'y'; 100]).unwrap();
    let records = [
        big.clone(),
        compress(Compression::Zstd, &big).unwrap(),
        fits.clone(),
        fits.clone(),
    ];
    let too_large = |limit| vec![Err(format!("unpacks to more than {limit} bytes"))];
    assert_eq!(
        batch(limits, &records),
        [
            too_large(100),
            too_large(100),
            vec![Ok(vec![b'y'; 100])],
            // The records before it weigh 197, 96 and 196 bytes: it is of the next batch.
            vec![],
        ]
    );
    let mut bomb = kpl::Aggregate::new();
    bomb.push(
        "k",
        None,
        &compress(Compression::Zstd, &[b'z'; 99]).unwrap(),
    );
    bomb.push(
        "k",
        None,
        &compress(Compression::Zstd, &[b'z'; 99]).unwrap(),
    );
    let bomb = bomb.finish();
    let limits = Limits {
        record_bytes: bomb.len() + 10,
        batch_bytes: 10_000,
    };
    assert_eq!(
        batch(limits, std::slice::from_ref(&bomb)),
        [too_large(bomb.len() + 10)]
    );
}

fn wrapped() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    let compression = || {
        prop_oneof![
            Just(Compression::None),
            Just(Compression::Zstd),
            Just(Compression::Gzip)
        ]
    };
    let line = proptest::collection::vec(prop_oneof![Just(b'{'), b'a'..=b'z', Just(b'"')], 1..30);
    let user = (proptest::collection::vec(line, 0..4), compression());
    (
        proptest::collection::vec(user, 1..6),
        compression(),
        any::<bool>(),
    )
        .prop_map(|(users, outer, aggregated)| {
            let all: Vec<Vec<u8>> = users.iter().flat_map(|(lines, _)| lines.clone()).collect();
            let record = if aggregated {
                let mut aggregate = kpl::Aggregate::new();
                for (lines, inner) in &users {
                    aggregate.push("k", None, &compress(*inner, &lines.join(&b'\n')).unwrap());
                }
                aggregate.finish()
            } else {
                all.join(&b'\n')
            };
            (all, compress(outer, &record).unwrap())
        })
}

proptest! {
    #[test]
    fn lines_are_unpacked_from_any_wrapping((lines, record) in wrapped()) {
        let out: Vec<Vec<u8>> = lines_of(&record).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(out, lines);
    }

    #[test]
    fn a_batch_has_the_units_of_its_records(records in proptest::collection::vec(wrapped(), 0..20)) {
        let (lines, records): (Vec<_>, Vec<_>) = records.into_iter().unzip();
        let out = batch(Limits::default(), &records);
        let out: Vec<Vec<Vec<u8>>> = out.into_iter().map(|units| units.into_iter().map(Result::unwrap).collect()).collect();
        prop_assert_eq!(out, lines);
    }

    #[test]
    fn any_bytes_are_lines_or_one_rejection(
        record in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(|tail| [&kpl::MAGIC[..], &tail].concat()),
            (wrapped(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|((_, mut record), at, byte)| {
                if !record.is_empty() { let at = at.index(record.len()); record[at] = byte; }
                record
            }),
        ]
    ) {
        let units = lines_of(&record);
        if units.iter().any(Result::is_err) {
            prop_assert_eq!(units.len(), 1);
        }
    }
}
