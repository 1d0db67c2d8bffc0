//! A date that grows by late events: it gets more buckets, every bucket reads only the files
//! of the parent that can have its users, and the result equals a run from scratch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use marquee_compaction::{
    CompactSettings, CompactedTables, InputObject, SizeLimit, compact_date, split_date,
};
use marquee_curation::plan::{self, DateTask, Definitions, PlanSettings, Selection};
use marquee_curation::publish::{PublishOutcome, ReadyDate, publish};
use marquee_curation::steps::{Step, StepSettings, Steps};
use marquee_ingest::titles::Titles;
use marquee_lake::generation::{self, Generation, TableFiles};
use marquee_lake::receipt::{self, ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::staging::StagingDir;
use marquee_lake::zone::Zone;
use marquee_lake::{document, title_catalog};
use marquee_table_catalog::EmbeddedTableCatalog;
use object_store::ObjectStore;
use object_store::path::Path;
use serde_json::{Value, json};

use crate::lake::Lake;
use crate::units::{DATE, Unit, title_catalog as titles, unit};
use crate::watched::Watched;

/// 2026-03-03T00:00:00Z.
const NOW: i64 = 1_772_496_000_000_000;

const NO_SQL: Definitions = Definitions {
    marts: Vec::new(),
    checks: Vec::new(),
};

/// Settings that give several files per bucket and several chunks per part of the split.
fn compact_settings() -> CompactSettings {
    CompactSettings {
        split_chunk_rows: 40,
        file_bytes: 1,
        group_rows: 7,
        ..CompactSettings::default()
    }
}

/// The size of two chunks of at least two objects.
const PART: SizeLimit = SizeLimit {
    rows_of_date: 100,
    bytes: u64::MAX,
};

fn plan_settings(bucket_rows: u64) -> PlanSettings {
    PlanSettings {
        bucket_rows,
        ..PlanSettings::default()
    }
}

/// Returns `count` units of 41 users. Every fifth has the event id of another unit, of this or
/// an earlier delivery, with other content.
fn units(from: u128, count: u128) -> Vec<Unit> {
    let of = |at: u128| {
        let event = match at % 5 {
            4 => at / 7,
            _ => at,
        };
        let mut unit = unit(event, &format!("user-{}", event % 41), at as i64);
        unit.content.time += 1_000_000 * event as i64;
        unit.content.position_ms = Some(at as i64);
        unit
    };
    (from..from + count).map(of).collect()
}

/// Creates a lake that has only a title catalog.
fn new_lake() -> Lake {
    let lake = Lake::new();
    lake.run(title_catalog::publish(&*lake.store, &titles()))
        .unwrap();
    lake
}

/// Delivers units in batches of 25.
fn deliver(lake: &Lake, name: &str, units: &[Unit]) {
    for (at, units) in units.chunks(25).enumerate() {
        deliver_batch(lake, &format!("{name}-{at:02}"), units);
    }
}

/// Delivers a batch of the stream, with its receipt.
fn deliver_batch(lake: &Lake, batch: &str, units: &[Unit]) {
    let object = lake.put_units(&format!("processed/{batch}.parquet"), units);
    let rows = units.len() as u64;
    let receipt = Receipt {
        version: 1,
        format_version: 1,
        kind: ReceiptKind::Stream,
        batch: batch.to_owned(),
        shard_id: "shard-1".to_owned(),
        first_sequence_number: "1".to_owned(),
        last_sequence_number: "2".to_owned(),
        ingest_date: DATE,
        ingest_hour: 0,
        first_arrived_at: format!("{DATE}T00:00:00Z"),
        last_arrived_at: format!("{DATE}T00:00:00Z"),
        arrival_dates: BTreeMap::new(),
        records: rows,
        received: rows,
        processed: rows,
        quarantined: 0,
        received_bytes: 0,
        reasons: BTreeMap::new(),
        event_dates: [(DATE, object.rows_of_date)].into(),
        title_catalog: None,
        objects: vec![ObjectEntry {
            zone: Zone::Processed,
            key: object.key,
            rows,
            bytes: object.bytes,
            digest: String::new(),
        }],
    };
    assert!(lake.run(receipt::create(&*lake.store, &receipt)).unwrap());
}

/// A compacted date, with the files of the parent that each bucket read.
struct CompactedDate {
    parts: usize,
    task: DateTask,
    facts: CompactedTables,
    read: Vec<BTreeSet<String>>,
}

/// Creates the steps over `store`, with parts of the size `part`.
fn steps(store: Arc<dyn ObjectStore>, bucket_rows: u64, part: SizeLimit) -> Steps {
    let settings = StepSettings {
        plan: plan_settings(bucket_rows),
        compact: compact_settings(),
        part,
        ..StepSettings::default()
    };
    let catalog = Arc::new(EmbeddedTableCatalog::new(Arc::clone(&store)));
    Steps::new(store, catalog, NO_SQL, settings)
}

/// Compacts the date with the steps, and records the reads of each step.
fn compact(lake: &Lake, bucket_rows: u64) -> CompactedDate {
    let watched = Watched::new(lake.store.clone());
    let steps = steps(watched.clone(), bucket_rows, PART);
    let call = |step, input: Value| lake.run(steps.call(step, input, NOW)).unwrap();
    let plan = call(Step::Plan, json!({ "which": "due" }));
    let date = &plan["dates"][0];
    assert_eq!(date["event_date"], DATE.to_string(), "{plan}");
    let work: StagingDir = serde_json::from_value(date["work"].clone()).unwrap();
    let parts = date["parts"].as_array().unwrap();
    // Parts may run in any order, and more than once.
    for part in parts.iter().rev().chain(parts) {
        call(Step::Split, json!({ "work": work, "part": part }));
    }
    assert_split(lake, &work, parts.len());
    watched.read_since("");
    let mut read = Vec::new();
    for bucket in date["buckets"].as_array().unwrap() {
        call(Step::Compact, json!({ "work": work, "bucket": bucket }));
        read.push(watched.read_since("curated/"));
    }
    call(Step::Gather, json!({ "work": work }));
    CompactedDate {
        parts: parts.len(),
        task: lake
            .run(document::read(&*lake.store, &work.task()))
            .unwrap(),
        facts: lake
            .run(document::read(&*lake.store, &work.facts()))
            .unwrap(),
        read,
    }
}

/// Asserts that the parts wrote the same objects as a split in one process.
fn assert_split(lake: &Lake, work: &StagingDir, parts: usize) {
    let task: DateTask = lake
        .run(document::read(&*lake.store, &work.task()))
        .unwrap();
    let compaction = task.compaction.unwrap();
    let mut by_parts = vec![Vec::new(); task.buckets as usize];
    for part in 0..parts {
        let key = work.split(u32::try_from(part).unwrap());
        let of_part: Vec<Vec<InputObject>> = lake.run(document::read(&*lake.store, &key)).unwrap();
        for (all, of_part) in by_parts.iter_mut().zip(of_part) {
            all.extend(of_part);
        }
    }
    let contents = || -> Vec<Bytes> {
        let objects = by_parts.iter().flatten();
        objects.map(|object| lake.get(&object.key)).collect()
    };
    let before = contents();
    if task.buckets > 1 {
        let store: Arc<dyn ObjectStore> = lake.store.clone();
        let (inputs, settings) = (&compaction.inputs, compact_settings());
        let whole = split_date(
            store,
            DATE,
            &compaction.run,
            inputs,
            task.buckets,
            &settings,
        );
        assert_eq!(lake.run(whole).unwrap(), by_parts);
    }
    assert!(contents() == before);
}

fn publish_date(lake: &Lake, date: &CompactedDate) -> Generation {
    let ready = ReadyDate {
        task: &date.task,
        facts: &date.facts,
        marts: BTreeMap::new(),
        definitions: NO_SQL.digest(),
        looked_back: BTreeMap::new(),
        run: format!("{:06}-test", date.task.generation),
    };
    match lake.run(publish(&*lake.store, ready)).unwrap() {
        PublishOutcome::Published(generation) => *generation,
        PublishOutcome::Lost => panic!("no other run publishes"),
    }
}

/// Compacts the same deliveries at once, in one process.
fn from_scratch(batches: &[Vec<Unit>], bucket_rows: u64) -> (Lake, CompactedTables) {
    let lake = new_lake();
    for (at, batch) in batches.iter().enumerate() {
        deliver(&lake, &format!("batch-{at}"), batch);
    }
    let settings = plan_settings(bucket_rows);
    let plan = lake
        .run(plan::plan(
            &*lake.store,
            &NO_SQL,
            &settings,
            &Selection::Due,
        ))
        .unwrap();
    let store: Arc<dyn ObjectStore> = lake.store.clone();
    let titles = Arc::new(Titles::new(None, titles()));
    let settings = compact_settings();
    let made = compact_date(&store, &titles, plan.tasks[0].compaction_task(), &settings);
    let facts = lake.run(made).unwrap();
    (lake, facts)
}

/// Asserts that the date equals a run from scratch over the same deliveries.
fn assert_same(lake: &Lake, date: &CompactedDate, batches: &[Vec<Unit>], bucket_rows: u64) {
    let (scratch, facts) = from_scratch(batches, bucket_rows);
    assert_eq!(date.facts.counts, facts.counts);
    assert_eq!(date.facts.digest, facts.digest);
    assert_eq!(date.facts.buckets, facts.buckets);
    let contents = |lake: &Lake, table: &TableFiles| -> Vec<_> {
        table.files.iter().map(|file| lake.get(&file.key)).collect()
    };
    assert_eq!(date.facts.tables.len(), facts.tables.len());
    for (name, table) in &facts.tables {
        let grown = contents(lake, &date.facts.tables[name]);
        assert!(grown == contents(&scratch, table), "{name}");
    }
}

/// Returns the files of events and dropped events that the buckets wrote.
fn parts(last: Option<&Generation>, buckets: &[u32]) -> BTreeSet<String> {
    let files = ["events", "dropped_events"]
        .into_iter()
        .filter_map(|table| last?.tables.get(table))
        .flat_map(|table| &table.files);
    let is_of = |key: &str| {
        let mut buckets = buckets.iter();
        buckets.any(|bucket| key.contains(&format!("/part-{bucket:04}-")))
    };
    let keys = files.map(|file| file.key.clone());
    keys.filter(|key| is_of(key)).collect()
}

/// A delivery: its number of units, the rows per bucket from then on, and for each new bucket
/// the buckets of the parent that it reads.
type Growth = (u128, u64, &'static [&'static [u32]]);

