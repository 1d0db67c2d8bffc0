//! A replay's batch: units of one shard that arrived on one date.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::future::try_join_all;
use marquee_event::{Date, FormatVersion, format_utc};
use marquee_ingest::Transformed;
use marquee_ingest::batch::{Form, IdentifiedUnit, Verdict};
use marquee_ingest::raw::Identity;
use marquee_lake::digest;
use marquee_lake::receipt::{self, ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::unit::compare_sequence_numbers;
use marquee_lake::zone::IngestHour;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::candidates::Candidate;
use crate::error::RepairError;

/// Units of a batch at most.
const UNITS: usize = 50_000;

/// A unit that goes on.
#[derive(Debug)]
pub(super) struct Chosen<'c> {
    candidate: &'c Candidate,
    sub_sequence: i64,
    /// What a record was taken apart into; `None` for the candidate's own.
    line: Option<(String, Vec<u8>)>,
}

impl<'c> Chosen<'c> {
    pub(super) fn of(candidate: &'c Candidate, judged: &Verdict<'_>) -> Self {
        Self {
            candidate,
            sub_sequence: judged.sub_sequence,
            line: (candidate.form != Form::Line)
                .then(|| (judged.partition_key.to_owned(), judged.bytes.to_vec())),
        }
    }

    /// The unit under its identity.
    pub(super) fn kept(&self) -> IdentifiedUnit<'_> {
        let candidate = self.candidate;
        let (partition_key, bytes) = match &self.line {
            Some((key, line)) => (key.as_str(), line.as_slice()),
            None => (
                candidate.partition_key.as_str(),
                candidate.payload.as_slice(),
            ),
        };
        IdentifiedUnit {
            identity: Identity {
                sub_sequence: self.sub_sequence,
                ..candidate.kept().identity
            },
            partition_key,
            form: Form::Line,
            bytes,
        }
    }

    fn place(&self) -> (Date, &'c str) {
        let candidate = self.candidate;
        (Date::of(candidate.arrived_at), &candidate.shard_id)
    }
}

/// Cuts units, which come by arrival, into batches.
pub(super) fn cut(mut chosen: Vec<Chosen<'_>>) -> Vec<Vec<Chosen<'_>>> {
    chosen.sort_by_key(Chosen::place);
    let mut batches: Vec<Vec<Chosen<'_>>> = Vec::new();
    for unit in chosen {
        match batches.last_mut() {
            Some(batch)
                if batch.len() < UNITS
                    && batch
                        .first()
                        .is_some_and(|first| first.place() == unit.place()) =>
            {
                batch.push(unit);
            }
            _ => batches.push(vec![unit]),
        }
    }
    batches
}

/// What stands for the batch's time: the arrival of its last unit.
pub(super) fn time(units: &[Chosen<'_>]) -> i64 {
    units.last().map_or(0, |unit| unit.candidate.arrived_at)
}

/// Writes the batch's objects and then its receipt.
pub(super) async fn write(
    store: &dyn ObjectStore,
    units: &[Chosen<'_>],
    done: Transformed,
    title_catalog: Option<String>,
) -> Result<Receipt, RepairError> {
    let (mut identities, mut records) = (String::new(), Vec::new());
    for unit in units {
        let Candidate {
            shard_id,
            sequence_number,
            ..
        } = unit.candidate;
        identities.push_str(&format!(
            "{shard_id} {sequence_number} {}\n",
            unit.sub_sequence
        ));
        records.push(unit.candidate.record());
    }
    records.sort_unstable();
    records.dedup();
    let batch = format!("replay-{}", digest::of(identities.as_bytes()));
    let last = time(units);
    let first = units.first().map_or(last, |unit| unit.candidate.arrived_at);
    let hour = IngestHour::of(first);
    let arrival_dates = BTreeMap::from([(hour.date.clone(), records.len() as u64)]);
    let sequence_number = |unit: Option<&Chosen<'_>>| {
        unit.map_or_else(String::new, |unit| unit.candidate.sequence_number.clone())
    };
    let (lowest, highest) = ends(units);
    let objects = try_join_all(done.files.iter().map(|file| {
        let digest = digest::of(&file.content);
        let key = file.zone.key(&hour, &batch, &digest);
        let content: Bytes = file.content.clone();
        async move {
            let path = Path::from(key.as_str());
            store.put(&path, content.clone().into()).await?;
            Ok::<_, object_store::Error>(ObjectEntry {
                zone: file.zone,
                key,
                rows: file.rows,
                bytes: content.len() as u64,
                digest,
            })
        }
    }))
    .await?;
    let receipt = Receipt {
        version: 1,
        format_version: FormatVersion::CURRENT.number(),
        kind: ReceiptKind::Replay,
        batch,
        shard_id: units
            .first()
            .map_or_else(String::new, |unit| unit.candidate.shard_id.clone()),
        first_sequence_number: sequence_number(lowest),
        last_sequence_number: sequence_number(highest),
        ingest_date: hour.date,
        ingest_hour: hour.hour,
        first_arrived_at: instant(first),
        last_arrived_at: instant(last),
        arrival_dates,
        records: records.len() as u64,
        received: done.received,
        processed: done.processed,
        quarantined: done.rejected.values().sum(),
        received_bytes: done.received_bytes,
        reasons: done
            .rejected
            .iter()
            .map(|(reason, units)| (reason.name().to_owned(), *units))
            .collect(),
        event_dates: done.event_dates,
        title_catalog,
        objects,
    };
    receipt::create(store, &receipt).await?;
    Ok(receipt)
}

/// The units of the lowest and of the highest sequence number: arrivals are not
/// monotonic.
fn ends<'u, 'c>(units: &'u [Chosen<'c>]) -> (Option<&'u Chosen<'c>>, Option<&'u Chosen<'c>>) {
    let compare = |a: &&Chosen<'_>, b: &&Chosen<'_>| {
        compare_sequence_numbers(&a.candidate.sequence_number, &b.candidate.sequence_number)
    };
    (units.iter().min_by(compare), units.iter().max_by(compare))
}

fn instant(micros: i64) -> String {
    let mut text = Vec::new();
    format_utc(micros, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
