//! Rows of Parquet objects, decoded column by column.
//!
//! [`RowReader`] is the workspace's one reader of "some columns of this object". Each
//! error names the object, and damage that makes the `parquet` crate panic is an error
//! like any other ([`catch_parquet_panic`]).

mod batch;
mod guard;

use std::sync::Arc;

use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use thiserror::Error;

use crate::error::LakeError;

pub use batch::RowBatch;
pub use guard::{ParquetPanic, catch_parquet_panic, catch_parquet_panic_async};

/// The number of rows in a batch, unless [`RowReaderOptions`] sets another.
const BATCH_ROWS: usize = 1024;

/// A fault of a Parquet object that a reader found.
#[derive(Debug, Error)]
pub enum RowsError {
    /// The file's footer or pages cannot be decoded.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// A batch of rows cannot be decoded.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// The `parquet` crate panicked on the file.
    #[error("the file is damaged: {0}")]
    Panic(#[from] ParquetPanic),
    /// The file ends before a range that the ledger or its own footer refers to.
    #[error("the file is shorter than expected: {0}")]
    Short(#[source] object_store::Error),
    /// The file has no footer, or one that does not fit into it.
    #[error("{0}")]
    Footer(&'static str),
    /// A column is absent, or has another type than the caller needs.
    #[error("no column {column} of the expected type")]
    Column {
        /// The column's name.
        column: String,
    },
}

/// The parts of a Parquet file that a [`RowReader`] decodes, and their form.
#[derive(Debug, Clone, Default)]
pub struct RowReaderOptions<'o> {
    /// The columns to decode; `None` for all.
    pub columns: Option<&'o [&'o str]>,
    /// The text columns to decode as dictionaries of `Int32` keys. If there are any, the
    /// types of columns follow the Parquet schema, not the Arrow schema in the file.
    pub dictionaries: &'o [&'o str],
    /// The row group to decode, with the file's footer; `None` to read the footer from
    /// the file and decode all groups.
    pub row_group: Option<(usize, Arc<ParquetMetaData>)>,
    /// The number of rows in a batch; `None` for 1024.
    pub batch_rows: Option<usize>,
}

/// An iterator over the batches of rows of one Parquet object.
#[derive(Debug)]
pub struct RowReader {
    key: Arc<str>,
    reader: ParquetRecordBatchReader,
    rows: u64,
}

impl RowReader {
    /// Opens the object at `key` to decode these columns; `file` is its content.
    ///
    /// # Errors
    /// [`LakeError::Parquet`] if the footer cannot be decoded.
    pub fn open<R: ChunkReader + 'static>(
        key: &str,
        file: R,
        columns: &[&str],
    ) -> Result<Self, LakeError> {
        let options = RowReaderOptions {
            columns: Some(columns),
            ..RowReaderOptions::default()
        };
        Self::open_with(key, file, &options)
    }

    /// Opens the object at `key` with `options`; `file` is its content.
    ///
    /// # Errors
    /// As [`RowReader::open`].
    pub fn open_with<R: ChunkReader + 'static>(
        key: &str,
        file: R,
        options: &RowReaderOptions<'_>,
    ) -> Result<Self, LakeError> {
        let opened = catch_parquet_panic(|| open(file, options));
        let (rows, reader) = flatten(key, opened)?;
        Ok(Self {
            key: key.into(),
            reader,
            rows,
        })
    }

    /// Returns the number of rows of the file by its footer.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        arrow_array::RecordBatchReader::schema(&self.reader)
    }
}

impl Iterator for RowReader {
    type Item = Result<RowBatch, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = catch_parquet_panic(|| self.reader.next().transpose());
        let batch = flatten(&self.key, next).transpose()?;
        Some(batch.map(|batch| RowBatch::new(Arc::clone(&self.key), batch)))
    }
}

/// Adds the key of the object to an error of reading it.
fn flatten<T, E: Into<RowsError>>(
    key: &str,
    read: Result<Result<T, E>, ParquetPanic>,
) -> Result<T, LakeError> {
    let read = match read {
        Ok(read) => read.map_err(Into::into),
        Err(panic) => Err(panic.into()),
    };
    read.map_err(|source| LakeError::parquet(key, source))
}

