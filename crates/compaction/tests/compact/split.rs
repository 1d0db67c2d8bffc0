//! Tests the split: several buckets give the same rows as one.

use std::collections::BTreeSet;
use std::sync::Arc;

use marquee_compaction::{
    BucketTask, CompactSettings, CompactedBucket, CompactionError, InputObject, SizeLimit,
    SplitPlan, TABLES, split_chunks, split_date, split_directory,
};
use marquee_kernels::EVENT_COLUMNS;
use marquee_tables::schema::processed_events;
use object_store::ObjectStore;
use proptest::prelude::*;

use crate::lake::{Lake, task};
use crate::laws::{any_delivery, put};
use crate::rows::{Cells, read_rows};
use crate::units::{DATE, unit};

fn chunks_of(bytes: u64) -> CompactSettings {
    CompactSettings {
        split_chunk_bytes: bytes,
        ..CompactSettings::default()
    }
}

fn split(
    lake: &Lake,
    inputs: &[InputObject],
    buckets: u32,
    chunk_bytes: u64,
) -> Result<Vec<Vec<InputObject>>, CompactionError> {
    let store: Arc<dyn ObjectStore> = lake.store.clone();
    let settings = chunks_of(chunk_bytes);
    lake.run(split_date(store, DATE, "1-a", inputs, buckets, &settings))
}

/// Splits part by part, the last part first; returns the number of parts too.
fn split_by_parts(
    lake: &Lake,
    inputs: &[InputObject],
    buckets: u32,
    settings: &CompactSettings,
    part: SizeLimit,
) -> (Vec<Vec<InputObject>>, u32) {
    let plan = SplitPlan::new(inputs, settings, part);
    let mut of_buckets = vec![Vec::new(); buckets as usize];
    for part in (0..plan.parts()).rev() {
        let store: Arc<dyn ObjectStore> = lake.store.clone();
        let chunks = plan.chunks(part, inputs).unwrap();
        let objects_of_buckets = split_chunks(store, DATE, "1-a", chunks, buckets, settings);
        let objects_of_buckets = lake.run(objects_of_buckets).unwrap();
        for (all, mut of_part) in of_buckets.iter_mut().zip(objects_of_buckets) {
            of_part.append(all);
            *all = of_part;
        }
    }
    (of_buckets, plan.parts())
}

/// Splits the inputs and compacts all buckets.
fn compact_all(
    lake: &Lake,
    run: &str,
    inputs: &[InputObject],
    parent: &[CompactedBucket],
    buckets: u32,
) -> Vec<CompactedBucket> {
    let objects_of_buckets = split(lake, inputs, buckets, 20_000).unwrap();
    let files = |table: &str| {
        let of_buckets = parent.iter().flat_map(|parent| &parent.tables[table].files);
        of_buckets.cloned().collect::<Vec<_>>()
    };
    let of_bucket = |(bucket, inputs)| {
        let task = BucketTask {
            bucket,
            buckets,
            events: files("events"),
            dropped: files("dropped_events"),
            readers: buckets,
            ..task(run, inputs, None)
        };
        lake.compact(task, &CompactSettings::default()).unwrap()
    };
    (0..).zip(objects_of_buckets).map(of_bucket).collect()
}

