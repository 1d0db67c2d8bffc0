//! The pure part of the transform: from a batch of records to the bytes of its files.

mod units;

use std::collections::BTreeMap;

use bytes::Bytes;
use marquee_codec::{CodecError, Limits, Unit, Unpacker};
use marquee_encode::{EncodeError, FileLayout, Zstd};
use marquee_event::{Date, Detail, Event, FormatVersion, Parser, Reason, Rejection, TimeWindow};
use marquee_lake::zone::Zone;
use marquee_tables::schema;

use crate::processed::ProcessedTable;
use crate::quarantine::QuarantineTable;
use crate::raw::{Identity, RawTable};
use crate::titles::Titles;
use marquee_codec::envelope::Record;

pub use units::{Form, IdentifiedUnit, Verdict};

/// The settings of the transform. Other settings can result in other objects for the same
/// records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformSettings {
    /// The range around the arrival in which an event's time must lie.
    pub window: TimeWindow,
    /// The bounds of the unpacked size of records.
    pub limits: Limits,
    /// Whether to write the raw zone.
    pub raw: bool,
}

impl Default for TransformSettings {
    fn default() -> Self {
        Self {
            window: TimeWindow::default(),
            limits: Limits::default(),
            raw: true,
        }
    }
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The zone of the file.
    pub zone: Zone,
    /// The number of rows.
    pub rows: u64,
    /// The bytes of the file.
    pub content: Bytes,
}

/// The result of transforming a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transformed {
    /// The number of records of the batch, from the first. Records beyond the bound of a batch
    /// belong to the next one.
    pub records: usize,
    /// The files, at most one for each zone. A zone without rows has none.
    pub files: Vec<File>,
    /// The number of units in the records.
    pub received: u64,
    /// The bytes of the units.
    pub received_bytes: u64,
    /// The number of valid events.
    pub processed: u64,
    /// The number of rejected units by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// The number of events by date.
    pub event_dates: BTreeMap<Date, u64>,
}

/// A transform of one batch after the other, which keeps buffers and compression contexts.
pub struct Transformer {
    settings: TransformSettings,
    format: FormatVersion,
    unpacker: Unpacker,
    parser: Parser,
    zstd: Zstd,
    raw: FileLayout,
    quarantine: FileLayout,
    processed: FileLayout,
    /// The number of events of the last batch, and an eighth more.
    expected_rows: usize,
}

impl Transformer {
    /// Creates a transform that writes the current format version.
    ///
    /// # Errors
    /// If there is no memory for a compressor.
    pub fn new(settings: TransformSettings) -> Result<Self, EncodeError> {
        Self::of(settings, FormatVersion::CURRENT)
    }

    /// Creates a transform that writes the bytes of a format version: its columns, and its
    /// wording of rejections.
    ///
    /// # Errors
    /// As [`Transformer::new`].
    pub fn of(settings: TransformSettings, format: FormatVersion) -> Result<Self, EncodeError> {
        Ok(Self {
            settings,
            format,
            unpacker: Unpacker::new(settings.limits),
            parser: Parser::of(format),
            zstd: Zstd::new()?,
            raw: FileLayout::new(&schema::raw_events())?,
            quarantine: FileLayout::new(&schema::quarantine())?,
            processed: FileLayout::new(&schema::processed_events_of(format))?,
            expected_rows: 0,
        })
    }

