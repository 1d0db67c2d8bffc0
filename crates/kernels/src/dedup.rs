//! Each event once: the first by arrival and identity.

use std::cmp::Ordering;

use crate::content;
use crate::error::TableError;
use crate::record::Record;
use crate::row::{EventId, Row};
use crate::rows::Rows;

/// What became of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events kept.
    pub curated: u64,
    /// Identities dropped.
    pub duplicates: u64,
    /// Those among the dropped whose content differs from the kept event's.
    pub conflicts: u64,
    /// New rows whose identity had come before.
    pub redelivered: u64,
}

/// An identity that is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DroppedDuplicate {
    pub(crate) event_id: EventId,
    pub(crate) record: u32,
    pub(crate) sub_sequence: i32,
    pub(crate) content_digest: i64,
    pub(crate) is_conflict: bool,
}

/// One row that claims an event.
#[derive(Debug, Clone, Copy)]
struct Claim {
    place: Place,
    record: u32,
    sub_sequence: i32,
    content_digest: i64,
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Among the user's events.
    Event(u32),
    /// Among the dropped of the last generation.
    Dropped(u32),
}

/// Deduplicates one user after the other.
#[derive(Debug, Default)]
pub(crate) struct Deduplicator {
    /// The user's events, in the order they were read.
    events: Vec<Row>,
    claims: Vec<(EventId, Place)>,
    rivals: Vec<Claim>,
    is_lost: Vec<bool>,
    /// Time of day and place of each event kept.
    order: Vec<(i64, u32)>,
    dropped_duplicates: Vec<DroppedDuplicate>,
}

impl Deduplicator {
    /// Takes in one user: the places of its events among `rows.rows`, and of
    /// its dropped identities among `rows.dropped`.
    pub(crate) fn user(
        &mut self,
        rows: &Rows,
        events: &[u32],
        dropped: &[u32],
        counts: &mut Counts,
    ) -> Result<(), TableError> {
        self.events.clear();
        for place in events {
            let event = rows.rows.get(*place as usize);
            self.events.push(*event.ok_or(TableError::Lost("row"))?);
        }
        self.dropped_duplicates.clear();
        self.is_lost.clear();
        self.is_lost.resize(self.events.len(), false);
        self.claims.clear();
        let of_events = self.events.iter().zip(0..);
        self.claims
            .extend(of_events.map(|(event, place)| (event.event_id, Place::Event(place))));
        for place in dropped {
            let dropped = rows.dropped.get(*place as usize);
            let event_id = dropped.ok_or(TableError::Lost("row"))?.event_id;
            self.claims.push((event_id, Place::Dropped(*place)));
        }
        self.claims.sort_unstable();
        let claims = std::mem::take(&mut self.claims);
        for rivals in claims.chunk_by(|a, b| a.0 == b.0) {
            if !matches!(rivals, [(_, Place::Event(_))]) {
                self.settle(rows, rivals, counts)?;
            }
        }
        self.claims = claims;
        self.arrange(rows);
        counts.curated += self.order.len() as u64;
        counts.duplicates += self.dropped_duplicates.len() as u64;
        Ok(())
    }

