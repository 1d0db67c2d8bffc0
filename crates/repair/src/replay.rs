//! Replay: runs quarantined units through the current transform.
//!
//! A unit that is valid now goes to the processed zone under its first identity. The
//! transform checks its times against its first arrival: a time that was too old then is
//! still too old. The unit also stays in quarantine, and the audit counts it as replayed.
//! A unit that is still rejected stays unchanged.
//!
//! A replay unpacks a quarantined whole record (`undecodable_record`, `record_too_large`)
//! again. Its units get the identities that they would have had at the first attempt: the
//! indices of its lines, from 0. Rejected lines go to quarantine under these identities,
//! except for the index under which the record itself is in quarantine.
//!
//! A replay is idempotent. The units of a batch, and so its name, depend only on the units
//! that are in quarantine and not yet in processed. A replay after an interrupted one writes
//! the same objects again; a replay after a complete one finds nothing to do.

mod batch;
mod candidates;
mod known_units;

use std::collections::BTreeMap;
use std::sync::Arc;

use marquee_event::{Date, Reason};
use marquee_ingest::TransformSettings;
use marquee_ingest::batch::{Form, Transformer};
use marquee_ingest::titles::Titles;
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::title_catalog;
use object_store::ObjectStore;
use serde::Serialize;

use crate::error::RepairError;
use batch::ReplayedUnit;
use candidates::Candidate;
use known_units::KnownUnits;

/// The options of a replay: the selection of the units, and a dry run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Only units of this ingest date.
    pub date: Option<Date>,
    /// Only units that were rejected for this reason.
    pub reason: Option<Reason>,
    /// The maximum number of quarantined units to replay; `None` for no limit.
    pub limit: Option<u64>,
    /// True to report only, and write nothing.
    pub dry_run: bool,
}

/// The report of a replay. All counts but `events` and `rejected_lines` are quarantined
/// units, and a whole record counts as one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// True if the replay only reported, and wrote nothing.
    pub dry_run: bool,
    /// Selected units in quarantine.
    pub quarantined: u64,
    /// Selected units that an earlier replay has replayed.
    #[serde(rename = "before")]
    pub already_replayed: u64,
    /// Units that this replay replays, by the reason of their first rejection.
    pub replayed: BTreeMap<String, u64>,
    /// Units that the current transform still rejects, by the current reason.
    #[serde(rename = "still")]
    pub still_rejected: BTreeMap<String, u64>,
    /// Units that were not tried because the limit was reached.
    #[serde(rename = "left")]
    pub over_limit: u64,
    /// Events that go to the processed zone.
    pub events: u64,
    /// Rejected lines of whole records that can be unpacked now. They go to quarantine.
    #[serde(rename = "refused_lines")]
    pub rejected_lines: u64,
    /// Events by event date.
    pub event_dates: BTreeMap<Date, u64>,
    /// The keys of the receipts that the replay wrote.
    pub receipts: Vec<String>,
}

impl ReplayReport {
    /// Returns the number of units that this replay replays.
    pub fn total(&self) -> u64 {
        self.replayed.values().sum()
    }
}

/// Replays the selected units in quarantine.
///
/// Holds the quarantined units of one ingest date in memory at a time.
///
/// # Errors
/// If the lake cannot be read or written, or a quarantine object is missing or damaged. The
/// batches written before the error remain; another replay continues after them.
pub async fn replay(
    store: &Arc<dyn ObjectStore>,
    options: &ReplayOptions,
    settings: TransformSettings,
) -> Result<ReplayReport, RepairError> {
    let receipts = receipt::list(&**store, None).await?;
    let mut replayer = Replayer {
        store,
        options,
        // The raw zone has the units since their first arrival.
        transformer: Transformer::new(TransformSettings {
            raw: false,
            ..settings
        })?,
        titles: current_titles(store).await?,
        report: ReplayReport {
            dry_run: options.dry_run,
            ..ReplayReport::default()
        },
    };
    let mut by_date: BTreeMap<Date, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts
        .iter()
        .filter(|receipt| is_selected(options, receipt))
    {
        by_date
            .entry(receipt.ingest_date)
            .or_default()
            .push(receipt);
    }
    for selected in by_date.into_values() {
        replayer.replay_date(&selected, &receipts).await?;
    }
    Ok(replayer.report)
}

