//! Table and partition inputs for Glue's API.

use aws_sdk_glue::error::BuildError;
use aws_sdk_glue::types::{
    Column as GlueColumn, PartitionInput, SerDeInfo, StorageDescriptor, Table, TableInput,
};
use marquee_table_catalog::{Column, Projection, TableCatalogError, evolve};

use super::parameters;

const EXTERNAL_TABLE: &str = "EXTERNAL_TABLE";
const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
/// The only partition key and its type.
const EVENT_DATE: (&str, &str) = ("event_date", "date");

/// Builds a new table.
pub(super) fn new_table(
    projection: &Projection,
    location: String,
) -> Result<TableInput, TableCatalogError> {
    // Athena requires a list of partition keys even when it is empty.
    let keys = projection.event_date.iter();
    let keys: Result<_, _> = keys.map(|_| column(EVENT_DATE.0, EVENT_DATE.1)).collect();
    let mut table = TableInput::builder()
        .name(&projection.table)
        .table_type(EXTERNAL_TABLE)
        .parameters("EXTERNAL", "TRUE")
        .parameters("classification", "parquet")
        .set_partition_keys(Some(keys?))
        .storage_descriptor(descriptor(projection, location)?)
        .build()
        .map_err(incomplete)?;
    if projection.event_date.is_none() {
        let own = parameters::of_projection(projection);
        table.parameters.get_or_insert_default().extend(own);
    }
    Ok(table)
}

/// Returns the existing table with the missing columns appended and, if it has no
/// partitions, with the projection's location and parameters. Returns `None` when the
/// table is current or newer.
pub(super) fn updated_table(
    table: Table,
    projection: &Projection,
    location: String,
) -> Result<Option<TableInput>, TableCatalogError> {
    check_table_form(&table, projection)?;
    let moves =
        projection.event_date.is_none() && !parameters::is_current(table.parameters(), projection);
    let old = table
        .storage_descriptor()
        .map_or(&[][..], |it| it.columns());
    let old: Vec<Column> = old.iter().map(to_catalog_column).collect();
    let lacks_columns = evolve(&projection.table, &old, &projection.columns)?.is_some();
    if !lacks_columns && !moves {
        return Ok(None);
    }
    let mut descriptor = match table.storage_descriptor {
        Some(descriptor) => descriptor,
        None => descriptor(projection, location.clone())?,
    };
    let columns = descriptor.columns.get_or_insert_default();
    for added in projection.columns.iter().skip(old.len()) {
        columns.push(column(&added.name, &added.kind)?);
    }
    let mut table_parameters = table.parameters.unwrap_or_default();
    if moves {
        descriptor.location = Some(location);
        table_parameters.extend(parameters::of_projection(projection));
    }
    TableInput::builder()
        .name(table.name)
        .set_description(table.description)
        .set_owner(table.owner)
        .set_last_access_time(table.last_access_time)
        .set_last_analyzed_time(table.last_analyzed_time)
        .retention(table.retention)
        .storage_descriptor(descriptor)
        .set_partition_keys(table.partition_keys)
        .set_view_original_text(table.view_original_text)
        .set_view_expanded_text(table.view_expanded_text)
        .set_table_type(table.table_type)
        .set_parameters(Some(table_parameters))
        .build()
        .map(Some)
        .map_err(incomplete)
}

/// Builds the partition of the date with the projection's location and parameters.
pub(super) fn partition(
    projection: &Projection,
    date: &str,
    location: String,
) -> Result<PartitionInput, TableCatalogError> {
    Ok(PartitionInput::builder()
        .values(date)
        .storage_descriptor(descriptor(projection, location)?)
        .set_parameters(Some(parameters::of_projection(projection)))
        .build())
}

/// Returns an error if the existing table is a view or has other partition keys.
fn check_table_form(table: &Table, projection: &Projection) -> Result<(), TableCatalogError> {
    let differs = |change: String| {
        Err(TableCatalogError::Schema {
            table: projection.table.clone(),
            change,
        })
    };
    if table.table_type() != Some(EXTERNAL_TABLE) {
        let kind = table.table_type().unwrap_or("none");
        return differs(format!("its type in Glue is {kind}, not {EXTERNAL_TABLE}"));
    }
    let keys = |keys: &[(&str, &str)]| {
        let keys = keys.iter().map(|(name, kind)| format!("{name} {kind}"));
        format!("({})", keys.collect::<Vec<_>>().join(", "))
    };
    let old: Vec<_> = table
        .partition_keys()
        .iter()
        .map(|key| (key.name(), key.r#type().unwrap_or_default()))
        .collect();
    let new: Vec<_> = projection.event_date.iter().map(|_| EVENT_DATE).collect();
    if old != new {
        return differs(format!(
            "its partition keys are {} in Glue and {} in the lake",
            keys(&old),
            keys(&new)
        ));
    }
    Ok(())
}

fn descriptor(
    projection: &Projection,
    location: String,
) -> Result<StorageDescriptor, TableCatalogError> {
    let columns = projection.columns.iter();
    let columns: Result<_, _> = columns.map(|it| column(&it.name, &it.kind)).collect();
    let serde = SerDeInfo::builder()
        .serialization_library(SERDE)
        .parameters("serialization.format", "1")
        .build();
    Ok(StorageDescriptor::builder()
        .set_columns(Some(columns?))
        .location(location)
        .input_format(INPUT_FORMAT)
        .output_format(OUTPUT_FORMAT)
        .serde_info(serde)
        .build())
}

fn column(name: &str, kind: &str) -> Result<GlueColumn, TableCatalogError> {
    let column = GlueColumn::builder().name(name).r#type(kind);
    column.build().map_err(incomplete)
}

fn to_catalog_column(column: &GlueColumn) -> Column {
    Column {
        name: column.name().to_owned(),
        kind: column.r#type().unwrap_or_default().to_owned(),
    }
}

fn incomplete(cause: BuildError) -> TableCatalogError {
    TableCatalogError::Service {
        action: "build a request".to_owned(),
        cause: cause.into(),
    }
}
