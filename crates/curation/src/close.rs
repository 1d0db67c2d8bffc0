//! Closing a date: what its checks found and where its events went, written
//! beside its generations, before it may be published.

use std::collections::BTreeMap;

use marquee_audit::{self as audit, Closing, EventBook};
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

/// What came of closing a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It must not be published; the generation that it had stays current.
    Held {
        /// The reason, in a sentence.
        cause: String,
        /// The book, where the checks let it be closed.
        book: Option<Box<EventBook>>,
    },
    /// It may be published, with these tables beside its facts.
    Balanced {
        /// Where its events went.
        book: Box<EventBook>,
        /// Its marts, and the table of the book.
        tables: BTreeMap<String, TableFiles>,
    },
}

/// Writes the report of the checks; then, unless one of them stops the date,
/// closes its event book over `marts`.
///
/// # Errors
/// When the lake cannot be read or written.
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
    if let Some(cause) = stopped_by(checks) {
        return Ok(Closed::Held { cause, book: None });
    }
    let receipts = audit::receipts_at(store, task.covered.iter().map(String::as_str)).await?;
    let book = Box::new(EventBook::close(Closing {
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
    let (rows, content) = audit::table(&book)?;
    let directory = curated_directory("audit", Some(task.event_date), &inputs.run);
    let table = publish::write_table(store, &directory, rows, content).await?;
    marts.insert("audit".to_owned(), table);
    Ok(Closed::Balanced {
        book,
        tables: marts,
    })
}

/// The checks that hold the date back, in a sentence.
fn stopped_by(checks: &[CheckResult]) -> Option<String> {
    let broken: Vec<String> = checks
        .iter()
        .filter(|check| check.stops())
        .map(|check| format!("{} ({} rows)", check.name, check.broken))
        .collect();
    (!broken.is_empty()).then(|| format!("checks are broken: {}", broken.join(", ")))
}
