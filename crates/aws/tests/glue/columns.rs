//! New columns are appended; other changes are errors.

use marquee_table_catalog::{TableCatalog, TableCatalogError};

use crate::fake::{Call, FakeGlue};
use crate::fixtures::{
    DATE, catalog, columns, dated, edited_table, glue_column, plays_table, undated,
};

#[tokio::test]
async fn columns_are_added_and_all_else_stays() {
    let glue = FakeGlue::default();
    glue.contents().put_table(edited_table());
    let mut wide = dated(1);
    wide.columns = columns("title_id string, plays bigint, viewers bigint, day date");
    catalog(&glue).advance(&wide).await.unwrap();

    let mut table = edited_table();
    let descriptor = table.storage_descriptor.as_mut().unwrap();
    let added = [glue_column("viewers", "bigint"), glue_column("day", "date")];
    descriptor.columns.as_mut().unwrap().extend(added);
    assert_eq!(glue.calls()[1], Call::UpdateTable(table));

    // An older program, which knows fewer columns, removes none.
    catalog(&glue).advance(&dated(2)).await.unwrap();
    assert!(!glue.operations().contains(&"UpdateTable"));
}

#[tokio::test]
async fn an_older_run_adds_its_columns_and_moves_nothing() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&undated("2026-03-02", 1)).await.unwrap();
    let mut older = undated(DATE, 1);
    older.columns.extend(columns("kind string"));
    catalog.advance(&older).await.unwrap();
    let contents = glue.contents();
    let location = "s3://lake/part/curated/dim_title/run=2026-03-02-1/";
    assert_eq!(contents.location("dim_title"), location);
    let descriptor = contents.tables["dim_title"].storage_descriptor();
    assert_eq!(descriptor.unwrap().columns().len(), 3);
}

#[tokio::test]
async fn other_changes_of_columns_are_refused_before_anything_is_written() {
    let glue = FakeGlue::default();
    let catalog = catalog(&glue);
    catalog.advance(&dated(1)).await.unwrap();
    for other in [
        "title_id string, plays int",
        "plays bigint, title_id string",
        "title_id string, viewers bigint, plays bigint",
    ] {
        glue.calls();
        let mut changed = dated(2);
        changed.columns = columns(other);
        let error = catalog.advance(&changed).await.unwrap_err();
        assert!(matches!(error, TableCatalogError::Schema { .. }), "{error}");
        assert_eq!(glue.operations(), ["GetTable"]);
    }
    assert_eq!(glue.contents().shown(), "1");
}

#[tokio::test]
async fn a_view_or_another_partition_key_is_refused() {
    let mut view = plays_table();
    view.table_type = Some("VIRTUAL_VIEW".into());
    let mut hourly = plays_table();
    let keys = hourly.partition_keys.as_mut().unwrap();
    keys.push(glue_column("hour", "int"));
    let mut whole = plays_table();
    whole.partition_keys = None;
    for (table, change) in [
        (
            view,
            "table plays: its type in Glue is VIRTUAL_VIEW, not EXTERNAL_TABLE; ",
        ),
        (
            hourly,
            "its partition keys are (event_date date, hour int) in Glue and (event_date date) in \
             the lake; ",
        ),
        (
            whole,
            "its partition keys are () in Glue and (event_date date) in the lake; ",
        ),
    ] {
        let glue = FakeGlue::default();
        glue.contents().put_table(table);
        let error = catalog(&glue).advance(&dated(1)).await.unwrap_err();
        assert!(error.to_string().contains(change), "{error}");
        assert_eq!(glue.operations(), ["GetTable"]);
    }
}
