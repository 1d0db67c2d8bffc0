//! Schema migrations.

use marquee_event::ADDED_FIELDS;
use marquee_warehouse::load::LoadStatus;

use crate::lake::{Postgresql, World, drive};

const DATE: &str = "2026-03-02";

pub(crate) async fn a_new_warehouse_is_migrated_once(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let none = world.publish_some(DATE, 1, 1, |_| false).await;
    assert!(none.tables.is_empty());
    world.load(DATE, 1).await;
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'marquee' \
                  AND table_type = 'BASE TABLE'";
    // The curated tables, `loads` and `migrations`.
    let expected = world.definitions.len() as i64 + 2;
    assert_eq!(world.number(tables).await, expected);
    let views = "SELECT count(*) FROM information_schema.views WHERE table_schema = 'marquee'";
    assert_eq!(world.number(views).await, 7);
    let applied = "SELECT count(*) FROM marquee.migrations";
    assert_eq!(world.number(applied).await, 8);
    world.load(DATE, 1).await;
    assert_eq!(world.number(applied).await, 8);
}

pub(crate) async fn a_new_column_is_added_and_is_null_for_old_files(postgresql: Postgresql) {
    let world = postgresql.world().await;
    gains(&world, "hourly_activity", &["rates"]).await;
}

/// Fields added since the first format version are the last columns.
pub(crate) async fn a_new_event_field_is_added_and_is_null_for_old_files(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let added = ADDED_FIELDS.map(|field| field.column.unwrap());
    gains(&world, "events", &added).await;
}

/// Checks that a table without its last columns gets them.
async fn gains(world: &World, table: &str, columns: &[&str]) {
    let generation = world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    // The state before the table gained the columns.
    for column in columns {
        let drop = format!("ALTER TABLE marquee.{table} DROP COLUMN {column}");
        world.by_hand(&drop).await;
    }
    world.by_hand("DELETE FROM marquee.loads").await;
    world.load(DATE, 1).await;
    world.holds(&generation).await;

    // A file without the column can still be loaded.
    let mut tables = generation.tables.clone();
    let key = tables[table].files[0].key.clone();
    let path = object_store::path::Path::from(key.as_str());
    let bytes = object_store::ObjectStoreExt::get(&*world.store, &path).await;
    let bytes = bytes.unwrap().bytes().await.unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes);
    let batch = reader.unwrap().build().unwrap().next().unwrap().unwrap();
    let fewer: Vec<usize> = (0..batch.num_columns() - columns.len()).collect();
    let old = batch.project(&fewer).unwrap();
    let old = world
        .put(format!("curated/{table}/old.parquet"), &old)
        .await;
    tables.get_mut(table).unwrap().files = vec![old];
    let older = world.commit(DATE, 2, tables).await;
    world.load(DATE, 2).await;
    world.holds(&older).await;
    for column in columns {
        let known = format!("SELECT count({column}) FROM marquee.{table}");
        assert_eq!(world.number(&known).await, 0);
    }
}

pub(crate) async fn any_other_difference_is_an_error_and_nothing_is_loaded(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let before = world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    world
        .by_hand("ALTER TABLE marquee.retention ALTER COLUMN days TYPE BIGINT")
        .await;
    world.publish(DATE, 2, 2).await;
    let report = drive(&world.loader(), DATE, 2).await;
    assert_eq!(report.status, LoadStatus::Failed);
    let cause = report.cause.unwrap();
    assert!(
        cause.starts_with(
            "table retention: the warehouse has column days bigint where \
             sql/redshift/ddl/retention.sql has days INTEGER; only new columns at the end can be \
             applied. Write a numbered file in sql/redshift/migrations "
        ),
        "{cause}"
    );
    world.holds_table(&before, "events").await;
}
