//! The audit of a date: both books recounted from the objects of the lake.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::LakeError;
use marquee_lake::generation::{self, Generation};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::unit::compare_sequence_numbers;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::arrivals;
use crate::audit::Audit;
use crate::curated::{EventAudit, EventAuditBuilder};
use crate::error::AuditError;
use crate::failed::{FailedBatch, failed_batches};
use crate::ingest_book::{IngestBook, IngestBookBuilder, StreamCount};
use crate::object::READERS;
use crate::orphans;
use crate::problem::Problem;
use crate::producers;
use crate::scan::{self, ReceiptRole};
use crate::status::{Status, late_window_open, newest_arrival};

/// Audits a date: recounts both books from the lake.
///
/// `stream` is the stream's own count of the date, if it is known. Needs 16 to 32 bytes of
/// memory for each unit of the date, twice that while sorting.
///
/// # Errors
/// [`AuditError::Nothing`] if the lake has nothing of the date; an error if the lake cannot be
/// read or a receipt is damaged. Other faults of the lake are not errors but
/// [problems](Problem) in the audit.
pub async fn audit_date(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    stream: Option<&StreamCount>,
) -> Result<Audit, AuditError> {
    let receipts = receipt::list(&**store, None).await?;
    let generation = generation::current_of(&**store, date).await?;
    let (failed, mut problems) = failed_batches(store, &receipts).await?;
    let has_date = generation.is_some()
        || receipts.iter().any(|receipt| names_date(receipt, date))
        || failed.iter().any(|batch| batch.open_on(date) > 0);
    if !has_date {
        return Err(AuditError::Nothing(nothing_of(date, &receipts)));
    }
    let covered = match &generation {
        Some(generation) => covered(store, generation, &receipts, &mut problems).await?,
        None => BTreeSet::new(),
    };
    let receipts = reread_needed(&**store, receipts, date, &covered).await?;
    let mut ingest = IngestBookBuilder::default();
    let mut event = generation
        .as_ref()
        .map(|generation| EventAuditBuilder::new(generation, &covered));
    let mut roles: Vec<(&Receipt, ReceiptRole)> = Vec::new();
    for receipt in &receipts {
        let role = role(receipt, date, &covered)?;
        if role != ReceiptRole::default() {
            roles.push((receipt, role));
        }
    }
    roles.sort_by(|(a, _), (b, _)| compare_first_records(a, b));
    scan::scan(store, date, roles, |receipt, role, mut result| {
        problems.append(&mut result.problems);
        if let Some(event) = event.as_mut().filter(|_| role.covered) {
            event.add(receipt, &result.events);
        }
        ingest.add(receipt, role, &mut result);
    })
    .await?;
    let garbage = orphans::find(store, date, &receipts, &mut problems).await?;
    let mut ingest = ingest.close(date, stream, &failed, &mut problems);
    ingest.garbage = garbage;
    check_producer_gaps(store, date, &receipts, &mut ingest, &mut problems).await?;
    if let Some(generation) = &generation {
        problems.extend(removed_receipts(generation, &covered, &receipts));
    }
    let event = match event {
        Some(event) => Some(event.close(store, &receipts, &mut problems).await?),
        None => None,
    };
    let provisional_because = open_reasons(date, &receipts, &failed, event.as_ref())?;
    Ok(Audit {
        date,
        status: match provisional_because.is_empty() {
            true => Status::Final,
            false => Status::Provisional,
        },
        provisional_because,
        balanced: problems.is_empty(),
        ingest,
        event,
        problems,
    })
}

/// Reads the receipts that the audit needs from their own objects, because a list may return
/// the copies that [`receipt::collect`] wrote.
async fn reread_needed(
    store: &dyn ObjectStore,
    receipts: Vec<Receipt>,
    date: Date,
    covered: &BTreeSet<String>,
) -> Result<Vec<Receipt>, AuditError> {
    let mut reads = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        let is_needed = role(&receipt, date, covered)? != ReceiptRole::default();
        reads.push(async move {
            match is_needed {
                true => receipt::read(store, &Path::from(receipt.key())).await,
                false => Ok(receipt),
            }
        });
    }
    let receipts = futures::stream::iter(reads).buffered(READERS);
    Ok(receipts.try_collect().await?)
}

