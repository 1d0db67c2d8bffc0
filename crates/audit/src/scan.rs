//! The comparison of a receipt with the objects that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::receipt::{ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::unit::{RecordId, UnitId, UnitIdentities};
use marquee_lake::zone::Zone;
use object_store::ObjectStore;

use crate::arrivals;
use crate::error::AuditError;
use crate::object::{ExpectedObject, READERS};
use crate::problem::Problem;

/// The role of a receipt in the audit of a date. The default is a receipt that the audit does
/// not need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReceiptRole {
    /// The receipt has this ingest date. The audit verifies all its objects.
    pub(crate) filed: bool,
    /// Records of the receipt can have arrived on the date.
    pub(crate) arrived: bool,
    /// The date's generation covers the receipt.
    pub(crate) covered: bool,
}

impl ReceiptRole {
    fn needs(self, zone: Zone) -> bool {
        match zone {
            Zone::Raw => self.filed,
            Zone::Quarantine => self.filed || self.arrived,
            Zone::Processed => self.filed || self.arrived || self.covered,
        }
    }
}

/// The contents of a receipt's objects, as far as they are of the date.
#[derive(Debug, Default)]
pub(crate) struct ScanResult {
    pub(crate) problems: Vec<Problem>,
    /// Rows of the objects that exist, by zone.
    pub(crate) rows: BTreeMap<Zone, u64>,
    /// Records without units that arrived on the date; all records without units, if the
    /// receipt has no arrival dates; 0 if an object is missing or damaged.
    pub(crate) blank: u64,
    /// Records that arrived on the date, by shard.
    pub(crate) records: BTreeMap<String, Vec<RecordId>>,
    /// Processed units that arrived on the date.
    pub(crate) processed: Vec<UnitId>,
    /// Quarantined units that arrived on the date.
    pub(crate) quarantined: Vec<UnitId>,
    /// Processed units whose event is of the date.
    pub(crate) events: Vec<UnitId>,
}

/// Compares receipts with their objects, several in parallel. Calls `take` with the results in
/// the order of the receipts.
pub(crate) async fn scan(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: impl IntoIterator<Item = (&Receipt, ReceiptRole)>,
    mut take: impl FnMut(&Receipt, ReceiptRole, ScanResult),
) -> Result<(), AuditError> {
    let mut results = futures::stream::iter(receipts)
        .map(|(receipt, role)| async move {
            let mut problems = Vec::new();
            let mut contents = Vec::new();
            let receipt_key = receipt.key();
            for entry in &receipt.objects {
                if role.needs(entry.zone) {
                    let object = expected(entry, &receipt_key);
                    let content = object.fetch(&**store, &mut problems).await?;
                    contents.push((entry.clone(), content));
                }
            }
            let mut scan = ReceiptScan {
                date,
                receipt: receipt.clone(),
                role,
                all_records: Vec::new(),
                is_complete: true,
                result: ScanResult {
                    problems,
                    ..ScanResult::default()
                },
            };
            // Decoding is CPU work. Other objects are fetched meanwhile.
            let result = tokio::task::spawn_blocking(move || {
                scan.run(contents);
                scan.result
            });
            let result = result.await.map_err(|source| AuditError::Interrupted {
                key: receipt_key,
                source,
            })?;
            Ok::<_, AuditError>((receipt, role, result))
        })
        .buffered(READERS);
    while let Some((receipt, role, result)) = results.try_next().await? {
        take(receipt, role, result);
    }
    Ok(())
}

fn expected<'a>(entry: &'a ObjectEntry, receipt: &'a str) -> ExpectedObject<'a> {
    ExpectedObject {
        key: &entry.key,
        named_by: receipt,
        rows: entry.rows,
        bytes: entry.bytes,
        digest: &entry.digest,
    }
}

struct ReceiptScan {
    date: Date,
    receipt: Receipt,
    role: ReceiptRole,
    /// The records of all rows, without consecutive repetitions.
    all_records: Vec<RecordId>,
    /// True while all objects could be read to the end and had the stated numbers of rows.
    is_complete: bool,
    result: ScanResult,
}

impl ReceiptScan {
    fn run(&mut self, contents: Vec<(ObjectEntry, Option<Bytes>)>) {
        for (entry, content) in contents {
            let rows = content.and_then(|content| self.scan_object(&entry, content));
            self.is_complete &= rows == Some(entry.rows);
            *self.result.rows.entry(entry.zone).or_default() += rows.unwrap_or(0);
        }
        self.result.problems.extend(self.contradictions());
        if self.receipt.kind == ReceiptKind::Stream && self.is_complete {
            self.result.blank = self.count_blank();
        }
    }

