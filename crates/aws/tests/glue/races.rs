//! Concurrent writers.

use aws_sdk_glue::types::TableInput;
use marquee_table_catalog::TableCatalog;

use crate::fake::FakeGlue;
use crate::fixtures::{
    DATE, catalog, columns, dated, edited_table, parquet, plays_partition, plays_table, undated,
};

#[tokio::test(start_paused = true)]
async fn a_writer_that_creates_second_tries_again() {
    for (other, shown) in [(1, "2"), (3, "3")] {
        let glue = FakeGlue::default();
        glue.before("CreateTable", 1, |glue| glue.put_table(edited_table()));
        glue.before("CreatePartition", 1, move |glue| {
            glue.put_partition("plays", plays_partition(other));
        });
        catalog(&glue).advance(&dated(2)).await.unwrap();
        let contents = glue.contents();
        assert_eq!(contents.shown(), shown);
        let description = contents.tables["plays"].description();
        assert_eq!(description, Some("What is played."));
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_is_updated_only_in_the_version_that_was_read() {
    let glue = FakeGlue::default();
    glue.contents().put_table(plays_table());
    glue.before("UpdateTable", 1, |glue| glue.put_table(edited_table()));
    let mut wide = dated(1);
    wide.columns.extend(columns("viewers bigint"));
    catalog(&glue).advance(&wide).await.unwrap();
    let contents = glue.contents();
    let table = &contents.tables["plays"];
    assert_eq!(table.description(), Some("What is played."));
    assert_eq!(table.storage_descriptor().unwrap().columns().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_newer_version_that_is_written_in_between_stays() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&undated(DATE, 1)).await.unwrap();
    glue.before("UpdateTable", 1, |glue| {
        let mut newer = glue.tables["dim_title"].parameters().unwrap().clone();
        newer.insert("marquee.version".into(), "2026-03-05/1".into());
        let table = TableInput::builder().name("dim_title");
        let table = table.table_type("EXTERNAL_TABLE");
        let table = table.storage_descriptor(parquet(&[], "s3://newer/"));
        glue.put_table(table.set_parameters(Some(newer)).build().unwrap());
    });
    catalog.advance(&undated(DATE, 2)).await.unwrap();
    assert_eq!(glue.contents().location("dim_title"), "s3://newer/");
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_an_older_run_replaced_is_written_again() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&dated(1)).await.unwrap();
    glue.calls();
    // The second call reads the partition back.
    glue.before("GetPartition", 2, |glue| {
        glue.put_partition("plays", plays_partition(2));
    });
    catalog.advance(&dated(3)).await.unwrap();
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
async fn a_table_that_is_dropped_meanwhile_is_created_again() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&dated(1)).await.unwrap();
    glue.before("UpdatePartition", 1, |glue| glue.partitions.clear());
    catalog.advance(&dated(2)).await.unwrap();
    assert_eq!(glue.contents().shown(), "2");

    let mut wide = dated(3);
    wide.columns.extend(columns("viewers bigint"));
    glue.before("UpdateTable", 1, |glue| {
        glue.tables.clear();
        glue.partitions.clear();
    });
    catalog.advance(&wide).await.unwrap();
    assert_eq!(glue.contents().shown(), "3");
}

#[tokio::test(start_paused = true)]
async fn an_endless_race_ends_with_an_error() {
    let glue = FakeGlue::default();
    glue.contents().put_table(plays_table());
    for number in 1..=100 {
        glue.before("UpdateTable", number, |glue| glue.put_table(edited_table()));
    }
    let mut wide = dated(1);
    wide.columns.extend(columns("viewers bigint"));
    let error = catalog(&glue).advance(&wide).await.unwrap_err();
    assert!(
        error.to_string().ends_with(
            "update table marquee.plays: ConcurrentModificationException: Update table failed due \
             to concurrent modifications."
        ),
        "{error}"
    );
    let operations = glue.operations();
    let updates = operations.iter().filter(|it| **it == "UpdateTable");
    assert_eq!(updates.count(), 8);

    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&dated(1)).await.unwrap();
    for number in 2..=100 {
        glue.before("GetPartition", number, |glue| {
            glue.put_partition("plays", plays_partition(1));
        });
    }
    let error = catalog.advance(&dated(2)).await.unwrap_err();
    assert!(
        error.to_string().ends_with(
            "update partition event_date=2026-03-01 of table marquee.plays: other writers \
             replaced generation 2 with an older one after each of 8 attempts"
        ),
        "{error}"
    );
}
