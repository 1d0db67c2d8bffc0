//! The context of every step: the lake, the table catalog, `sql/` and the settings.

use std::sync::Arc;
use std::time::Duration;

use marquee_audit::AnomalySettings;
use marquee_compaction::{CompactSettings, SizeLimit};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::{StepError, StepErrorKind};
use marquee_table_catalog::TableCatalog;
use object_store::ObjectStore;
use serde::Serialize;
use serde_json::Value;

use crate::pipeline::HandOver;
use crate::plan::{Definitions, PlanSettings};

/// The maximum number of dates in a plan's answer.
///
/// The history of an execution is limited to 25,000 events. 60 dates of 8 parts and 16
/// buckets and 60 loads fit, with room for retries. The caller requests the dates after the
/// last one when it has processed these.
pub const DATES_AT_ONCE: usize = 60;

/// Settings of the steps.
#[derive(Debug, Clone)]
pub struct StepSettings {
    /// Settings of the plan.
    pub plan: PlanSettings,
    /// Settings of compaction: memory, and the size of files.
    pub compact: CompactSettings,
    /// The approximate size of a part: the inputs that one call of `split` processes.
    pub part: SizeLimit,
    /// Settings of the transform, for replay and rebuild.
    pub transform: marquee_ingest::TransformSettings,
    /// The thresholds of anomalies, for `audit`.
    pub anomalies: AnomalySettings,
    /// The minimum age at which a sweep deletes a file that no generation needs.
    pub keep: Duration,
}

/// The number of full chunks in a part of a split.
const PART_CHUNKS: u64 = 16;

impl Default for StepSettings {
    fn default() -> Self {
        let compact = CompactSettings::default();
        Self {
            plan: PlanSettings {
                collects_receipts: true,
                ..PlanSettings::default()
            },
            part: SizeLimit {
                rows_of_date: PART_CHUNKS * compact.split_chunk_rows,
                bytes: PART_CHUNKS * compact.split_chunk_bytes,
            },
            compact,
            transform: marquee_ingest::TransformSettings::default(),
            anomalies: AnomalySettings::default(),
            keep: Duration::from_secs(7 * 86_400),
        }
    }
}

/// The steps over one lake.
pub struct Steps {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) table_catalog: Arc<dyn TableCatalog>,
    pub(super) definitions: Definitions,
    pub(super) settings: StepSettings,
}

impl Steps {
    /// Creates the steps over the lake in `store`. They keep `table_catalog` up to date.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        table_catalog: Arc<dyn TableCatalog>,
        definitions: Definitions,
        settings: StepSettings,
    ) -> Self {
        Self {
            store,
            table_catalog,
            definitions,
            settings,
        }
    }
}

/// Opens the hand-over of a date, in the lake.
pub(super) fn hand_over(store: &Arc<dyn ObjectStore>, work: StagingDir) -> HandOver {
    HandOver::new(Arc::clone(store), work)
}

/// Opens the hand-over of a run of a date, in the lake.
///
/// # Errors
/// If `run` is not the name of a run.
pub(super) fn hand_over_of_run(
    store: &Arc<dyn ObjectStore>,
    work: StagingDir,
    run: &str,
) -> Result<HandOver, StepError> {
    work.window(run)?;
    Ok(hand_over(store, work).of_run(run))
}

/// Converts a step's answer to JSON.
///
/// # Errors
/// If the answer cannot be encoded: a defect.
pub(super) fn to_json(answer: impl Serialize) -> Result<Value, StepError> {
    serde_json::to_value(answer).map_err(|error| StepError::new(StepErrorKind::Failed, &error))
}
