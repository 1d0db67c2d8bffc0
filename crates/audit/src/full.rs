//! The audit of a date: both books counted anew from the objects of the lake.

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
use crate::curated::{self, EventAudit};
use crate::error::AuditError;
use crate::failed::{FailedBatch, failed_batches};
use crate::ingest_book::{self, IngestBook, StreamCount};
use crate::object::READERS;
use crate::orphans;
use crate::problem::Problem;
use crate::producers;
use crate::scan::{self, Role};
use crate::standing::{Status, late_window_open, newest_arrival};

/// Makes both books of a date anew from the lake.
///
/// `stream` is what the stream itself counted of the date, where that is known.
/// Memory is 16 to 24 bytes for each unit of the date, twice while sorting.
///
/// # Errors
/// [`AuditError::Nothing`] for a date that the lake has nothing of; when the lake cannot be read. What is wrong with the lake is no error, but
/// a problem in the audit.
pub async fn full(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    stream: Option<&StreamCount>,
) -> Result<Audit, AuditError> {
    let receipts = receipt::list(&**store, None).await?;
    let generation = generation::current_of(&**store, date).await?;
    let (failed, mut problems) = failed_batches(store, &receipts).await?;
    let is_known = generation.is_some()
        || receipts.iter().any(|receipt| is_of(receipt, date))
        || failed.iter().any(|batch| batch.open_on(date) > 0);
    if !is_known {
        return Err(AuditError::Nothing(nothing_of(date, &receipts)));
    }
    let covered = match &generation {
        Some(generation) => covered(store, generation, &receipts, &mut problems).await?,
        None => BTreeSet::new(),
    };
    let is_needed = |receipt: &Receipt| role(receipt, date, &covered) != Role::default();
    let receipts = originals(&**store, receipts, is_needed).await?;
    let mut ingest = ingest_book::Filling::default();
    let mut event = generation
        .as_ref()
        .map(|generation| curated::Filling::new(generation, &covered));
    let mut roles: Vec<(&Receipt, Role)> = receipts
        .iter()
        .map(|receipt| (receipt, role(receipt, date, &covered)))
        .filter(|(_, role)| *role != Role::default())
        .collect();
    roles.sort_by(|(a, _), (b, _)| by_place(a, b));
    scan::scan(store, date, roles, |receipt, role, mut scanned| {
        problems.append(&mut scanned.problems);
        if let Some(event) = event.as_mut().filter(|_| role.covered) {
            event.enter(receipt, &scanned.events);
        }
        ingest.enter(receipt, role, &mut scanned);
    })
    .await?;
    let garbage = orphans::find(store, date, &receipts, &mut problems).await?;
    let mut ingest = ingest.close(date, stream, &failed, &mut problems);
    ingest.garbage = garbage;
    check_producer_gaps(store, date, &receipts, &mut ingest, &mut problems).await?;
    if let Some(generation) = &generation {
        problems.extend(removed(generation, &covered, &receipts));
    }
    let event = match event {
        Some(event) => Some(event.close(store, &receipts, &mut problems).await?),
        None => None,
    };
    let provisional_because = open(date, &receipts, &failed, event.as_ref());
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

/// The receipts, those that are needed as they stand: a list may give copies.
async fn originals(
    store: &dyn ObjectStore,
    receipts: Vec<Receipt>,
    is_needed: impl Fn(&Receipt) -> bool,
) -> Result<Vec<Receipt>, LakeError> {
    let originals: Vec<_> = receipts
        .into_iter()
        .map(|receipt| {
            let key = is_needed(&receipt).then(|| Path::from(receipt.key()));
            async move {
                match key {
                    Some(key) => receipt::read(store, &key).await,
                    None => Ok(receipt),
                }
            }
        })
        .collect();
    futures::stream::iter(originals)
        .buffered(READERS)
        .try_collect()
        .await
}

/// The keys of the receipts that the generation covers. When the list of them is
/// gone, which is a problem, it is taken to cover all.
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
            let date = generation.event_date.to_string();
            let with_events = receipts
                .iter()
                .filter(|receipt| receipt.event_dates.contains_key(&date));
            Ok(with_events.map(Receipt::key).collect())
        }
        covered => Ok(covered?),
    }
}