    /// The events kept, in the order of time, arrival and identity.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Row> {
        self.order
            .iter()
            .filter_map(|(_, place)| self.events.get(*place as usize))
    }

    /// The identities dropped, in the order of event, arrival and identity.
    pub(crate) fn dropped_duplicates(&self) -> &[DroppedDuplicate] {
        &self.dropped_duplicates
    }

    /// Finds the first among several claims to an event.
    fn settle(
        &mut self,
        rows: &Rows,
        claims: &[(EventId, Place)],
        counts: &mut Counts,
    ) -> Result<(), TableError> {
        self.rivals.clear();
        for (_, place) in claims {
            self.rivals.push(claim(rows, &self.events, *place)?);
        }
        // What has the same identity is one claim: its first row counts.
        let events = &self.events;
        self.rivals.sort_unstable_by(|a, b| {
            compare_identity(rows, a, b)
                .then_with(|| arrived_at(rows, a).cmp(&arrived_at(rows, b)))
                .then_with(|| a.content_digest.cmp(&b.content_digest))
                .then_with(|| compare_producer(rows, events, a, b))
                .then_with(|| a.place.cmp(&b.place))
        });
        let is_same = |a: &Claim, b: &Claim| compare_identity(rows, a, b).is_eq();
        for rows_of_identity in self.rivals.chunk_by(is_same) {
            // The last generation has an identity once at most: what is beyond
            // the first, is new.
            counts.redelivered += rows_of_identity.len().saturating_sub(1) as u64;
            for again in rows_of_identity.iter().skip(1) {
                lose(&mut self.is_lost, again);
            }
        }
        self.rivals
            .dedup_by(|again, first| compare_identity(rows, again, first).is_eq());
        self.rivals.sort_unstable_by(|a, b| {
            arrived_at(rows, a)
                .cmp(&arrived_at(rows, b))
                .then_with(|| compare_identity(rows, a, b))
        });
        let (Some((first, rest)), Some((event_id, _))) =
            (self.rivals.split_first(), claims.first().copied())
        else {
            return Err(TableError::Lost("claim"));
        };
        if let Place::Dropped(place) = first.place {
            let dropped = rows.dropped.get(place as usize);
            let user = dropped.ok_or(TableError::Lost("row"))?.user;
            return Err(TableError::Orphan {
                user_id: String::from_utf8_lossy(rows.users.get(user)).into_owned(),
                event_id: event_id.uuid().to_string(),
            });
        }
        for dropped in rest {
            lose(&mut self.is_lost, dropped);
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

    /// Puts what is kept in order.
    fn arrange(&mut self, rows: &Rows) {
        let Self {
            events,
            is_lost,
            order,
            ..
        } = self;
        order.clear();
        let kept = events.iter().zip(0..).zip(is_lost);
        order.extend(
            kept.filter(|(_, is_lost)| !**is_lost)
                .map(|((event, place), _)| (event.time_of_day(), place)),
        );
        order.sort_unstable();
        for same_time in order.chunk_by_mut(|a, b| a.0 == b.0) {
            if same_time.len() > 1 {
                same_time.sort_unstable_by(|a, b| {
                    match (events.get(a.1 as usize), events.get(b.1 as usize)) {
                        (Some(a), Some(b)) => compare_arrival(rows, a, b),
                        _ => Ordering::Equal,
                    }
                });
            }
        }
    }
}

/// Drops the event of a claim; a claim of the last generation has none here.
fn lose(is_lost: &mut [bool], claim: &Claim) {
    if let Place::Event(place) = claim.place
        && let Some(is_lost) = is_lost.get_mut(place as usize)
    {
        *is_lost = true;
    }
}

fn claim(rows: &Rows, events: &[Row], place: Place) -> Result<Claim, TableError> {
    let lost = TableError::Lost("row");
    Ok(match place {
        Place::Event(at) => {
            let event = events.get(at as usize).ok_or(lost)?;
            Claim {
                place,
                record: event.record,
                sub_sequence: event.sub_sequence,
                content_digest: content::digest(rows, event),
            }
        }
        Place::Dropped(at) => {
            let dropped = rows.dropped.get(at as usize).ok_or(lost)?;
            Claim {
                place,
                record: dropped.record,
                sub_sequence: dropped.sub_sequence,
                content_digest: dropped.content_digest,
            }
        }
    })
}

/// Rows of one identity say the same; should they not, this decides.
fn compare_producer(rows: &Rows, events: &[Row], a: &Claim, b: &Claim) -> Ordering {
    let of = |claim: &Claim| {
        let Place::Event(place) = claim.place else {
            return None;
        };
        let event = events.get(place as usize)?;
        let producer = rows.words.optional(rows.context(event).producer);
        Some((producer, event.producer_seq()))
    };
    of(a).cmp(&of(b))
}

fn arrived_at(rows: &Rows, claim: &Claim) -> Option<i64> {
    rows.records
        .get(claim.record)
        .map(|record| record.arrived_at)
}

fn compare_identity(rows: &Rows, a: &Claim, b: &Claim) -> Ordering {
    compare_records(rows, a.record, b.record).then_with(|| a.sub_sequence.cmp(&b.sub_sequence))
}

/// The order of records by their identity: that of events, but for the place
/// within the record.
fn compare_records(rows: &Rows, a: u32, b: u32) -> Ordering {
    match (rows.records.get(a), rows.records.get(b)) {
        (Some(a), Some(b)) => a.compare_identity(b, |shard| rows.words.get(shard)),
        _ => Ordering::Equal,
    }
}

/// The order of events of the same time.
fn compare_arrival(rows: &Rows, a: &Row, b: &Row) -> Ordering {
    let arrival = |row: &Row| {
        rows.records
            .get(row.record)
            .map(|record: &Record| record.arrived_at)
    };
    arrival(a)
        .cmp(&arrival(b))
        .then_with(|| compare_records(rows, a.record, b.record))
        .then_with(|| a.sub_sequence.cmp(&b.sub_sequence))
        .then_with(|| a.event_id.cmp(&b.event_id))
}
