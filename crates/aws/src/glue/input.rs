//! Tables and partitions as Glue takes them.

use aws_sdk_glue::error::BuildError;
use aws_sdk_glue::types::{
    Column as GlueColumn, PartitionInput, SerDeInfo, StorageDescriptor, Table, TableInput,
};
use marquee_table_catalog::{Column, Projection, TableCatalogError, evolve};

use super::shown;

const EXTERNAL_TABLE: &str = "EXTERNAL_TABLE";
const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
/// The only partition key, with its type.
const EVENT_DATE: (&str, &str) = ("event_date", "date");

/// The table that is to be created.
pub(super) fn new_table(
    projection: &Projection,
    location: String,
) -> Result<TableInput, TableCatalogError> {
    // Athena wants the keys named even when there are none.
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
        let parameters = table.parameters.get_or_insert_default();
        parameters.extend(shown::parameters(projection));
    }
    Ok(table)
}

/// The table that is there, with the columns that it lacks and, when it has no
/// partitions, showing the projection; `None` when that is how it is, or newer.
pub(super) fn table_brought_forward(
    table: Table,
    projection: &Projection,
    location: String,
) -> Result<Option<TableInput>, TableCatalogError> {
    is_of_our_form(&table, projection)?;
    let moves =
        projection.event_date.is_none() && !shown::is_current(table.parameters(), projection);
    let old = table
        .storage_descriptor()
        .map_or(&[][..], |it| it.columns());
    let old: Vec<Column> = old.iter().map(in_our_words).collect();
    let lacks = evolve(&projection.table, &old, &projection.columns)?.is_some();
    if !lacks && !moves {
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
    let mut parameters = table.parameters.unwrap_or_default();
    if moves {
        descriptor.location = Some(location);
        parameters.extend(shown::parameters(projection));
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
        .set_parameters(Some(parameters))
        .build()
        .map(Some)
        .map_err(incomplete)
}

/// The partition of that date, showing the projection.
pub(super) fn partition(
    projection: &Projection,
    date: &str,
    location: String,
) -> Result<PartitionInput, TableCatalogError> {
    Ok(PartitionInput::builder()
        .values(date)
        .storage_descriptor(descriptor(projection, location)?)
        .set_parameters(Some(shown::parameters(projection)))
        .build())
}

/// Refuses what only has the table's name: a view, or one that is partitioned
/// otherwise.
fn is_of_our_form(table: &Table, projection: &Projection) -> Result<(), TableCatalogError> {
    let differs = |change: String| {
        Err(TableCatalogError::Schema {
            table: projection.table.clone(),
            change,
        })
    };
    if table.table_type() != Some(EXTERNAL_TABLE) {
        let kind = table.table_type().unwrap_or("without a type");
        return differs(format!("it is {kind} in Glue, not {EXTERNAL_TABLE}"));
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
            "where it was partitioned by {} it is now by {}",
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

fn in_our_words(column: &GlueColumn) -> Column {
    Column {
        name: column.name().to_owned(),
        kind: column.r#type().unwrap_or_default().to_owned(),
    }
}

fn incomplete(cause: BuildError) -> TableCatalogError {
    TableCatalogError::Service {
        action: "be asked".to_owned(),
        cause: cause.into(),
    }
}
