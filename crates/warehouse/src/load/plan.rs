//! What is run to load a table: pure, from the generation, the table's
//! definition and the columns of its files.

use std::collections::BTreeMap;
use std::time::Duration;

use marquee_event::Date;
use marquee_lake::digest;
use marquee_lake::generation::{Generation, TableFiles};
use marquee_table_catalog as table_catalog;
use object_store::path::Path;
use serde::Serialize;

use crate::definition::{Column, Definition, Shape};
use crate::error::WarehouseError;
use crate::files;
use crate::port::{Batch, Statement};
use crate::script;

/// What the keys of loads begin with.
pub const LOADS: &str = "ledger/loads";

/// The statement that does without when a table has no files.
const COPY: &str = "copy the files";

/// Where the lake is, and how it is loaded.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The lake as the warehouse names it: `s3://bucket/prefix`.
    pub lake: String,
    /// The ARN of the role by which COPY reads it.
    pub copy_role: String,
    /// How long a statement may take.
    pub timeout: Duration,
}

/// A file of a COPY manifest. Columnar formats need the length.
#[derive(Debug, Serialize)]
struct Entry {
    url: String,
    mandatory: bool,
    meta: Meta,
}

#[derive(Debug, Serialize)]
struct Meta {
    content_length: u64,
}

#[derive(Debug, Serialize)]
struct Manifest {
    entries: Vec<Entry>,
}

/// How a table is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePlan {
    /// The manifest of exactly its files: its key and bytes. `None` for a table
    /// without files.
    pub manifest: Option<(Path, Vec<u8>)>,
    /// The transaction, each statement named.
    pub statements: Vec<Statement>,
    /// What its parameters are.
    pub parameters: BTreeMap<String, String>,
}

impl TablePlan {
    /// The plan as a batch.
    pub fn batch(&self, name: String, token: String) -> Batch {
        Batch {
            name,
            token,
            statements: self.statements.clone(),
            parameters: self.parameters.clone(),
        }
    }
}

/// Where the load of a generation keeps what it has done, and its manifests.
pub fn directory(event_date: Date, generation: u32) -> String {
    format!("{LOADS}/event_date={event_date}/{generation:06}")
}

/// Plans the load of one table. `columns` are those of its files, in order.
///
/// # Errors
/// [`WarehouseError::Schema`] when the files have a column that the warehouse
/// lacks or that is of another type; [`WarehouseError::File`].
pub fn plan(
    settings: &Settings,
    definition: &Definition,
    generation: &Generation,
    files: &TableFiles,
    columns: &[table_catalog::Column],
) -> Result<TablePlan, WarehouseError> {
    let table = &definition.table;
    let loaded = match columns.is_empty() {
        true => definition.loaded().collect(),
        false => matching(definition, columns)?,
    };
    let key = format!(
        "{}/manifests/{table}.json",
        directory(generation.event_date, generation.generation)
    );
    let names: Vec<&str> = loaded.iter().map(|column| column.name.as_str()).collect();
    let staged: Vec<String> = loaded
        .iter()
        .map(|column| format!("{} {}", column.name, column.kind.sql()))
        .collect();
    let has_date = definition.has_date() && definition.shape == Shape::Latest;
    let date = |text: &str| match has_date {
        true => text.to_owned(),
        false => String::new(),
    };
    let first = names.first().copied().unwrap_or_default();
    let words = BTreeMap::from([
        ("table", table.clone()),
        ("columns", names.join(", ")),
        ("staged_columns", staged.join(",\n    ")),
        ("date_column", date("event_date, ")),
        ("date_value", date("CAST(:event_date AS DATE),\n    ")),
        ("key", first.to_owned()),
        ("manifest", literal(&format!("{}/{key}", settings.lake))),
        ("role", literal(&settings.copy_role)),
        ("timeout_ms", settings.timeout.as_millis().to_string()),
    ]);
    let file = definition.shape.file();
    let text = files::named(files::LOADS, file);
    let mut statements = script::statements(&format!("load/{file}"), text, &words)?;
    let manifest = match files.files.is_empty() {
        true => {
            statements.retain(|statement| statement.name != COPY);
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

/// The token of a batch: the same load, run and try of the same statements has
/// the same one, so that handing it over twice runs it once.
pub fn token(load: &str, run: u32, tries: u32, batch: &Batch) -> String {
    let mut text = format!("{load}\n{run}\n{tries}\n{}\n", batch.name);
    for statement in &batch.statements {
        text.push_str(&statement.sql);
        text.push('\n');
    }
    for (name, value) in &batch.parameters {
        text.push_str(&format!("{name}={value}\n"));
    }
    digest::of(text.as_bytes())
}

/// The definition's columns in the order of the files', which COPY goes by.
fn matching<'d>(
    definition: &'d Definition,
    columns: &[table_catalog::Column],
) -> Result<Vec<&'d Column>, WarehouseError> {
    let table = &definition.table;
    let found = |column: &table_catalog::Column| {
        let wanted = definition
            .loaded()
            .find(|wanted| wanted.name == column.name);
        let Some(wanted) = wanted else {
            return Err(WarehouseError::Schema(format!(
                "table {table}: its files have a column {} {}, which the warehouse lacks: add it \
                 at the end of sql/redshift/ddl/{table}.sql",
                column.name, column.kind
            )));
        };
        match wanted.kind.takes(&column.kind) {
            true => Ok(wanted),
            false => Err(WarehouseError::Schema(format!(
                "table {table}: its files have {} as {}, the warehouse as {}: COPY takes no other \
                 type than its own. Cast it in sql/marts/{table}.sql, or bring the table over by \
                 a numbered file in sql/redshift/migrations",
                column.name,
                column.kind,
                wanted.kind.sql()
            ))),
        }
    };
    columns.iter().map(found).collect()
}

fn manifest(lake: &str, files: &TableFiles) -> Result<Vec<u8>, WarehouseError> {
    let entries = files.files.iter().map(|file| Entry {
        url: format!("{lake}/{}", file.key),
        mandatory: true,
        meta: Meta {
            content_length: file.bytes,
        },
    });
    let manifest = Manifest {
        entries: entries.collect(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| WarehouseError::Asked(format!("a manifest cannot be written: {error}")))?;
    text.push(b'\n');
    Ok(text)
}

/// A text as it stands between the quotes of a literal.
fn literal(text: &str) -> String {
    text.replace('\'', "''")
}
