//! State tables: a user's history that is carried over from date to date.

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_curation::plan::{Definitions, Selection};
use marquee_event::Date;
use marquee_lake::generation::{self, Generation};
use marquee_stream::lambda_event::write_event;
use marquee_stream::{Record, SequenceNumber, ShardId};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::lake::{date, driver, ingest, published, run};

/// The newest date, and the number of days before it of every date with events. The rows
/// of the last two dates are older than the tables reach back.
const NEWEST: &str = "2026-03-01";
const DAYS_BEFORE: [u32; 8] = [0, 1, 2, 40, 200, 399, 400, 700];
/// The time from the begin of a date to the arrival of its events: noon of the next day.
const ARRIVES_AFTER_MS: i64 = 36 * 3_600_000;

/// Returns the tables of a user's history, without other marts and without checks.
fn definitions() -> Definitions {
    let mut definitions = Definitions::built_in().unwrap();
    let histories = ["user_title_daily", "user_title", "user_top_rated"];
    definitions
        .marts
        .retain(|mart| histories.contains(&mart.name.as_str()));
    assert_eq!(definitions.marts.len(), histories.len());
    definitions.checks.clear();
    definitions
}

fn of(days_before: u32) -> Date {
    date(NEWEST).before(days_before)
}

/// Returns a batch with events of one date: a view and a rating of two users. `part`
/// distinguishes the batches of a date.
fn batch(days_before: u32, part: u32) -> Vec<u8> {
    let mut lines = Vec::new();
    for user in 0..2 {
        for (number, (kind, members)) in [
            ("play", r#""position_ms":0"#.to_owned()),
            (
                "stop",
                format!(r#""position_ms":{}"#, 60_000 + part * 1_000),
            ),
            (
                "rate",
                format!(r#""rating":{}"#, f64::from(1 + (days_before + part) % 5)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            lines.push(format!(
                r#"{{"event_id":"01936f2e-5c00-7000-8000-{days_before:04}{part:02}{user:02}{number:04}","event_type":"{kind}","event_time":"{}T1{part}:0{number}:00Z","user_id":"ml-{user}","session_id":"s-{part}","title_id":"t-{}",{members}}}"#,
                of(days_before),
                // Some titles are seen on several dates.
                days_before % 3,
            ));
        }
    }
    let shard = ShardId::new(0);
    let number = u128::from(days_before) * 10 + u128::from(part) + 1;
    let record = Record {
        sequence_number: SequenceNumber::new(shard, number.try_into().unwrap()),
        partition_key: "k".into(),
        arrived_at_ms: of(days_before).start_us() / 1000 + ARRIVES_AFTER_MS,
        data: lines.join("\n").into_bytes(),
    };
    let mut payload = Vec::new();
    write_event(shard, &[record], &mut payload);
    payload
}

/// Returns two batches of every date.
fn batches() -> Vec<Vec<u8>> {
    let parts = DAYS_BEFORE.iter().flat_map(|days| [(days, 0), (days, 1)]);
    parts.map(|(days, part)| batch(*days, part)).collect()
}

fn new_lake() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// Returns the file digests of the newest date's tables.
async fn histories(lake: &Arc<dyn ObjectStore>) -> BTreeMap<String, Vec<String>> {
    let published = published(lake, &definitions()).await.files;
    let names = definitions().marts.into_iter().map(|mart| mart.name);
    let histories: BTreeMap<_, _> = names
        .map(|name| (name.clone(), published[&(date(NEWEST), name)].clone()))
        .collect();
    assert_eq!(histories.len(), 3);
    histories
}

async fn from_scratch() -> BTreeMap<String, Vec<String>> {
    let lake = new_lake();
    ingest(&lake, &batches()).await;
    run(&lake, &definitions()).await;
    histories(&lake).await
}

async fn newest(lake: &Arc<dyn ObjectStore>) -> Generation {
    generation::newest(&**lake).await.unwrap().unwrap()
}

/// Deletes the files of a table from a generation.
async fn delete(lake: &Arc<dyn ObjectStore>, generation: &Generation, table: &str) {
    for file in &generation.tables[table].files {
        lake.delete(&Path::from(file.key.as_str())).await.unwrap();
    }
}

/// Batches in any order, with a run after each of them, give the same bytes as one run
/// over all batches.
#[tokio::test]
async fn any_order_of_arrival_gives_the_same_history() {
    let expected = from_scratch().await;
    let batches = batches();
    // 3, 5 and 7 are coprime to the number of batches, so a stride visits each batch once.
    for (stride, start) in [(1, 0), (15, 15), (3, 4), (5, 9), (7, 2)] {
        let lake = new_lake();
        for step in 0..batches.len() {
            let next = (start + step * stride) % batches.len();
            ingest(&lake, &batches[next..=next]).await;
            run(&lake, &definitions()).await;
        }
        assert_eq!(histories(&lake).await, expected, "stride {stride}");
    }
}

/// A run reads the facts of changed dates only; the rows of all other dates come from the
/// previous state.
#[tokio::test]
async fn a_run_reads_only_facts_that_changed() {
    let expected = from_scratch().await;
    let lake = new_lake();
    let batches = batches();
    // Later: the second batches of the newest date and of the date 200 days before it.
    let (later, first): (Vec<_>, Vec<_>) = (0..batches.len()).partition(|at| [1, 9].contains(at));
    for at in first {
        ingest(&lake, &batches[at..=at]).await;
    }
    run(&lake, &definitions()).await;
    for (date, generation) in generation::current(&*lake).await.unwrap() {
        if ![of(0), of(200)].contains(&date) {
            delete(&lake, &generation, "fact_view").await;
        }
    }
    for at in later {
        ingest(&lake, &batches[at..=at]).await;
    }
    run(&lake, &definitions()).await;
    let newest = newest(&lake).await;
    let files = |name: &str| -> Vec<String> {
        let files = newest.tables[name].files.iter();
        files.map(|file| file.digest.clone()).collect()
    };
    for (table, digests) in expected {
        assert_eq!(files(&table), digests, "{table}");
    }
}

/// A new date carries the history over, whatever the gap, and drops what is too old.
#[tokio::test]
async fn a_new_newest_date_carries_the_history_over() {
    let expected = from_scratch().await;
    let lake = new_lake();
    let batches = batches();
    ingest(&lake, &batches[6..]).await;
    run(&lake, &definitions()).await;
    let before = newest(&lake).await;
    assert_eq!(before.event_date, of(40));
    // A date outside the window of the new date still was in the window of this one.
    assert!(before.looked_back.contains_key(&of(400)));
    for generation in generation::current(&*lake).await.unwrap().values() {
        delete(&lake, generation, "fact_view").await;
    }
    ingest(&lake, &batches[..6]).await;
    run(&lake, &definitions()).await;
    let after = newest(&lake).await;
    assert!(!after.looked_back.contains_key(&of(400)));
    for (table, digests) in expected {
        let files = after.tables[&table].files.iter();
        let found: Vec<String> = files.map(|file| file.digest.clone()).collect();
        assert_eq!(found, digests, "{table}");
    }
}

/// Without the previous state, or on request, a run makes the history from the facts.
#[tokio::test]
async fn a_lost_state_is_made_from_the_facts() {
    let expected = from_scratch().await;
    for is_requested in [false, true] {
        let lake = new_lake();
        let batches = batches();
        ingest(&lake, &batches[1..]).await;
        run(&lake, &definitions()).await;
        delete(&lake, &newest(&lake).await, "user_title_daily").await;
        ingest(&lake, &batches[..1]).await;
        match is_requested {
            false => drop(run(&lake, &definitions()).await),
            true => {
                let (from, to) = (date(NEWEST), date(NEWEST));
                let from_scratch = Selection::FromScratch { from, to };
                let outcome = driver(&lake, &definitions())
                    .run(&from_scratch, &|_| {})
                    .await;
                assert!(
                    outcome
                        .unwrap()
                        .values()
                        .all(|outcome| outcome.is_success())
                );
            }
        }
        assert_eq!(histories(&lake).await, expected, "{is_requested}");
    }
}

/// Other SQL makes the history from the facts.
#[tokio::test]
async fn a_state_of_other_sql_is_not_carried_over() {
    let expected = from_scratch().await;
    let lake = new_lake();
    let batches = batches();
    let mut other = definitions();
    for mart in &mut other.marts {
        mart.sql = mart
            .sql
            .replace("max(completion_rate)", "min(completion_rate - 1)");
    }
    ingest(&lake, &batches[1..]).await;
    run(&lake, &other).await;
    ingest(&lake, &batches[..1]).await;
    run(&lake, &definitions()).await;
    assert_eq!(histories(&lake).await, expected);
}
