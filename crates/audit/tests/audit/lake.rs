//! A small lake that the real transform writes, with a simple curation.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, TimestampMicrosecondType};
use arrow_array::{Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use base64_simd::STANDARD;
use bytes::Bytes;
use futures::TryStreamExt;
use marquee_audit::{self as audit, Audit, StreamCount};
use marquee_event::{Date, parse_rfc3339};
use marquee_ingest::{Transform, TransformSettings};
use marquee_lake::digest;
use marquee_lake::generation::{self, EventCounts, FileEntry, Generation, TableFiles};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::zone::{Zone, curated_directory};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

/// The date of most events and arrivals.
pub(crate) const DATE: &str = "2026-03-01";
/// The next date.
pub(crate) const NEXT: &str = "2026-03-02";

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A Kinesis record.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) shard: u32,
    pub(crate) sequence: u64,
    /// RFC 3339.
    pub(crate) arrived_at: String,
    pub(crate) data: Vec<u8>,
}

impl Sent {
    /// Creates a record of shard 0 that arrived `sequence` seconds after noon.
    pub(crate) fn new(sequence: u64, units: &[String]) -> Self {
        Self {
            shard: 0,
            sequence,
            arrived_at: format!("{DATE}T12:00:{sequence:02}Z"),
            data: units.join("\n").into_bytes(),
        }
    }

    pub(crate) fn in_shard(mut self, shard: u32) -> Self {
        self.shard = shard;
        self
    }

    pub(crate) fn at(mut self, arrived_at: &str) -> Self {
        arrived_at.clone_into(&mut self.arrived_at);
        self
    }
}

pub(crate) fn shard_id(shard: u32) -> String {
    format!("shardId-{shard:012}")
}

pub(crate) fn sequence_number(sequence: u64) -> String {
    format!("4959{sequence:052}")
}

/// Returns the payload with which Lambda invokes the transform.
pub(crate) fn payload(records: &[Sent]) -> Vec<u8> {
    let record = |sent: &Sent| {
        let micros = parse_rfc3339(&sent.arrived_at).unwrap();
        json!({
            "kinesis": {
                "partitionKey": "k",
                "sequenceNumber": sequence_number(sent.sequence),
                "data": STANDARD.encode_to_string(&sent.data),
                "approximateArrivalTimestamp": micros as f64 / 1e6,
            },
            "eventID": format!("{}:{}", shard_id(sent.shard), sequence_number(sent.sequence)),
        })
    };
    let records: Vec<_> = records.iter().map(record).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// Returns a playback event of the date. `number` is its event id and its producer number.
pub(crate) fn play(number: u64) -> String {
    play_at(number, &format!("{DATE}T11:00:00Z"))
}

pub(crate) fn play_at(number: u64, event_time: &str) -> String {
    json!({
        "event_id": format!("01936f2e-5c00-7000-8000-{number:012x}"),
        "event_type": "play",
        "event_time": event_time,
        "user_id": format!("u{}", number % 3),
        "session_id": "s",
        "title_id": "t-film",
        "position_ms": number,
        "producer": {"id": "p", "seq": number},
    })
    .to_string()
}

/// Returns an invalid unit with a readable producer number.
pub(crate) fn broken(number: u64) -> String {
    format!(r#"{{"producer":{{"id":"p","seq":{number}}},"event_type":"blink"}}"#)
}

/// A lake in memory.
pub(crate) struct Lake {
    pub(crate) store: Arc<dyn ObjectStore>,
    transform: Transform,
}

impl Lake {
    pub(crate) fn new() -> Self {
        Self::with(TransformSettings::default())
    }

    pub(crate) fn with(settings: TransformSettings) -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        Self {
            transform: Transform::new(store.clone(), settings),
            store,
        }
    }

    /// Delivers a batch and returns its receipt.
    pub(crate) async fn deliver(&self, records: &[Sent]) -> Receipt {
        let response = self.transform.handle(&payload(records)).await.unwrap();
        assert!(response.failures.is_empty());
        let first = sequence_number(records[0].sequence);
        let last = sequence_number(records[records.len() - 1].sequence);
        let receipts = self.receipts().await;
        let is_of_batch = |receipt: &Receipt| {
            receipt.shard_id == shard_id(records[0].shard)
                && receipt.first_sequence_number == first
                && receipt.last_sequence_number == last
        };
        receipts.into_iter().find(is_of_batch).unwrap()
    }

    pub(crate) async fn receipts(&self) -> Vec<Receipt> {
        receipt::list(&*self.store, None).await.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Bytes {
        let found = self.store.get(&Path::from(key)).await.unwrap();
        found.bytes().await.unwrap()
    }

    pub(crate) async fn put(&self, key: &str, content: impl Into<Bytes>) {
        let content: Bytes = content.into();
        let key = Path::from(key);
        self.store.put(&key, content.into()).await.unwrap();
    }

    pub(crate) async fn remove(&self, key: &str) {
        self.store.delete(&Path::from(key)).await.unwrap();
    }

    /// Returns every object, by key.
    pub(crate) async fn objects(&self) -> BTreeMap<String, Bytes> {
        let listed: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        let mut objects = BTreeMap::new();
        for object in listed {
            let key = object.location.to_string();
            let content = self.get(&key).await;
            objects.insert(key, content);
        }
        objects
    }

    pub(crate) async fn audit(&self) -> Audit {
        self.audit_of(DATE).await
    }

    pub(crate) async fn audit_of(&self, date: &str) -> Audit {
        audit::audit_date(&self.store, date.parse().unwrap(), None)
            .await
            .unwrap()
    }

    pub(crate) async fn audit_with(&self, stream: &[(u32, u64)]) -> Audit {
        self.audit_of_with(DATE, stream).await
    }

    /// Audits the date with the stream's own count by shard.
    pub(crate) async fn audit_of_with(&self, date: &str, stream: &[(u32, u64)]) -> Audit {
        let stream: StreamCount = stream.iter().map(|(s, n)| (shard_id(*s), *n)).collect();
        audit::audit_date(&self.store, date.parse().unwrap(), Some(&stream))
            .await
            .unwrap()
    }

    /// Publishes the next generation of [`DATE`]. Keeps the first row of each user and event.
    pub(crate) async fn publish(&self) -> Generation {
        let date: Date = DATE.parse().unwrap();
        let receipts: Vec<Receipt> = self.receipts().await;
        let mut rows = Vec::new();
        let mut covered = BTreeSet::new();
        for receipt in &receipts {
            if !receipt.event_dates.contains_key(&date) {
                continue;
            }
            covered.insert(receipt.key());
            for object in &receipt.objects {
                if object.zone == Zone::Processed {
                    rows.extend(rows_of(self.get(&object.key).await, date));
                }
            }
        }
        let mut counts = EventCounts {
            receipt_rows: rows.len() as u64,
            ..EventCounts::default()
        };
        rows.sort();
        rows.dedup();
        counts.redelivered = counts.receipt_rows - rows.len() as u64;
        let mut seen = HashSet::new();
        let (kept, dropped): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| seen.insert((row.user_id.clone(), row.event_id.clone())));
        counts.curated = kept.len() as u64;
        counts.duplicates = dropped.len() as u64;
        let before = generation::current_of(&*self.store, date).await.unwrap();
        let number = before.map_or(1, |before| before.generation + 1);
        let run = format!("{number:06}-test");
        let mut tables = BTreeMap::new();
        for (table, rows) in [("events", kept), ("dropped_events", dropped)] {
            let content = identities_file(&rows);
            let directory = curated_directory(table, Some(date), &run);
            let entry = FileEntry {
                key: format!("{directory}/part-0.parquet"),
                rows: rows.len() as u64,
                bytes: content.len() as u64,
                digest: digest::of(&content),
            };
            self.put(&entry.key, content).await;
            let files = TableFiles { files: vec![entry] };
            tables.insert(table.to_owned(), files);
        }
        let list = format!("ledger/days/event_date={DATE}/covered/{run}.json");
        self.put(&list, serde_json::to_vec(&covered).unwrap()).await;
        let generation = Generation {
            version: 1,
            event_date: date,
            generation: number,
            parent: (number > 1).then_some(number - 1),
            run,
            title_catalog: None,
            covered: list,
            receipts: covered.len() as u64,
            newest: true,
            definitions: String::new(),
            facts: String::new(),
            buckets: None,
            looked_back: BTreeMap::new(),
            counts,
            tables,
        };
        let created = generation::create(&*self.store, &generation).await;
        assert!(created.unwrap());
        generation
    }
}

/// Returns the key of the receipt's object in the zone.
pub(crate) fn key_of(receipt: &Receipt, zone: Zone) -> String {
    let mut objects = receipt.objects.iter();
    let object = objects.find(|object| object.zone == zone).unwrap();
    object.key.clone()
}

/// A row of a date. The order is that of arrival and identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    arrived_at: i64,
    shard_id: String,
    sequence_number: String,
    sub_sequence: i32,
    user_id: String,
    event_id: String,
}

