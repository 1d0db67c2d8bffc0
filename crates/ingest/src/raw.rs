//! The raw table: every unit verbatim, and the columns of a unit's identity.

use bytes::Bytes;
use marquee_encode::{
    BytesColumn, Chunk, EncodeError, FileLayout, IntColumn, PrefixColumn, TextColumn, Width, Zstd,
    write_file,
};

/// The identity and the arrival of a unit.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The shard.
    pub shard_id: &'a str,
    /// The sequence number of the record in the shard.
    pub sequence_number: &'a str,
    /// The index of the unit in the record, from 0.
    pub sub_sequence: i64,
    /// The arrival of the record, in UTC microseconds.
    pub arrived_at: i64,
}

/// The columns of identity and arrival, which every table of the transform has.
pub(crate) struct IdentityColumns {
    shard_ids: TextColumn,
    sequence_numbers: PrefixColumn,
    sub_sequences: IntColumn,
    arrivals: IntColumn,
}

impl IdentityColumns {
    pub(crate) fn new() -> Self {
        Self {
            shard_ids: TextColumn::new(false),
            sequence_numbers: PrefixColumn::default(),
            sub_sequences: IntColumn::new(Width::W32, false),
            arrivals: IntColumn::new(Width::W64, false),
        }
    }

    /// Reserves capacity for `rows` more rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.shard_ids.reserve(rows);
        self.sequence_numbers.reserve(rows);
        self.sub_sequences.reserve(rows);
        self.arrivals.reserve(rows);
    }

    #[inline]
    pub(crate) fn push(
        &mut self,
        identity: &Identity<'_>,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        self.shard_ids.push(identity.shard_id.as_bytes(), zstd)?;
        self.sequence_numbers
            .push(identity.sequence_number.as_bytes(), zstd)?;
        self.sub_sequences.push(identity.sub_sequence, zstd)?;
        self.arrivals.push(identity.arrived_at, zstd)
    }

    /// Returns the columns of the identity, and that of the arrival, which is not next to them
    /// in the tables.
    pub(crate) fn finish(self, zstd: &mut Zstd) -> Result<([Chunk; 3], Chunk), EncodeError> {
        let identity = [
            self.shard_ids.finish(zstd)?,
            self.sequence_numbers.finish(zstd)?,
            self.sub_sequences.finish(zstd)?,
        ];
        Ok((identity, self.arrivals.finish(zstd)?))
    }
}

/// A builder of one file of the raw table.
pub struct RawTable {
    identity: IdentityColumns,
    partition_keys: TextColumn,
    payloads: BytesColumn,
    rows: u64,
}

impl RawTable {
    /// Creates a file without rows.
    pub fn new() -> Self {
        Self {
            identity: IdentityColumns::new(),
            partition_keys: TextColumn::new(false),
            payloads: BytesColumn::default(),
            rows: 0,
        }
    }

    /// Appends a unit.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    #[inline]
    pub fn push(
        &mut self,
        identity: &Identity<'_>,
        partition_key: &str,
        payload: &[u8],
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        self.identity.push(identity, zstd)?;
        self.partition_keys.push(partition_key.as_bytes(), zstd)?;
        self.payloads.push(payload, zstd)?;
        self.rows += 1;
        Ok(())
    }

    /// Returns the number of units.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the bytes of the file.
    ///
    /// # Errors
    /// If the file cannot be compressed or written.
    pub fn finish(self, layout: &FileLayout, zstd: &mut Zstd) -> Result<Bytes, EncodeError> {
        let ([shard_ids, sequence_numbers, sub_sequences], arrivals) =
            self.identity.finish(zstd)?;
        let chunks = vec![
            shard_ids,
            sequence_numbers,
            sub_sequences,
            self.partition_keys.finish(zstd)?,
            arrivals,
            self.payloads.finish(zstd)?,
        ];
        write_file(layout, chunks)
    }
}

impl Default for RawTable {
    fn default() -> Self {
        Self::new()
    }
}