fn open<R: ChunkReader + 'static>(
    file: R,
    options: &RowReaderOptions<'_>,
) -> Result<(u64, ParquetRecordBatchReader), ParquetError> {
    let RowReaderOptions {
        columns,
        dictionaries,
        row_group,
        batch_rows,
    } = options;
    let arrow_options =
        || ArrowReaderOptions::new().with_skip_arrow_metadata(!dictionaries.is_empty());
    let mut footer = match row_group {
        Some((_, footer)) => ArrowReaderMetadata::try_new(Arc::clone(footer), arrow_options())?,
        None => ArrowReaderMetadata::load(&file, arrow_options())?,
    };
    if !dictionaries.is_empty() {
        let schema = with_dictionaries(footer.schema(), dictionaries);
        let options = arrow_options().with_schema(Arc::new(schema));
        footer = ArrowReaderMetadata::try_new(Arc::clone(footer.metadata()), options)?;
    }
    let rows = u64::try_from(footer.metadata().file_metadata().num_rows())
        .map_err(|_| ParquetError::General("the footer has a negative row count".to_owned()))?;
    let mask = match columns {
        None => ProjectionMask::all(),
        Some(wanted) => {
            let fields = footer.schema().fields().iter().enumerate();
            let roots = fields
                .filter(|(_, field)| wanted.contains(&field.name().as_str()))
                .map(|(place, _)| place);
            ProjectionMask::roots(footer.parquet_schema(), roots)
        }
    };
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer)
        .with_projection(mask)
        .with_batch_size(batch_rows.unwrap_or(BATCH_ROWS));
    if let Some((group, _)) = row_group {
        builder = builder.with_row_groups(vec![*group]);
    }
    Ok((rows, builder.build()?))
}

fn with_dictionaries(schema: &Schema, dictionaries: &[&str]) -> Schema {
    let field = |field: &Arc<Field>| {
        let is_dictionary = dictionaries.contains(&field.name().as_str());
        match field.data_type() {
            DataType::Utf8 if is_dictionary => {
                let dictionary =
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Arc::new(field.as_ref().clone().with_data_type(dictionary))
            }
            _ => Arc::clone(field),
        }
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::cast::AsArray;
    use bytes::Bytes;
    use marquee_encode::{FileLayout, IntColumn, TextColumn, Width, Zstd, write_file};

    use super::*;

    /// Two rows: `name` is text, `number` an `Int64`.
    fn file() -> Bytes {
        let schema = Schema::new(vec![
            Field::new("name", DataType::Utf8, false),
            Field::new("number", DataType::Int64, false),
        ]);
        let mut zstd = Zstd::new().unwrap();
        let (mut names, mut numbers) = (TextColumn::new(false), IntColumn::new(Width::W64, false));
        for (name, number) in [("a", 1), ("b", 2)] {
            names.push(name.as_bytes(), &mut zstd).unwrap();
            numbers.push(number, &mut zstd).unwrap();
        }
        let chunks = vec![
            names.finish(&mut zstd).unwrap(),
            numbers.finish(&mut zstd).unwrap(),
        ];
        write_file(&FileLayout::new(&schema).unwrap(), chunks).unwrap()
    }

    #[test]
    fn the_wanted_columns_are_read() {
        let mut reader = RowReader::open("k", file(), &["number"]).unwrap();
        assert_eq!(reader.rows(), 2);
        assert_eq!(reader.schema().fields().len(), 1);
        let batch = reader.next().unwrap().unwrap();
        assert_eq!(batch.long("number").unwrap().values(), &[1, 2]);
        assert_eq!(
            batch.text("name").unwrap_err().to_string(),
            "cannot read k: no column name of the expected type"
        );
        assert!(batch.text("number").is_err());
        assert!(reader.next().is_none());
    }

    #[test]
    fn text_is_decoded_as_a_dictionary_on_request() {
        let options = RowReaderOptions {
            dictionaries: &["name", "number"],
            batch_rows: Some(1),
            ..RowReaderOptions::default()
        };
        let batches: Vec<RowBatch> = RowReader::open_with("k", file(), &options)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(batches.len(), 2);
        for batch in batches {
            let batch = batch.into_record_batch();
            let names = batch.column_by_name("name").unwrap();
            assert!(names.as_any_dictionary_opt().is_some());
        }
    }

    #[test]
    fn an_error_names_the_object() {
        let error = RowReader::open("k", Bytes::from_static(b"nonsense"), &[]).unwrap_err();
        assert!(error.to_string().starts_with("cannot read k: "), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
}
