//! The result of a demo.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use marquee_cost::{Estimate, Workload};
use serde::Serialize;

use super::books::DemoBooks;
use super::curation::{CuratedDay, Curation, Engagement, Retention, TopSearch, TopTitle};
use super::flow::Flow;
use super::latency::{DEFINITION, Latency, Percentiles};
use super::ledger::{LedgerTotals, ZoneSize};
use super::settings::DemoSettings;
use super::survey::Survey;

/// The result of a demo.
#[derive(Debug)]
pub(super) struct DemoReport {
    pub(super) lake: PathBuf,
    /// The duration of the whole demo.
    pub(super) took: Duration,
    pub(super) settings: DemoSettings,
    pub(super) flow: Flow,
    pub(super) ledger: LedgerTotals,
    pub(super) survey: Survey,
    pub(super) curation: Curation,
    pub(super) books: DemoBooks,
}

/// The document `report.json`. Programs rely on its field names.
#[derive(Serialize)]
struct ReportDocument<'a> {
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
    latency_parts_s: Option<Latency>,
    latency_is: &'static str,
    invocation_ms: Option<Percentiles>,
    batches: u64,
    /// Batches that an earlier run had processed.
    batches_done_before: u64,
    zones: ReportZones,
    json_bytes: u64,
    parquet_saving: Option<f64>,
    stream: ReportStream,
    days: &'a [CuratedDay],
    days_seconds: f64,
    engagement: &'a [Engagement],
    retention: &'a [Retention],
    top_titles: &'a [TopTitle],
    top_searches: &'a [TopSearch],
    books: &'a DemoBooks,
    lake: String,
    settings: &'a DemoSettings,
}

#[derive(Serialize)]
struct ReportZones {
    raw: ZoneSize,
    quarantine: ZoneSize,
    processed: ZoneSize,
}

#[derive(Serialize)]
struct ReportStream {
    records: u64,
    bytes: u64,
}

impl DemoReport {
    /// Returns the events per second, from the first simulated event to the last
    /// receipt.
    pub(super) fn events_per_s(&self) -> f64 {
        self.books.sent as f64 / self.flow.took.as_secs_f64().max(1e-6)
    }

    /// Returns the bytes of the processed events as JSON.
    pub(super) fn processed_json_bytes(&self) -> u64 {
        let Self { ledger, survey, .. } = self;
        ledger.received_bytes.saturating_sub(survey.rejected_bytes)
    }

    /// Returns the relative saving of the processed zone compared with the same
    /// events as JSON, 0 to 1; `None` without events.
    pub(super) fn parquet_saving(&self) -> Option<f64> {
        let json = self.processed_json_bytes();
        (json > 0).then(|| 1.0 - self.ledger.processed_zone.bytes as f64 / json as f64)
    }

    /// Estimates the monthly cost on AWS of as many events each day; `None` without events.
    pub(super) fn monthly_cost(&self) -> Option<Estimate> {
        let per_day = self.books.sent as f64 / f64::from(self.settings.days.max(1));
        Estimate::of(&Workload::new(per_day.round())).ok()
    }

    /// Returns the duration of invocations, in milliseconds.
    pub(super) fn invocation_ms(&self) -> Option<Percentiles> {
        let mut micros: Vec<i64> = self
            .flow
            .invocations
            .iter()
            .map(|invocation| i64::try_from(invocation.took.as_micros()).unwrap_or(i64::MAX))
            .collect();
        Percentiles::of(&mut micros, 1e3)
    }

    /// Serializes `report.json`.
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let Self {
            flow,
            ledger,
            survey,
            curation,
            books,
            ..
        } = self;
        let mut json = serde_json::to_vec_pretty(&ReportDocument {
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
            latency_s: survey.latency.map(|latency| latency.total),
            latency_parts_s: survey.latency,
            latency_is: DEFINITION,
            invocation_ms: self.invocation_ms(),
            batches: ledger.batches,
            batches_done_before: flow.transformed.repeated,
            zones: ReportZones {
                raw: ledger.raw,
                quarantine: ledger.quarantine,
                processed: ledger.processed_zone,
            },
            json_bytes: ledger.received_bytes,
            parquet_saving: self.parquet_saving().map(thousandths),
            stream: ReportStream {
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

/// Rounds to three decimals; the measurements are not more exact.
fn thousandths(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
