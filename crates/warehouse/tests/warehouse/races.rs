//! Concurrent loads.

use std::time::Duration;

use marquee_lake::generation::Generation;
use marquee_warehouse::load::{LoadStatus, plan};
use marquee_warehouse::port::{BatchProgress, Warehouse};
use object_store::ObjectStoreExt;

use crate::lake::{Postgresql, World, drive, settings};

const MONDAY: &str = "2026-03-02";
const TUESDAY: &str = "2026-03-03";

/// Submits the same load several times at once, under different tokens.
async fn submit_at_once(world: &World, generation: &Generation, table: &str, times: usize) {
    let plan = plan::plan_table(
        &settings(),
        world.definition(table),
        generation,
        &generation.tables[table],
        &[],
    )
    .unwrap();
    let (key, manifest) = plan.manifest.clone().unwrap();
    world.store.put(&key, manifest.into()).await.unwrap();
    let mut ids = Vec::new();
    for time in 0..times {
        let token = format!("{table}-{}-{time}", generation.generation);
        let batch = plan.batch(format!("load-{table}"), token);
        ids.push(world.data_api.submit(&batch).await.unwrap());
    }
    for id in ids {
        loop {
            match world.data_api.poll(&id).await.unwrap() {
                BatchProgress::Running => tokio::time::sleep(Duration::from_millis(5)).await,
                BatchProgress::Done => break,
                other => panic!("{other:?}"),
            }
        }
    }
}

pub(crate) async fn first_loads_of_one_date_at_once_are_one_load(postgresql: Postgresql) {
    let world = postgresql.world().await;
    // The tables exist, but have no rows of the date.
    world.publish("2026-03-01", 1, 9).await;
    world.load("2026-03-01", 1).await;
    world.data_api.set_pace(Duration::from_millis(10));
    let generation = world.publish(MONDAY, 1, 1).await;
    for table in ["events", "title_rating", "dim_title"] {
        submit_at_once(&world, &generation, table, 4).await;
        world.holds_table(&generation, table).await;
        let logged = format!(
            "SELECT count(*) FROM marquee.loads WHERE table_name = '{table}' \
             AND event_date = DATE '{MONDAY}'"
        );
        assert_eq!(world.number(&logged).await, 1, "{table}");
    }
}

pub(crate) async fn two_dates_at_once_do_not_collide(postgresql: Postgresql) {
    let world = postgresql.world().await;
    world.data_api.set_pace(Duration::from_millis(1));
    let monday = world.publish(MONDAY, 1, 1).await;
    let tuesday = world.publish(TUESDAY, 1, 2).await;
    let (one, two) = (world.loader(), world.loader());
    // The warehouse is new, so both loads migrate it at the same time, too.
    let reports = tokio::join!(drive(&one, MONDAY, 1), drive(&two, TUESDAY, 1));
    assert_eq!(reports.0.status, LoadStatus::Loaded, "{reports:?}");
    assert_eq!(reports.1.status, LoadStatus::Loaded, "{reports:?}");
    world.holds(&tuesday).await;
    world.holds_table(&monday, "events").await;
    world.holds_table(&monday, "user_daily").await;
}

pub(crate) async fn of_two_generations_at_once_the_newer_stays(postgresql: Postgresql) {
    let world = postgresql.world().await;
    world.data_api.set_pace(Duration::from_millis(1));
    world.publish(MONDAY, 1, 1).await;
    let newer = world.publish(MONDAY, 2, 2).await;
    let (one, two) = (world.loader(), world.loader());
    let reports = tokio::join!(drive(&one, MONDAY, 2), drive(&two, MONDAY, 1));
    assert_eq!(reports.0.status, LoadStatus::Loaded, "{reports:?}");
    assert_eq!(reports.1.status, LoadStatus::Loaded, "{reports:?}");
    world.holds(&newer).await;
}
