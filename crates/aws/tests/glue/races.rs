//! Others write in between.

use aws_sdk_glue::types::TableInput;
use marquee_table_catalog::TableCatalog;

use crate::fake::FakeGlue;
use crate::fixtures::{
    DATE, catalog, columns, dated, kept_table, parquet, plays_partition, plays_table, undated,
};

#[tokio::test(start_paused = true)]
async fn who_creates_second_looks_again() {
    for (other, shown) in [(1, "2"), (3, "3")] {
        let glue = FakeGlue::default();
        glue.before("CreateTable", 1, |glue| glue.put_table(kept_table()));
        glue.before("CreatePartition", 1, move |glue| {
            glue.put_partition("plays", plays_partition(other));
        });
        catalog(&glue).bring_forward(&dated(2)).await.unwrap();
        let contents = glue.contents();
        assert_eq!(contents.shown(), shown);
        let description = contents.tables["plays"].description();
        assert_eq!(description, Some("What is played."));
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_is_updated_only_as_it_was_read() {
    let glue = FakeGlue::default();
    glue.contents().put_table(plays_table());
    glue.before("UpdateTable", 1, |glue| glue.put_table(kept_table()));
    let mut wide = dated(1);
    wide.columns.extend(columns("viewers bigint"));
    catalog(&glue).bring_forward(&wide).await.unwrap();
    let contents = glue.contents();
    let table = &contents.tables["plays"];
    assert_eq!(table.description(), Some("What is played."));
    assert_eq!(table.storage_descriptor().unwrap().columns().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_newer_one_that_comes_in_between_stays() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.bring_forward(&undated(DATE, 1)).await.unwrap();
    glue.before("UpdateTable", 1, |glue| {
        let mut newer = glue.tables["dim_title"].parameters().unwrap().clone();
        newer.insert("marquee.version".into(), "2026-03-05/1".into());
        let table = TableInput::builder().name("dim_title");
        let table = table.table_type("EXTERNAL_TABLE");
        let table = table.storage_descriptor(parquet(&[], "s3://newer/"));
        glue.put_table(table.set_parameters(Some(newer)).build().unwrap());
    });
    catalog.bring_forward(&undated(DATE, 2)).await.unwrap();
    assert_eq!(glue.contents().location("dim_title"), "s3://newer/");
}

#[tokio::test(start_paused = true)]
async fn what_an_older_run_wrote_over_is_written_again() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.bring_forward(&dated(1)).await.unwrap();
    glue.calls();
    // The second time is to read back.
    glue.before("GetPartition", 2, |glue| {
        glue.put_partition("plays", plays_partition(2));
    });
    catalog.bring_forward(&dated(3)).await.unwrap();
    assert_eq!(glue.contents().shown(), "3");
    let round = [
        "GetTable",
        "GetPartition",
        "UpdatePartition",
        "GetPartition",
    ];
    assert_eq!(glue.operations(), [round, round].concat());
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_meanwhile_is_made_again() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.bring_forward(&dated(1)).await.unwrap();
    glue.before("UpdatePartition", 1, |glue| glue.partitions.clear());
    catalog.bring_forward(&dated(2)).await.unwrap();
    assert_eq!(glue.contents().shown(), "2");

    let mut wide = dated(3);
    wide.columns.extend(columns("viewers bigint"));
    glue.before("UpdateTable", 1, |glue| {
        glue.tables.clear();
        glue.partitions.clear();
    });
    catalog.bring_forward(&wide).await.unwrap();
    assert_eq!(glue.contents().shown(), "3");
}

#[tokio::test(start_paused = true)]
async fn a_race_without_end_is_given_up_and_named() {
    let glue = FakeGlue::default();
    glue.contents().put_table(plays_table());
    for number in 1..=100 {
        glue.before("UpdateTable", number, |glue| glue.put_table(kept_table()));
    }
    let mut wide = dated(1);
    wide.columns.extend(columns("viewers bigint"));
    let error = catalog(&glue).bring_forward(&wide).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalogue could not update table marquee.plays: ConcurrentModificationException: \
         Update table failed due to concurrent modifications."
    );
    let operations = glue.operations();
    let updates = operations.iter().filter(|it| **it == "UpdateTable");
    assert_eq!(updates.count(), 8);

    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.bring_forward(&dated(1)).await.unwrap();
    for number in 2..=100 {
        glue.before("GetPartition", number, |glue| {
            glue.put_partition("plays", plays_partition(1));
        });
    }
    let error = catalog.bring_forward(&dated(2)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalogue could not update partition event_date=2026-03-01 of table marquee.plays: \
         others wrote over generation 2 with an older one, again and again"
    );
}
