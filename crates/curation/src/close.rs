//! Closing a date: the report of its checks and its event book, which decide whether the
//! date may be published. Both are written beside the date's generations.

use std::collections::BTreeMap;

use marquee_audit::{self as audit, EventBook, EventBookInputs};
use marquee_compaction::CompactedTables;
use marquee_lake::document;
use marquee_lake::generation::TableFiles;
use marquee_lake::staging::DateInputs;
use marquee_lake::zone::{curated_directory, run_artifact_key};
use marquee_sql::CheckResult;
use object_store::ObjectStore;

use crate::error::CurationError;
use crate::plan::DateTask;
use crate::publish;

/// The outcome of closing a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The date must not be published. Its previous generation, if any, stays current.
    Held {
        /// The reason, in a sentence.
        cause: String,
        /// The event book; `None` if a check stopped the date before its book was closed.
        book: Option<Box<EventBook>>,
    },
    /// The date may be published.
    Balanced {
        /// The event book.
        book: Box<EventBook>,
        /// The tables to publish besides the compacted ones: the marts, and the table of the
        /// event book.
        tables: BTreeMap<String, TableFiles>,
    },
}

/// Writes the report of the checks. Unless a check stops the date, closes the event book and
/// adds its table to `marts`.
///
/// # Errors
/// If the lake cannot be read or written.
pub async fn close(
    store: &dyn ObjectStore,
    task: &DateTask,
    facts: &CompactedTables,
    inputs: &DateInputs,
    checks: &[CheckResult],
    mut marts: BTreeMap<String, TableFiles>,
) -> Result<Closed, CurationError> {
    let report = run_artifact_key(task.event_date, "checks", &inputs.run);
    document::write(store, &report, &checks).await?;
    if let Some(cause) = stop_reason(checks) {
        return Ok(Closed::Held { cause, book: None });
    }
    let receipts = audit::read_receipts(store, task.covered.iter().map(String::as_str)).await?;
    let book = Box::new(EventBook::close(EventBookInputs {
        event_date: task.event_date,
        covered: task.covered.len(),
        receipt_rows: task.receipt_rows,
        receipts: &receipts,
        counts: &facts.counts,
        tables: &facts.tables,
    }));
    let key = run_artifact_key(task.event_date, "audit", &inputs.run);
    document::write(store, &key, &*book).await?;
    if !book.balanced {
        return Ok(Closed::Held {
            cause: format!(
                "the event book does not balance: {}",
                book.faults.join("; ")
            ),
            book: Some(book),
        });
    }
    let (rows, content) = audit::event_book_table(&book)?;
    let directory = curated_directory("audit", Some(task.event_date), &inputs.run);
    let table = publish::write_table(store, &directory, rows, content).await?;
    marts.insert("audit".to_owned(), table);
    Ok(Closed::Balanced {
        book,
        tables: marts,
    })
}

/// Names the checks that stop the date, in a sentence; `None` if no check does.
fn stop_reason(checks: &[CheckResult]) -> Option<String> {
    let violated: Vec<String> = checks
        .iter()
        .filter(|check| check.stops())
        .map(|check| format!("{} ({} rows)", check.name, check.broken))
        .collect();
    (!violated.is_empty()).then(|| format!("violated checks: {}", violated.join(", ")))
}
