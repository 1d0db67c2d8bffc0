//! Projections, and the tables and partitions that Glue must have for them.

use std::collections::HashMap;

use aws_sdk_glue::primitives::DateTime;
use aws_sdk_glue::types::{
    Column as GlueColumn, PartitionInput, SerDeInfo, StorageDescriptor, TableInput,
};
use marquee_aws::GlueCatalog;
use marquee_table_catalog::{Column, Projection, ProjectionVersion};

use crate::fake::{Contents, DATABASE, FakeGlue};

pub(crate) const DATE: &str = "2026-03-01";

pub(crate) fn catalog(glue: &FakeGlue) -> GlueCatalog {
    GlueCatalog::new(glue.client(), DATABASE, "s3://lake/part")
}

pub(crate) fn columns(text: &str) -> Vec<Column> {
    let column = |text: &str| {
        let (name, kind) = text.split_once(' ').unwrap();
        Column {
            name: name.into(),
            kind: kind.into(),
        }
    };
    text.split(", ").map(column).collect()
}

/// A projection of the table `plays` on [`DATE`].
pub(crate) fn dated(generation: u32) -> Projection {
    Projection {
        table: "plays".into(),
        columns: columns("title_id string, plays bigint"),
        event_date: Some(DATE.parse().unwrap()),
        version: ProjectionVersion {
            event_date: DATE.parse().unwrap(),
            generation,
        },
        directory: format!("curated/plays/event_date={DATE}/run=00000{generation}-d1"),
        rows: 40 + u64::from(generation),
    }
}

/// A projection of the table `dim_title`, which has no partitions.
pub(crate) fn undated(date: &str, generation: u32) -> Projection {
    Projection {
        table: "dim_title".into(),
        columns: columns("title_id string, name string"),
        event_date: None,
        version: ProjectionVersion {
            event_date: date.parse().unwrap(),
            generation,
        },
        directory: format!("curated/dim_title/run={date}-{generation}"),
        rows: 7,
    }
}

pub(crate) fn parameters<const N: usize>(parameters: [(&str, &str); N]) -> HashMap<String, String> {
    let parameters = parameters.into_iter();
    parameters.map(|(k, v)| (k.into(), v.into())).collect()
}

pub(crate) fn glue_column(name: &str, kind: &str) -> GlueColumn {
    GlueColumn::builder()
        .name(name)
        .r#type(kind)
        .build()
        .unwrap()
}

/// A Parquet descriptor as Athena's CREATE EXTERNAL TABLE … STORED AS PARQUET writes
/// it.
pub(crate) fn parquet(columns: &[(&str, &str)], location: &str) -> StorageDescriptor {
    let columns = columns.iter().map(|(name, kind)| glue_column(name, kind));
    let serde = SerDeInfo::builder()
        .serialization_library("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")
        .parameters("serialization.format", "1")
        .build();
    StorageDescriptor::builder()
        .set_columns(Some(columns.collect()))
        .location(location)
        .input_format("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")
        .output_format("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat")
        .serde_info(serde)
        .build()
}

pub(crate) const PLAYS: [(&str, &str); 2] = [("title_id", "string"), ("plays", "bigint")];

pub(crate) fn plays_table() -> TableInput {
    TableInput::builder()
        .name("plays")
        .table_type("EXTERNAL_TABLE")
        .set_parameters(Some(parameters([
            ("EXTERNAL", "TRUE"),
            ("classification", "parquet"),
        ])))
        .partition_keys(glue_column("event_date", "date"))
        .storage_descriptor(parquet(&PLAYS, "s3://lake/part/curated/plays/"))
        .build()
        .unwrap()
}

pub(crate) fn plays_partition(generation: u32) -> PartitionInput {
    let directory = format!("curated/plays/event_date={DATE}/run=00000{generation}-d1");
    PartitionInput::builder()
        .values(DATE)
        .storage_descriptor(parquet(&PLAYS, &format!("s3://lake/part/{directory}/")))
        .set_parameters(Some(parameters([
            ("marquee.generation", &generation.to_string()),
            ("marquee.directory", &directory),
            ("marquee.rows", &(40 + generation).to_string()),
        ])))
        .build()
}

/// The table `plays` after people edited its description, owner and other attributes.
pub(crate) fn edited_table() -> TableInput {
    let mut table = plays_table();
    table.description = Some("What is played.".into());
    table.owner = Some("data".into());
    table.retention = 3;
    table.last_access_time = Some(DateTime::from_secs(8));
    table.last_analyzed_time = Some(DateTime::from_secs(9));
    table.view_original_text = Some("not".into());
    table.view_expanded_text = Some("used".into());
    let parameters = table.parameters.as_mut().unwrap();
    parameters.insert("team".into(), "insights".into());
    let descriptor = table.storage_descriptor.as_mut().unwrap();
    descriptor.compressed = true;
    let column = &mut descriptor.columns.as_mut().unwrap()[0];
    column.comment = Some("Which title.".into());
    table
}

impl Contents {
    /// Returns the generation of `plays` that readers see on [`DATE`].
    pub(crate) fn shown(&self) -> &str {
        let partition = &self.partitions[&("plays".to_owned(), DATE.to_owned())];
        &partition.parameters().unwrap()["marquee.generation"]
    }

    pub(crate) fn location(&self, table: &str) -> &str {
        let descriptor = self.tables[table].storage_descriptor().unwrap();
        descriptor.location().unwrap()
    }
}
