//! Plans the load of a table from the generation, the table's definition and the
//! columns of its files. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use marquee_event::Date;
use marquee_lake::digest;
use marquee_lake::generation::{Generation, TableFiles};
use marquee_table_catalog as table_catalog;
use object_store::path::Path;
use serde::Serialize;

use crate::definition::{ColumnDefinition, LoadMode, TableDefinition};
use crate::error::WarehouseError;
use crate::files;
use crate::port::{Statement, StatementBatch};
use crate::script;

/// The prefix of the keys of loads.
pub const LOADS: &str = "ledger/loads";

/// The name of the COPY statement, which a table without files does not need.
const COPY: &str = "copy the files";

/// The settings of loads.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// The lake's URL as COPY reads it: `s3://bucket/prefix`.
    pub lake: String,
    /// The ARN of the role with which COPY reads the lake.
    pub copy_role: String,
    /// The timeout of a statement.
    pub timeout: Duration,
}

/// A file in a COPY manifest. Columnar formats require the length.
#[derive(Debug, Serialize)]
struct ManifestEntry {
    url: String,
    mandatory: bool,
    meta: EntryMetadata,
}

#[derive(Debug, Serialize)]
struct EntryMetadata {
    content_length: u64,
}

#[derive(Debug, Serialize)]
struct CopyManifest {
    entries: Vec<ManifestEntry>,
}

/// The plan for loading a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePlan {
    /// The key and the content of the manifest, which lists exactly the table's
    /// files. `None` for a table without files.
    pub manifest: Option<(Path, Vec<u8>)>,
    /// The statements of the transaction.
    pub statements: Vec<Statement>,
    /// The values of the parameters.
    pub parameters: BTreeMap<String, String>,
}

impl TablePlan {
    /// Returns the plan as a batch.
    pub fn batch(&self, name: String, token: String) -> StatementBatch {
        StatementBatch {
            name,
            token,
            statements: self.statements.clone(),
            parameters: self.parameters.clone(),
        }
    }
}

/// Returns the directory of a generation's load: its state and its manifests.
pub fn directory(event_date: Date, generation: u32) -> String {
    format!("{LOADS}/event_date={event_date}/{generation:06}")
}

/// Plans the load of one table. `columns` are the columns of its files, in order;
/// without columns, the definition's are assumed.
///
/// # Errors
/// [`WarehouseError::Schema`] when the files have a column that the warehouse lacks
/// or that has another type; [`WarehouseError::File`].
pub fn plan_table(
    settings: &LoadSettings,
    definition: &TableDefinition,
    generation: &Generation,
    files: &TableFiles,
    columns: &[table_catalog::Column],
) -> Result<TablePlan, WarehouseError> {
    let table = &definition.table;
    let loaded_columns = match columns.is_empty() {
        true => definition.loaded_columns().collect(),
        false => matching_columns(definition, columns)?,
    };
    let key = format!(
        "{}/manifests/{table}.json",
        directory(generation.event_date, generation.generation)
    );
    let names: Vec<&str> = loaded_columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let staged: Vec<String> = loaded_columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.column_type.sql()))
        .collect();
    let has_date = definition.has_date() && definition.load_mode == LoadMode::Latest;
    let date = |text: &str| match has_date {
        true => text.to_owned(),
        false => String::new(),
    };
    let key_column = names
        .first()
        .ok_or_else(|| WarehouseError::Schema(format!("table {table} has no columns to load")))?;
    let values = BTreeMap::from([
        ("table", table.clone()),
        ("columns", names.join(", ")),
        ("staged_columns", staged.join(",\n    ")),
        ("date_column", date("event_date, ")),
        ("date_value", date("CAST(:event_date AS DATE),\n    ")),
        ("key", (*key_column).to_owned()),
        (
            "manifest",
            escape_literal(&format!("{}/{key}", settings.lake)),
        ),
        ("role", escape_literal(&settings.copy_role)),
        ("timeout_ms", settings.timeout.as_millis().to_string()),
    ]);
    let file = definition.load_mode.file();
    let text = files::named(files::LOADS, "load", file)?;
    let mut statements = script::statements(&format!("load/{file}"), text, &values)?;
    let manifest = match files.files.is_empty() {
        true => {
            let count = statements.len();
            statements.retain(|statement| statement.name != COPY);
            if statements.len() + 1 != count {
                return Err(WarehouseError::File {
                    file: format!("load/{file}"),
                    fault: format!("exactly one statement must have the name {COPY:?}"),
                });
            }
            None
        }
        false => Some((Path::from(key), manifest(&settings.lake, files)?)),
    };
    let parameters = BTreeMap::from([
        ("event_date".to_owned(), generation.event_date.to_string()),
        ("generation".to_owned(), generation.generation.to_string()),
        ("row_count".to_owned(), files.rows().to_string()),
    ]);
    Ok(TablePlan {
        manifest,
        statements,
        parameters,
    })
}

/// Returns the idempotency token of a batch. Equal statements of the same load, start
/// and attempt have the same token, so submitting them twice runs them once.
pub fn token(load: &str, start_count: u32, attempt: u32, batch: &StatementBatch) -> String {
    let mut text = format!("{load}\n{start_count}\n{attempt}\n{}\n", batch.name);
    for statement in &batch.statements {
        text.push_str(&statement.sql);
        text.push('\n');
    }
    for (name, value) in &batch.parameters {
        text.push_str(&format!("{name}={value}\n"));
    }
    digest::of(text.as_bytes())
}

/// Returns the definition's columns in the order of the files' columns, which COPY
/// matches by position.
fn matching_columns<'d>(
    definition: &'d TableDefinition,
    columns: &[table_catalog::Column],
) -> Result<Vec<&'d ColumnDefinition>, WarehouseError> {
    let table = &definition.table;
    let found = |column: &table_catalog::Column| {
        let wanted = definition
            .loaded_columns()
            .find(|wanted| wanted.name == column.name);
        let Some(wanted) = wanted else {
            return Err(WarehouseError::Schema(format!(
                "table {table}: the warehouse lacks column {} {} of the table's files. Add it at \
                 the end of sql/redshift/ddl/{table}.sql",
                column.name, column.kind
            )));
        };
        match wanted.column_type.accepts(&column.kind) {
            true => Ok(wanted),
            false => Err(WarehouseError::Schema(format!(
                "table {table}: column {} is {} in the files and {} in the warehouse, and COPY \
                 does not convert types. Cast the column in sql/marts/{table}.sql, or convert the \
                 table with a numbered file in sql/redshift/migrations",
                column.name,
                column.kind,
                wanted.column_type.sql()
            ))),
        }
    };
    columns.iter().map(found).collect()
}

fn manifest(lake: &str, files: &TableFiles) -> Result<Vec<u8>, WarehouseError> {
    let entries = files.files.iter().map(|file| ManifestEntry {
        url: format!("{lake}/{}", file.key),
        mandatory: true,
        meta: EntryMetadata {
            content_length: file.bytes,
        },
    });
    let manifest = CopyManifest {
        entries: entries.collect(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| WarehouseError::Internal(format!("cannot write a manifest: {error}")))?;
    text.push(b'\n');
    Ok(text)
}

/// Escapes text for a SQL literal.
fn escape_literal(text: &str) -> String {
    text.replace('\'', "''")
}
