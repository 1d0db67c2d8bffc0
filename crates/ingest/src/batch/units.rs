//! The transform of units that already have an identity: from quarantine or from raw.

use marquee_codec::{CodecError, Unit};
use marquee_encode::EncodeError;
use marquee_event::Rejection;

use super::{Tables, Transformed, Transformer, rejection_of};
use crate::processed::ProcessedTable;
use crate::quarantine::QuarantineTable;
use crate::raw::{Identity, RawTable};
use crate::titles::Titles;

/// The form of the bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line of a record.
    Line,
    /// A whole record that could not be unpacked.
    Record,
    /// The data of a record that is not base64.
    Text,
}

/// A unit with the identity of its first arrival.
#[derive(Debug, Clone, Copy)]
pub struct IdentifiedUnit<'a> {
    /// The identity. A whole record has that of its first unit.
    pub identity: Identity<'a>,
    /// The partition key.
    pub partition_key: &'a str,
    /// The form of the bytes.
    pub form: Form,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// The verdict on a unit, or on one of the units in a record.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// The index of the unit in the record.
    pub sub_sequence: i64,
    /// The partition key of its user record in an aggregate, or of the record.
    pub partition_key: &'a str,
    /// The bytes: a line, or the whole record if it still cannot be unpacked.
    pub bytes: &'a [u8],
    /// Whether the bytes are a line.
    pub is_line: bool,
    /// The rejection, unless the unit is a valid event.
    pub rejection: Option<Rejection>,
}

impl Transformer {
    /// Calls `each` with the verdict of [`Self::transform_units`] on the unit. A record has a
    /// verdict for each of its lines.
    pub fn judge(&mut self, unit: &IdentifiedUnit<'_>, mut each: impl FnMut(Verdict<'_>)) {
        let window = self.settings.window;
        let Self {
            unpacker, parser, ..
        } = self;
        let arrived_at = unit.identity.arrived_at;
        let mut line = |sub_sequence: i64, partition_key: &str, bytes: &[u8]| {
            let admitted = parser
                .parse(bytes)
                .and_then(|event| event.admit(arrived_at, window));
            each(Verdict {
                sub_sequence,
                partition_key,
                bytes,
                is_line: true,
                rejection: admitted.err(),
            });
        };
        match unit.form {
            Form::Line => line(unit.identity.sub_sequence, unit.partition_key, unit.bytes),
            Form::Record => {
                let mut broken = None;
                let mut sub_sequence = 0;
                // The closure always returns Ok.
                let _: Result<usize, ()> = unpacker.unpack(1, load(unit.bytes), |_, part| {
                    match part {
                        Unit::Line {
                            bytes,
                            partition_key,
                        } => line(
                            sub_sequence,
                            partition_key.unwrap_or(unit.partition_key),
                            bytes,
                        ),
                        Unit::Broken { error, .. } => broken = Some(rejection_of(&error)),
                    }
                    sub_sequence += 1;
                    Ok(())
                });
                if broken.is_some() {
                    each(whole(unit, broken));
                }
            }
            Form::Text => each(whole(unit, Some(rejection_of(&CodecError::NotBase64)))),
        }
    }

    /// Transforms units that already have an identity, in their order, by the same code as
    /// records. `processed_at` is the value of that column.
    ///
    /// # Errors
    /// If a file cannot be compressed or written.
    pub fn transform_units<'a>(
        &mut self,
        units: impl IntoIterator<Item = IdentifiedUnit<'a>>,
        processed_at: i64,
        titles: &Titles,
    ) -> Result<Transformed, EncodeError> {
        let mut tables = Tables {
            window: self.settings.window,
            raw: self.settings.raw.then(RawTable::new),
            quarantine: QuarantineTable::new(self.format),
            processed: ProcessedTable::new(titles, self.format),
            processed_at,
            done: Transformed::default(),
        };
        let Self {
            unpacker,
            parser,
            zstd,
            ..
        } = self;
        let mut records = 0;
        for unit in units {
            records += 1;
            let IdentifiedUnit {
                mut identity,
                partition_key,
                form,
                bytes,
            } = unit;
            match form {
                Form::Line => tables.take(&identity, partition_key, bytes, parser, zstd)?,
                Form::Text => {
                    let rejection = rejection_of(&CodecError::NotBase64);
                    tables.reject(&identity, partition_key, bytes, &rejection, zstd)?;
                }
                Form::Record => {
                    identity.sub_sequence = 0;
                    unpacker.unpack(1, load(bytes), |_, part| {
                        match part {
                            Unit::Line {
                                bytes,
                                partition_key: own,
                            } => {
                                let key = own.unwrap_or(partition_key);
                                tables.take(&identity, key, bytes, parser, zstd)?;
                            }
                            Unit::Broken { error, .. } => {
                                let rejection = rejection_of(&error);
                                tables.reject(&identity, partition_key, bytes, &rejection, zstd)?;
                            }
                        }
                        identity.sub_sequence += 1;
                        Ok::<_, EncodeError>(())
                    })?;
                }
            }
        }
        self.finish(tables, records)
    }
}

/// Returns a loader of one record.
fn load(record: &[u8]) -> impl FnMut(usize, &mut Vec<u8>) -> Result<(), CodecError> {
    move |_, out| {
        out.clear();
        out.extend_from_slice(record);
        Ok(())
    }
}

fn whole<'a>(unit: &IdentifiedUnit<'a>, rejection: Option<Rejection>) -> Verdict<'a> {
    Verdict {
        sub_sequence: 0,
        partition_key: unit.partition_key,
        bytes: unit.bytes,
        is_line: false,
        rejection,
    }
}
