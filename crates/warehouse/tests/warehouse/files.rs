//! Damaged and missing files: nothing changes, and the cause names the file.

use std::collections::BTreeMap;

use marquee_lake::generation::Generation;
use marquee_warehouse::load::LoadStatus;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::lake::{Postgresql, World, drive};

const DATE: &str = "2026-03-02";

/// Returns the cause of a load that must fail. The table keeps the rows that were
/// loaded before.
async fn fails(world: &World, before: &Generation, number: u32, table: &str) -> String {
    let report = drive(&world.loader(), DATE, number).await;
    assert_eq!(report.status, LoadStatus::Failed, "{report:?}");
    world.holds_table(before, table).await;
    report.cause.unwrap()
}

pub(crate) async fn a_file_that_differs_from_the_published_one_fails_the_load(
    postgresql: Postgresql,
) {
    let world = postgresql.world().await;
    let before = world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    let second = world.publish(DATE, 2, 2).await;
    let key = Path::from(second.tables["fact_view"].files[0].key.as_str());
    let good = world.store.get(&key).await.unwrap().bytes().await.unwrap();

    // The file's first page is damaged.
    let mut damaged = good.to_vec();
    for byte in damaged.iter_mut().take(40).skip(4) {
        *byte ^= 0x5a;
    }
    world.store.put(&key, damaged.into()).await.unwrap();
    let cause = fails(&world, &before, 2, "fact_view").await;
    assert!(
        cause.starts_with("cannot load fact_view: the statement \"copy the files\" failed: ERROR:"),
        "{cause}"
    );
    assert!(cause.contains(key.as_ref()), "{cause}");

    // Another file is longer than published, but valid.
    world.store.put(&key, good.clone().into()).await.unwrap();
    let last = Path::from(second.tables["fact_view"].files[2].key.as_str());
    let kept = world.store.get(&last).await.unwrap().bytes().await.unwrap();
    let mut longer = kept.to_vec();
    longer.splice(4..4, [0; 8]);
    world.store.put(&last, longer.into()).await.unwrap();
    let cause = fails(&world, &before, 2, "fact_view").await;
    assert!(cause.contains("but its manifest says"), "{cause}");
    world.store.put(&last, kept.clone().into()).await.unwrap();

    // The file's footer is damaged, which is detected when its columns are read.
    let mut damaged = good.to_vec();
    let length = damaged.len();
    damaged[length - 3] ^= 0xff;
    world.store.put(&key, damaged.into()).await.unwrap();
    let cause = fails(&world, &before, 2, "fact_view").await;
    assert!(cause.contains(key.as_ref()), "{cause}");

    // The file is missing.
    world.store.delete(&key).await.unwrap();
    let cause = fails(&world, &before, 2, "fact_view").await;
    assert!(cause.contains("is missing"), "{cause}");
    world.store.put(&key, good.into()).await.unwrap();
    world.store.delete(&last).await.unwrap();
    let cause = fails(&world, &before, 2, "fact_view").await;
    assert!(cause.contains("does not exist"), "{cause}");

    world.store.put(&last, kept.into()).await.unwrap();
    world.load(DATE, 2).await;
    world.holds(&second).await;
}

pub(crate) async fn a_file_with_another_row_count_fails_the_load(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let before = world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    let mut tables = world.publish(DATE, 2, 2).await.tables;
    tables.get_mut("events").unwrap().files[0].rows += 1;
    world.commit(DATE, 3, tables).await;
    let cause = fails(&world, &before, 3, "events").await;
    assert!(
        cause.contains(
            "cannot load events: the statement \"compare the copied rows with the generation\" \
             failed"
        ),
        "{cause}"
    );
}

pub(crate) async fn incompatible_columns_fail_the_load(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let before = world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    let mut tables = before.tables.clone();
    // The files of another table, which has other columns.
    let other = tables["genre_daily"].clone();
    tables.insert("retention".to_owned(), other);
    world.commit(DATE, 2, tables).await;
    let cause = fails(&world, &before, 2, "retention").await;
    assert_eq!(
        cause,
        "table retention: the warehouse lacks column genre string of the table's files. Add it at \
         the end of sql/redshift/ddl/retention.sql"
    );
    let unknown = BTreeMap::from([("plays".to_owned(), before.tables["retention"].clone())]);
    world.commit(DATE, 3, unknown).await;
    let cause = fails(&world, &before, 3, "retention").await;
    assert_eq!(
        cause,
        "the warehouse has no table plays, which the lake has. Define it in \
         sql/redshift/ddl/plays.sql"
    );
}
