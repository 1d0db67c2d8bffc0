//! Query results as Parquet files that all supported readers can read.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::file::properties::EnabledStatistics;
use datafusion::parquet::schema::types::ColumnPath;
use marquee_encode::settings::writer_properties;
use marquee_tables::schema::timestamp;

use crate::MartsError;

/// Converts the schema of a query to that of its file.
///
/// Every column is nullable, so that a later version can drop it. Text, times and
/// counts each have one type that all readers support.
///
/// # Errors
/// Returns [`MartsError::Sql`] for a type that some reader does not support.
pub(crate) fn storable(query: &Schema) -> Result<SchemaRef, MartsError> {
    let fields = query
        .fields()
        .iter()
        .map(|field| {
            let kind = stored_as(field.data_type()).ok_or_else(|| {
                MartsError::sql(format!(
                    "column {} has the type {}, which some readers do not support: \
                     cast it to VARCHAR, INTEGER, BIGINT, REAL, DOUBLE, BOOLEAN, DATE or TIMESTAMP",
                    field.name(),
                    field.data_type()
                ))
            })?;
            Ok(Field::new(field.name(), kind, true))
        })
        .collect::<Result<Vec<_>, MartsError>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

fn stored_as(kind: &DataType) -> Option<DataType> {
    Some(match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16 => DataType::Int32,
        // Counts and ranks.
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => timestamp(),
        DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Boolean
        | DataType::Date32 => kind.clone(),
        _ => return None,
    })
}

/// The column with a page index, for lookups of one user.
const USER: &str = "user_id";

/// A Parquet file under construction in memory.
pub(crate) struct Output {
    writer: ArrowWriter<Vec<u8>>,
    schema: SchemaRef,
    rows: u64,
}

impl Output {
    /// Creates a file without rows.
    pub(crate) fn new(schema: SchemaRef) -> Result<Self, MartsError> {
        // In a table sorted by user, the page index locates the rows of a user.
        let properties = writer_properties()
            .map_err(DataFusionError::from)?
            .as_ref()
            .clone()
            .into_builder();
        let properties = properties
            .set_column_statistics_enabled(ColumnPath::from(USER), EnabledStatistics::Page);
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(&schema), options)
            .map_err(DataFusionError::from)?;
        Ok(Self {
            writer,
            schema,
            rows: 0,
        })
    }

    /// Appends rows of the query; casts them to the schema that [`storable`] returned.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), MartsError> {
        let columns = rows
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| cast(column, field.data_type()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(DataFusionError::from)?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(DataFusionError::from)?;
        self.writer.write(&rows).map_err(DataFusionError::from)?;
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// Finishes the file; returns its content and its number of rows.
    pub(crate) fn finish(self) -> Result<(Bytes, u64), MartsError> {
        let file = self.writer.into_inner().map_err(DataFusionError::from)?;
        Ok((file.into(), self.rows))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::arrow::array::{ArrayRef, StringArray};
    use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
    use datafusion::parquet::file::metadata::PageIndexPolicy;
    use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;

    use super::*;

    #[test]
    fn only_the_user_column_has_a_page_index() {
        let users: StringArray = ["ann", "bob"].into_iter().map(Some).collect();
        let column = Arc::new(users) as ArrayRef;
        let rows = RecordBatch::try_from_iter([(USER, column.clone()), ("title_id", column)]);
        let rows = rows.unwrap();
        let mut output = Output::new(storable(&rows.schema()).unwrap()).unwrap();
        output.write(&rows).unwrap();
        let (file, _) = output.finish().unwrap();
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let footer = ArrowReaderMetadata::load(&file, options).unwrap();
        let columns = &footer.metadata().column_index().unwrap()[0];
        assert!(matches!(columns[0], ColumnIndexMetaData::BYTE_ARRAY(_)));
        assert!(matches!(columns[1], ColumnIndexMetaData::NONE));
    }

    #[test]
    fn a_type_that_some_reader_does_not_support_is_named() {
        let column = |kind| Schema::new(vec![Field::new("c", kind, false)]);
        let stored = storable(&column(DataType::Utf8View)).unwrap();
        assert_eq!(
            *stored,
            Schema::new(vec![Field::new("c", DataType::Utf8, true)])
        );
        for kind in [
            DataType::Decimal128(38, 2),
            DataType::new_list(DataType::Utf8, true),
            DataType::Null,
        ] {
            let error = storable(&column(kind)).unwrap_err().to_string();
            assert!(
                error.starts_with("invalid SQL: column c has the type "),
                "{error}"
            );
            assert!(error.contains("cast it to"), "{error}");
        }
    }
}
