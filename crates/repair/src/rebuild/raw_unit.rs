//! The units of a raw object, and the forms of their bytes.

use bytes::Bytes;
use marquee_event::Reason;
use marquee_ingest::batch::{Form, IdentifiedUnit, Transformer};
use marquee_ingest::raw::Identity;
use marquee_lake::LakeError;
use marquee_lake::receipt::Receipt;
use marquee_lake::rows::RowReader;
use marquee_lake::unit::UnitIdentities;

/// A unit of a raw object.
#[derive(Debug, Clone)]
pub(super) struct RawUnit {
    shard_id: String,
    sequence_number: String,
    sub_sequence: i32,
    partition_key: String,
    arrived_at: i64,
    payload: Vec<u8>,
    form: Form,
}

impl RawUnit {
    pub(super) fn identified(&self) -> IdentifiedUnit<'_> {
        IdentifiedUnit {
            identity: Identity {
                shard_id: &self.shard_id,
                sequence_number: &self.sequence_number,
                sub_sequence: self.sub_sequence.into(),
                arrived_at: self.arrived_at,
            },
            partition_key: &self.partition_key,
            form: self.form,
            bytes: &self.payload,
        }
    }
}

const COLUMNS: [&str; 6] = [
    "shard_id",
    "sequence_number",
    "sub_sequence",
    "partition_key",
    "arrived_at",
    "payload",
];

/// Reads the units of a raw object, in order. All have the form of a line until
/// [`infer_forms`].
pub(super) fn read(key: &str, content: Bytes) -> Result<Vec<RawUnit>, LakeError> {
    let mut units = Vec::new();
    for batch in RowReader::open(key, content, &COLUMNS)? {
        let batch = batch?;
        let identities = UnitIdentities::of(&batch)?;
        let keys = batch.text("partition_key")?;
        let arrivals = batch.timestamp("arrived_at")?;
        let payloads = batch.binary("payload")?;
        units.extend((0..batch.num_rows()).map(|row| RawUnit {
            shard_id: identities.shard_id(row).to_owned(),
            sequence_number: identities.sequence_number(row).to_owned(),
            sub_sequence: identities.sub_sequence(row),
            partition_key: keys.value(row).to_owned(),
            arrived_at: arrivals.value(row),
            payload: payloads.value(row).to_vec(),
            form: Form::Line,
        }));
    }
    Ok(units)
}

/// Sets the form of the units that are whole records which could not be unpacked. The
/// receipt states the number of these records.
pub(super) fn infer_forms(units: &mut [RawUnit], receipt: &Receipt, transformer: &mut Transformer) {
    let rejected_for = |reason: Reason| receipt.reasons.get(reason.name()).copied().unwrap_or(0);
    let whole = rejected_for(Reason::UndecodableRecord) + rejected_for(Reason::RecordTooLarge);
    if whole == 0 {
        return;
    }
    let mut records = 0;
    for unit in lone_units(units) {
        if is_rejected(unit, Form::Record, transformer) {
            unit.form = Form::Record;
            records += 1;
        }
    }
    // The other records that could not be unpacked are text that is not base64. Such a text
    // is not an event either.
    let texts: Vec<&mut RawUnit> = lone_units(units)
        .filter(|unit| unit.form == Form::Line && is_rejected(unit, Form::Line, transformer))
        .collect();
    if whole.saturating_sub(records) == texts.len() as u64 {
        for unit in texts {
            unit.form = Form::Text;
        }
    }
}

/// Returns the units that are the only ones of their records.
fn lone_units(units: &mut [RawUnit]) -> impl Iterator<Item = &mut RawUnit> {
    units
        .chunk_by_mut(|a, b| a.sequence_number == b.sequence_number && a.shard_id == b.shard_id)
        .filter_map(|record| match record {
            [unit] => Some(unit),
            _ => None,
        })
}

/// Returns whether the transform rejects the unit's bytes in that form: as a line that is not
/// an event, or as a record that cannot be unpacked.
fn is_rejected(unit: &RawUnit, form: Form, transformer: &mut Transformer) -> bool {
    let mut is_rejected = false;
    let unit = IdentifiedUnit {
        form,
        ..unit.identified()
    };
    transformer.judge(&unit, |verdict| {
        is_rejected |= verdict.rejection.is_some() && verdict.is_line == (form == Form::Line);
    });
    is_rejected
}
