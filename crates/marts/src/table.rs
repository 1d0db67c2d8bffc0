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

/// Which columns a table's paths give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partitions {
    /// None.
    None,
    /// When it arrived: `ingest_date` and `ingest_hour`.
    Ingest,
    /// When it happened: `event_date`.
    EventDate,
}

impl Partitions {
    /// The columns, as Athena has them.
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

/// Exactly the objects that it was given, as Parquet.
///
/// DataFusion's own listing table reads whatever lies under a prefix; in a
/// lake only what a receipt names exists. And the list is known, so that ten
/// thousand objects cost no listing, and a filter on the path's columns is one
/// evaluation over all of them.
#[derive(Debug)]
pub(crate) struct ObjectTable {
    store: ObjectStoreUrl,
    schema: TableSchema,
    /// In key order; each with its partition values.
    files: Vec<PartitionedFile>,
    /// The partition values again, a row a file.
    partitions: RecordBatch,
    /// What the ledger says, for the planner alone: it never answers a
    /// `count(*)`, which is to check the ledger.
    rows: usize,
}

/// An object and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object {
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
}

/// Objects by their keys.
pub(crate) type Objects = BTreeMap<String, Object>;

impl ObjectTable {
    /// `objects` by key, whose rows are `file_schema` and whose keys hold
    /// `name=value` for each of `partitions`.
    pub(crate) fn new(
        store: ObjectStoreUrl,
        file_schema: SchemaRef,
        partitions: Vec<Field>,
        objects: &Objects,
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

    fn decided_by_path(&self, filter: &Expr) -> bool {
        let names: Vec<&str> = self
            .schema
            .table_partition_cols()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        !names.is_empty() && expr_applicable_for_cols(&names, filter)
    }

    /// The files whose partition values pass `filters`.
    fn pruned(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let by_path = filters.iter().filter(|f| self.decided_by_path(f)).cloned();
        let Some(filter) = conjunction(by_path) else {
            return Ok(self.files.clone());
        };
        let schema = DFSchema::try_from(self.partitions.schema())?;
        let verdicts = state
            .create_physical_expr(filter, &schema)?
            .evaluate(&self.partitions)?
            .into_array(self.files.len())?;
        Ok(self
            .files
            .iter()
            .zip(verdicts.as_boolean())
            .filter(|(_, passes)| *passes == Some(true))
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
            .map(|filter| match self.decided_by_path(filter) {
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

/// What `key` says of each of `partitions`.
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
                .ok_or_else(|| fault(format!("it has no {name}=")))?;
            ScalarValue::try_from_string(value.to_owned(), field.data_type())
                .map_err(|_| fault(format!("{name}={value} is no {}", field.data_type())))
        })
        .collect()
}

/// The partition values of `files` as a batch.
fn partition_rows(partitions: &[Field], files: &[PartitionedFile]) -> Result<RecordBatch> {
    let columns = partitions
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let values: Vec<ScalarValue> = files
                .iter()
                .filter_map(|file| file.partition_values.get(index).cloned())
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
    fn a_key_tells_its_partition() {
        let key = "raw/events/ingest_date=2026-03-01/ingest_hour=07/a.parquet";
        let values = partition_values(key, &Partitions::Ingest.fields()).unwrap();
        assert_eq!(
            values,
            [
                ScalarValue::Date32(Some(20513)),
                ScalarValue::Int32(Some(7))
            ]
        );
    }

    #[test]
    fn a_key_outside_the_partitions_is_named() {
        let error =
            partition_values("raw/events/a.parquet", &Partitions::Ingest.fields()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the ledger names \"raw/events/a.parquet\", which is no key of the lake: \
             it has no ingest_date="
        );
        let key = "raw/events/ingest_date=soon/ingest_hour=07/a.parquet";
        let error = partition_values(key, &Partitions::Ingest.fields()).unwrap_err();
        assert!(error.to_string().contains("ingest_date=soon"), "{error}");
    }
}
