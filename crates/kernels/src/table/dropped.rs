//! The row groups of `dropped_events`.

use marquee_encode::{
    BooleanColumn, Chunk, EncodeError, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
};

use crate::bucket_rows::BucketRows;
use crate::dedup::DroppedDuplicate;
use crate::record::SequenceNumber;

/// Builds one row group of `dropped_events`.
pub(crate) struct DroppedTable {
    user_ids: TextColumn,
    event_ids: PrefixColumn,
    shard_ids: TextColumn,
    sequence_numbers: PrefixColumn,
    sub_sequences: IntColumn,
    arrivals: IntColumn,
    content_digests: IntColumn,
    are_conflicts: BooleanColumn,
    pub(crate) rows: u64,
}

impl DroppedTable {
    pub(crate) fn new() -> Self {
        Self {
            user_ids: TextColumn::new(false),
            event_ids: PrefixColumn::default(),
            shard_ids: TextColumn::new(false),
            sequence_numbers: PrefixColumn::default(),
            sub_sequences: IntColumn::new(Width::W32, false),
            arrivals: IntColumn::new(Width::W64, false),
            content_digests: IntColumn::new(Width::W64, false),
            are_conflicts: BooleanColumn::default(),
            rows: 0,
        }
    }

    pub(crate) fn push(
        &mut self,
        rows: &BucketRows,
        user_id: &[u8],
        dropped: &DroppedDuplicate,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        let record = rows.records.get(dropped.record);
        let record = record.ok_or(EncodeError::Row("its record is not in memory"))?;
        let event_id = dropped.event_id.uuid().hyphenated();
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        self.user_ids.push(user_id, zstd)?;
        self.event_ids
            .push(event_id.encode_lower(&mut id).as_bytes(), zstd)?;
        self.shard_ids.push(rows.strings.get(record.shard), zstd)?;
        let mut buffer = SequenceNumber::buffer();
        self.sequence_numbers
            .push(record.sequence.write(&mut buffer), zstd)?;
        self.sub_sequences
            .push(i64::from(dropped.sub_sequence), zstd)?;
        self.arrivals.push(record.arrived_at, zstd)?;
        self.content_digests.push(dropped.content_digest, zstd)?;
        self.are_conflicts.push(dropped.is_conflict, zstd)?;
        self.rows += 1;
        Ok(())
    }

    /// Returns the columns, in the order of the schema.
    pub(crate) fn finish(self, zstd: &mut Zstd) -> Result<Vec<Chunk>, EncodeError> {
        Ok(vec![
            self.user_ids.finish(zstd)?,
            self.event_ids.finish(zstd)?,
            self.shard_ids.finish(zstd)?,
            self.sequence_numbers.finish(zstd)?,
            self.sub_sequences.finish(zstd)?,
            self.arrivals.finish(zstd)?,
            self.content_digests.finish(zstd)?,
            self.are_conflicts.finish(zstd)?,
        ])
    }
}
