//! The pipeline of a date: the stages between its compacted tables and its audit.
//!
//! ```text
//! check the date ─▶ prepare ─▶ marts ─▶ check the window ─▶ book ─▶ publish ─▶ audit
//! ```
//!
//! [`Stage`] lists the stages and says which stage follows an answer. Each stage has one
//! function here. A stage reads the documents of the stages before it from the
//! [`HandOver`] and writes its own there. A stage is idempotent: a retry writes the same
//! documents.
//!
//! The [driver](crate::driver) runs the stages in one process. On AWS each
//! [step function](crate::steps) runs one stage, and a state machine follows the same order.

mod hand_over;
mod sql;
mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_audit::{self as audit, Audit, StreamCount};
use marquee_compaction::CompactedTables;
use marquee_event::Date;
use marquee_lake::generation::TableFiles;
use marquee_sql::{CheckResult, Mart, Phase};
use marquee_table_catalog::TableCatalog;
use object_store::ObjectStore;

use crate::close::{self, Closed};
use crate::error::CurationError;
use crate::plan::{DateTask, Definitions};
use crate::prepare::{self, Prepared};
use crate::projection;
use crate::publish::{self, PublishOutcome, ReadyDate};

pub use hand_over::HandOver;
pub use sql::{DateSql, DateSqlError};
pub use stage::{DateEnd, Next, Stage, StageAnswer};

/// Hands the compacted tables of a date over to the stages, with the inputs of the checks
/// that need the date alone.
///
/// # Errors
/// If the lake cannot be read or the hand-over cannot be written.
pub async fn begin(
    lake: &dyn ObjectStore,
    definitions: &Definitions,
    hand_over: &HandOver,
    task: &DateTask,
    compacted: &CompactedTables,
) -> Result<(), CurationError> {
    hand_over.put_compacted(compacted).await?;
    let inputs = prepare::date_inputs(lake, definitions, task, compacted).await?;
    hand_over.put_date_inputs(&inputs).await
}

/// Runs the checks of the phase: [`Stage::CheckDate`] and [`Stage::CheckWindow`].
///
/// # Errors
/// If a check cannot run. Rows that violate a check are a result, not an error.
pub async fn check(
    sql: &dyn DateSql,
    definitions: &Definitions,
    hand_over: &HandOver,
    phase: Phase,
) -> Result<Vec<CheckResult>, CurationError> {
    let inputs = match phase {
        Phase::Date => hand_over.date_inputs().await?,
        Phase::Window => hand_over
            .inputs()
            .await?
            .with_marts(&hand_over.marts().await?),
    };
    let checks: Vec<_> = definitions.checks_in(phase).collect();
    let results = sql.check(inputs, &checks).await?;
    hand_over.put_checks(phase, &results).await?;
    Ok(results)
}

/// Lists the inputs of the marts and the remaining checks, and names the run:
/// [`Stage::Prepare`]. The earlier dates of the plan must be published before.
///
/// Returns the hand-over of the run, or `None` if the date is unchanged.
///
/// # Errors
/// If the lake cannot be read or the hand-over cannot be written.
pub async fn prepare(
    lake: &dyn ObjectStore,
    definitions: &Definitions,
    hand_over: &HandOver,
) -> Result<Option<HandOver>, CurationError> {
    let task = hand_over.task().await?;
    let compacted = hand_over.compacted().await?;
    let receipts = hand_over.date_inputs().await?.receipts;
    let prepared = prepare::prepare(lake, definitions, &task, &compacted, receipts).await?;
    let Prepared::Ready(inputs) = prepared else {
        return Ok(None);
    };
    let hand_over = hand_over.of_run(&inputs.run);
    hand_over.put_inputs(&inputs).await?;
    Ok(Some(hand_over))
}

/// Builds the marts of the date: [`Stage::Marts`].
///
/// # Errors
/// If a mart cannot be built.
pub async fn marts(
    sql: &dyn DateSql,
    definitions: &Definitions,
    hand_over: &HandOver,
) -> Result<BTreeMap<String, TableFiles>, CurationError> {
    let inputs = hand_over.inputs().await?;
    let marts: Vec<&Mart> = definitions.marts_for(inputs.newest).collect();
    let tables = sql.build_marts(inputs, &marts).await?;
    hand_over.put_marts(&tables).await?;
    Ok(tables)
}

/// The result of [`book`].
#[derive(Debug)]
pub struct Booked {
    /// The results of all checks of the date, in the order of their definitions.
    pub checks: Vec<CheckResult>,
    /// The event book, or the reason why the date is held.
    pub closed: Closed,
}

/// Writes the report of the checks and closes the event book: [`Stage::Book`].
///
/// # Errors
/// If the lake or the hand-over cannot be read or written.
pub async fn book(
    lake: &dyn ObjectStore,
    definitions: &Definitions,
    hand_over: &HandOver,
) -> Result<Booked, CurationError> {
    let task = hand_over.task().await?;
    let compacted = hand_over.compacted().await?;
    let inputs = hand_over.inputs().await?;
    let mut checks = hand_over.checks(Phase::Date).await?;
    let mut marts = BTreeMap::new();
    if !checks.iter().any(CheckResult::stops) {
        checks.extend(hand_over.checks(Phase::Window).await?);
        marts = hand_over.marts().await?;
    }
    definitions.sort(&mut checks);
    let closed = close::close(lake, &task, &compacted, &inputs, &checks, marts).await?;
    if let Closed::Balanced { tables, .. } = &closed {
        hand_over.put_ready(tables).await?;
    }
    Ok(Booked { checks, closed })
}

/// Commits the date and updates the table catalog: [`Stage::Publish`]. Only a date that
/// [`book`] made ready can be published.
///
/// # Errors
/// If the lake cannot be read or written, or the table catalog cannot be updated.
pub async fn publish(
    lake: &dyn ObjectStore,
    definitions: &Definitions,
    table_catalog: &dyn TableCatalog,
    hand_over: &HandOver,
) -> Result<PublishOutcome, CurationError> {
    let task = hand_over.task().await?;
    let compacted = hand_over.compacted().await?;
    let inputs = hand_over.inputs().await?;
    let ready = ReadyDate {
        task: &task,
        facts: &compacted,
        marts: hand_over.ready().await?,
        definitions: definitions.digest(),
        looked_back: inputs.looked_back,
        run: inputs.run,
    };
    let outcome = publish::publish(lake, ready).await?;
    if let PublishOutcome::Published(generation) = &outcome {
        projection::project_and_mark(lake, table_catalog, definitions, generation).await?;
    }
    Ok(outcome)
}

/// Recounts both books of a published date from the lake's objects, and writes the audit:
/// [`Stage::Audit`]. `stream` is the stream's own count, if it is known.
///
/// # Errors
/// If the lake cannot be read or written. Books that do not balance are a result, not an
/// error.
pub async fn audit(
    lake: &Arc<dyn ObjectStore>,
    event_date: Date,
    stream: Option<&StreamCount>,
) -> Result<Audit, CurationError> {
    let audit = audit::audit_date(lake, event_date, stream).await?;
    audit::write(&**lake, &audit).await?;
    Ok(audit)
}
