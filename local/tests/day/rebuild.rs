//! Dates that are rebuilt from raw.

use std::sync::Arc;

use marquee_curation::driver::DateOutcome;
use marquee_curation::plan::Selection;
use marquee_lake::generation;
use marquee_repair::rebuild;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::lake::{
    date, driver, few_definitions, ingest, keys, payloads, publish_titles, published, run,
    simulation,
};

#[tokio::test]
async fn deleted_objects_are_restored_byte_for_byte() {
    let definitions = few_definitions();
    let lake: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    publish_titles(&lake, &simulation()).await;
    let batches = payloads(&simulation(), 40);
    let (early, late) = batches.split_at(batches.len() / 2);
    for part in [early, late] {
        ingest(&lake, part).await;
        run(&lake, &definitions).await;
    }
    let before = published(&lake, &definitions).await;
    let anew = Selection::FromScratch {
        from: "2026-01-01".parse().unwrap(),
        to: "2026-12-31".parse().unwrap(),
    };
    let driver = driver(&lake, &definitions);

    let made = driver.run(&anew, &|_| {}).await.unwrap();
    assert_eq!(made.len(), 3);
    for (day, outcome) in made {
        assert!(
            matches!(outcome, DateOutcome::Unchanged),
            "{day}: {outcome:?}"
        );
    }

    // All processed objects and a published file are deleted.
    let current = generation::current(&*lake).await.unwrap();
    let file = &current[&date("2026-01-06")].tables["fact_view"].files[0];
    let mut lost = keys(&lake, "processed").await;
    lost.push(file.key.clone());
    for key in lost {
        lake.delete(&Path::from(key)).await.unwrap();
    }
    for (date, outcome) in driver.run(&anew, &|_| {}).await.unwrap() {
        let DateOutcome::Failed { error } = outcome else {
            panic!("{date}: {outcome:?}");
        };
        let cause = error.to_string();
        assert!(
            cause.starts_with("input object processed/")
                && cause.contains("`marquee rebuild 2026-01-"),
            "{cause}"
        );
    }
    let span = "2026-01-01..2026-12-31".parse().unwrap();
    let report = rebuild(&lake, span, marquee_ingest::TransformSettings::default())
        .await
        .unwrap();
    assert!(report.faults.is_empty(), "{report:?}");
    let made = driver.run(&anew, &|_| {}).await.unwrap();
    for (day, outcome) in made {
        let is_published = matches!(outcome, DateOutcome::Published(_));
        assert_eq!(
            is_published,
            day == date("2026-01-06"),
            "{day}: {outcome:?}"
        );
    }
    let after = published(&lake, &definitions).await;
    assert!(after == before);

    // The whole curated zone and its ledger are deleted.
    for zone in ["curated", "ledger/days"] {
        for key in keys(&lake, zone).await {
            lake.delete(&Path::from(key)).await.unwrap();
        }
    }
    driver.run(&anew, &|_| {}).await.unwrap();
    assert!(published(&lake, &definitions).await == before);
}
