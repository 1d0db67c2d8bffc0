//! A batch's units, as raw keeps them.

use bytes::Bytes;
use marquee_event::Reason;
use marquee_ingest::batch::{Form, IdentifiedUnit, Transformer};
use marquee_ingest::raw::Identity;
use marquee_lake::LakeError;
use marquee_lake::receipt::Receipt;
use marquee_lake::rows::RowReader;
use marquee_lake::unit::UnitIdentities;

/// A unit out of raw.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    shard_id: String,
    sequence_number: String,
    sub_sequence: i32,
    partition_key: String,
    arrived_at: i64,
    payload: Vec<u8>,
    form: Form,
}

impl Unit {
    pub(super) fn kept(&self) -> IdentifiedUnit<'_> {
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

/// The units of a raw object in their order, all of them lines so far.
pub(super) fn read(key: &str, content: Bytes) -> Result<Vec<Unit>, LakeError> {
    let mut read = Vec::new();
    for batch in RowReader::open(key, content, &COLUMNS)? {
        let batch = batch?;
        let identities = UnitIdentities::of(&batch)?;
        let keys = batch.text("partition_key")?;
        let arrivals = batch.timestamp("arrived_at")?;
        let payloads = batch.binary("payload")?;
        read.extend((0..batch.num_rows()).map(|row| Unit {
            shard_id: identities.shard_id(row).to_owned(),
            sequence_number: identities.sequence_number(row).to_owned(),
            sub_sequence: identities.sub_sequence(row),
            partition_key: keys.value(row).to_owned(),
            arrived_at: arrivals.value(row),
            payload: payloads.value(row).to_vec(),
            form: Form::Line,
        }));
    }
    Ok(read)
}

/// Tells which units are whole records that could not be taken apart, as many as
/// the receipt says there are.
pub(super) fn tell_forms(units: &mut [Unit], receipt: &Receipt, transformer: &mut Transformer) {
    let refused_for = |reason: Reason| receipt.reasons.get(reason.name()).copied().unwrap_or(0);
    let whole = refused_for(Reason::UndecodableRecord) + refused_for(Reason::RecordTooLarge);
    if whole == 0 {
        return;
    }
    let mut told = 0;
    for index in only_units(units) {
        if let Some(unit) = units.get_mut(index)
            && is_broken(unit, Form::Record, transformer)
        {
            unit.form = Form::Record;
            told += 1;
        }
    }
    // What else there was is text that is not base64: no event either.
    let mut texts = Vec::new();
    for index in only_units(units) {
        if let Some(unit) = units.get_mut(index)
            && unit.form == Form::Line
            && is_broken(unit, Form::Line, transformer)
        {
            texts.push(index);
        }
    }
    if whole.saturating_sub(told) == texts.len() as u64 {
        for index in texts {
            if let Some(unit) = units.get_mut(index) {
                unit.form = Form::Text;
            }
        }
    }
}

/// The units that are the only ones of their records.
fn only_units(units: &[Unit]) -> Vec<usize> {
    let mut only = Vec::new();
    let mut start = 0;
    for record in
        units.chunk_by(|a, b| a.sequence_number == b.sequence_number && a.shard_id == b.shard_id)
    {
        if record.len() == 1 {
            only.push(start);
        }
        start += record.len();
    }
    only
}

/// Whether the unit, taken for that, is no event, and a record no lines.
fn is_broken(unit: &Unit, form: Form, transformer: &mut Transformer) -> bool {
    let mut is_broken = false;
    let unit = IdentifiedUnit {
        form,
        ..unit.kept()
    };
    transformer.judge(&unit, |judged| {
        is_broken |= judged.rejection.is_some() && judged.is_line == (form == Form::Line);
    });
    is_broken
}
