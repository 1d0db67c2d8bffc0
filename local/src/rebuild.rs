//! `marquee rebuild`: processed and curated data made anew from raw.

use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

use indicatif::HumanCount;
use marquee_console as console;
use marquee_curation::plan::Selection;
use marquee_event::DateRange;
use marquee_ingest::Settings;
use marquee_repair::{RebuildReport, rebuild};

use crate::counted::counted;
use crate::day::{self, Options, existing_lake, explain};

/// Make processed and curated data of a span of dates anew from raw.
///
/// First the processed and quarantine objects that arrived in it: what is missing
/// or damaged is put back, byte for byte as its receipt names it. Where this
/// version of the transform makes other bytes, nothing is touched, and the exit
/// code is 1. Then the curated tables of the dates in it, from nothing but
/// processed objects; where they come out as they are published, and are there,
/// nothing is published.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The first and the last date, YYYY-MM-DD..YYYY-MM-DD
    #[arg(value_name = "FROM..TO")]
    pub span: DateRange,
    /// How dates are made.
    #[command(flatten)]
    pub options: Options,
}

/// Rebuilds, and prints what came of it.
///
/// # Errors
/// [`crate::bad_input::BadInput`] where the lake's name is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.options.lake)?;
    let report = rebuild(&store, args.span, Settings::default())
        .await
        .map_err(|error| explain(error.into()))?;
    console::print(Page(&report))?;
    if !report.faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let DateRange { from, to } = args.span;
    day::make(&args.options, &Selection::Anew { from, to }).await
}

/// What came of a rebuild, as a person reads it.
struct Page<'r>(&'r RebuildReport);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(
            f,
            "{}: {}, {} put back",
            counted(report.receipts, "batch", "batches"),
            counted(
                report.intact,
                "object as it should be",
                "objects as they should be"
            ),
            HumanCount(report.restored.len() as u64)
        )?;
        for key in &report.restored {
            writeln!(f, "  back: {key}")?;
        }
        for fault in &report.faults {
            writeln!(f, "  not made anew: {fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use marquee_repair::RebuildFault;

    use super::*;

    #[test]
    fn what_came_back_and_what_did_not_is_named() {
        let report = RebuildReport {
            receipts: 2,
            intact: 1,
            restored: vec!["processed/x".into()],
            faults: vec![RebuildFault::NoRaw {
                receipt: "ledger/y".into(),
            }],
        };
        assert_eq!(
            Page(&report).to_string(),
            "2 batches: 1 object as it should be, 1 put back\n  back: processed/x\n  \
             not made anew: ledger/y names no raw object: the raw zone was turned off when it was written\n"
        );
    }
}
