//! Violated checks, and new tables.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;
use marquee_curation::driver::DateOutcome;
use marquee_curation::plan::{Definitions, Selection};
use marquee_curation::sweep;
use marquee_lake::generation;
use marquee_marts::Engine;
use marquee_sql::{Check, Mart, Severity};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::lake::{
    driver, few_definitions, ingest, payloads, publish_titles, published, run, simulation,
};

async fn lake() -> Arc<dyn ObjectStore> {
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    ingest(&lake, &payloads(&simulation(), 40)).await;
    lake
}

/// Returns the definitions with a further check that every event violates.
fn with_violated_check(severity: &str, after: &str) -> Definitions {
    let text = format!(
        "-- Nothing happens.\n-- severity: {severity}\n-- after: {after}\n\
         SELECT event_id FROM events WHERE event_date = {{date}}"
    );
    let mut definitions = few_definitions();
    let check = Check::parse("nobody", &text).unwrap();
    definitions.checks.push(check);
    definitions
}

#[tokio::test]
async fn an_error_holds_the_date_back_and_a_warning_is_reported() {
    for after in ["compact", "marts"] {
        let lake = lake().await;
        let made = run(&lake, &with_violated_check("error", after)).await;
        assert_eq!(made.len(), 3);
        for (date, outcome) in made {
            let DateOutcome::Held { checks, book: None } = outcome else {
                panic!("{date} was not held back: {outcome:?}");
            };
            let broken = checks.iter().find(|check| check.name == "nobody").unwrap();
            assert_eq!(broken.severity, Severity::Error);
            assert!(broken.broken > 5 && broken.sample.len() == 5, "{broken:?}");
        }
        assert!(generation::current(&*lake).await.unwrap().is_empty());

        let made = run(&lake, &with_violated_check("warn", after)).await;
        for (date, outcome) in made {
            let DateOutcome::Published(published) = outcome else {
                panic!("{date} was not published: {outcome:?}");
            };
            assert!(published.checks.iter().any(|check| check.broken > 0));
        }
        assert_eq!(generation::current(&*lake).await.unwrap().len(), 3);
    }
}

/// A new table is built when its dates are requested, and readers see it.
#[tokio::test]
async fn a_new_file_adds_a_table() {
    let lake = lake().await;
    let mut definitions = few_definitions();
    run(&lake, &definitions).await;
    assert!(run(&lake, &definitions).await.is_empty());

    let text = "-- Sessions by country.\n-- partition: event_date\n-- looks back: 0 days\n\
                -- rebuild: dates\n\
                SELECT country, count(*) AS sessions FROM fact_session\n\
                WHERE event_date = {date} GROUP BY country ORDER BY country ASC NULLS LAST";
    definitions
        .marts
        .push(Mart::parse("country_sessions", text).unwrap());
    assert!(
        run(&lake, &definitions).await.is_empty(),
        "SQL alone makes no date due"
    );
    let all = Selection::Within {
        from: "2026-01-01".parse().unwrap(),
        to: "2026-12-31".parse().unwrap(),
    };
    let made = driver(&lake, &definitions)
        .run(&all, &|_| {})
        .await
        .unwrap();
    assert_eq!(made.len(), 3);
    let published = published(&lake, &definitions).await;
    let dates = published
        .files
        .keys()
        .filter(|(_, table)| table == "country_sessions");
    assert_eq!(dates.count(), 3);
}

/// A run that was killed can leave files under the names of the next run, also damaged ones.
#[tokio::test]
async fn an_orphan_of_the_runs_own_key_is_written_again() {
    let definitions = few_definitions();
    let prepared = lake().await;
    let expected = copy_of(&prepared).await;
    run(&expected, &definitions).await;
    let left = copy_of(&prepared).await;
    let mut orphans = 0;
    for (key, _) in contents(&expected, "curated").await {
        left.put(&Path::from(key), "left".into()).await.unwrap();
        orphans += 1;
    }
    assert!(orphans > 10, "{orphans}");
    run(&left, &definitions).await;
    assert!(contents(&left, "").await == contents(&expected, "").await);
}

/// Returns the objects under a prefix.
async fn contents(lake: &Arc<dyn ObjectStore>, prefix: &str) -> BTreeMap<String, Bytes> {
    let mut contents = BTreeMap::new();
    let mut objects = lake.list(Some(&Path::from(prefix)));
    while let Some(object) = objects.try_next().await.unwrap() {
        let read = lake.get(&object.location).await.unwrap();
        contents.insert(object.location.to_string(), read.bytes().await.unwrap());
    }
    contents
}

async fn copy_of(lake: &Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
    let copy = InMemory::new();
    for (key, content) in contents(lake, "").await {
        copy.put(&Path::from(key), content.into()).await.unwrap();
    }
    Arc::new(copy)
}

/// Files of earlier generations are deleted eventually; current ones stay.
#[tokio::test]
async fn only_unneeded_files_are_deleted() {
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    let definitions = few_definitions();
    let batches = payloads(&simulation(), 40);
    let (early, late) = batches.split_at(batches.len() / 2);
    ingest(&lake, early).await;
    run(&lake, &definitions).await;
    ingest(&lake, late).await;
    run(&lake, &definitions).await;
    let before = published(&lake, &definitions).await;

    let now = SystemTime::now();
    let day = Duration::from_secs(86_400);
    let young = sweep::sweep(&*lake, now, day).await.unwrap();
    assert_eq!(young.objects, 0, "a reader may still use the files");
    let old = sweep::sweep(&*lake, now + 2 * day, day).await.unwrap();
    assert!(old.objects >= 4, "{old:?}");
    assert!(published(&lake, &definitions).await == before);
    let again = sweep::sweep(&*lake, now + 2 * day, day).await.unwrap();
    assert_eq!(again.objects, 0);

    let engine = Engine::open(lake).await.unwrap();
    let rows = engine.query("SELECT count(*) FROM events").await.unwrap();
    assert_eq!(rows[0].num_rows(), 1);
}
