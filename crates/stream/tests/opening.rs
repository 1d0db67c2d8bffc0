//! Opening a stream: the errors and their messages.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::num::NonZeroU32;

use marquee_stream::{MAX_SHARDS, PutEntry, SequenceNumber, ShardId, Stream, StreamError, Writer};

fn shards(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

const ENTRY: PutEntry<'static> = PutEntry {
    partition_key: "k",
    data: b"d",
    arrived_at_ms: 0,
};

#[test]
fn an_existing_stream_keeps_its_number_of_shards() {
    let dir = tempfile::tempdir().unwrap();
    drop(Writer::open(dir.path(), shards(4)).unwrap());
    assert_eq!(
        Writer::open(dir.path(), shards(9)).unwrap().shard_count(),
        4
    );
    assert_eq!(Stream::open(dir.path()).unwrap().shards().len(), 4);
}

#[test]
fn one_writer_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Writer::open(dir.path(), shards(1)).unwrap();
    let second = Writer::open(dir.path(), shards(1));
    assert!(matches!(second, Err(StreamError::Locked { .. })));
    drop(first);
    Writer::open(dir.path(), shards(1)).unwrap();
}

#[test]
fn a_directory_without_a_manifest_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = Stream::open(dir.path()).unwrap_err();
    assert!(matches!(error, StreamError::NotAStream { .. }));
    assert!(
        error.to_string().ends_with("stream.json is missing"),
        "{error}"
    );
}

#[test]
fn an_unusable_manifest_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for (text, problem) in [
        ("", "EOF"),
        (
            "{\"format\":2,\"shards\":1}",
            "it has format 2, and this version reads format 1",
        ),
        ("{\"format\":1,\"shards\":0}", "it has 0 shards"),
        (
            "{\"format\":1,\"shards\":4000000000}",
            "it has 4000000000 shards",
        ),
    ] {
        fs::write(dir.path().join("stream.json"), text).unwrap();
        let error = Stream::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(Writer::open(dir.path(), shards(1)).is_err());
    }
}

#[test]
fn too_many_shards_create_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stream = dir.path().join("stream");
    let error = Writer::open(&stream, shards(MAX_SHARDS + 1)).unwrap_err();
    assert!(matches!(error, StreamError::TooManyShards { .. }));
    assert!(!stream.exists());
}

#[test]
fn an_invalid_entry_rejects_the_whole_put() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(dir.path(), shards(1)).unwrap();
    let error = writer
        .put(&[
            ENTRY,
            PutEntry {
                partition_key: "",
                ..ENTRY
            },
        ])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "record 1 of the put has a partition key of 0 characters; the limits are 1 and 256"
    );
    let placed = writer.put(&[ENTRY]).unwrap();
    assert_eq!(placed[0].sequence_number.ordinal(), 1);
}

#[test]
fn a_position_of_another_stream_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    Writer::open(dir.path(), shards(2))
        .unwrap()
        .put(&[ENTRY])
        .unwrap();
    let stream = Stream::open(dir.path()).unwrap();
    let shard = ShardId::of_partition_key("k", 2);
    let other = ShardId::new(1 - shard.index());
    let is_rejected = |shard, after| {
        matches!(
            stream.reader(shard, Some(&after)),
            Err(StreamError::UnknownPosition { .. })
        )
    };
    assert!(!is_rejected(shard, SequenceNumber::new(shard, 1)));
    assert!(is_rejected(shard, SequenceNumber::new(shard, 2)));
    assert!(is_rejected(shard, SequenceNumber::new(shard, 0)));
    assert!(is_rejected(shard, SequenceNumber::new(other, 1)));
    assert!(is_rejected(other, SequenceNumber::new(other, 1)));
    assert!(matches!(
        stream.reader(ShardId::new(2), None),
        Err(StreamError::UnknownShard { .. })
    ));
}

#[test]
fn streams_of_one_lake_can_have_disjoint_shards() {
    let dir = tempfile::tempdir().unwrap();
    let entry = PutEntry {
        partition_key: "k",
        data: b"x",
        arrived_at_ms: 1,
    };
    let mut writer = Writer::open_from(dir.path(), 8192, shards(3)).unwrap();
    let placed = writer.put(&[entry]).unwrap();
    drop(writer);
    // An existing stream keeps its shards and ignores the arguments.
    let again = Writer::open(dir.path(), shards(1))
        .unwrap()
        .put(&[entry])
        .unwrap();
    let stream = Stream::open(dir.path()).unwrap();
    assert_eq!(stream.shards(), [8192, 8193, 8194].map(ShardId::new));
    assert_eq!(placed[0].shard_id, again[0].shard_id);
    assert!(stream.shards().contains(&placed[0].shard_id));
    let mut reader = stream.reader(placed[0].shard_id, None).unwrap();
    let numbers: Vec<_> = std::iter::from_fn(|| reader.next().unwrap())
        .map(|r| r.sequence_number)
        .collect();
    assert_eq!(
        numbers,
        [placed[0].sequence_number, again[0].sequence_number]
    );
}
