//! Durability: a reader sees every acknowledged record and no other, across
//! crashes, torn tails and corruption.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use marquee_stream::{
    PlacedRecord, PutEntry, Record, SequenceNumber, ShardId, Stream, StreamError, Writer,
};
use proptest::collection::vec;
use proptest::prelude::*;

const SHARDS: u32 = 3;
/// So small that most puts start a new segment.
const SEGMENT_BYTES: u64 = 256;

type Put = Vec<(String, Vec<u8>, i64)>;
type Model = HashMap<ShardId, Vec<Record>>;

fn open(dir: &Path) -> Writer {
    Writer::open(dir, NonZeroU32::new(SHARDS).unwrap())
        .unwrap()
        .with_segment_bytes(SEGMENT_BYTES)
}

fn put(writer: &mut Writer, model: &mut Model, put: &Put) {
    let entries: Vec<_> = put
        .iter()
        .map(|(partition_key, data, arrived_at_ms)| PutEntry {
            partition_key,
            data,
            arrived_at_ms: *arrived_at_ms,
        })
        .collect();
    let placed = writer.put(&entries).unwrap();
    assert_eq!(placed.len(), put.len());
    for (
        (partition_key, data, arrived_at_ms),
        PlacedRecord {
            shard_id,
            sequence_number,
        },
    ) in put.iter().zip(placed)
    {
        assert_eq!(
            shard_id,
            ShardId::of_partition_key(partition_key, writer.shard_count())
        );
        model.entry(shard_id).or_default().push(Record {
            sequence_number,
            partition_key: partition_key.clone(),
            arrived_at_ms: *arrived_at_ms,
            data: data.clone(),
        });
    }
}

fn read_after(
    dir: &Path,
    shard: ShardId,
    after: Option<SequenceNumber>,
) -> Result<Vec<Record>, StreamError> {
    let mut reader = Stream::open(dir)?.reader(shard, after.as_ref())?;
    let mut records = Vec::new();
    while let Some(record) = reader.next()? {
        records.push(record);
    }
    assert_eq!(reader.next()?, None);
    Ok(records)
}

fn read(dir: &Path, shard: ShardId) -> Result<Vec<Record>, StreamError> {
    read_after(dir, shard, None)
}

fn segments(dir: &Path, shard: ShardId) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir.join(shard.to_string()))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn shards() -> impl Iterator<Item = ShardId> {
    (0..SHARDS).map(ShardId::new)
}

fn puts() -> impl Strategy<Value = Put> {
    vec(("[a-zé]{1,4}", vec(any::<u8>(), 0..40), any::<i64>()), 0..6)
}

#[derive(Debug, Clone)]
enum Step {
    Put(Put),
    Reopen,
    /// The process dies after a prefix of an unacknowledged put.
    DieWriting(Put, prop::sample::Index),
    /// The long-lived reader polls for more records.
    ReadOn,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => puts().prop_map(Step::Put),
        1 => Just(Step::Reopen),
        2 => (puts(), any::<prop::sample::Index>()).prop_map(|(put, cut)| Step::DieWriting(put, cut)),
        2 => Just(Step::ReadOn),
    ];
    vec(step, 1..20)
}

/// Returns the bytes that `put` would append to each segment of the stream in
/// `dir`.
fn appended_by(dir: &Path, put_: &Put) -> Vec<(PathBuf, Vec<u8>)> {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(dir, copy.path());
    put(&mut open(copy.path()), &mut Model::new(), put_);
    let mut appended = Vec::new();
    for path in shards().flat_map(|shard| segments(copy.path(), shard)) {
        let original = dir.join(path.strip_prefix(copy.path()).unwrap());
        let before = fs::read(&original).unwrap_or_default();
        let after = fs::read(&path).unwrap();
        assert!(after.starts_with(&before));
        appended.push((original, after[before.len()..].to_vec()));
    }
    appended
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn acknowledged_records_are_there_and_no_others(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Some(open(dir.path()));
        let mut model = Model::new();
        let stream = Stream::open(dir.path()).unwrap();
        let mut follower = stream.reader(ShardId::new(0), None).unwrap();
        let mut followed = Vec::new();
        for step in steps {
            match step {
                Step::Put(entries) => put(writer.as_mut().unwrap(), &mut model, &entries),
                Step::Reopen => {
                    drop(writer.take());
                    writer = Some(open(dir.path()));
                }
                Step::DieWriting(entries, cut) => {
                    drop(writer.take());
                    for (path, bytes) in appended_by(dir.path(), &entries) {
                        // Less than one frame: the stream may keep whole
                        // unacknowledged records, which `torn_at_every_byte` tests.
                        let first = bytes.get(4..8).map_or(0, |length| {
                            12 + u32::from_le_bytes(length.try_into().unwrap()) as usize
                        });
                        if first > 0 {
                            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
                            file.write_all(&bytes[..cut.index(first)]).unwrap();
                        }
                    }
                    while let Some(record) = follower.next().unwrap() {
                        followed.push(record);
                    }
                    writer = Some(open(dir.path()));
                }
                Step::ReadOn => while let Some(record) = follower.next().unwrap() {
                    followed.push(record);
                },
            }
            for shard in shards() {
                let expected = model.get(&shard).cloned().unwrap_or_default();
                let found = read(dir.path(), shard).unwrap();
                prop_assert!(found.is_sorted_by_key(|record| record.sequence_number));
                prop_assert_eq!(found, expected);
            }
        }
        while let Some(record) = follower.next().unwrap() {
            followed.push(record);
        }
        prop_assert_eq!(followed, model.remove(&ShardId::new(0)).unwrap_or_default());
    }

    #[test]
    fn a_reader_resumes_after_any_record(entries in vec(puts(), 1..8)) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let mut writer = open(dir.path());
        for entries in &entries {
            put(&mut writer, &mut model, entries);
        }
        for (shard, records) in model {
            for (index, record) in records.iter().enumerate() {
                let rest = read_after(dir.path(), shard, Some(record.sequence_number)).unwrap();
                prop_assert_eq!(&rest, &records[index + 1..]);
            }
        }
    }

    #[test]
    fn corruption_is_an_error_and_never_a_record(
        entries in vec(puts(), 2..6),
        bit in any::<prop::sample::Index>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let mut writer = open(dir.path());
        for entries in &entries {
            put(&mut writer, &mut model, entries);
        }
        drop(writer);
        for (shard, records) in model {
            let paths = segments(dir.path(), shard);
            let sizes: Vec<_> = paths.iter().map(|path| fs::metadata(path).unwrap().len()).collect();
            let last = records.last().unwrap();
            let last_frame = 12 + 18 + last.partition_key.len() + last.data.len();
            let total = sizes.iter().sum::<u64>() as usize;
            let mut at = bit.index(total * 8) / 8;
            let in_last_record = at >= total - last_frame;
            for (path, size) in paths.iter().zip(sizes) {
                if at < size as usize {
                    let mut bytes = fs::read(path).unwrap();
                    bytes[at] ^= 1 << (at % 8);
                    fs::write(path, bytes).unwrap();
                    break;
                }
                at -= size as usize;
            }
            match read(dir.path(), shard) {
                // Corruption of the last record looks like a torn tail.
                Ok(found) => {
                    prop_assert!(in_last_record);
                    prop_assert_eq!(&found, &records[..records.len() - 1]);
                }
                Err(error) => {
                    prop_assert!(!in_last_record);
                    prop_assert!(matches!(error, StreamError::Corrupt { .. }), "{}", error);
                }
            }
        }
    }
}

