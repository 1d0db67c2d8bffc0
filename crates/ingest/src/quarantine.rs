//! The quarantine table: rejected units with their exact bytes and the rejection.

use bytes::Bytes;
use marquee_encode::{
    BytesColumn, EncodeError, FileLayout, IntColumn, TextColumn, Width, Zstd, write_file,
};
use marquee_event::{FormatVersion, Rejection};

use crate::raw::{Identity, IdentityColumns};

/// A builder of one file of the quarantine table.
pub struct QuarantineTable {
    identity: IdentityColumns,
    partition_keys: TextColumn,
    reasons: TextColumn,
    fields: TextColumn,
    values: TextColumn,
    details: TextColumn,
    payloads: BytesColumn,
    processed_at: IntColumn,
    format: FormatVersion,
    rows: u64,
}

impl QuarantineTable {
    /// Creates a file without rows. Details have the wording of a format version.
    pub fn new(format: FormatVersion) -> Self {
        Self {
            identity: IdentityColumns::new(),
            partition_keys: TextColumn::new(false),
            reasons: TextColumn::new(false),
            fields: TextColumn::new(true),
            values: TextColumn::new(true),
            details: TextColumn::new(false),
            payloads: BytesColumn::default(),
            processed_at: IntColumn::new(Width::W64, false),
            format,
            rows: 0,
        }
    }

    /// Appends a rejected unit.
    ///
    /// # Errors
    /// If a page cannot be compressed.
    pub fn push(
        &mut self,
        identity: &Identity<'_>,
        partition_key: &str,
        payload: &[u8],
        rejection: &Rejection,
        processed_at: i64,
        zstd: &mut Zstd,
    ) -> Result<(), EncodeError> {
        self.identity.push(identity, zstd)?;
        self.partition_keys.push(partition_key.as_bytes(), zstd)?;
        self.reasons
            .push(rejection.reason.name().as_bytes(), zstd)?;
        self.fields
            .push_optional(rejection.field.map(str::as_bytes), zstd)?;
        self.values
            .push_optional(rejection.value.as_deref().map(str::as_bytes), zstd)?;
        let detail = rejection.detail.text(self.format);
        self.details.push(detail.as_bytes(), zstd)?;
        self.payloads.push(payload, zstd)?;
        self.processed_at.push(processed_at, zstd)?;
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
            self.reasons.finish(zstd)?,
            self.fields.finish(zstd)?,
            self.values.finish(zstd)?,
            self.details.finish(zstd)?,
            self.payloads.finish(zstd)?,
            self.processed_at.finish(zstd)?,
        ];
        write_file(layout, chunks)
    }
}
