//! Finished columns to one file of one row group.

use std::sync::Arc;

use ::bytes::Bytes;
use arrow_schema::Schema;
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::page::{CompressedPage, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, SchemaDescPtr};
use thiserror::Error;

use super::chunk::{Chunk, Codec};
use crate::settings::{ZSTD_LEVEL, writer_properties};

/// What kept a file from being written.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// The compressor failed.
    #[error("cannot compress a page: {0}")]
    Compress(#[source] std::io::Error),
    /// The columns do not make a file of that schema.
    #[error("cannot write the file: {0}")]
    File(#[from] ParquetError),
}

/// What all files of a table have in common, worked out once.
#[derive(Debug, Clone)]
pub struct FileLayout {
    schema: SchemaDescPtr,
    properties: WriterPropertiesPtr,
}

impl FileLayout {
    /// The layout of a table.
    ///
    /// # Errors
    /// When the schema has no Parquet form.
    pub fn new(schema: &Schema) -> Result<Self, EncodeError> {
        let schema = ArrowSchemaConverter::new()
            .schema_root("table")
            .convert(schema)?;
        Ok(Self {
            schema: Arc::new(schema),
            properties: writer_properties(),
        })
    }
}

/// Writes the columns, one a column of the schema and in its order.
///
/// # Errors
/// [`EncodeError::File`] when number, type or rows of the columns do not match.
pub fn write_file(layout: &FileLayout, chunks: Vec<Chunk>) -> Result<Bytes, EncodeError> {
    let capacity = chunks
        .iter()
        .map(|chunk| chunk.compressed_len() + 512)
        .sum();
    let root = layout.schema.root_schema_ptr();
    let out = Vec::with_capacity(capacity);
    let mut file = SerializedFileWriter::new(out, root, layout.properties.clone())?;
    if chunks.len() != layout.schema.num_columns() {
        return Err(general("as many columns as the schema has are needed"));
    }
    let mut group = file.next_row_group()?;
    for (chunk, column) in chunks.into_iter().zip(layout.schema.columns()) {
        if chunk.physical != column.physical_type() {
            return Err(general(&format!("{} is of another type", column.name())));
        }
        let (bytes, close) = serialize(chunk, column.clone())?;
        group.append_column(&bytes, close)?;
    }
    group.close()?;
    Ok(file.into_inner()?.into())
}

fn general(message: &str) -> EncodeError {
    EncodeError::File(ParquetError::General(message.to_owned()))
}

/// Puts headers before the pages and sums up what the footer says of them.
fn serialize(
    chunk: Chunk,
    column: ColumnDescPtr,
) -> Result<(Bytes, ColumnCloseResult), EncodeError> {
    let mut sink = TrackedWrite::new(Vec::with_capacity(chunk.compressed_len() + 256));
    let mut writer = SerializedPageWriter::new(&mut sink);
    let (mut compressed, mut uncompressed) = (0, 0);
    let mut write = |page: CompressedPage| -> Result<u64, ParquetError> {
        let spec = writer.write_page(page)?;
        compressed += spec.compressed_size as i64;
        uncompressed += spec.uncompressed_size as i64;
        Ok(spec.offset)
    };
    let dictionary_offset = chunk.dictionary.map(&mut write).transpose()?;
    let mut data_offset = None;
    for page in chunk.pages {
        let offset = write(page)?;
        data_offset.get_or_insert(offset);
    }
    let compression = match chunk.codec {
        Codec::Zstd => Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?),
        Codec::None => Compression::UNCOMPRESSED,
    };
    let mut metadata = ColumnChunkMetaData::builder(column)
        .set_compression(compression)
        .set_encodings(chunk.encodings)
        .set_num_values(chunk.values as i64)
        .set_total_compressed_size(compressed)
        .set_total_uncompressed_size(uncompressed)
        .set_data_page_offset(data_offset.unwrap_or_default() as i64)
        .set_dictionary_page_offset(dictionary_offset.map(|offset| offset as i64));
    if let Some(statistics) = chunk.statistics {
        metadata = metadata.set_statistics(statistics);
    }
    let bytes: Bytes = sink.into_inner()?.into();
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: chunk.values as u64,
        metadata: metadata.build()?,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((bytes, close))
}
