//! Loads of generations, first and repeated.

use marquee_curation::unloaded::unloaded;
use marquee_warehouse::book::WarehouseBook;
use marquee_warehouse::load::LoadStatus;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::lake::{Postgresql, World, drive};

const MONDAY: &str = "2026-03-02";
const TUESDAY: &str = "2026-03-03";

async fn book(world: &World, date: &str) -> WarehouseBook {
    let key = Path::from(format!(
        "ledger/days/event_date={date}/audit/warehouse.json"
    ));
    let bytes = world.store.get(&key).await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Counts the dates that a plan finds to be loaded.
async fn to_load(world: &World) -> usize {
    unloaded(&*world.store).await.unwrap().len()
}

pub(crate) async fn a_generation_is_loaded_row_for_row(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let monday = world.publish(MONDAY, 1, 1).await;
    world.load(MONDAY, 1).await;
    world.holds(&monday).await;
    let book = book(&world, MONDAY).await;
    assert!(book.balanced);
    assert_eq!(book.tables.len(), world.definitions.len());
    assert_eq!(
        book.tables["events"].warehouse,
        monday.tables["events"].rows()
    );

    let tuesday = world.publish(TUESDAY, 1, 2).await;
    world.load(TUESDAY, 1).await;
    world.holds(&tuesday).await;
    world.holds_table(&monday, "events").await;
    world.holds_table(&monday, "title_daily").await;
    // A table with the state of the newest date has one date.
    let dates = "SELECT count(DISTINCT event_date) FROM marquee.title_rating";
    assert_eq!(world.number(dates).await, 1);
}

pub(crate) async fn loading_twice_is_loading_once(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let generation = world.publish(MONDAY, 1, 1).await;
    for _ in 0..3 {
        world.load(MONDAY, 1).await;
    }
    world.holds(&generation).await;
    let tables = world.definitions.len() as i64;
    assert_eq!(
        world.number("SELECT count(*) FROM marquee.loads").await,
        tables
    );
    // Loaded tables are not copied again.
    let copies = world.data_api.executions();
    let copies = copies
        .iter()
        .filter(|record| record.request.name.as_deref() == Some("load-events"));
    assert_eq!(copies.count(), 1);
}

pub(crate) async fn late_data_replaces_and_an_older_generation_does_not(postgresql: Postgresql) {
    let world = postgresql.world().await;
    world.publish(MONDAY, 1, 1).await;
    world.load(MONDAY, 1).await;
    let second = world.publish(MONDAY, 2, 5).await;
    world.load(MONDAY, 2).await;
    world.holds(&second).await;
    let tuesday = world.publish(TUESDAY, 1, 3).await;
    world.load(TUESDAY, 1).await;

    // The rows of the newer generation count for the older one.
    world.load(MONDAY, 1).await;
    world.load(MONDAY, 2).await;
    world.holds(&tuesday).await;
    world.holds_table(&second, "events").await;
    let book = book(&world, MONDAY).await;
    assert!(book.balanced);
    let loaded = book.tables["dim_date"].loaded.clone().unwrap();
    assert_eq!(
        (&*loaded.event_date.to_string(), loaded.generation),
        (TUESDAY, 1)
    );
    let loaded = book.tables["events"].loaded.clone().unwrap();
    assert_eq!(
        (&*loaded.event_date.to_string(), loaded.generation),
        (MONDAY, 2)
    );
}

pub(crate) async fn the_transaction_itself_keeps_an_older_generation_out(postgresql: Postgresql) {
    use marquee_warehouse::load::plan;
    use marquee_warehouse::port::{BatchProgress, Warehouse};
    let world = postgresql.world().await;
    let first = world.publish(MONDAY, 1, 1).await;
    let second = world.publish(MONDAY, 2, 5).await;
    world.load(MONDAY, 2).await;
    // The statements of a load that inspected the warehouse before the newer
    // generation was loaded.
    for table in ["events", "title_rating", "dim_date", "dim_title"] {
        let plan = plan::plan_table(
            &crate::lake::settings(),
            world.definition(table),
            &first,
            &first.tables[table],
            &[],
        )
        .unwrap();
        let (key, manifest) = plan.manifest.clone().unwrap();
        world.store.put(&key, manifest.into()).await.unwrap();
        let batch = plan.batch(format!("load-{table}"), format!("old-{table}"));
        let id = world.data_api.submit(&batch).await.unwrap();
        while world.data_api.poll(&id).await.unwrap() == BatchProgress::Running {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.data_api.poll(&id).await.unwrap(), BatchProgress::Done);
        world.holds_table(&second, table).await;
    }
}

pub(crate) async fn a_missing_generation_is_reported(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let loader = world.loader();
    let error = loader.start(MONDAY.parse().unwrap(), 7).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lake has no generation 7 of 2026-03-02. Load a published one"
    );
    let error = loader.poll("ledger/loads/nowhere.json").await.unwrap_err();
    assert!(error.to_string().contains("there is no load"), "{error}");
    let error = loader.call(serde_json::json!({"step": "run"})).await;
    assert!(error.unwrap_err().to_string().contains("invalid request"));
}

pub(crate) async fn different_row_counts_fail_the_load(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let generation = world.publish(MONDAY, 1, 1).await;
    assert_eq!(to_load(&world).await, 1);
    world.load(MONDAY, 1).await;
    assert_eq!(to_load(&world).await, 0);
    world.by_hand("DELETE FROM marquee.retention WHERE users = (SELECT max(users) FROM marquee.retention)").await;
    let report = drive(&world.loader(), MONDAY, 1).await;
    assert_eq!(report.status, LoadStatus::Failed);
    let rows = generation.tables["retention"].rows();
    let cause = report.cause.unwrap();
    assert!(
        cause.contains(&format!(
            "retention has {} rows in the warehouse, but generation 1 of 2026-03-02 has {rows}",
            rows - 1
        )),
        "{cause}"
    );
    assert!(!book(&world, MONDAY).await.balanced);
    assert_eq!(to_load(&world).await, 1);
    // The remedy that the cause names.
    world
        .by_hand("DELETE FROM marquee.loads WHERE table_name = 'retention'")
        .await;
    world.load(MONDAY, 1).await;
    world.holds(&generation).await;
    assert!(book(&world, MONDAY).await.balanced);
    assert_eq!(to_load(&world).await, 0);
    world.publish(MONDAY, 2, 3).await;
    assert_eq!(to_load(&world).await, 1);
}

pub(crate) async fn a_table_without_files_has_no_rows(postgresql: Postgresql) {
    let world = postgresql.world().await;
    world.publish(MONDAY, 1, 1).await;
    world.load(MONDAY, 1).await;
    let mut second = world.publish_some(MONDAY, 9, 4, |_| true).await;
    second.tables.get_mut("events").unwrap().files.clear();
    let second = world.commit(MONDAY, 10, second.tables).await;
    world.load(MONDAY, 10).await;
    let events = "SELECT count(*) FROM marquee.events";
    assert_eq!(world.number(events).await, 0);
    world.holds_table(&second, "fact_view").await;
}
