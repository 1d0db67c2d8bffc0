//! Replay: what is in quarantine, through today's transform.
//!
//! What is an event now goes on to the processed zone under the identity that it
//! first got, and is judged by the arrival that it first had: a time that was too
//! old then is too old today. It stays in quarantine as well, where the audit
//! counts it as replayed. What is still no event stays as it is.
//!
//! A whole record in quarantine (`undecodable_record`, `record_too_large`) is
//! taken apart again. Its units then have the identities that they would have had
//! at first: those of its lines, counted from 0. Lines that are no events go to
//! quarantine under theirs, but for the one that the record itself is there under.
//!
//! Which units a batch has, and so its name, follows from what is in quarantine
//! and not yet in processed. So a replay that was broken off writes the same
//! objects again, and one that was not finds nothing to do.

mod already;
mod batch;
mod candidates;

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
use already::Already;
use batch::Chosen;
use candidates::Candidate;

/// What to replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Only what is filed under that ingest date.
    pub date: Option<Date>,
    /// Only what was refused for that reason.
    pub reason: Option<Reason>,
    /// At most so many units that go on.
    pub limit: Option<u64>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a replay did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Units in quarantine that were asked for.
    pub quarantined: u64,
    /// Those of them that had gone on before.
    pub before: u64,
    /// Those that go on now, by the reason that they were refused for. A whole
    /// record is one, whatever it holds.
    pub replayed: BTreeMap<String, u64>,
    /// Those that are refused today, by today's reason.
    pub still: BTreeMap<String, u64>,
    /// Those that were not tried, because the limit was reached.
    pub left: u64,
    /// Events that went to the processed zone.
    pub events: u64,
    /// Lines of records that could not be taken apart before, and are no events.
    pub refused_lines: u64,
    /// Events by date.
    pub event_dates: BTreeMap<String, u64>,
    /// The receipts that were written.
    pub receipts: Vec<String>,
}

impl ReplayReport {
    /// How many units go on.
    pub fn total(&self) -> u64 {
        self.replayed.values().sum()
    }
}

/// Replays what is in quarantine.
///
/// Memory is that of what one ingest date has in quarantine.
///
/// # Errors
/// When the lake cannot be read or written, or a quarantine object is gone or
/// damaged. What was replayed before that stands.
pub async fn replay(
    store: &Arc<dyn ObjectStore>,
    options: &ReplayOptions,
    settings: TransformSettings,
) -> Result<ReplayReport, RepairError> {
    let receipts = receipt::list(&**store, None).await?;
    let mut replayer = Replayer {
        store,
        options,
        // The raw zone has the units.
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
    let mut filed: BTreeMap<&str, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts.iter().filter(|receipt| asks_for(options, receipt)) {
        filed.entry(&receipt.ingest_date).or_default().push(receipt);
    }
    for of_date in filed.into_values() {
        replayer.date(&of_date, &receipts).await?;
    }
    Ok(replayer.report)
}

/// Whether the receipt has units in quarantine that are asked for.
fn asks_for(options: &ReplayOptions, receipt: &Receipt) -> bool {
    let is_of_date = options
        .date
        .is_none_or(|date| receipt.ingest_date == date.to_string());
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
    /// Replays what the receipts of one ingest date have in quarantine.
    async fn date(&mut self, receipts: &[&Receipt], all: &[Receipt]) -> Result<(), RepairError> {
        let reason = self.options.reason;
        let candidates = candidates::read(self.store, receipts, reason).await?;
        let already = already::find(self.store, receipts, all, &candidates).await?;
        let mut chosen = Vec::new();
        for candidate in &candidates {
            self.try_one(candidate, &already, &mut chosen);
        }
        for units in batch::cut(chosen) {
            let done = self.transformer.transform_units(
                units.iter().map(Chosen::kept),
                batch::time(&units),
                &self.titles,
            )?;
            self.report.events += done.processed;
            self.report.refused_lines += done.rejected.values().sum::<u64>();
            for (date, events) in &done.event_dates {
                *self.report.event_dates.entry(date.clone()).or_default() += events;
            }
            if !self.options.dry_run {
                let version = self.titles.version.clone();
                let receipt = batch::write(&**self.store, &units, done, version).await?;
                self.report.receipts.push(receipt.key());
            }
        }
        Ok(())
    }

    /// Chooses the units of a candidate that go on, if any do.
    fn try_one<'c>(
        &mut self,
        candidate: &'c Candidate,
        already: &Already,
        chosen: &mut Vec<Chosen<'c>>,
    ) {
        let report = &mut self.report;
        report.quarantined += 1;
        if candidate.form == Form::Line
            && already
                .processed
                .contains(&candidate.unit(candidate.sub_sequence))
        {
            report.before += 1;
            return;
        }
        let limit = self.options.limit.unwrap_or(u64::MAX);
        if report.replayed.values().sum::<u64>() >= limit {
            report.left += 1;
            return;
        }
        let (mut lines, mut events, mut known) = (Vec::new(), 0, 0);
        let mut refused = None;
        self.transformer.judge(&candidate.kept(), |judged| {
            let unit = candidate.unit(judged.sub_sequence);
            match judged.rejection {
                None if already.processed.contains(&unit) => known += 1,
                None => {
                    events += 1;
                    lines.push(Chosen::of(candidate, &judged));
                }
                Some(ref refusal) => {
                    refused.get_or_insert(refusal.reason);
                    if judged.is_line && !already.quarantined.contains(&unit) {
                        lines.push(Chosen::of(candidate, &judged));
                    }
                }
            }
        });
        if events > 0 {
            *report.replayed.entry(candidate.reason.clone()).or_default() += 1;
            chosen.append(&mut lines);
        } else if known > 0 {
            report.before += 1;
        } else {
            let reason = match refused {
                Some(today) => today.name().to_owned(),
                None => candidate.reason.clone(),
            };
            *report.still.entry(reason).or_default() += 1;
        }
    }
}
