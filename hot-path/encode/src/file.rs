//! Writing finished columns to a file.

use std::io::Write;
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

/// The error of writing a file.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// The compressor failed.
    #[error("cannot compress a page: {0}")]
    Compress(#[source] std::io::Error),
    /// A row is inconsistent with the data passed with it. This is a defect of the program.
    #[error("cannot write a row: {0}; this is a defect of the program")]
    Row(&'static str),
    /// The columns do not fit the schema, or the file cannot be written.
    #[error("cannot write the file: {0}")]
    File(#[from] ParquetError),
}

/// The schema and properties of the files of a table.
#[derive(Debug, Clone)]
pub struct FileLayout {
    schema: SchemaDescPtr,
    properties: WriterPropertiesPtr,
}

impl FileLayout {
    /// Creates the layout of a table.
    ///
    /// # Errors
    /// If the schema has no Parquet form.
    pub fn new(schema: &Schema) -> Result<Self, EncodeError> {
        let schema = ArrowSchemaConverter::new()
            .schema_root("table")
            .convert(schema)?;
        Ok(Self {
            schema: Arc::new(schema),
            properties: writer_properties()?,
        })
    }
}

/// Writes a file of one row group. `chunks` has the columns of the schema, in its order.
///
/// # Errors
/// [`EncodeError::File`] if the number, types or rows of the columns do not match.
pub fn write_file(layout: &FileLayout, chunks: Vec<Chunk>) -> Result<Bytes, EncodeError> {
    let capacity = chunks
        .iter()
        .map(|chunk| chunk.compressed_len() + 512)
        .sum();
    let mut file = FileWriter::new(layout, Vec::with_capacity(capacity))?;
    file.write_group(chunks)?;
    Ok(file.finish()?.into())
}

/// A writer of a file, row group by row group.
pub struct FileWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    schema: SchemaDescPtr,
}

impl<W: Write + Send> FileWriter<W> {
    /// Creates a file without rows.
    ///
    /// # Errors
    /// If its first bytes cannot be written.
    pub fn new(layout: &FileLayout, out: W) -> Result<Self, EncodeError> {
        let root = layout.schema.root_schema_ptr();
        Ok(Self {
            file: SerializedFileWriter::new(out, root, layout.properties.clone())?,
            schema: layout.schema.clone(),
        })
    }

    /// Appends a row group. `chunks` has the columns of the schema, in its order.
    ///
    /// # Errors
    /// [`EncodeError::File`] if the number, types or rows of the columns do not match, or they
    /// cannot be written.
    pub fn write_group(&mut self, chunks: Vec<Chunk>) -> Result<(), EncodeError> {
        if chunks.len() != self.schema.num_columns() {
            return Err(general("the number of columns differs from the schema's"));
        }
        let mut group = self.file.next_row_group()?;
        for (chunk, column) in chunks.into_iter().zip(self.schema.columns()) {
            if chunk.physical != column.physical_type() {
                return Err(general(&format!(
                    "column {} has another type than in the schema",
                    column.name()
                )));
            }
            let (bytes, close) = serialize(chunk, column.clone())?;
            group.append_column(&bytes, close)?;
        }
        group.close()?;
        Ok(())
    }

    /// Returns the number of bytes written so far.
    pub fn bytes_written(&self) -> usize {
        self.file.bytes_written()
    }

    /// Flushes and returns the inner writer, so that the caller can drain its buffer.
    ///
    /// # Errors
    /// If it cannot be flushed.
    pub fn flushed(&mut self) -> Result<&mut W, EncodeError> {
        self.file.flush().map_err(ParquetError::from)?;
        Ok(self.file.inner_mut())
    }

    /// Writes the footer.
    ///
    /// # Errors
    /// If the footer cannot be written.
    pub fn finish(self) -> Result<W, EncodeError> {
        Ok(self.file.into_inner()?)
    }
}

fn general(message: &str) -> EncodeError {
    EncodeError::File(ParquetError::General(message.to_owned()))
}

/// Writes the pages with their headers, and returns their metadata for the footer.
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
    // An empty page is a page: every encoder closes at least one.
    let data_offset = data_offset.ok_or_else(|| general("a column has no data page"))?;
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
        .set_data_page_offset(data_offset as i64)
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