    fn count_blank(&self) -> u64 {
        let of_date = self.result.records.values().flatten();
        let (records, mut seen): (u64, Vec<RecordId>) =
            match arrivals::records_on(&self.receipt, self.date) {
                Some(records) => (records, of_date.copied().collect()),
                None => (self.receipt.records, self.all_records.clone()),
            };
        seen.sort_unstable();
        seen.dedup();
        records.saturating_sub(seen.len() as u64)
    }

    /// Reports the figures of the receipt that contradict each other.
    fn contradictions(&self) -> Vec<Problem> {
        let receipt = &self.receipt;
        let rows_of = |zone: Zone| -> u64 {
            let objects = receipt.objects.iter();
            let in_zone = objects.filter(|object| object.zone == zone);
            in_zone.map(|object| object.rows).sum()
        };
        let raw = match receipt
            .objects
            .iter()
            .any(|object| object.zone == Zone::Raw)
        {
            true => rows_of(Zone::Raw),
            false => receipt.received,
        };
        let arrived = match receipt.arrival_dates.is_empty() {
            true => receipt.records,
            false => receipt.arrival_dates.values().sum(),
        };
        let sums = [
            (
                "received",
                receipt.received,
                "processed and quarantined",
                receipt.processed + receipt.quarantined,
            ),
            (
                "quarantined",
                receipt.quarantined,
                "by reason",
                receipt.reasons.values().sum(),
            ),
            (
                "processed",
                receipt.processed,
                "by event date",
                receipt.event_dates.values().sum(),
            ),
            ("records", receipt.records, "by date of arrival", arrived),
            ("received", receipt.received, "rows in raw", raw),
            (
                "processed",
                receipt.processed,
                "rows in processed",
                rows_of(Zone::Processed),
            ),
            (
                "quarantined",
                receipt.quarantined,
                "rows in quarantine",
                rows_of(Zone::Quarantine),
            ),
        ];
        sums.into_iter()
            .filter(|(_, one, _, other)| one != other)
            .map(|(this, one, that, other)| Problem::ReceiptUnbalanced {
                receipt: receipt.key(),
                sum: format!("{one} {this}, but {other} {that}"),
            })
            .collect()
    }

    /// Reads an object. Returns the number of its rows; `None` if it cannot be read to the end.
    fn scan_object(&mut self, entry: &ObjectEntry, content: Bytes) -> Option<u64> {
        let receipt_key = self.receipt.key();
        let object = expected(entry, &receipt_key);
        let columns: &[&str] = match entry.zone {
            Zone::Raw => &[],
            Zone::Quarantine => &["shard_id", "sequence_number", "sub_sequence", "arrived_at"],
            Zone::Processed => &[
                "shard_id",
                "sequence_number",
                "sub_sequence",
                "arrived_at",
                "event_date",
            ],
        };
        let Self {
            date,
            role,
            all_records,
            result,
            ..
        } = self;
        let (date, arrived) = (*date, role.filed || role.arrived);
        let ScanResult {
            problems,
            records,
            processed,
            quarantined,
            events,
            ..
        } = result;
        if entry.zone == Zone::Raw {
            return object.verify(content, columns, problems, |_| Ok(()));
        }
        let events_before = events.len();
        let rows = object.verify(content, columns, problems, |batch| {
            let identities = UnitIdentities::of(batch)?;
            let arrivals = batch.timestamp("arrived_at")?;
            let event_dates = match entry.zone {
                Zone::Processed => Some(batch.date("event_date")?),
                _ => None,
            };
            for row in 0..batch.num_rows() {
                let record = identities.record(row);
                let unit = record.unit(identities.sub_sequence(row));
                if all_records.last() != Some(&record) {
                    all_records.push(record);
                }
                if arrived && Date::of(arrivals.value(row)) == date {
                    let shard_id = identities.shard_id(row);
                    match records.get_mut(shard_id) {
                        Some(records) if records.last() == Some(&record) => {}
                        Some(records) => records.push(record),
                        None => {
                            records.insert(shard_id.to_owned(), vec![record]);
                        }
                    }
                    match entry.zone {
                        Zone::Processed => processed.push(unit),
                        _ => quarantined.push(unit),
                    }
                }
                if event_dates.is_some_and(|dates| dates.value(row) == date.days()) {
                    events.push(unit);
                }
            }
            Ok(())
        });
        let named = self.receipt.event_dates.get(&date);
        let (named, found) = (
            named.copied().unwrap_or(0),
            (self.result.events.len() - events_before) as u64,
        );
        if entry.zone == Zone::Processed && rows == Some(entry.rows) && named != found {
            self.result.problems.push(Problem::ReceiptUnbalanced {
                receipt: self.receipt.key(),
                sum: format!("{named} events of {date}, but {found} in {}", entry.key),
            });
        }
        rows
    }
}
