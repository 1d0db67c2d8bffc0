//! Lakes to curate, and their published contents.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use marquee_audit::EventBook;
use marquee_codec::Compression;
use marquee_compaction::CompactSettings;
use marquee_curation::driver::{DateOutcome, Driver, DriverSettings};
use marquee_curation::plan::{self, Definitions, Selection};
use marquee_event::Date;
use marquee_ingest::Transform;
use marquee_lake::{digest, generation, title_catalog};
use marquee_marts::{LakeSql, LakeSqlSettings};
use marquee_producer::simulate::Simulation;
use marquee_producer::{AggregateSettings, Aggregator, Numbering, PutRecord};
use marquee_sql::{Check, Mart};
use marquee_stream::lambda_event::write_event;
use marquee_stream::{Record, SequenceNumber, ShardId};
use marquee_table_catalog::EmbeddedTableCatalog;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

/// Parses a date.
pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// Returns a simulation of three days of a small service, with late and repeated
/// events.
pub(crate) fn simulation() -> Simulation {
    Simulation {
        users: 60,
        titles: 40,
        events: 1_500,
        duplicate_share: 0.05,
        late_share: 0.2,
        ..Simulation::default()
    }
}

/// Returns the simulation's events as Lambda payloads in the order of arrival, with
/// `records` records each.
pub(crate) fn payloads(simulation: &Simulation, records: usize) -> Vec<Vec<u8>> {
    let mut aggregator = Aggregator::new(AggregateSettings {
        compression: Compression::None,
        stamp_arrival: true,
        ..AggregateSettings::default()
    });
    let mut numbering = Numbering::new("test-1").unwrap();
    let mut put: Vec<PutRecord> = Vec::new();
    for event in simulation.generate() {
        let mut event = event.unwrap();
        let now_ms = event.arrives_at_ms.unwrap_or_default();
        let user_id = std::mem::take(&mut event.user_id);
        aggregator
            .add(&user_id, &numbering.number(event), now_ms, &mut put)
            .unwrap();
    }
    aggregator.finish(&mut put);
    let shard = ShardId::new(0);
    let records_of: Vec<Record> = (1..)
        .zip(put)
        .map(|(number, put)| Record {
            sequence_number: SequenceNumber::new(shard, number),
            partition_key: put.partition_key,
            arrived_at_ms: put.arrives_at_ms.unwrap_or_default(),
            data: put.data.into(),
        })
        .collect();
    records_of
        .chunks(records)
        .map(|records| {
            let mut payload = Vec::new();
            write_event(shard, records, &mut payload);
            payload
        })
        .collect()
}

/// Transforms payloads.
pub(crate) async fn ingest(store: &Arc<dyn ObjectStore>, payloads: &[Vec<u8>]) {
    let transform = Transform::new(
        Arc::clone(store),
        marquee_ingest::TransformSettings::default(),
    );
    for payload in payloads {
        let response = transform.handle(payload).await.unwrap();
        assert!(response.failures.is_empty());
    }
}

/// Publishes the simulation's title catalog.
pub(crate) async fn publish_titles(store: &Arc<dyn ObjectStore>, simulation: &Simulation) {
    title_catalog::publish(&**store, &simulation.title_catalog())
        .await
        .unwrap();
}

