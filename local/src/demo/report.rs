//! What came of a demo.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::books::Books;
use super::curation::{Curation, Day, Engagement, Retention, TopSearch, TopTitle};
use super::flow::Flow;
use super::latency::{DEFINITION, Percentiles};
use super::ledger::{Held, Ledger};
use super::settings::Settings;
use super::survey::Survey;

/// All that is known in the end.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) lake: PathBuf,
    /// The whole demo, survey and all.
    pub(super) took: Duration,
    pub(super) settings: Settings,
    pub(super) flow: Flow,
    pub(super) ledger: Ledger,
    pub(super) survey: Survey,
    pub(super) curation: Curation,
    pub(super) books: Books,
}

/// The form of `report.json`. Its names are for programs to rely on.
#[derive(Serialize)]
struct Json<'a> {
    events_in: u64,
    processed: u64,
    quarantined: &'a BTreeMap<String, u64>,
    balanced: bool,
    duplicates: u64,
    redelivered: u64,
    curated_events: u64,
    late: u64,
    seconds: f64,
    total_seconds: f64,
    events_per_s: f64,
    latency_s: Option<Percentiles>,
    latency_is: &'static str,
    invocation_ms: Option<Percentiles>,
    batches: u64,
    /// Those that an earlier run, which was broken off or not, had done.
    batches_done_before: u64,
    zones: Zones,
    json_bytes: u64,
    parquet_saving: Option<f64>,
    stream: Stream,
    days: &'a [Day],
    days_seconds: f64,
    engagement: &'a [Engagement],
    retention: &'a [Retention],
    top_titles: &'a [TopTitle],
    top_searches: &'a [TopSearch],
    books: &'a Books,
    lake: String,
    settings: &'a Settings,
}

#[derive(Serialize)]
struct Zones {
    raw: Held,
    quarantine: Held,
    processed: Held,
}

#[derive(Serialize)]
struct Stream {
    records: u64,
    bytes: u64,
}

impl Report {
    /// Events a second, from the first one simulated to the last receipt.
    pub(super) fn events_per_s(&self) -> f64 {
        self.books.sent as f64 / self.flow.took.as_secs_f64().max(1e-6)
    }

    /// Bytes of the processed events as the JSON they came as.
    pub(super) fn processed_json_bytes(&self) -> u64 {
        let Self { ledger, survey, .. } = self;
        ledger.received_bytes.saturating_sub(survey.refused_bytes)
    }

    /// How much smaller the processed zone is than the same events in JSON, 0
    /// to 1; `None` without events.
    pub(super) fn parquet_saving(&self) -> Option<f64> {
        let json = self.processed_json_bytes();
        (json > 0).then(|| 1.0 - self.ledger.processed_zone.bytes as f64 / json as f64)
    }

    /// What an invocation took, milliseconds.
    pub(super) fn invocation_ms(&self) -> Option<Percentiles> {
        let mut micros: Vec<i64> = self
            .flow
            .invocations
            .iter()
            .filter_map(|invocation| invocation.took.as_micros().try_into().ok())
            .collect();
        Percentiles::of(&mut micros, 1e3)
    }

    /// As `report.json` has it.
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let Self {
            flow,
            ledger,
            survey,
            curation,
            books,
            ..
        } = self;
        let mut json = serde_json::to_vec_pretty(&Json {
            events_in: books.sent,
            processed: books.processed,
            quarantined: &ledger.reasons,
            balanced: books.balanced(),
            duplicates: curation.duplicates(),
            redelivered: curation.redelivered(),
            curated_events: curation.curated_events(),
            late: survey.late,
            seconds: thousandths(flow.took.as_secs_f64()),
            total_seconds: thousandths(self.took.as_secs_f64()),
            events_per_s: self.events_per_s().round(),
            latency_s: survey.latency_s,
            latency_is: DEFINITION,
            invocation_ms: self.invocation_ms(),
            batches: ledger.batches,
            batches_done_before: flow.transformed.repeated,
            zones: Zones {
                raw: ledger.raw,
                quarantine: ledger.quarantine,
                processed: ledger.processed_zone,
            },
            json_bytes: ledger.received_bytes,
            parquet_saving: self.parquet_saving().map(thousandths),
            stream: Stream {
                records: flow.produced.records,
                bytes: flow.produced.bytes,
            },
            days: &curation.days,
            days_seconds: thousandths(curation.took.as_secs_f64()),
            engagement: &curation.engagement,
            retention: &curation.retention,
            top_titles: &curation.top_titles,
            top_searches: &curation.top_searches,
            books,
            lake: self.lake.display().to_string(),
            settings: &self.settings,
        })?;
        json.push(b'\n');
        Ok(json)
    }
}

/// Rounded to three decimals: what is measured is no more exact.
fn thousandths(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