/// Returns whether the receipt may have selected units in quarantine.
fn is_selected(options: &ReplayOptions, receipt: &Receipt) -> bool {
    let is_of_date = options.date.is_none_or(|date| receipt.ingest_date == date);
    let has_reason = options
        .reason
        .is_none_or(|reason| receipt.reasons.contains_key(reason.name()));
    receipt.quarantined > 0 && is_of_date && has_reason
}

async fn current_titles(store: &Arc<dyn ObjectStore>) -> Result<Titles, RepairError> {
    Ok(match title_catalog::current(&**store).await? {
        None => Titles::default(),
        Some(pointer) => {
            let titles = title_catalog::load(&**store, &pointer).await?;
            Titles::new(Some(pointer.version), titles)
        }
    })
}

struct Replayer<'a> {
    store: &'a Arc<dyn ObjectStore>,
    options: &'a ReplayOptions,
    transformer: Transformer,
    titles: Titles,
    report: ReplayReport,
}

impl Replayer<'_> {
    /// Replays the quarantined units of `receipts`, which are of one ingest date. `all` are
    /// the receipts of all dates.
    async fn replay_date(
        &mut self,
        receipts: &[&Receipt],
        all: &[Receipt],
    ) -> Result<(), RepairError> {
        let reason = self.options.reason;
        let candidates = candidates::read(self.store, receipts, reason).await?;
        let known = known_units::find(self.store, receipts, all, &candidates).await?;
        let mut replayed = Vec::new();
        for candidate in &candidates {
            self.try_candidate(candidate, &known, &mut replayed)?;
        }
        for units in batch::into_batches(replayed) {
            let transformed = self.transformer.transform_units(
                units.iter().map(ReplayedUnit::identified),
                batch::processed_at(&units)?,
                &self.titles,
            )?;
            self.report.events += transformed.processed;
            self.report.rejected_lines += transformed.rejected.values().sum::<u64>();
            for (date, events) in &transformed.event_dates {
                *self.report.event_dates.entry(*date).or_default() += events;
            }
            if !self.options.dry_run {
                let version = self.titles.version.clone();
                let receipt = batch::write(&**self.store, &units, transformed, version).await?;
                self.report.receipts.push(receipt.key());
            }
        }
        Ok(())
    }

    /// Counts the candidate in the report. If it has new events, appends its units to
    /// `replayed`.
    fn try_candidate<'c>(
        &mut self,
        candidate: &'c Candidate,
        known: &KnownUnits,
        replayed: &mut Vec<ReplayedUnit<'c>>,
    ) -> Result<(), RepairError> {
        let report = &mut self.report;
        report.quarantined += 1;
        if candidate.form == Form::Line && known.processed.contains(&candidate.unit()) {
            report.already_replayed += 1;
            return Ok(());
        }
        let limit = self.options.limit.unwrap_or(u64::MAX);
        if report.replayed.values().sum::<u64>() >= limit {
            report.over_limit += 1;
            return Ok(());
        }
        let (mut units, mut events, mut known_events) = (Vec::new(), 0, 0);
        let (mut first_rejection, mut overflow) = (None, None);
        self.transformer.judge(&candidate.identified(), |verdict| {
            let unit = match candidate.unit_at(verdict.sub_sequence) {
                Ok(unit) => unit,
                Err(error) => {
                    overflow.get_or_insert(error);
                    return;
                }
            };
            match verdict.rejection {
                None if known.processed.contains(&unit) => known_events += 1,
                None => {
                    events += 1;
                    units.push(ReplayedUnit::of(candidate, &verdict));
                }
                Some(ref rejection) => {
                    first_rejection.get_or_insert(rejection.reason);
                    if verdict.is_line && !known.quarantined.contains(&unit) {
                        units.push(ReplayedUnit::of(candidate, &verdict));
                    }
                }
            }
        });
        if let Some(error) = overflow {
            return Err(error);
        }
        if events > 0 {
            *report.replayed.entry(candidate.reason.clone()).or_default() += 1;
            replayed.append(&mut units);
        } else if known_events > 0 {
            report.already_replayed += 1;
        } else {
            let reason = match first_rejection {
                Some(current) => current.name().to_owned(),
                // The record can be unpacked now and has no lines.
                None => candidate.reason.clone(),
            };
            *report.still_rejected.entry(reason).or_default() += 1;
        }
        Ok(())
    }
}
