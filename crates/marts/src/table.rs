//! A table over a fixed list of objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, ScalarValue, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::MartsError;

/// The partition columns of a table, whose values come from the objects' keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartitionColumns {
    /// No columns.
    None,
    /// The time of arrival: `ingest_date` and `ingest_hour`.
    Ingest,
    /// The time of the event: `event_date`.
    EventDate,
}

impl PartitionColumns {
    /// Returns the columns, of the same types as in Athena.
    pub(crate) fn fields(self) -> Vec<Field> {
        let date = |name| Field::new(name, DataType::Date32, false);
        match self {
            Self::None => Vec::new(),
            Self::Ingest => vec![
                date("ingest_date"),
                Field::new("ingest_hour", DataType::Int32, false),
            ],
            Self::EventDate => vec![date("event_date")],
        }
    }
}

/// A table over exactly the given Parquet objects.
///
/// DataFusion's listing table reads every object under a prefix; in the lake, only
/// objects of a receipt or a generation count. The list of objects is already known, so
/// a table of ten thousand objects needs no listing, and a filter on the partition
/// columns is one vectorised evaluation over all objects.
#[derive(Debug)]
pub(crate) struct ObjectTable {
    store: ObjectStoreUrl,
    schema: TableSchema,
    /// The objects with their partition values, in key order.
    files: Vec<PartitionedFile>,
    /// The partition values, one row per object.
    partitions: RecordBatch,
    /// The number of rows according to the ledger, an estimate for the planner. A `count(*)` must
    /// count the rows, so that it can verify the ledger.
    rows: usize,
}

/// The size of an object according to the ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableObject {
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
}

/// Objects by key.
pub(crate) type TableObjects = BTreeMap<String, TableObject>;

impl ObjectTable {
    /// Creates a table over `objects`, whose files have `file_schema` and whose keys
    /// contain `name=value` for each of `partitions`.
    pub(crate) fn new(
        store: ObjectStoreUrl,
        file_schema: SchemaRef,
        partitions: Vec<Field>,
        objects: &TableObjects,
    ) -> Result<Self, MartsError> {
        let files = objects
            .iter()
            .map(|(key, object)| {
                let values = partition_values(key, &partitions)?;
                Ok(PartitionedFile::new(key, object.bytes).with_partition_values(values))
            })
            .collect::<Result<Vec<_>, MartsError>>()?;
        let rows = objects.values().map(|object| object.rows).sum::<u64>();
        Ok(Self {
            store,
            partitions: partition_rows(&partitions, &files)?,
            schema: TableSchema::builder(file_schema)
                .with_table_partition_cols(partitions)
                .build(),
            files,
            rows: usize::try_from(rows).unwrap_or(usize::MAX),
        })
    }

    /// Returns `true` if the filter only uses partition columns.
    fn is_partition_filter(&self, filter: &Expr) -> bool {
        let names: Vec<&str> = self
            .schema
            .table_partition_cols()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        !names.is_empty() && expr_applicable_for_cols(&names, filter)
    }

    /// Returns the files whose partition values satisfy the filters.
    fn pruned(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let filters = filters.iter().filter(|f| self.is_partition_filter(f));
        let Some(filter) = conjunction(filters.cloned()) else {
            return Ok(self.files.clone());
        };
        let schema = DFSchema::try_from(self.partitions.schema())?;
        let matches = state
            .create_physical_expr(filter, &schema)?
            .evaluate(&self.partitions)?
            .into_array(self.files.len())?;
        Ok(self
            .files
            .iter()
            .zip(matches.as_boolean())
            .filter(|(_, matches)| *matches == Some(true))
            .map(|(file, _)| file.clone())
            .collect())
    }
}

#[async_trait]
impl TableProvider for ObjectTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match self.is_partition_filter(filter) {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Inexact,
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.pruned(state, filters)?;
        if files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema().project(columns)?),
                None => self.schema(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Inexact(self.rows);
        let scan = FileScanConfigBuilder::new(
            self.store.clone(),
            Arc::new(ParquetSource::new(self.schema.clone())),
        )
        .with_file_groups(FileGroup::new(files).split_files(state.config().target_partitions()))
        .with_statistics(statistics)
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .build();
        ParquetFormat::default()
            .with_options(state.default_table_options().parquet)
            .create_physical_plan(state, scan)
            .await
    }
}

/// Parses the value of each of `partitions` from an object's key.
fn partition_values(key: &str, partitions: &[Field]) -> Result<Vec<ScalarValue>, MartsError> {
    partitions
        .iter()
        .map(|field| {
            let fault = |why: String| MartsError::Key {
                key: key.to_owned(),
                why,
            };
            let name = field.name();
            let value = key
                .split('/')
                .find_map(|segment| segment.strip_prefix(name.as_str())?.strip_prefix('='))
                .ok_or_else(|| fault(format!("no {name}= in it")))?;
            ScalarValue::try_from_string(value.to_owned(), field.data_type())
                .map_err(|_| fault(format!("{name}={value} is not a {}", field.data_type())))
        })
        .collect()
}

/// Returns the partition values of `files`, one row per file.
fn partition_rows(partitions: &[Field], files: &[PartitionedFile]) -> Result<RecordBatch> {
    let columns = partitions
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let values: Vec<ScalarValue> = files
                .iter()
                .map(|file| file.partition_values[index].clone())
                .collect();
            match values.is_empty() {
                true => Ok(datafusion::arrow::array::new_empty_array(field.data_type())),
                false => ScalarValue::iter_to_array(values),
            }
        })
        .collect::<Result<Vec<ArrayRef>>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(files.len()));
    let schema = Arc::new(Schema::new(partitions.to_vec()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &rows)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn partition_values_come_from_the_key() {
        let key = "raw/events/ingest_date=2026-03-01/ingest_hour=07/a.parquet";
        let values = partition_values(key, &PartitionColumns::Ingest.fields()).unwrap();
        assert_eq!(
            values,
            [
                ScalarValue::Date32(Some(20513)),
                ScalarValue::Int32(Some(7))
            ]
        );
    }

    #[test]
    fn a_key_outside_the_partitions_is_an_error() {
        let partitions = PartitionColumns::Ingest.fields();
        let error = partition_values("raw/events/a.parquet", &partitions).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid object key \"raw/events/a.parquet\" in the ledger: no ingest_date= in it"
        );
        let key = "raw/events/ingest_date=soon/ingest_hour=07/a.parquet";
        let error = partition_values(key, &partitions).unwrap_err();
        assert!(error.to_string().contains("ingest_date=soon"), "{error}");
    }
}
