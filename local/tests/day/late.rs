//! Events that arrive after their date was curated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use marquee_curation::driver::DateOutcome;
use marquee_curation::plan::{Definitions, Selection};
use marquee_event::Date;
use marquee_lake::generation;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::lake::{
    driver_with_buckets, few_definitions, ingest, payloads, publish_titles, published, run,
    simulation,
};

async fn new_lake() -> Arc<dyn ObjectStore> {
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    lake
}

/// The tables do not depend on the order of arrival and the number of runs.
#[tokio::test]
async fn runs_that_grow_equal_a_run_from_scratch() {
    let definitions = Definitions::built_in().unwrap();
    let batches = payloads(&simulation(), 20);
    let scratch = new_lake().await;
    ingest(&scratch, &batches).await;
    run(&scratch, &definitions).await;
    let expected = published(&scratch, &definitions).await;
    assert_eq!(expected.books.len(), 3, "{:?}", expected.books.keys());
    let duplicates: u64 = expected.books.values().map(|book| book.duplicates).sum();
    assert!(duplicates > 10);

    for parts in [2, 3] {
        let grown = new_lake().await;
        for part in batches.chunks(batches.len().div_ceil(parts)) {
            ingest(&grown, part).await;
            run(&grown, &definitions).await;
        }
        let found = published(&grown, &definitions).await;
        for (table, digests) in &expected.files {
            assert_eq!(found.files.get(table), Some(digests), "{table:?}");
        }
        assert!(found == expected, "{parts} runs");
    }
}

/// A date that late events split further has the same tables as one that was split so
/// from the start.
#[tokio::test]
async fn runs_that_split_further_equal_a_run_from_scratch() {
    const BUCKET_ROWS: u64 = 130;
    let definitions = few_definitions();
    let batches = payloads(&simulation(), 10);
    let (grown, scratch) = (new_lake().await, new_lake().await);
    let run = async |lake| {
        driver_with_buckets(lake, &definitions, BUCKET_ROWS)
            .run(&Selection::Due, &|_| {})
            .await
            .unwrap()
    };
    ingest(&scratch, &batches).await;
    run(&scratch).await;

    let mut made_in: BTreeMap<Date, BTreeSet<u32>> = BTreeMap::new();
    for part in batches.chunks(batches.len().div_ceil(12)) {
        ingest(&grown, part).await;
        run(&grown).await;
        for (date, generation) in generation::current(&*grown).await.unwrap() {
            let buckets = generation.buckets.unwrap();
            made_in.entry(date).or_default().insert(buckets);
        }
    }
    let grew = |buckets: &BTreeSet<u32>| [1, 2, 4].iter().all(|number| buckets.contains(number));
    assert!(made_in.values().any(grew), "{made_in:?}");
    let expected = published(&scratch, &definitions).await;
    assert!(published(&grown, &definitions).await == expected);
}

/// The same records with other batch boundaries are redelivered, not doubled.
#[tokio::test]
async fn overlapping_batches_are_counted_once() {
    let definitions = few_definitions();
    let lake = new_lake().await;
    ingest(&lake, &payloads(&simulation(), 20)).await;
    run(&lake, &definitions).await;
    let once = published(&lake, &definitions).await;
    ingest(&lake, &payloads(&simulation(), 30)).await;
    let made = run(&lake, &definitions).await;
    let twice = published(&lake, &definitions).await;
    for (date, outcome) in made {
        assert!(
            matches!(outcome, DateOutcome::Published(_)),
            "{date}: {outcome:?}"
        );
        let (once, twice) = (&once.books[&date], &twice.books[&date]);
        assert_eq!(twice.curated, once.curated);
        assert_eq!(twice.duplicates, once.duplicates);
        assert!(twice.redelivered > once.redelivered);
        assert!(twice.balanced);
    }
}

/// A date in several buckets has the rows of one bucket.
#[tokio::test]
async fn buckets_split_a_date_without_loss() {
    let definitions = few_definitions();
    let batches = payloads(&simulation(), 20);
    let (whole, divided) = (new_lake().await, new_lake().await);
    for lake in [&whole, &divided] {
        ingest(lake, &batches).await;
    }
    run(&whole, &definitions).await;
    driver_with_buckets(&divided, &definitions, 100)
        .run(&Selection::Due, &|_| {})
        .await
        .unwrap();
    let (whole, divided) = (
        published(&whole, &definitions).await,
        published(&divided, &definitions).await,
    );
    assert_eq!(whole.books, divided.books);
    // A date with few users may have all of them in one bucket.
    let mut is_divided = false;
    for (place, digests) in &divided.files {
        match place.1.as_str() {
            "title_plays" | "users_now" => assert_eq!(Some(digests), whole.files.get(place)),
            "events" => is_divided |= digests.len() > 1,
            _ => {}
        }
    }
    assert!(is_divided, "{:?}", divided.files);
}
