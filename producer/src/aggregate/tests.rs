#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

fn settings() -> AggregateSettings {
    AggregateSettings {
        stamp_arrival: true,
        ..AggregateSettings::default()
    }
}

fn body(n: u64) -> Vec<u8> {
    let id = xxh3_64(&n.to_le_bytes());
    format!(
        r#"{{"event_id":"{id:016x}-{n}","event_type":"heartbeat","event_time":"2026-01-01T00:00:{:02}Z","user_id":"u-{}","title_id":"t-{}","position_ms":{}}}"#,
        n % 60, n % 97, id % 300, id % 7_000_000,
    )
    .into_bytes()
}

fn run(settings: AggregateSettings, events: u64, step_ms: i64) -> Vec<PutRecord> {
    let mut aggregator = Aggregator::new(settings);
    let mut out = Vec::new();
    for n in 0..events {
        aggregator
            .add(
                &format!("u-{}", n % 97),
                &body(n),
                n as i64 * step_ms,
                &mut out,
            )
            .unwrap();
    }
    aggregator.finish(&mut out);
    out
}

#[test]
fn full_records_fill_a_put_unit_and_rarely_exceed_it() {
    let buckets = NonZeroU16::new(4).unwrap();
    let records = run(
        AggregateSettings {
            buckets,
            ..settings()
        },
        40_000,
        0,
    );
    // Skip the first records, which train the estimate, and the last, which are partial.
    let steady = records.get(12..records.len() - 4).unwrap();
    assert!(steady.len() > 10, "{} records", records.len());
    let over = steady
        .iter()
        .filter(|record| record.put_units() > 1)
        .count();
    assert!(
        over * 20 <= steady.len(),
        "{over} of {} take two units",
        steady.len()
    );
    let mean = steady.iter().map(PutRecord::size).sum::<usize>() / steady.len();
    assert!(mean > PUT_UNIT_BYTES * 85 / 100, "{mean} bytes on average");
}

#[test]
fn uncompressed_records_never_exceed_the_target() {
    let records = run(
        AggregateSettings {
            compression: Compression::None,
            ..settings()
        },
        20_000,
        0,
    );
    assert!(records.iter().all(|record| record.size() <= PUT_UNIT_BYTES));
    assert_eq!(
        records.iter().map(|record| record.events).sum::<u32>(),
        20_000
    );
}

#[test]
fn a_record_arrives_at_the_end_of_its_linger() {
    let mut aggregator = Aggregator::new(AggregateSettings {
        linger_ms: 500,
        ..settings()
    });
    let mut out = Vec::new();
    aggregator.add("a", b"{}", 1_000, &mut out).unwrap();
    aggregator.add("a", b"{}", 1_499, &mut out).unwrap();
    assert_eq!((out.len(), aggregator.next_due_ms()), (0, Some(1_500)));
    aggregator.add("a", b"{}", 9_000, &mut out).unwrap();
    let [closed] = out.as_slice() else {
        panic!("{out:?}")
    };
    assert_eq!((closed.events, closed.arrives_at_ms), (2, Some(1_500)));
    aggregator.tick(9_500, &mut out);
    assert_eq!(out.get(1).unwrap().arrives_at_ms, Some(9_500));
    assert_eq!(aggregator.next_due_ms(), None);
}

#[test]
fn the_clock_never_runs_backwards() {
    let mut aggregator = Aggregator::new(AggregateSettings {
        linger_ms: 10,
        ..settings()
    });
    let mut out = Vec::new();
    aggregator.add("a", b"{}", 100, &mut out).unwrap();
    aggregator.add("b", b"{}", 50, &mut out).unwrap();
    aggregator.finish(&mut out);
    assert!(out.iter().all(|record| record.arrives_at_ms == Some(100)));
}

#[test]
fn an_event_too_large_for_any_record_is_an_error_and_affects_no_other() {
    let mut aggregator = Aggregator::new(AggregateSettings {
        max_record_bytes: 1_000,
        ..settings()
    });
    let mut out = Vec::new();
    aggregator.add("a", b"{}", 0, &mut out).unwrap();
    let error = aggregator
        .add("a", &[b'x'; 1_000], 0, &mut out)
        .unwrap_err();
    assert_eq!(error.limit, 1_000);
    assert!(error.bytes > 1_000);
    aggregator.finish(&mut out);
    assert_eq!(out.iter().map(|record| record.events).sum::<u32>(), 1);
}

#[test]
fn without_aggregation_the_user_id_is_the_partition_key() {
    let mut aggregator = Aggregator::new(AggregateSettings {
        aggregate: false,
        ..settings()
    });
    let mut out = Vec::new();
    for user in ["ann", "", &"é".repeat(257)] {
        aggregator.add(user, b"{}", 7, &mut out).unwrap();
    }
    let keys: Vec<_> = out
        .iter()
        .map(|record| record.partition_key.as_str())
        .collect();
    assert_eq!(keys.first(), Some(&"ann"));
    assert!(
        keys.iter().skip(1).all(|key| key.starts_with("b-")),
        "{keys:?}"
    );
    assert_eq!(out.first().unwrap().data.as_ref(), b"{}");
}

#[test]
fn the_same_events_give_the_same_records() {
    assert_eq!(run(settings(), 5_000, 3), run(settings(), 5_000, 3));
}

proptest! {
    #[test]
    fn no_event_is_lost_and_no_limit_exceeded(
        sizes in prop::collection::vec((0_usize..3_000, 0_u8..20, 0_i64..400), 1..200),
        aggregate: bool,
        compressed: bool,
    ) {
        let limit = 2_000;
        let mut aggregator = Aggregator::new(AggregateSettings {
            aggregate,
            compression: if compressed { Compression::Zstd } else { Compression::None },
            target_bytes: 900,
            max_record_bytes: limit,
            buckets: NonZeroU16::new(5).unwrap(),
            ..settings()
        });
        let (mut out, mut now, mut taken) = (Vec::new(), 0, 0_u32);
        for (size, user, step) in sizes {
            now += step;
            // Incompressible bytes.
            let noise: Vec<u8> = (0..size).map(|i| xxh3_64(&i.to_le_bytes()) as u8).collect();
            taken += u32::from(aggregator.add(&user.to_string(), &noise, now, &mut out).is_ok());
        }
        aggregator.finish(&mut out);
        prop_assert_eq!(out.iter().map(|record| record.events).sum::<u32>(), taken);
        prop_assert!(out.iter().all(|record| record.size() <= limit));
        prop_assert!(out.is_sorted_by_key(|record| record.arrives_at_ms));
    }
}
