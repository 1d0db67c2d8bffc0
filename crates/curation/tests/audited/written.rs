//! Audits that are written to the lake, and other operations that must ignore them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use marquee_audit::{self as audit, Audit};
use marquee_curation::sweep;
use marquee_event::DateRange;
use marquee_lake::generation::{self, Generation};
use marquee_lake::zone::{AUDIT_BOOKS, Zone, audit_books_key};
use marquee_repair::rebuild;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::lake::{DATE, Lake, NEXT, Sent, date, key_of, play};

const KEEP: Duration = Duration::from_secs(3_600);

/// Returns the value of a row in the date's table, by book, scope, name and figure.
async fn figure(lake: &Lake, date: &str, place: [&str; 4]) -> Option<i64> {
    let content = lake.get(&audit_books_key(self::date(date))).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(content).unwrap();
    let batches = reader.build().unwrap().map(Result::unwrap);
    batches.into_iter().find_map(|batch| {
        let is_it = |row: &usize| {
            let text = |column: usize| batch.column(column).as_string::<i32>().value(*row);
            [text(0), text(1), text(2), text(3)] == place
        };
        let row = (0..batch.num_rows()).find(is_it)?;
        Some(batch.column(4).as_primitive::<Int64Type>().value(row))
    })
}

/// Audits the date and writes the audit.
async fn written_audit(lake: &Lake, date: &str, stream: &[(u32, u64)]) -> Audit {
    let audit = lake.audit_of_with(date, stream).await;
    audit::write(&*lake.store, &audit).await.unwrap();
    audit
}

async fn tables(lake: &Lake) -> Vec<String> {
    let keys = lake.objects().await.into_keys();
    keys.filter(|key| key.starts_with(AUDIT_BOOKS)).collect()
}

#[tokio::test]
async fn the_last_audit_is_written_as_json_and_as_a_table() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1), "x".to_owned()])])
        .await;
    lake.deliver(&[Sent::new(2, &[play(2)]).at(&format!("{NEXT}T01:00:00Z"))])
        .await;
    let before = written_audit(&lake, DATE, &[(0, 2)]).await;
    assert!(!before.balanced, "a record is missing");
    let received = ["ingest", "date", DATE, "received"];
    let shard = ["ingest", "shard", "shardId-000000000000", "stream"];
    let differs = ["both", "problem", "shard_differs", "problems"];
    let curated = ["event", "date", DATE, "curated"];
    assert_eq!(figure(&lake, DATE, received).await, Some(2));
    assert_eq!(figure(&lake, DATE, shard).await, Some(2));
    assert_eq!(figure(&lake, DATE, differs).await, Some(1));
    assert_eq!(figure(&lake, DATE, curated).await, None);

    lake.deliver(&[Sent::new(3, &[play(3)])]).await;
    lake.publish().await;
    let after = written_audit(&lake, DATE, &[(0, 2)]).await;
    assert!(after.balanced);
    assert_eq!(figure(&lake, DATE, received).await, Some(3));
    assert_eq!(figure(&lake, DATE, differs).await, None);
    assert_eq!(figure(&lake, DATE, curated).await, Some(3));

    written_audit(&lake, NEXT, &[(0, 1)]).await;
    let dates = [DATE, NEXT].map(|date| audit_books_key(self::date(date)));
    assert_eq!(tables(&lake).await, dates, "one object per date");
    let key = format!("ledger/days/event_date={DATE}/audit/books.json");
    let json: Value = serde_json::from_slice(&lake.get(&key).await).unwrap();
    assert_eq!(json["ingest"]["received"], 3);
    assert_eq!(json["event"]["book"]["curated"], 3);
}

/// A sweep keeps books of any age, and deletes other files that no generation names.
#[tokio::test]
async fn a_sweep_keeps_the_books() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    lake.publish().await;
    written_audit(&lake, DATE, &[(0, 1)]).await;
    let left = "curated/audit_books_of_old/event_date=2026-03-01/part-0000.parquet";
    lake.put(left, "x").await;
    let before = lake.objects().await;
    let swept = sweep::sweep(&*lake.store, SystemTime::now() + 400 * KEEP, KEEP);
    assert_eq!(swept.await.unwrap().objects, 1);
    let mut after = lake.objects().await;
    assert_eq!(tables(&lake).await, [audit_books_key(date(DATE))]);
    after.insert(left.to_owned(), "x".into());
    assert_eq!(after, before);
}

/// The latest-only tables can be those of a generation that is not current.
#[tokio::test]
async fn a_sweep_keeps_the_latest_only_tables() {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    lake.publish().await;
    let first = generation::read(&*lake.store, date(DATE), 1).await.unwrap();
    assert!(first.newest && !first.tables.is_empty());
    let second = Generation {
        generation: 2,
        newest: false,
        tables: BTreeMap::new(),
        ..first.clone()
    };
    let third = Generation {
        generation: 3,
        newest: true,
        ..second.clone()
    };
    assert!(generation::create(&*lake.store, &second).await.unwrap());
    let sweep = || sweep::sweep(&*lake.store, SystemTime::now() + 400 * KEEP, KEEP);
    assert_eq!(sweep().await.unwrap().objects, 0);
    assert!(generation::create(&*lake.store, &third).await.unwrap());
    let files = first
        .tables
        .values()
        .map(|table| table.files.len())
        .sum::<usize>();
    assert_eq!(sweep().await.unwrap().objects, files as u64);
}

/// A written audit changes no figure of the next one, and `rebuild` does not change it.
#[tokio::test]
async fn a_written_audit_is_not_an_orphan() {
    let lake = Lake::new();
    let receipt = lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    lake.publish().await;
    let first = written_audit(&lake, DATE, &[(0, 1)]).await;
    let before = lake.objects().await;
    assert_eq!(written_audit(&lake, DATE, &[(0, 1)]).await, first);
    assert_eq!(lake.objects().await, before);

    lake.remove(&key_of(&receipt, Zone::Processed)).await;
    let dates: DateRange = DATE.parse().unwrap();
    let report = rebuild(
        &lake.store,
        dates,
        marquee_ingest::TransformSettings::default(),
    )
    .await;
    assert_eq!(report.unwrap().restored.len(), 1);
    assert_eq!(lake.objects().await, before);
    assert_eq!(lake.audit_with(&[(0, 1)]).await, first);
}