    /// Transforms a batch: as many of the records as [`Limits::batch_bytes`] admits, at least
    /// one. Output is deterministic: the same records, titles and settings result in the same
    /// bytes. Therefore `processed_at` is the arrival of the batch's last record, not the time
    /// of a clock.
    ///
    /// # Errors
    /// If a file cannot be compressed or written.
    pub fn transform(
        &mut self,
        records: &[Record<'_>],
        titles: &Titles,
    ) -> Result<Transformed, EncodeError> {
        let (tables, end) = self.fill(records, titles)?;
        if end == records.len() {
            return self.finish(tables, end);
        }
        // `processed_at` is that of another record now, so the batch is transformed again. Few
        // batches end early.
        let records = records.get(..end).unwrap_or_default();
        let (tables, end) = self.fill(records, titles)?;
        self.finish(tables, end)
    }

    /// Fills the tables of a batch. Returns also the number of its records.
    fn fill<'t>(
        &mut self,
        records: &[Record<'_>],
        titles: &'t Titles,
    ) -> Result<(Tables<'t>, usize), EncodeError> {
        let mut tables = Tables {
            window: self.settings.window,
            raw: self.settings.raw.then(RawTable::new),
            quarantine: QuarantineTable::new(self.format),
            processed: ProcessedTable::new(titles, self.format),
            processed_at: records.last().map_or(0, |record| record.arrived_at),
            done: Transformed::default(),
        };
        tables.processed.reserve(self.expected_rows);
        let Self {
            unpacker,
            parser,
            zstd,
            ..
        } = self;
        let load = |index: usize, out: &mut Vec<u8>| match records.get(index) {
            Some(record) if record.decode_data(out) => Ok(()),
            _ => Err(CodecError::NotBase64),
        };
        let mut place = (0, 0);
        let end = unpacker.unpack(records.len(), load, |index, unit| {
            let record = records.get(index);
            let record = record.ok_or(EncodeError::Row("its record is not in the batch"))?;
            place = if place.0 == index {
                (index, place.1)
            } else {
                (index, 0)
            };
            let identity = Identity {
                shard_id: &record.shard_id,
                sequence_number: &record.sequence_number,
                sub_sequence: place.1,
                arrived_at: record.arrived_at,
            };
            place.1 += 1;
            match unit {
                Unit::Line {
                    bytes,
                    partition_key,
                } => {
                    let key = partition_key.unwrap_or(&record.partition_key);
                    tables.take(&identity, key, bytes, parser, zstd)
                }
                Unit::Broken {
                    error,
                    record: bytes,
                } => {
                    // Data that is not base64 is kept as text.
                    let bytes = match error {
                        CodecError::NotBase64 => record.data.as_bytes(),
                        _ => bytes,
                    };
                    tables.reject(
                        &identity,
                        &record.partition_key,
                        bytes,
                        &rejection_of(&error),
                        zstd,
                    )
                }
            }
        })?;
        Ok((tables, end))
    }

    /// Closes the tables of a batch of this number of records.
    fn finish(&mut self, tables: Tables<'_>, records: usize) -> Result<Transformed, EncodeError> {
        let Tables {
            raw,
            quarantine,
            processed,
            mut done,
            ..
        } = tables;
        done.records = records;
        self.expected_rows = processed.rows() as usize * 9 / 8;
        let zstd = &mut self.zstd;
        let mut add = |zone, rows, content| {
            done.files.push(File {
                zone,
                rows,
                content,
            })
        };
        if let Some(raw) = raw.filter(|raw| raw.rows() > 0) {
            add(Zone::Raw, raw.rows(), raw.finish(&self.raw, zstd)?);
        }
        if quarantine.rows() > 0 {
            add(
                Zone::Quarantine,
                quarantine.rows(),
                quarantine.finish(&self.quarantine, zstd)?,
            );
        }
        if processed.rows() > 0 {
            done.processed = processed.rows();
            let (content, dates) = processed.finish(&self.processed, zstd)?;
            add(Zone::Processed, done.processed, content);
            done.event_dates = dates.into_iter().collect();
        }
        Ok(done)
    }
}

/// The tables of a batch while it is transformed.
struct Tables<'t> {
    window: TimeWindow,
    raw: Option<RawTable>,
    quarantine: QuarantineTable,
    processed: ProcessedTable<'t>,
    processed_at: i64,
    done: Transformed,
}

impl Tables<'_> {
    /// Adds a unit: to the processed table, or to quarantine.
    #[inline]
    fn take(
        &mut self,
        identity: &Identity<'_>,
        partition_key: &str,
        unit: &[u8],
        parser: &mut Parser,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let mut event = Event::blank();
        let admitted = parser
            .parse_into(unit, &mut event)
            .and_then(|()| event.admit(identity.arrived_at, self.window));
        match admitted {
            Ok(()) => {
                self.receive(identity, partition_key, unit, zstd)?;
                self.processed
                    .push(&event, identity, self.processed_at, zstd)
            }
            Err(rejection) => self.reject(identity, partition_key, unit, &rejection, zstd),
        }
    }

    #[cold]
    fn reject(
        &mut self,
        identity: &Identity<'_>,
        partition_key: &str,
        unit: &[u8],
        rejection: &Rejection,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        self.receive(identity, partition_key, unit, zstd)?;
        *self.done.rejected.entry(rejection.reason).or_default() += 1;
        self.quarantine.push(
            identity,
            partition_key,
            unit,
            rejection,
            self.processed_at,
            zstd,
        )
    }

    #[inline]
    fn receive(
        &mut self,
        identity: &Identity<'_>,
        partition_key: &str,
        unit: &[u8],
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        self.done.received += 1;
        self.done.received_bytes += unit.len() as u64;
        match &mut self.raw {
            Some(raw) => raw.push(identity, partition_key, unit, zstd),
            None => Ok(()),
        }
    }
}

fn rejection_of(error: &CodecError) -> Rejection {
    let reason = match error {
        CodecError::TooLarge { .. } => Reason::RecordTooLarge,
        CodecError::Broken { .. } | CodecError::NotBase64 | CodecError::Compress(_) => {
            Reason::UndecodableRecord
        }
    };
    Rejection::of_unit(reason, Detail::Other(error.to_string()))
}