fn rows_of(content: Bytes, date: Date) -> Vec<Row> {
    let batches = ParquetRecordBatchReaderBuilder::try_new(content)
        .unwrap()
        .build()
        .unwrap();
    let mut rows = Vec::new();
    for batch in batches {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let text = |name: &str, row| column(name).as_string::<i32>().value(row).to_owned();
        for row in 0..batch.num_rows() {
            let event_date = column("event_date").as_primitive::<Date32Type>();
            if event_date.value(row) == date.days() {
                rows.push(Row {
                    arrived_at: column("arrived_at")
                        .as_primitive::<TimestampMicrosecondType>()
                        .value(row),
                    shard_id: text("shard_id", row),
                    sequence_number: text("sequence_number", row),
                    sub_sequence: column("sub_sequence")
                        .as_primitive::<Int32Type>()
                        .value(row),
                    user_id: text("user_id", row),
                    event_id: text("event_id", row),
                });
            }
        }
    }
    rows
}

fn identities_file(rows: &[Row]) -> Vec<u8> {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let schema = Arc::new(Schema::new(vec![
        text("shard_id"),
        text("sequence_number"),
        Field::new("sub_sequence", DataType::Int32, false),
    ]));
    let texts = |of: fn(&Row) -> &str| Arc::new(StringArray::from_iter_values(rows.iter().map(of)));
    let units = Int32Array::from_iter_values(rows.iter().map(|row| row.sub_sequence));
    let batch = RecordBatch::try_new(
        schema.clone(),
        vec![
            texts(|row| &row.shard_id),
            texts(|row| &row.sequence_number),
            Arc::new(units),
        ],
    );
    parquet_of(&[batch.unwrap()], schema)
}

/// Returns a Parquet file with the rows.
pub(crate) fn parquet_of(batches: &[RecordBatch], schema: Arc<Schema>) -> Vec<u8> {
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, schema, None).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    content
}

/// Returns the Parquet file without its last row.
pub(crate) fn without_last_row(content: Bytes) -> Vec<u8> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(content).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let mut shorter = batches;
    let last = shorter.pop().unwrap();
    shorter.push(last.slice(0, last.num_rows() - 1));
    parquet_of(&shorter, schema)
}
