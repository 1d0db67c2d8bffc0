//! Deduplication: the first row of each event, by arrival and identity, is kept.

use std::cmp::Ordering;

use crate::bucket_rows::BucketRows;
use crate::content;
use crate::error::TableError;
use crate::record::KinesisRecord;
use crate::row::{EventId, EventRow};
use crate::rows_by_user::UserRows;

const DANGLING_ROW: TableError = TableError::DanglingReference("row");

/// The row counts of a deduplication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DedupCounts {
    /// Kept events.
    pub curated: u64,
    /// Dropped duplicates.
    pub duplicates: u64,
    /// Dropped duplicates whose content differs from that of the kept event.
    pub conflicts: u64,
    /// New rows whose identity another row already has.
    pub redelivered: u64,
}

/// A duplicate that is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DroppedDuplicate {
    pub(crate) event_id: EventId,
    pub(crate) record: u32,
    pub(crate) sub_sequence: i32,
    pub(crate) content_digest: i64,
    pub(crate) is_conflict: bool,
}

/// A row that claims to be an event: one of several rows with the same event id.
#[derive(Debug, Clone, Copy)]
struct Claim {
    source: ClaimSource,
    record: u32,
    sub_sequence: i32,
    content_digest: i64,
}

/// The row of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ClaimSource {
    /// An index into [`Deduplicator::events`].
    Event(u32),
    /// An index into [`BucketRows::dropped`]: a duplicate of the parent generation.
    Dropped(u32),
}

/// Deduplicates the events of one user at a time. Its buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Deduplicator {
    /// The user's events, in the order in which they were read.
    events: Vec<EventRow>,
    /// The rows that claim each event, sorted by event id.
    claims: Vec<(EventId, ClaimSource)>,
    /// The claims to one event.
    rivals: Vec<Claim>,
    /// Whether each of `events` is dropped.
    is_dropped: Vec<bool>,
    /// The time of day of each kept event, and its index in `events`, sorted.
    kept: Vec<(i64, u32)>,
    dropped_duplicates: Vec<DroppedDuplicate>,
}

impl Deduplicator {
    /// Deduplicates the rows of one user and adds to `counts`.
    ///
    /// # Errors
    /// [`TableError::OrphanDuplicate`] if the parent generation dropped a duplicate of an
    /// event that no row has; [`TableError::DanglingReference`].
    pub(crate) fn process_user(
        &mut self,
        rows: &BucketRows,
        user: UserRows<'_>,
        counts: &mut DedupCounts,
    ) -> Result<(), TableError> {
        self.events.clear();
        for index in user.events {
            let event = rows.events.get(*index as usize);
            self.events.push(*event.ok_or(DANGLING_ROW)?);
        }
        self.dropped_duplicates.clear();
        self.is_dropped.clear();
        self.is_dropped.resize(self.events.len(), false);
        self.claims.clear();
        let claims_of_events = self.events.iter().zip(0..);
        self.claims.extend(
            claims_of_events.map(|(event, index)| (event.event_id, ClaimSource::Event(index))),
        );
        for index in user.dropped {
            let dropped = rows.dropped.get(*index as usize).ok_or(DANGLING_ROW)?;
            self.claims
                .push((dropped.event_id, ClaimSource::Dropped(*index)));
        }
        self.claims.sort_unstable();
        let claims = std::mem::take(&mut self.claims);
        for rivals in claims.chunk_by(|a, b| a.0 == b.0) {
            // The fast path: one row claims the event.
            if !matches!(rivals, [(_, ClaimSource::Event(_))]) {
                self.settle(rows, rivals, counts)?;
            }
        }
        self.claims = claims;
        self.sort_kept(rows);
        counts.curated += self.kept.len() as u64;
        counts.duplicates += self.dropped_duplicates.len() as u64;
        Ok(())
    }