/// Returns two tables and two checks, one of each kind.
pub(crate) fn few_definitions() -> Definitions {
    let plays = "-- Views of a title today and the day before.\n-- partition: event_date\n\
                 -- looks back: 1 day\n-- rebuild: dates\n\
                 SELECT title_id, count(*) AS views, sum(watch_ms) AS watch_ms\n\
                 FROM fact_view WHERE event_date BETWEEN {date} - INTERVAL '1' DAY AND {date}\n\
                 GROUP BY title_id ORDER BY title_id";
    let users = "-- The sessions of each user in two days.\n-- partition: none\n\
                 -- looks back: 2 days\n-- rebuild: latest\n\
                 SELECT user_id, count(*) AS sessions FROM fact_session\n\
                 WHERE event_date BETWEEN {date} - INTERVAL '2' DAY AND {date}\n\
                 GROUP BY user_id ORDER BY user_id";
    let no_user = "-- Every event has a user.\n-- severity: error\n-- after: compact\n\
                   SELECT event_id FROM events WHERE event_date = {date} AND user_id = ''";
    let few = "-- There are views.\n-- severity: warn\n-- after: marts\n\
               SELECT title_id FROM fact_view WHERE event_date = {date} AND watch_ms < 0";
    Definitions {
        marts: vec![
            Mart::parse("title_plays", plays).unwrap(),
            Mart::parse("users_now", users).unwrap(),
        ],
        checks: vec![
            Check::parse("no_user", no_user).unwrap(),
            Check::parse("few", few).unwrap(),
        ],
    }
}

/// Returns the driver of the lake in `store`.
pub(crate) fn driver(store: &Arc<dyn ObjectStore>, definitions: &Definitions) -> Driver {
    driver_with_buckets(
        store,
        definitions,
        plan::PlanSettings::default().bucket_rows,
    )
}

/// Returns the driver with buckets of `bucket_rows` rows.
pub(crate) fn driver_with_buckets(
    store: &Arc<dyn ObjectStore>,
    definitions: &Definitions,
    bucket_rows: u64,
) -> Driver {
    let catalog = Arc::new(EmbeddedTableCatalog::new(Arc::clone(store)));
    let settings = DriverSettings {
        plan: plan::PlanSettings {
            bucket_rows,
            ..plan::PlanSettings::default()
        },
        compact: CompactSettings {
            // Some files have several parts, and some have one.
            part_bytes: 2048,
            ..CompactSettings::default()
        },
        jobs: 1,
    };
    let sql = LakeSql::new(Arc::clone(store), LakeSqlSettings::default()).unwrap();
    Driver::new(
        Arc::clone(store),
        catalog,
        Arc::new(sql),
        definitions.clone(),
        settings,
    )
}

/// Curates all due dates.
pub(crate) async fn run(
    store: &Arc<dyn ObjectStore>,
    definitions: &Definitions,
) -> BTreeMap<Date, DateOutcome> {
    driver(store, definitions)
        .run(&Selection::Due, &|_| {})
        .await
        .unwrap()
}

/// Returns the keys of a zone.
pub(crate) async fn keys(store: &Arc<dyn ObjectStore>, zone: &str) -> Vec<String> {
    store
        .list(Some(&Path::from(zone)))
        .map_ok(|object| object.location.to_string())
        .try_collect()
        .await
        .unwrap()
}

/// The data that readers see: every table's file digests and the book of every date.
/// Tables of the newest date alone occur once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) files: BTreeMap<(Date, String), Vec<String>>,
    pub(crate) books: BTreeMap<Date, EventBook>,
}

/// Reads the published data and verifies every file.
pub(crate) async fn published(
    store: &Arc<dyn ObjectStore>,
    definitions: &Definitions,
) -> Published {
    let mut files = BTreeMap::new();
    let mut books = BTreeMap::new();
    let current = generation::current(&**store).await.unwrap();
    let newest = current.keys().next_back().copied();
    for (date, generation) in current {
        for (table, entries) in &generation.tables {
            let mart = definitions.marts.iter().find(|mart| mart.name == *table);
            if mart.is_some_and(|mart| !mart.is_for_every_date()) && newest != Some(date) {
                continue;
            }
            let mut digests = Vec::new();
            for file in &entries.files {
                let key = Path::from(file.key.as_str());
                let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
                assert_eq!(digest::of(&bytes), file.digest, "{key}");
                digests.push(file.digest.clone());
            }
            files.insert((date, table.clone()), digests);
        }
        let audit = marquee_lake::zone::run_artifact_key(date, "audit", &generation.run);
        let book = store.get(&audit).await.unwrap();
        let book = serde_json::from_slice(&book.bytes().await.unwrap()).unwrap();
        books.insert(date, book);
    }
    Published { files, books }
}
