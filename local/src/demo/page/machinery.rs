//! The figures of the machinery: sizes, throughput and latency.

use std::fmt::{self, Formatter};

use indicatif::HumanBytes;

use super::{DemoPage, count, duration_text, paragraph};
use crate::demo::ledger::ZoneSize;
use crate::demo::report::DemoReport;

impl DemoPage<'_> {
    /// Prints the sizes of the zones.
    pub(super) fn lake(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let DemoReport {
            ledger, curation, ..
        } = self.report;
        self.heading(f, "Lake")?;
        let mut zone = |name: &str, size: ZoneSize, contents: &str| {
            writeln!(
                f,
                "  {name:<12} {:>6} files   {:>11}   {contents}",
                count(size.files),
                HumanBytes(size.bytes).to_string()
            )
        };
        zone("raw", ledger.raw, "every unit, verbatim")?;
        zone(
            "quarantine",
            ledger.quarantine,
            "rejected units with the rejection reason",
        )?;
        zone(
            "processed",
            ledger.processed_zone,
            "typed and enriched events",
        )?;
        let days = &curation.days;
        let curated = ZoneSize {
            files: days.iter().map(|day| day.files as u64).sum(),
            bytes: days.iter().map(|day| day.bytes).sum(),
            rows: curation.curated_events(),
        };
        zone("curated", curated, "deduplicated events, facts and marts")?;
        let Some(saving) = self.report.parquet_saving() else {
            return Ok(());
        };
        let json = self.report.processed_json_bytes();
        let compared = if saving > 0.0 {
            let times = json as f64 / ledger.processed_zone.bytes.max(1) as f64;
            format!(
                "Parquet is {times:.1} times smaller and saves {:.1} %.",
                100.0 * saving
            )
        } else {
            let events = ledger.processed / ledger.processed_zone.files.max(1);
            format!(
                "Parquet needs {:.1} % more, because batches of {events} events are too small for it.",
                -100.0 * saving
            )
        };
        paragraph(
            f,
            &format!(
                "The processed events were {} of JSON. {compared}",
                HumanBytes(json)
            ),
        )
    }

    /// Prints the throughput and the latency.
    pub(super) fn speed(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let DemoReport {
            flow,
            survey,
            settings,
            ledger,
            ..
        } = self.report;
        self.heading(f, "Speed")?;
        paragraph(
            f,
            &format!(
                "{} events per second: all events were simulated, packed into {} records and transformed in {:.1} s.",
                count(self.report.events_per_s() as u64),
                count(flow.produced.records),
                flow.took.as_secs_f64()
            ),
        )?;
        if flow.transformed.repeated > 0 {
            paragraph(
                f,
                &format!(
                    "{} of {} batches were already durable and not transformed again, so this speed is not representative.",
                    count(flow.transformed.repeated),
                    count(ledger.batches)
                ),
            )?;
        }
        if let Some(latency) = survey.latency {
            writeln!(f, "  {:<44}{:>16}{:>16}", "latency", "p50", "p99")?;
            for (part, percentiles) in [
                ("network: event to stream", latency.network),
                ("batching: stream to invocation", latency.batching),
                ("work: invocation to durable object", latency.work),
                ("event to durable object", latency.total),
            ] {
                writeln!(
                    f,
                    "    {part:<42}{:>16}{:>16}",
                    duration_text(percentiles.p50),
                    duration_text(percentiles.p99)
                )?;
            }
        }
        paragraph(
            f,
            &format!(
                "By the stream's clock, over all processed events. Devices that were offline send their \
                 events hours late; a batch spans up to {} s of arrivals.",
                settings.window_s
            ),
        )
    }
}
