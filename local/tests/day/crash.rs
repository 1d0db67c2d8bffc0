//! A run that is killed at any write and repeated ends as if it had not been killed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use marquee_audit as audit;
use marquee_curation::plan::{Definitions, Selection};
use marquee_curation::sweep;
use marquee_lake::generation;
use marquee_lake::zone::{audit_books_key, run_artifact_key};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::lake::{
    Published, driver_with_buckets, few_definitions, ingest, payloads, publish_titles, published,
    simulation,
};
use crate::store::Hooked;

/// Few enough rows that each date has at least two buckets.
const BUCKET_ROWS: u64 = 400;

/// The time for which unneeded files are kept.
const KEEP: Duration = Duration::from_secs(86_400);

/// Runs one process that curates, audits and sweeps. Returns its number of writes, or
/// `None` if it was killed before or after the `fatal` write.
fn live(
    lake: &Arc<InMemory>,
    definitions: &Definitions,
    fatal: Option<(usize, bool)>,
) -> Option<usize> {
    let death = Arc::new(Notify::new());
    let store = {
        let death = death.clone();
        Hooked::new(
            lake.clone(),
            Arc::new(move |write, _, is_made| {
                let death = death.clone();
                Box::pin(async move {
                    if fatal == Some((write, is_made)) {
                        death.notify_one();
                        std::future::pending().await
                    }
                })
            }),
        )
    };
    let hooked: Arc<dyn ObjectStore> = store.clone();
    // Dropping the runtime ends everything that the process did.
    runtime().block_on(async {
        let driver = driver_with_buckets(&hooked, definitions, BUCKET_ROWS);
        let life = async {
            driver.run(&Selection::Due, &|_| {}).await.unwrap();
            for date in generation::current(&*hooked).await.unwrap().keys() {
                let audit = audit::audit_date(&hooked, *date, None).await.unwrap();
                audit::write(&*hooked, &audit).await.unwrap();
            }
            let later = SystemTime::now() + 2 * KEEP;
            sweep::sweep(&*hooked, later, KEEP).await.unwrap();
        };
        tokio::select! {
            () = life => Some(store.writes()),
            () = death.notified() => None,
        }
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Returns a lake with two curated dates and late events that arrived afterwards.
fn late_lake(definitions: &Definitions, batches: &[Vec<u8>]) -> Arc<InMemory> {
    let lake = Arc::new(InMemory::new());
    let store: Arc<dyn ObjectStore> = lake.clone();
    let (early, late) = batches.split_at(batches.len() * 2 / 3);
    runtime().block_on(async {
        publish_titles(&store, &simulation()).await;
        ingest(&store, early).await;
    });
    live(&lake, definitions, None).unwrap();
    runtime().block_on(ingest(&store, late));
    lake
}

fn read(lake: &Arc<InMemory>, definitions: &Definitions) -> Published {
    let store: Arc<dyn ObjectStore> = lake.clone();
    runtime().block_on(published(&store, definitions))
}

/// Returns the last audit of every date, as JSON and as a table.
fn audits(lake: &Arc<InMemory>) -> Vec<[Bytes; 2]> {
    let read = async |key: Path| lake.get(&key).await.unwrap().bytes().await.unwrap();
    runtime().block_on(async {
        let mut audits = Vec::new();
        for date in generation::current(&**lake).await.unwrap().keys() {
            let json = run_artifact_key(*date, "audit", "books");
            let table = Path::from(audit_books_key(*date));
            audits.push([read(json).await, read(table).await]);
        }
        audits
    })
}

#[test]
fn a_run_killed_at_any_write_ends_the_same_and_readers_see_complete_dates() {
    let definitions = few_definitions();
    let batches = payloads(&simulation(), 40);
    assert!(batches.len() > 5, "{} batches", batches.len());

    let late = late_lake(&definitions, &batches);
    let lake = Arc::new(late.fork());
    let before = read(&lake, &definitions);
    let writes = live(&lake, &definitions, None).unwrap();
    let expected = read(&lake, &definitions);
    let audited = audits(&lake);
    // Including parts of files and deletions.
    assert!(writes > 60, "{writes} writes");
    assert_ne!(before, expected);

    let cuts: Vec<(usize, bool)> = (0..writes)
        .flat_map(|write| [(write, false), (write, true)])
        .collect();
    std::thread::scope(|scope| {
        for cuts in cuts.chunks(cuts.len().div_ceil(4)) {
            let (definitions, late) = (&definitions, &late);
            let (before, expected, audited) = (&before, &expected, &audited);
            scope.spawn(move || {
                for cut in cuts {
                    let lake = Arc::new(late.fork());
                    assert_eq!(live(&lake, definitions, Some(*cut)), None);
                    for (date, book) in read(&lake, definitions).books {
                        let is_whole = before.books.get(&date) == Some(&book)
                            || expected.books.get(&date) == Some(&book);
                        assert!(is_whole, "{date} after {cut:?}");
                    }
                    live(&lake, definitions, None).unwrap();
                    assert!(read(&lake, definitions) == *expected, "{cut:?}");
                    assert!(audits(&lake) == *audited, "the audits after {cut:?}");
                }
            });
        }
    });
}

#[test]
fn nothing_is_due_after_a_run() {
    let definitions = few_definitions();
    let lake = late_lake(&definitions, &payloads(&simulation(), 40));
    live(&lake, &definitions, None).unwrap();
    let numbers = || runtime().block_on(generation::numbers(&*lake)).unwrap();
    let made = numbers();
    // Only the audits are written, each as a table and as JSON.
    assert_eq!(live(&lake, &definitions, None), Some(2 * made.len()));
    assert_eq!(numbers(), made);
}
