//! The printed summary of a run.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount};
use marquee_ingest::BatchReport;

use crate::counted::counted;
use marquee_event_source_mapping::MappingTotals;

/// The result of a run.
#[derive(Debug)]
pub(super) struct RunSummary {
    pub(super) totals: MappingTotals,
    pub(super) events: BatchReport,
    pub(super) took: Duration,
    pub(super) stream: PathBuf,
    pub(super) lake: PathBuf,
}

impl fmt::Display for RunSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            totals,
            events,
            took,
            stream,
            lake,
        } = self;
        writeln!(
            f,
            "records      {} ({}) in {}",
            HumanCount(totals.records),
            HumanBytes(totals.bytes),
            counted(totals.batches, "batch", "batches")
        )?;
        if totals.failures > 0 {
            writeln!(
                f,
                "failures     {}",
                counted(totals.failures, "invocation", "invocations")
            )?;
        }
        writeln!(
            f,
            "received     {}",
            counted(events.received, "event", "events")
        )?;
        writeln!(f, "processed    {}", HumanCount(events.processed))?;
        let quarantined: u64 = events.quarantined.values().sum();
        writeln!(f, "quarantined  {}", HumanCount(quarantined))?;
        for (reason, &number) in &events.quarantined {
            writeln!(f, "  {:<26} {}", reason, HumanCount(number))?;
        }
        if totals.dead_letter_records > 0 {
            writeln!(
                f,
                "dead letters {} in {} under {}",
                counted(totals.dead_letter_records, "record", "records"),
                counted(totals.dead_letter_objects, "object", "objects"),
                lake.join("failed").display()
            )?;
        }
        let rate = events.received as f64 / took.as_secs_f64().max(0.001);
        writeln!(
            f,
            "took         {:.1} s, {} events per second",
            took.as_secs_f64(),
            HumanCount(rate as u64)
        )?;
        writeln!(f, "stream       {}", stream.display())?;
        writeln!(f, "lake         {}", lake.display())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_summary_lists_all_figures() {
        let summary = RunSummary {
            totals: MappingTotals {
                records: 12_345,
                bytes: 3 * 1024 * 1024,
                batches: 67,
                invocations: 70,
                failures: 3,
                dead_letter_records: 1,
                dead_letter_objects: 1,
            },
            events: BatchReport {
                received: 1_000_000,
                processed: 998_000,
                quarantined: BTreeMap::from([("invalid_json", 1500), ("missing_field", 500)]),
                ..BatchReport::default()
            },
            took: Duration::from_secs(8),
            stream: PathBuf::from("stream"),
            lake: PathBuf::from("lake"),
        };
        assert_eq!(
            summary.to_string(),
            "\
records      12,345 (3.00 MiB) in 67 batches
failures     3 invocations
received     1,000,000 events
processed    998,000
quarantined  2,000
  invalid_json               1,500
  missing_field              500
dead letters 1 record in 1 object under lake/failed
took         8.0 s, 125,000 events per second
stream       stream
lake         lake
"
        );
    }
}