    /// Returns the kept events, ordered by time, arrival and identity.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Result<&EventRow, TableError>> {
        self.kept
            .iter()
            .map(|(_, index)| self.events.get(*index as usize).ok_or(DANGLING_ROW))
    }

    /// Returns the dropped duplicates, ordered by event id, arrival and identity.
    pub(crate) fn dropped_duplicates(&self) -> &[DroppedDuplicate] {
        &self.dropped_duplicates
    }

    /// Keeps the first of several claims to one event and drops the others.
    fn settle(
        &mut self,
        rows: &BucketRows,
        claims: &[(EventId, ClaimSource)],
        counts: &mut DedupCounts,
    ) -> Result<(), TableError> {
        self.rivals.clear();
        for (_, source) in claims {
            self.rivals.push(claim(rows, &self.events, *source)?);
        }
        // Rows with the same identity are one claim. Its first row counts.
        let events = &self.events;
        self.rivals.sort_unstable_by(|a, b| {
            compare_identity(rows, a, b)
                .then_with(|| arrived_at(rows, a).cmp(&arrived_at(rows, b)))
                .then_with(|| a.content_digest.cmp(&b.content_digest))
                .then_with(|| compare_producer(rows, events, a, b))
                .then_with(|| a.source.cmp(&b.source))
        });
        let has_same_identity = |a: &Claim, b: &Claim| compare_identity(rows, a, b).is_eq();
        for deliveries in self.rivals.chunk_by(has_same_identity) {
            // The parent generation has each identity at most once, so all rows after the
            // first are new.
            for redelivered in deliveries.iter().skip(1) {
                counts.redelivered += 1;
                mark_dropped(&mut self.is_dropped, redelivered)?;
            }
        }
        self.rivals.dedup_by(|a, b| has_same_identity(a, b));
        self.rivals.sort_unstable_by(|a, b| {
            arrived_at(rows, a)
                .cmp(&arrived_at(rows, b))
                .then_with(|| compare_identity(rows, a, b))
        });
        let (Some((first, rest)), Some((event_id, _))) =
            (self.rivals.split_first(), claims.first().copied())
        else {
            // `chunk_by` yields no empty chunk.
            return Err(DANGLING_ROW);
        };
        if let ClaimSource::Dropped(index) = first.source {
            let dropped = rows.dropped.get(index as usize);
            let user = dropped.ok_or(DANGLING_ROW)?.user;
            return Err(TableError::OrphanDuplicate {
                user_id: String::from_utf8_lossy(rows.users.get(user)).into_owned(),
                event_id: event_id.uuid().to_string(),
            });
        }
        for dropped in rest {
            mark_dropped(&mut self.is_dropped, dropped)?;
            let is_conflict = dropped.content_digest != first.content_digest;
            counts.conflicts += u64::from(is_conflict);
            self.dropped_duplicates.push(DroppedDuplicate {
                event_id,
                record: dropped.record,
                sub_sequence: dropped.sub_sequence,
                content_digest: dropped.content_digest,
                is_conflict,
            });
        }
        Ok(())
    }

    /// Sorts the kept events by time, arrival and identity.
    fn sort_kept(&mut self, rows: &BucketRows) {
        let Self {
            events,
            is_dropped,
            kept,
            ..
        } = self;
        kept.clear();
        let candidates = events.iter().zip(0..).zip(is_dropped);
        kept.extend(
            candidates
                .filter(|(_, is_dropped)| !**is_dropped)
                .map(|((event, index), _)| (event.time_of_day(), index)),
        );
        kept.sort_unstable();
        for same_time in kept.chunk_by_mut(|a, b| a.0 == b.0) {
            if same_time.len() > 1 {
                same_time.sort_unstable_by(|a, b| {
                    match (events.get(a.1 as usize), events.get(b.1 as usize)) {
                        (Some(a), Some(b)) => compare_arrival(rows, a, b),
                        // Unreachable: the indices are those of `events` above.
                        _ => Ordering::Equal,
                    }
                });
            }
        }
    }
}

/// Marks the event of a claim as dropped. A duplicate of the parent generation has no event.
fn mark_dropped(is_dropped: &mut [bool], claim: &Claim) -> Result<(), TableError> {
    if let ClaimSource::Event(index) = claim.source {
        *is_dropped.get_mut(index as usize).ok_or(DANGLING_ROW)? = true;
    }
    Ok(())
}

fn claim(rows: &BucketRows, events: &[EventRow], source: ClaimSource) -> Result<Claim, TableError> {
    Ok(match source {
        ClaimSource::Event(index) => {
            let event = events.get(index as usize).ok_or(DANGLING_ROW)?;
            Claim {
                source,
                record: event.record,
                sub_sequence: event.sub_sequence,
                content_digest: content::digest(rows, event),
            }
        }
        ClaimSource::Dropped(index) => {
            let dropped = rows.dropped.get(index as usize).ok_or(DANGLING_ROW)?;
            Claim {
                source,
                record: dropped.record,
                sub_sequence: dropped.sub_sequence,
                content_digest: dropped.content_digest,
            }
        }
    })
}

/// Compares the producers of two claims with the same identity, so that the kept row is
/// deterministic. Such rows should be equal anyway. A duplicate of the parent generation
/// has no producer.
fn compare_producer(rows: &BucketRows, events: &[EventRow], a: &Claim, b: &Claim) -> Ordering {
    let producer_of = |claim: &Claim| {
        let ClaimSource::Event(index) = claim.source else {
            return None;
        };
        // `claim` has verified the index.
        let event = events.get(index as usize)?;
        let producer = rows.strings.optional(rows.context(event).producer);
        Some((producer, event.producer_seq()))
    };
    producer_of(a).cmp(&producer_of(b))
}

// A comparison cannot return an error. `BucketRows::check` has verified every record that
// the following functions look up.

fn arrived_at(rows: &BucketRows, claim: &Claim) -> Option<i64> {
    rows.records
        .get(claim.record)
        .map(|record| record.arrived_at)
}

fn compare_identity(rows: &BucketRows, a: &Claim, b: &Claim) -> Ordering {
    compare_records(rows, a.record, b.record).then_with(|| a.sub_sequence.cmp(&b.sub_sequence))
}

/// Compares the identities of two records: those of their events without the
/// sub-sequence.
fn compare_records(rows: &BucketRows, a: u32, b: u32) -> Ordering {
    match (rows.records.get(a), rows.records.get(b)) {
        (Some(a), Some(b)) => a.compare_identity(b, |shard| rows.strings.get(shard)),
        _ => Ordering::Equal,
    }
}

/// Compares two events of the same time by arrival and identity.
fn compare_arrival(rows: &BucketRows, a: &EventRow, b: &EventRow) -> Ordering {
    let arrival = |row: &EventRow| {
        rows.records
            .get(row.record)
            .map(|record: &KinesisRecord| record.arrived_at)
    };
    arrival(a)
        .cmp(&arrival(b))
        .then_with(|| compare_records(rows, a.record, b.record))
        .then_with(|| a.sub_sequence.cmp(&b.sub_sequence))
        .then_with(|| a.event_id.cmp(&b.event_id))
}
