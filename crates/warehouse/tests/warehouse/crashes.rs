//! Lost sessions, statements and loader processes: the load ends as without them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use marquee_local_warehouse::FakeDataApi;
use marquee_local_warehouse::data_api::Fault;
use marquee_warehouse::WarehouseError;
use marquee_warehouse::load::LoadStatus;
use marquee_warehouse::port::{BatchProgress, ResultRows, StatementBatch, Warehouse};

use crate::lake::{Postgresql, drive};

const DATE: &str = "2026-03-02";
/// One table of each load mode, and two of the mode `Latest`.
const TABLES: [&str; 4] = ["events", "title_rating", "dim_date", "dim_title"];

fn lose(table: &str, after: usize) -> Fault {
    Fault::LoseSession {
        name: format!("load-{table}"),
        after,
    }
}

pub(crate) async fn a_session_lost_between_any_two_statements_is_retried(postgresql: Postgresql) {
    let world = postgresql.world().await;
    world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    // A load of a history table has 11 statements, followed by the commit.
    for after in 0..=11 {
        let number = after as u32 + 2;
        let generation = world
            .publish_some(DATE, number, number.into(), |d| {
                TABLES.contains(&d.table.as_str())
            })
            .await;
        for table in TABLES {
            world.data_api.inject(lose(table, after));
        }
        world.load(DATE, number).await;
        world.holds(&generation).await;
    }
    let lost = world.data_api.executions();
    let lost = lost
        .iter()
        .filter_map(|record| record.error.as_deref())
        .filter(|error| error.contains("connection was lost"));
    // The other tables have 9 statements and are not lost after the tenth.
    assert_eq!(lost.count(), 3 * 10 + 12);
}

pub(crate) async fn a_load_that_fails_in_every_attempt_changes_nothing(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let first = world.publish(DATE, 1, 1).await;
    world.load(DATE, 1).await;
    let second = world.publish(DATE, 2, 2).await;
    for _ in 0..5 {
        for table in TABLES {
            world.data_api.inject(lose(table, 8));
        }
    }
    let report = drive(&world.loader(), DATE, 2).await;
    assert_eq!(report.status, LoadStatus::Failed, "{report:?}");
    let cause = report.cause.unwrap();
    for table in TABLES {
        assert!(
            cause.contains(&format!(
                "cannot load {table}: ERROR: the connection was lost"
            )),
            "{cause}"
        );
        world.holds_table(&first, table).await;
    }
    // Each of the other tables has its own transaction.
    world.holds_table(&second, "fact_view").await;
    world.load(DATE, 2).await;
    world.holds(&second).await;
}

pub(crate) async fn forgotten_statements_are_submitted_again(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let generation = world.publish(DATE, 1, 1).await;
    for name in [
        "look",
        "stand",
        "migrate",
        "load-events",
        "load-dim_title",
        "count",
    ] {
        world.data_api.inject(Fault::Forget { name: name.into() });
    }
    world.load(DATE, 1).await;
    world.holds(&generation).await;
}

/// A warehouse with one failing call: it fails before it reaches the warehouse or
/// loses the response.
struct Failing {
    data_api: FakeDataApi,
    calls: AtomicUsize,
    at: usize,
    after: bool,
}

impl Failing {
    fn is_now(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst) == self.at
    }

    fn lost<T>() -> Result<T, WarehouseError> {
        Err(WarehouseError::Unavailable {
            action: "reach the warehouse".into(),
            cause: "injected fault".into(),
        })
    }
}

#[async_trait]
impl Warehouse for Failing {
    async fn submit(&self, batch: &StatementBatch) -> Result<String, WarehouseError> {
        let now = self.is_now();
        if now && !self.after {
            return Self::lost();
        }
        let done = self.data_api.submit(batch).await;
        if now { Self::lost() } else { done }
    }

    async fn poll(&self, id: &str) -> Result<BatchProgress, WarehouseError> {
        if self.is_now() {
            return Self::lost();
        }
        self.data_api.poll(id).await
    }

    async fn rows(&self, id: &str, statement: usize) -> Result<ResultRows, WarehouseError> {
        if self.is_now() {
            return Self::lost();
        }
        self.data_api.rows(id, statement).await
    }
}

pub(crate) async fn a_load_survives_a_crash_between_any_two_calls(postgresql: Postgresql) {
    let world = postgresql.world().await;
    let few = |table: &str| TABLES.contains(&table);
    let mut number = 0;
    for after in [false, true] {
        for at in 0.. {
            number += 1;
            let generation = world
                .publish_some(DATE, number, number.into(), |d| few(&d.table))
                .await;
            let failing = Arc::new(Failing {
                data_api: world.data_api.clone(),
                calls: AtomicUsize::new(0),
                at,
                after,
            });
            let warehouse: Arc<dyn Warehouse> = Arc::clone(&failing) as Arc<dyn Warehouse>;
            let loader = world.loader_by(warehouse);
            let before = world.data_api.executions().len();
            let report = drive(&loader, DATE, number).await;
            assert_eq!(report.status, LoadStatus::Loaded, "{report:?}");
            world.holds(&generation).await;
            // No batch runs twice: the two inspections, the tables and the count,
            // plus the migrations of a new warehouse with an inspection each.
            let run = world.data_api.executions().len() - before;
            let first = if number == 1 { 4 } else { 0 };
            assert_eq!(run, 3 + TABLES.len() + first, "call {at}");
            if failing.calls.load(Ordering::SeqCst) <= at || at > 60 {
                break;
            }
        }
    }
}