#[test]
fn torn_at_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    let mut model = Model::new();
    let record = |n: i64| (format!("key{n}"), format!("data of {n}").into_bytes(), n);
    let mut writer = Writer::open(&whole, NonZeroU32::MIN).unwrap();
    let mut lengths = vec![0];
    for entries in [
        vec![record(1), record(2)],
        vec![record(3)],
        vec![record(4), record(5)],
    ] {
        put(&mut writer, &mut model, &entries);
        lengths.push(
            fs::metadata(&segments(&whole, ShardId::new(0))[0])
                .unwrap()
                .len(),
        );
    }
    drop(writer);
    let acknowledged_records = [0, 2, 3, 5];
    let records = &model[&ShardId::new(0)];
    for cut in 0..=*lengths.last().unwrap() {
        let torn = dir.path().join(format!("torn{cut}"));
        copy_tree(&whole, &torn);
        let segment = &segments(&torn, ShardId::new(0))[0];
        OpenOptions::new()
            .write(true)
            .open(segment)
            .unwrap()
            .set_len(cut)
            .unwrap();
        let acknowledged =
            acknowledged_records[lengths.iter().rposition(|&length| length <= cut).unwrap()];

        let seen = read(&torn, ShardId::new(0)).unwrap();
        let mut writer = Writer::open(&torn, NonZeroU32::MIN).unwrap();
        let mut kept = read(&torn, ShardId::new(0)).unwrap();
        assert_eq!(seen, kept, "cut at {cut}: records that were read must stay");
        assert!(kept.len() >= acknowledged, "cut at {cut}");
        assert_eq!(kept, records[..kept.len()], "cut at {cut}");

        let placed = writer
            .put(&[PutEntry {
                partition_key: "new",
                data: b"new",
                arrived_at_ms: 6,
            }])
            .unwrap();
        let after = read(&torn, ShardId::new(0)).unwrap();
        kept.push(after.last().unwrap().clone());
        assert_eq!(after, kept, "cut at {cut}");
        assert_eq!(
            placed[0].sequence_number,
            after.last().unwrap().sequence_number
        );
    }
}

#[test]
fn a_reader_follows_a_concurrent_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), NonZeroU32::MIN)
        .unwrap()
        .with_segment_bytes(4096);
    let stream = Stream::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for put in 0..100_u32 {
                let data: Vec<_> = (0..10)
                    .map(|n| (put * 10 + n).to_string().into_bytes())
                    .collect();
                let entries: Vec<_> = data
                    .iter()
                    .map(|data| PutEntry {
                        partition_key: "k",
                        data,
                        arrived_at_ms: 0,
                    })
                    .collect();
                writer.put(&entries).unwrap();
            }
        });
        let mut reader = stream.reader(ShardId::new(0), None).unwrap();
        let mut seen = 0_u32;
        while seen < 1000 {
            if let Some(record) = reader.next().unwrap() {
                assert_eq!(record.data, seen.to_string().as_bytes());
                seen += 1;
            } else {
                std::thread::yield_now();
            }
        }
    });
}

/// An incomplete last record is a torn tail in the last segment only.
#[test]
fn an_incomplete_end_of_an_earlier_segment_is_corruption() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let mut writer = Writer::open(dir.path(), NonZeroU32::MIN)
        .unwrap()
        .with_segment_bytes(1);
    for n in 0..3 {
        put(&mut writer, &mut model, &vec![("k".to_owned(), vec![n], 0)]);
    }
    let first = &segments(dir.path(), ShardId::new(0))[0];
    let length = fs::metadata(first).unwrap().len();
    for length in [length - 1, 0] {
        let file = OpenOptions::new().write(true).open(first).unwrap();
        file.set_len(length).unwrap();
        let error = read(dir.path(), ShardId::new(0)).unwrap_err();
        assert!(matches!(error, StreamError::Corrupt { .. }), "{error}");
    }
}
