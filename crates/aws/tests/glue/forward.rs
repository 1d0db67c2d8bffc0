//! Updates are monotonic: a newer generation never gives way to an older one.

use std::sync::Arc;

use aws_sdk_glue::types::TableInput;
use marquee_aws::GlueCatalog;
use marquee_table_catalog::{EmbeddedTableCatalog, TableCatalog};
use object_store::memory::InMemory;
use proptest::prelude::*;

use crate::fake::{Call, DATABASE, FakeGlue};
use crate::fixtures::{
    DATE, catalog, dated, parameters, parquet, plays_partition, plays_table, undated,
};

#[tokio::test]
async fn a_new_table_and_its_partition_have_the_form_that_athena_reads() {
    let glue = FakeGlue::default();
    catalog(&glue).advance(&dated(7)).await.unwrap();
    assert_eq!(
        glue.calls(),
        [
            Call::GetTable,
            Call::CreateTable(plays_table()),
            Call::GetPartition,
            Call::CreatePartition(plays_partition(7)),
        ]
    );
}

#[tokio::test]
async fn a_partition_goes_forward_and_never_back() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&dated(2)).await.unwrap();
    glue.calls();

    catalog.advance(&dated(3)).await.unwrap();
    let update = Call::UpdatePartition(plays_partition(3));
    assert_eq!(
        glue.calls(),
        [
            Call::GetTable,
            Call::GetPartition,
            update,
            Call::GetPartition
        ]
    );
    for generation in [3, 2, 1] {
        catalog.advance(&dated(generation)).await.unwrap();
        assert_eq!(glue.operations(), ["GetTable", "GetPartition"]);
    }
    assert_eq!(glue.contents().shown(), "3");
}

#[tokio::test]
async fn a_partition_without_a_version_is_older_than_all() {
    let glue = FakeGlue::default();
    for generation in [None, Some("many")] {
        let mut partition = plays_partition(9);
        let shown = generation.map(|it| parameters([("marquee.generation", it)]));
        partition.parameters = shown;
        glue.contents().put_table(plays_table());
        glue.contents().put_partition("plays", partition);
        catalog(&glue).advance(&dated(1)).await.unwrap();
        assert_eq!(glue.contents().shown(), "1");
    }
}

#[tokio::test]
async fn a_trailing_slash_of_the_location_changes_nothing() {
    let glue = FakeGlue::default();
    let catalog = GlueCatalog::new(glue.client(), DATABASE, "s3://lake/part/");
    catalog.advance(&dated(7)).await.unwrap();
    assert!(
        glue.calls()
            .contains(&Call::CreatePartition(plays_partition(7)))
    );
}

#[tokio::test]
async fn a_table_without_partitions_shows_the_newest_itself() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&undated(DATE, 9)).await.unwrap();
    let shown = |date: &str, generation| {
        let directory = format!("curated/dim_title/run={date}-{generation}");
        TableInput::builder()
            .name("dim_title")
            .table_type("EXTERNAL_TABLE")
            .set_partition_keys(Some(Vec::new()))
            .set_parameters(Some(parameters([
                ("EXTERNAL", "TRUE"),
                ("classification", "parquet"),
                ("marquee.version", &format!("{date}/{generation}")),
                ("marquee.directory", &directory),
                ("marquee.rows", "7"),
            ])))
            .storage_descriptor(parquet(
                &[("title_id", "string"), ("name", "string")],
                &format!("s3://lake/part/{directory}/"),
            ))
            .build()
            .unwrap()
    };
    let create = Call::CreateTable(shown(DATE, 9));
    assert_eq!(glue.calls(), [Call::GetTable, create]);

    catalog.advance(&undated("2026-03-02", 1)).await.unwrap();
    let update = Call::UpdateTable(shown("2026-03-02", 1));
    assert_eq!(glue.calls(), [Call::GetTable, update]);

    for (date, generation) in [("2026-03-02", 1), (DATE, 10), ("2026-02-28", 200)] {
        let older = undated(date, generation);
        catalog.advance(&older).await.unwrap();
        assert_eq!(glue.operations(), ["GetTable"], "{date} {generation}");
    }
    // Generations are compared as numbers: 10 is newer than 9.
    for generation in [9, 10] {
        let newer = undated("2026-03-03", generation);
        catalog.advance(&newer).await.unwrap();
    }
    let location = "s3://lake/part/curated/dim_title/run=2026-03-03-10/";
    assert_eq!(glue.contents().location("dim_title"), location);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For any sequence of projections, readers see the same as in the embedded
    /// catalog.
    #[test]
    fn it_shows_the_same_as_the_embedded_catalog(
        order in proptest::collection::vec((any::<bool>(), 1_u32..4, 1_u32..12), 1..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(async {
            let glue = FakeGlue::default();
            let here = catalog(&glue);
            let there = EmbeddedTableCatalog::new(Arc::new(InMemory::new()));
            for (is_dated, day, generation) in order {
                let projection = match is_dated {
                    true => dated(generation),
                    false => undated(&format!("2026-03-0{day}"), generation),
                };
                here.advance(&projection).await.unwrap();
                there.advance(&projection).await.unwrap();
            }
            let plays = there
                .entry("plays", Some(DATE.parse().unwrap()))
                .await.unwrap();
            let titles = there.entry("dim_title", None).await.unwrap();
            let expected = |directory: String| format!("s3://lake/part/{directory}/");
            let contents = glue.contents();
            let partition = contents.partitions.values().next();
            let descriptor = partition.and_then(|it| it.storage_descriptor());
            let location = descriptor.and_then(|it| it.location());
            assert_eq!(location, plays.map(|it| expected(it.directory)).as_deref());
            let table = contents.tables.get("dim_title");
            let location = table.map(|_| contents.location("dim_title"));
            assert_eq!(location, titles.map(|it| expected(it.directory)).as_deref());
        });
    }
}