const GROWTH: [Growth; 6] = [
    (90, 100, &[&[]]),
    (90, 100, &[&[0], &[0]]),
    (150, 100, &[&[0], &[1], &[0], &[1]]),
    (20, 100, &[&[0], &[1], &[2], &[3]]),
    // A date never shrinks, but a larger limit gives fewer buckets.
    (20, 200, &[&[0, 2], &[1, 3]]),
    (20, 1_000, &[&[0, 1]]),
];

#[test]
fn a_growing_date_reads_its_parent_once_and_equals_a_run_from_scratch() {
    let lake = new_lake();
    let mut batches: Vec<Vec<Unit>> = Vec::new();
    let mut last: Option<Generation> = None;
    let mut from = 0;
    let mut parts_of_splits = Vec::new();
    for (count, bucket_rows, reads) in GROWTH {
        let mut batch = units(from, count);
        // Five units are redelivered.
        batch.extend(
            batches
                .last()
                .into_iter()
                .flat_map(|last| last[..5].to_vec()),
        );
        from += count;
        deliver(&lake, &format!("batch-{}", batches.len()), &batch);
        batches.push(batch);
        let date = compact(&lake, bucket_rows);
        assert_eq!(date.task.buckets as usize, reads.len());
        for (bucket, (found, buckets)) in date.read.iter().zip(reads).enumerate() {
            assert_eq!(
                *found,
                parts(last.as_ref(), buckets),
                "bucket {bucket} of {}",
                reads.len()
            );
        }
        assert_same(&lake, &date, &batches, bucket_rows);
        parts_of_splits.push(date.parts);
        let generation = publish_date(&lake, &date);
        assert_eq!(generation.buckets, Some(date.task.buckets));
        let has_several_files = |table: &str| generation.tables[table].files.len() > reads.len();
        assert!(has_several_files("events") && has_several_files("dropped_events"));
        last = Some(generation);
    }
    assert_eq!(parts_of_splits, [0, 1, 2, 1, 1, 0]);
    let counts = last.unwrap().counts;
    assert!(
        counts.duplicates > 50 && counts.conflicts > 50,
        "{counts:?}"
    );
    assert_eq!(counts.redelivered, 25);
}