/// Returns the keys of the receipts that the generation covers. If the list of these keys is
/// missing, reports a problem and returns all receipts with events of the date.
async fn covered(
    store: &Arc<dyn ObjectStore>,
    generation: &Generation,
    receipts: &[Receipt],
    problems: &mut Vec<Problem>,
) -> Result<BTreeSet<String>, AuditError> {
    match generation::covered(&**store, generation).await {
        Err(LakeError::Store(object_store::Error::NotFound { .. })) => {
            problems.push(Problem::MissingObject {
                key: generation.covered.clone(),
                named_by: generation.key(),
            });
            let with_events = receipts
                .iter()
                .filter(|receipt| receipt.event_dates.contains_key(&generation.event_date));
            Ok(with_events.map(Receipt::key).collect())
        }
        covered => Ok(covered?),
    }
}

/// Compares receipts by shard and by the sequence number of the first record.
fn compare_first_records(a: &Receipt, b: &Receipt) -> Ordering {
    let (first, other) = (&a.first_sequence_number, &b.first_sequence_number);
    let in_shard = || compare_sequence_numbers(first, other);
    a.shard_id.cmp(&b.shard_id).then_with(in_shard)
}

/// Returns whether the receipt names the date: as ingest date, arrival date or event date.
fn names_date(receipt: &Receipt, date: Date) -> bool {
    receipt.ingest_date == date
        || receipt.arrival_dates.contains_key(&date)
        || receipt.event_dates.contains_key(&date)
}

fn nothing_of(date: Date, receipts: &[Receipt]) -> String {
    let filed = receipts.iter().map(|r| &r.ingest_date);
    let arrived = receipts.iter().flat_map(|r| r.arrival_dates.keys());
    let ingested: BTreeSet<&Date> = filed.chain(arrived).collect();
    let events: BTreeSet<&Date> = receipts.iter().flat_map(|r| r.event_dates.keys()).collect();
    let range = |dates: BTreeSet<&Date>| match (dates.first(), dates.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.to_string(),
        _ => "no date".to_owned(),
    };
    format!(
        "the lake has no records and no events of {date}; the dates of its arrivals are {}, \
         those of its events {}",
        range(ingested),
        range(events)
    )
}

/// Returns the role of the receipt in the audit of the date.
fn role(
    receipt: &Receipt,
    date: Date,
    covered: &BTreeSet<String>,
) -> Result<ReceiptRole, AuditError> {
    let arrived = arrivals::dates(receipt)?.contains(&date);
    Ok(ReceiptRole {
        filed: receipt.ingest_date == date,
        arrived,
        covered: receipt.event_dates.contains_key(&date) && covered.contains(&receipt.key()),
    })
}

/// Adds the producers to the ingest book, and reports the gaps in their numbers.
async fn check_producer_gaps(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: &[Receipt],
    ingest: &mut IngestBook,
    problems: &mut Vec<Problem>,
) -> Result<(), AuditError> {
    let producers = producers::count(store, date, receipts).await?;
    ingest.producers = producers.lines;
    ingest.unnumbered = producers.unnumbered;
    let lines = ingest.producers.iter();
    let unexplained = lines.filter(|(_, line)| line.missing > line.excused);
    problems.extend(unexplained.map(|(producer, line)| Problem::ProducerGap {
        producer_id: producer.clone(),
        missing: line.missing,
        gaps: line.gaps.clone(),
        excused: line.excused,
    }));
    Ok(())
}

/// Reports the receipts that the generation covers and that are missing.
fn removed_receipts(
    generation: &Generation,
    covered: &BTreeSet<String>,
    receipts: &[Receipt],
) -> Vec<Problem> {
    let existing: BTreeSet<String> = receipts.iter().map(Receipt::key).collect();
    covered
        .difference(&existing)
        .map(|receipt| Problem::ReceiptRemoved {
            receipt: receipt.clone(),
            generation: generation.key(),
        })
        .collect()
}

/// Returns the reasons why the date's books can still change, as sentences.
fn open_reasons(
    date: Date,
    receipts: &[Receipt],
    failed: &[FailedBatch],
    event: Option<&EventAudit>,
) -> Result<Vec<String>, AuditError> {
    let mut reasons: Vec<String> = late_window_open(date, newest_arrival(receipts)?)
        .into_iter()
        .collect();
    let open: u64 = failed.iter().map(|batch| batch.open).sum();
    if open > 0 {
        reasons.push(format!(
            "{open} records of failed batches are open and may contain events of the date"
        ));
    }
    match event {
        Some(event) if event.waiting_receipts > 0 => reasons.push(format!(
            "{} events in {} receipts wait for its next run",
            event.waiting_rows, event.waiting_receipts
        )),
        None if receipts.iter().any(|r| r.event_dates.contains_key(&date)) => {
            reasons.push("its events are not curated yet".to_owned());
        }
        _ => {}
    }
    Ok(reasons)
}