/// The order of the batches' first records in their shards.
fn by_place(a: &Receipt, b: &Receipt) -> Ordering {
    let (first, other) = (&a.first_sequence_number, &b.first_sequence_number);
    let in_shard = || compare_sequence_numbers(first, other);
    a.shard_id.cmp(&b.shard_id).then_with(in_shard)
}

/// Whether the receipt says something of the date.
fn is_of(receipt: &Receipt, date: Date) -> bool {
    let date = date.to_string();
    receipt.ingest_date == date
        || receipt.arrival_dates.contains_key(&date)
        || receipt.event_dates.contains_key(&date)
}

fn nothing_of(date: Date, receipts: &[Receipt]) -> String {
    let filed = receipts.iter().map(|r| &r.ingest_date);
    let arrived = receipts.iter().flat_map(|r| r.arrival_dates.keys());
    let ingested: BTreeSet<&String> = filed.chain(arrived).collect();
    let events: BTreeSet<&String> = receipts.iter().flat_map(|r| r.event_dates.keys()).collect();
    let span = |dates: BTreeSet<&String>| match (dates.first(), dates.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => (*only).clone(),
        _ => "no date".to_owned(),
    };
    format!(
        "the lake has nothing of {date}: what it has arrived on {} and happened on {}",
        span(ingested),
        span(events)
    )
}

/// Why the receipt is looked at for the date.
fn role(receipt: &Receipt, date: Date, covered: &BTreeSet<String>) -> Role {
    let arrived = arrivals::dates(receipt).contains(&date);
    let date = date.to_string();
    Role {
        filed: receipt.ingest_date == date,
        arrived,
        covered: receipt.event_dates.contains_key(&date) && covered.contains(&receipt.key()),
    }
}

/// Enters the producers' numbers.
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
    let missing: u64 = lines.clone().map(|(_, line)| line.missing).sum();
    if missing > ingest.unnumbered {
        let with_gaps = lines.filter(|(_, line)| line.missing > 0);
        problems.extend(with_gaps.map(|(producer, line)| Problem::ProducerGap {
            producer_id: producer.clone(),
            missing: line.missing,
            gaps: line.gaps.clone(),
            excused: ingest.unnumbered,
        }));
    }
    Ok(())
}

/// The receipts that the generation covers and that are not there.
fn removed(
    generation: &Generation,
    covered: &BTreeSet<String>,
    receipts: &[Receipt],
) -> Vec<Problem> {
    let there: BTreeSet<String> = receipts.iter().map(Receipt::key).collect();
    covered
        .difference(&there)
        .map(|receipt| Problem::ReceiptRemoved {
            receipt: receipt.clone(),
            generation: generation.key(),
        })
        .collect()
}

/// Why the date's books may still change.
fn open(
    date: Date,
    receipts: &[Receipt],
    failed: &[FailedBatch],
    event: Option<&EventAudit>,
) -> Vec<String> {
    let mut reasons: Vec<String> = late_window_open(date, newest_arrival(receipts))
        .into_iter()
        .collect();
    let open: u64 = failed.iter().map(|batch| batch.open).sum();
    if open > 0 {
        reasons.push(format!(
            "{open} records that the mapping gave up are open, and may hold events of it"
        ));
    }
    let of_date = date.to_string();
    match event {
        Some(event) if event.waiting_receipts > 0 => reasons.push(format!(
            "{} events in {} receipts wait for its next run",
            event.waiting_rows, event.waiting_receipts
        )),
        None if receipts
            .iter()
            .any(|r| r.event_dates.contains_key(&of_date)) =>
        {
            reasons.push("its events are not curated yet".to_owned());
        }
        _ => {}
    }
    reasons
}
