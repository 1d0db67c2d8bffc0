//! `marquee rebuild`: restores processed objects and curated tables from raw.

use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

use indicatif::HumanCount;
use marquee_console::escape_control;
use marquee_curation::plan::Selection;
use marquee_event::DateRange;
use marquee_ingest::TransformSettings;
use marquee_repair::{RebuildReport, rebuild};

use crate::counted::counted;
use crate::day::{self, DayOptions, explain};
use crate::hints;
use crate::lake::existing_lake;

/// Restore processed objects and curated tables of a range of dates from raw
///
/// First, restores the missing and damaged processed and quarantine objects that
/// arrived on the dates, byte for byte as their receipts list them. If a batch cannot
/// be restored, for example because this version of the transform produces other
/// bytes, its objects are not changed, and the command ends with exit code 1.
/// Otherwise, it compacts the dates again from all processed objects. A date whose
/// tables exist and equal the result is not published again.
#[derive(Debug, clap::Args)]
pub struct RebuildArgs {
    /// Rebuild the dates from FROM to TO, both inclusive, YYYY-MM-DD..YYYY-MM-DD
    #[arg(value_name = "FROM..TO")]
    pub span: DateRange,
    /// The options of curation.
    #[command(flatten)]
    pub options: DayOptions,
}

/// Rebuilds the dates and prints the result.
///
/// # Errors
/// [`crate::bad_input::BadInput`] for a directory without a lake.
pub async fn execute(args: RebuildArgs) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.options.lake)?;
    let report = rebuild(&store, args.span, TransformSettings::default())
        .await
        .map_err(|error| explain(error.into()))?;
    hints::print(RebuildPage(&report), &args.options.lake)?;
    if !report.faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let DateRange { from, to } = args.span;
    day::make_dates(&args.options, &Selection::FromScratch { from, to }).await
}

/// The printed report of a rebuild.
struct RebuildPage<'r>(&'r RebuildReport);

impl Display for RebuildPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(
            f,
            "{}: {}, {} restored",
            counted(report.receipts, "batch", "batches"),
            counted(report.intact, "intact object", "intact objects"),
            HumanCount(report.restored.len() as u64)
        )?;
        for key in &report.restored {
            writeln!(f, "  restored: {key}")?;
        }
        for fault in &report.faults {
            writeln!(f, "  not restored: {}", escape_control(&fault.to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use marquee_repair::RebuildFault;

    use super::*;

    #[test]
    fn restored_and_unrestored_objects_are_listed() {
        let fault = RebuildFault::NoRaw {
            receipt: "ledger/y".into(),
        };
        let fault_text = fault.to_string();
        let report = RebuildReport {
            receipts: 2,
            intact: 1,
            restored: vec!["processed/x".into()],
            faults: vec![fault],
        };
        assert_eq!(
            RebuildPage(&report).to_string(),
            format!(
                "2 batches: 1 intact object, 1 restored\n  restored: processed/x\n  \
                 not restored: {fault_text}\n"
            )
        );
    }
}