/// Two runs with different splits must not overwrite each other's documents.
#[test]
fn a_plan_with_another_split_has_another_name() {
    let lake = new_lake();
    deliver(&lake, "batch", &units(0, 150));
    let plan = |part: SizeLimit| -> (Value, usize) {
        let steps = steps(lake.store.clone(), 100, part);
        let input = json!({ "which": "due" });
        let plan = lake.run(steps.call(Step::Plan, input, NOW)).unwrap();
        let parts = plan["dates"][0]["parts"].as_array().unwrap().len();
        (plan["plan"].clone(), parts)
    };
    let smaller = SizeLimit {
        rows_of_date: 50,
        ..PART
    };
    let (name, parts) = plan(PART);
    let (other, more_parts) = plan(smaller);
    assert_eq!((parts, more_parts), (2, 3));
    assert_ne!(name, other);
    assert_eq!(plan(PART), (name, parts));
}

/// Documents of older versions have no field `buckets`.
#[test]
fn every_bucket_reads_a_generation_without_buckets() {
    let lake = new_lake();
    let batches = [units(0, 150), units(150, 20)];
    deliver(&lake, "batch-0", &batches[0]);
    let first = publish_date(&lake, &compact(&lake, 100));
    let key = Path::from(first.key());
    let mut text: Value = lake.run(document::read(&*lake.store, &key)).unwrap();
    let removed = text.as_object_mut().unwrap().remove("buckets");
    assert_eq!(removed, Some(json!(2)));
    lake.put(key.as_ref(), text.to_string().into());
    let read = lake.run(generation::read(&*lake.store, DATE, 1)).unwrap();
    assert_eq!(read.buckets, None);

    deliver(&lake, "batch-1", &batches[1]);
    let date = compact(&lake, 100);
    let all = parts(Some(&first), &[0, 1]);
    assert_eq!(date.read, [all.clone(), all]);
    assert_same(&lake, &date, &batches, 100);
    assert_eq!(publish_date(&lake, &date).buckets, Some(2));
}
