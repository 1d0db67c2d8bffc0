//! A receipt held against the objects that it names.

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
use crate::object::Claim;
use crate::object::READERS;
use crate::problem::Problem;

/// Why a receipt is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Role {
    /// It is filed under the date: all its objects are held against it.
    pub(crate) filed: bool,
    /// Records of it may have arrived on the date.
    pub(crate) arrived: bool,
    /// Its events are in the date's generation.
    pub(crate) covered: bool,
}

impl Role {
    fn needs(self, zone: Zone) -> bool {
        match zone {
            Zone::Raw => self.filed,
            Zone::Quarantine => self.filed || self.arrived,
            Zone::Processed => self.filed || self.arrived || self.covered,
        }
    }
}

/// What a receipt's objects hold of the date.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    pub(crate) problems: Vec<Problem>,
    /// Rows of the objects, of those that are there.
    pub(crate) rows: BTreeMap<Zone, u64>,
    /// Records of the receipt that no unit comes from, of those that arrived on
    /// the date where the receipt says how many did; 0 when an object is missing
    /// or damaged.
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

/// Holds receipts against their objects, some at a time; `take` gets what was
/// found in the receipts' order.
pub(crate) async fn scan(
    store: &Arc<dyn ObjectStore>,
    date: Date,
    receipts: impl IntoIterator<Item = (&Receipt, Role)>,
    mut take: impl FnMut(&Receipt, Role, Scanned),
) -> Result<(), AuditError> {
    let mut scanned = futures::stream::iter(receipts)
        .map(|(receipt, role)| async move {
            let mut problems = Vec::new();
            let mut contents = Vec::new();
            let receipt_key = receipt.key();
            for entry in &receipt.objects {
                if role.needs(entry.zone) {
                    let claim = claim(entry, &receipt_key);
                    let content = claim.fetch(&**store, &mut problems).await?;
                    contents.push((entry.clone(), content));
                }
            }
            let mut scanning = Scanning {
                date,
                receipt: receipt.clone(),
                role,
                all: Vec::new(),
                is_whole: true,
                done: Scanned {
                    problems,
                    ..Scanned::default()
                },
            };
            // Decoding takes the processor: the objects of others come meanwhile.
            let done = tokio::task::spawn_blocking(move || {
                scanning.run(contents);
                scanning.done
            });
            let done = done.await.map_err(|source| AuditError::Interrupted {
                key: receipt_key,
                source,
            })?;
            Ok::<_, AuditError>((receipt, role, done))
        })
        .buffered(READERS);
    while let Some((receipt, role, done)) = scanned.try_next().await? {
        take(receipt, role, done);
    }
    Ok(())
}

fn claim<'a>(entry: &'a ObjectEntry, receipt: &'a str) -> Claim<'a> {
    Claim {
        key: &entry.key,
        named_by: receipt,
        rows: entry.rows,
        bytes: entry.bytes,
        digest: &entry.digest,
    }
}

struct Scanning {
    date: Date,
    receipt: Receipt,
    role: Role,
    /// The records of all rows, each once a run of rows.
    all: Vec<RecordId>,
    is_whole: bool,
    done: Scanned,
}

impl Scanning {
    fn run(&mut self, contents: Vec<(ObjectEntry, Option<Bytes>)>) {
        for (entry, content) in contents {
            let rows = content.and_then(|content| self.object(&entry, content));
            self.is_whole &= rows == Some(entry.rows);
            *self.done.rows.entry(entry.zone).or_default() += rows.unwrap_or(0);
        }
        self.done.problems.extend(self.unbalanced());
        if self.receipt.kind == ReceiptKind::Stream && self.is_whole {
            self.done.blank = self.blank();
        }
    }

    fn blank(&self) -> u64 {
        let of_date = self.done.records.values().flatten();
        let (records, mut seen): (u64, Vec<RecordId>) =
            match arrivals::records_on(&self.receipt, self.date) {
                Some(records) => (records, of_date.copied().collect()),
                None => (self.receipt.records, self.all.clone()),
            };
        seen.sort_unstable();
        seen.dedup();
        records.saturating_sub(seen.len() as u64)
    }

    /// What of the receipt's own figures does not add up.
    fn unbalanced(&self) -> Vec<Problem> {
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

    /// Reads an object; its rows, unless it cannot be read to its end.
    fn object(&mut self, entry: &ObjectEntry, content: Bytes) -> Option<u64> {
        let receipt_key = self.receipt.key();
        let claim = claim(entry, &receipt_key);
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
            all,
            done,
            ..
        } = self;
        let (date, arrived) = (*date, role.filed || role.arrived);
        let Scanned {
            problems,
            records,
            processed,
            quarantined,
            events,
            ..
        } = done;
        if entry.zone == Zone::Raw {
            return claim.examine(content, columns, problems, |_| Ok(()));
        }
        let of_date = events.len();
        let rows = claim.examine(content, columns, problems, |batch| {
            let identities = UnitIdentities::of(batch)?;
            let arrivals = batch.timestamp("arrived_at")?;
            let event_dates = match entry.zone {
                Zone::Processed => Some(batch.date("event_date")?),
                _ => None,
            };
            for row in 0..batch.num_rows() {
                let record = identities.record(row);
                let unit = record.unit(identities.sub_sequence(row));
                if all.last() != Some(&record) {
                    all.push(record);
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
        let named = self.receipt.event_dates.get(&date.to_string());
        let (named, found) = (
            named.copied().unwrap_or(0),
            (self.done.events.len() - of_date) as u64,
        );
        if entry.zone == Zone::Processed && rows == Some(entry.rows) && named != found {
            self.done.problems.push(Problem::ReceiptUnbalanced {
                receipt: self.receipt.key(),
                sum: format!("{named} events of {date}, but {found} in {}", entry.key),
            });
        }
        rows
    }
}
