//! The audit of dates that curation publishes.

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_audit::{EventBook, EventBookInputs};
use marquee_compaction::{CompactSettings, compact_date};
use marquee_curation::plan::{self, Definitions, PlanSettings, Selection};
use marquee_curation::publish::{ReadyDate, publish};
use marquee_ingest::titles::Titles;

use crate::lake::{DATE, Lake, Sent, play};

/// Compacts and publishes the due dates, with about `bucket_rows` rows per bucket.
async fn run(lake: &Lake, bucket_rows: u64) {
    let definitions = Definitions {
        marts: Vec::new(),
        checks: Vec::new(),
    };
    let settings = PlanSettings {
        bucket_rows,
        ..PlanSettings::default()
    };
    let store = &*lake.store;
    let plan = plan::plan(store, &definitions, &settings, &Selection::Due);
    let titles = Arc::new(Titles::default());
    for task in plan.await.unwrap().tasks {
        let compact = CompactSettings::default();
        let facts = compact_date(&lake.store, &titles, task.compaction_task(), &compact);
        let facts = facts.await.unwrap();
        let book = EventBook::close(EventBookInputs {
            event_date: task.event_date,
            covered: task.covered.len(),
            receipt_rows: task.receipt_rows,
            receipts: &lake.receipts().await,
            counts: &facts.counts,
            tables: &facts.tables,
        });
        assert_eq!(book.faults, Vec::<String>::new());
        let ready = ReadyDate {
            task: &task,
            facts: &facts,
            marts: BTreeMap::new(),
            definitions: definitions.digest(),
            looked_back: BTreeMap::new(),
            run: format!("{:06}-test", task.generation),
        };
        publish(store, ready).await.unwrap();
    }
}

#[tokio::test]
async fn a_published_date_is_balanced() {
    for bucket_rows in [1_000, 3] {
        let lake = Lake::new();
        lake.deliver(&[
            Sent::new(1, &[play(1), play(2), play(2)]),
            Sent::new(2, &[play(3)]),
        ])
        .await;
        // Record 2 is redelivered in a batch with other boundaries.
        lake.deliver(&[Sent::new(2, &[play(3)]), Sent::new(3, &[play(4)])])
            .await;
        run(&lake, bucket_rows).await;
        // Late events, on top of the first generation.
        lake.deliver(&[Sent::new(4, &[play(5), play(1)]).at("2026-03-02T01:00:00Z")])
            .await;
        run(&lake, bucket_rows).await;
        let audit = lake.audit_with(&[(0, 3)]).await;
        assert_eq!(audit.problems, [], "{DATE}");
        let event = audit.event.unwrap();
        assert_eq!(event.generation, 2);
        let found = event.found;
        assert_eq!((found.rows, found.redelivered, found.distinct), (8, 1, 7));
        assert_eq!((found.curated, found.duplicates), (5, 2));
    }
}
