//! Concurrent runs of one date.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use marquee_curation::plan::Selection;
use marquee_lake::generation;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::lake::{
    driver, few_definitions, ingest, payloads, publish_titles, published, run, simulation,
};
use crate::store::Hooked;

/// A slow run is overtaken: just before it publishes, further events arrive and
/// another run publishes all of them.
#[tokio::test]
async fn the_slower_run_plans_again_and_nothing_is_lost() {
    let definitions = few_definitions();
    let batches = payloads(&simulation(), 20);
    let (early, late) = batches.split_at(batches.len() / 2);
    let (early, late) = (early.to_vec(), late.to_vec());

    let scratch: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&scratch, &simulation()).await;
    ingest(&scratch, &batches).await;
    run(&scratch, &definitions).await;
    let expected = published(&scratch, &definitions).await;

    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    ingest(&lake, &early).await;
    let is_overtaken = Arc::new(AtomicBool::new(false));
    let slow: Arc<dyn ObjectStore> = {
        let (lake, definitions) = (Arc::clone(&lake), definitions.clone());
        let is_overtaken = Arc::clone(&is_overtaken);
        Hooked::new(
            Arc::clone(&lake),
            Arc::new(move |_, key, is_made| {
                let is_commit = key.as_ref().starts_with("ledger/days/")
                    && key.filename() == Some("000001.json")
                    && !key.as_ref().contains("/projected/");
                if is_made || !is_commit || is_overtaken.swap(true, Ordering::SeqCst) {
                    return Box::pin(std::future::ready(()));
                }
                let (lake, definitions, late) =
                    (Arc::clone(&lake), definitions.clone(), late.clone());
                Box::pin(async move {
                    ingest(&lake, &late).await;
                    run(&lake, &definitions).await;
                })
            }),
        )
    };
    driver(&slow, &definitions)
        .run(&Selection::Due, &|_| {})
        .await
        .unwrap();
    assert!(is_overtaken.load(Ordering::SeqCst));
    let found = published(&lake, &definitions).await;
    assert_eq!(found.books, expected.books);
    assert!(found == expected);
    // The fast run published every date once, and the slow run found no further
    // events.
    let numbers = generation::numbers(&*lake).await.unwrap();
    assert!(
        numbers.values().all(|numbers| *numbers == [1]),
        "{numbers:?}"
    );
}

/// Four concurrent runs.
#[test]
fn one_of_many_concurrent_runs_publishes_each_date() {
    let definitions = few_definitions();
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    runtime().block_on(async {
        publish_titles(&lake, &simulation()).await;
        ingest(&lake, &payloads(&simulation(), 20)).await;
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| runtime().block_on(run(&lake, &definitions)));
        }
    });
    let found = runtime().block_on(published(&lake, &definitions));
    assert_eq!(found.books.len(), 3);
    assert!(found.books.values().all(|book| book.balanced));
    let numbers = runtime().block_on(generation::numbers(&*lake)).unwrap();
    assert!(
        numbers.values().all(|numbers| *numbers == [1]),
        "{numbers:?}"
    );
}