fn sorted(mut rows: Vec<Cells>) -> Vec<Cells> {
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn several_buckets_give_the_same_rows_as_one(
        (units, objects) in any_delivery(),
        buckets in 2u32..5,
        cut in 0usize..6,
    ) {
        let lake = Lake::new();
        let mut inputs = put(&lake, &units, &objects);
        let one = lake.compact(task("0", inputs.clone(), None), &CompactSettings::default()).unwrap();
        let late = inputs.split_off(cut.min(inputs.len()));
        let first = compact_all(&lake, "1", &inputs, &[], buckets);
        // The number of buckets grows from one generation to the next.
        let second = compact_all(&lake, "2", &late, &first, buckets + 1);
        for table in TABLES {
            let of_buckets = second.iter().flat_map(|bucket| lake.rows(bucket, table));
            prop_assert_eq!(sorted(of_buckets.collect()), sorted(lake.rows(&one, table)));
        }
        let sum = |count: fn(&CompactedBucket) -> u64| -> u64 { second.iter().map(count).sum() };
        prop_assert_eq!(sum(|bucket| bucket.counts.curated), one.counts.curated);
        prop_assert_eq!(sum(|bucket| bucket.counts.conflicts), one.counts.conflicts);
        let both = || first.iter().chain(&second);
        let rows: u64 = both().map(|bucket| bucket.counts.receipt_rows).sum();
        prop_assert_eq!(rows, one.counts.receipt_rows);
        let again: u64 = both().map(|bucket| bucket.counts.redelivered).sum();
        prop_assert_eq!(again, one.counts.redelivered);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn all_parts_write_the_same_objects_as_one_split(
        (units, objects) in any_delivery(),
        buckets in 2u32..5,
        chunk_bytes in prop::sample::select(vec![1u64, 15_000, 30_000]),
        part_rows in 1u64..40,
    ) {
        let (whole, parts) = (Lake::new(), Lake::new());
        let inputs = put(&whole, &units, &objects);
        prop_assert_eq!(&put(&parts, &units, &objects), &inputs);
        let objects_of_buckets = split(&whole, &inputs, buckets, chunk_bytes).unwrap();
        let part = SizeLimit { rows_of_date: part_rows, bytes: u64::MAX };
        let (by_parts, _) = split_by_parts(&parts, &inputs, buckets, &chunks_of(chunk_bytes), part);
        prop_assert_eq!(&by_parts, &objects_of_buckets);
        for object in objects_of_buckets.iter().flatten() {
            prop_assert_eq!(parts.get(&object.key), whole.get(&object.key));
        }
    }
}

/// Writes `count` processed objects of `rows` rows each, with nine users in turn.
fn objects(lake: &Lake, count: u128, rows: usize) -> Vec<InputObject> {
    let units: Vec<_> = (0..count * rows as u128)
        .map(|at| unit(at, &format!("user-{}", at % 9), at as i64))
        .collect();
    let object = |(at, units)| lake.put_units(&format!("processed/{at}.parquet"), units);
    (0..).zip(units.chunks(rows)).map(object).collect()
}

#[test]
fn keys_contain_the_range_of_inputs() {
    let lake = Lake::new();
    let inputs = objects(&lake, 6, 5);
    let part = SizeLimit {
        rows_of_date: 10,
        bytes: u64::MAX,
    };
    let (objects_of_buckets, parts) = split_by_parts(&lake, &inputs, 2, &chunks_of(1), part);
    assert_eq!(parts, 3);
    let directory = split_directory(DATE, "1-a");
    for of_bucket in &objects_of_buckets {
        assert!(of_bucket.is_sorted_by_key(|object| &object.key));
    }
    let chunks: BTreeSet<&str> = objects_of_buckets
        .iter()
        .flatten()
        .filter_map(|object| object.key.strip_prefix(&directory)?.get(..16))
        .collect();
    let expected: Vec<String> = (0..6).map(|at| format!("/inputs-{at:06}-1")).collect();
    assert!(chunks.iter().eq(&expected), "{chunks:?}");
}

/// Runs of other versions or settings can split the same inputs into other chunks.
#[test]
fn a_split_into_other_chunks_overwrites_nothing() {
    let lake = Lake::new();
    let inputs = objects(&lake, 8, 1);
    let contents = |objects_of_buckets: &[Vec<InputObject>]| -> Vec<_> {
        let objects = objects_of_buckets.iter().flatten();
        objects.map(|object| lake.get(&object.key)).collect()
    };
    let two = inputs[0].bytes + 1;
    let first = split(&lake, &inputs, 2, two).unwrap();
    let before = contents(&first);
    for chunk_bytes in [1, 3 * two, u64::MAX] {
        split(&lake, &inputs, 2, chunk_bytes).unwrap();
        assert!(contents(&first) == before, "{chunk_bytes}");
    }
}

#[test]
fn the_split_keeps_the_rows_unchanged() {
    let lake = Lake::new();
    let mut units: Vec<_> = (0..40)
        .map(|at| unit(at, &format!("user-{}", at % 9), at as i64))
        .collect();
    units[7].content.time -= 1_000_000;
    let inputs = [
        lake.put_units("processed/a.parquet", &units[..10]),
        lake.put_units("processed/b.parquet", &units[10..30]),
        lake.put_units("processed/c.parquet", &units[30..]),
    ];
    let chunk = inputs[0].bytes + 1;
    let objects_of_buckets = split(&lake, &inputs, 3, chunk).unwrap();
    let objects: Vec<&InputObject> = objects_of_buckets.iter().flatten().collect();
    let directory = split_directory(DATE, "1-a");
    assert_eq!(
        directory,
        "staging/days/event_date=2026-03-01/run=1-a/split"
    );
    for object in &objects {
        assert!(object.key.starts_with(&directory), "{}", object.key);
        assert_eq!(lake.get(&object.key).len() as u64, object.bytes);
        assert_eq!(
            read_rows(lake.get(&object.key)).len() as u64,
            object.rows_of_date
        );
    }
    assert!(
        objects
            .iter()
            .any(|object| object.key.contains("/inputs-000002-1/bucket-"))
    );
    let rows = |key: &str| read_rows(lake.get(key));
    let before = inputs.iter().flat_map(|input| rows(&input.key));
    let day = crate::units::DAY.to_string();
    // Compare only the columns that compaction reads.
    let schema = processed_events();
    let is_read: Vec<bool> = schema
        .fields()
        .iter()
        .map(|field| EVENT_COLUMNS.contains(&field.name().as_str()))
        .collect();
    let read = |row: Cells| -> Cells {
        let cells = row.into_iter().zip(&is_read);
        cells
            .filter(|(_, is_read)| **is_read)
            .map(|(cell, _)| cell)
            .collect()
    };
    let before = before.filter(|row| row[3].as_ref() == Some(&day));
    let before = before.map(read).collect();
    let after = objects
        .iter()
        .flat_map(|object| rows(&object.key))
        .collect();
    assert_eq!(sorted(after), sorted(before));

    let contents = |objects: &[&InputObject]| -> Vec<_> {
        objects.iter().map(|object| lake.get(&object.key)).collect()
    };
    let first = contents(&objects);
    assert_eq!(split(&lake, &inputs, 3, chunk).unwrap(), objects_of_buckets);
    assert_eq!(contents(&objects), first);
}

#[test]
fn a_row_count_that_differs_from_the_receipt_is_an_error() {
    let lake = Lake::new();
    let mut input = lake.put_units("processed/a.parquet", [&unit(1, "u", 0)]);
    input.rows_of_date = 0;
    assert_eq!(
        split(&lake, &[input], 2, 1).unwrap_err().to_string(),
        "processed/a.parquet has 1 rows of the date, but its receipt or generation lists 0"
    );
}
