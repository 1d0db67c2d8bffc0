//! The context of every step: the lake, the table catalog, `sql/` and the settings.

use std::sync::Arc;
use std::time::Duration;

use marquee_compaction::{CompactSettings, SizeLimit};
use marquee_lake::staging::StagingDir;
use marquee_lake::step::StepError;
use marquee_table_catalog::TableCatalog;
use object_store::ObjectStore;
use serde::Serialize;
use serde_json::Value;

use crate::pipeline::HandOver;
use crate::plan::{Definitions, PlanSettings};

/// The number of dates that a plan lists at most, as the state of an execution and its
/// history are bounded (25,000 events: 60 dates of 8 parts and 16 buckets fit, and 60
/// loads, with room for retries). A caller that is done with these asks for those after
/// the last.
pub const DATES_AT_ONCE: usize = 60;

/// Settings of the steps.
#[derive(Debug, Clone)]
pub struct StepSettings {
    /// Which dates are due, and the number of their buckets.
    pub plan: PlanSettings,
    /// Memory and the size of files.
    pub compact: CompactSettings,
    /// How much of a date's inputs a call of `split` divides, about.
    pub part: SizeLimit,
    /// What replay and rebuild hold an event's time against.
    pub transform: marquee_ingest::TransformSettings,
    /// How long files stay that no current generation needs.
    pub keep: Duration,
}

/// Full chunks of a part of a split.
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
    /// Steps over the lake in `store`, shown to engines through `table_catalog`.
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
/// When `run` cannot be the name of a run.
pub(super) fn hand_over_of_run(
    store: &Arc<dyn ObjectStore>,
    work: StagingDir,
    run: &str,
) -> Result<HandOver, StepError> {
    work.window(run)?;
    Ok(hand_over(store, work).of_run(run))
}

/// Returns a step's answer as JSON. Every answer can be encoded.
pub(super) fn answer(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
