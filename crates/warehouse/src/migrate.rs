//! Migrates the schema of the warehouse.
//!
//! [`inspect_schema`] reads the schema of the warehouse.
//! [`WarehouseSchema::next_migration`] then returns the statements of the next
//! transaction, until none is left:
//!
//! 1. each numbered file of `sql/redshift/migrations`, once, in order;
//! 2. missing tables of `sql/redshift/ddl`, and columns that a table gained at its
//!    end;
//! 3. views of `sql/redshift/views` whose text differs from the applied one.
//!
//! Any other difference is an error that names the remedy. `marquee.migrations`
//! records what was applied. A numbered file with the head `-- table: NAME` converts
//! an existing table; it is only recorded where there is no such table.

use std::collections::{BTreeMap, BTreeSet};

use marquee_lake::digest;

use crate::definition::{ColumnType, TableDefinition, definitions};
use crate::error::WarehouseError;
use crate::files;
use crate::port::{MAX_STATEMENTS, ResultRows, Statement, StatementBatch};
use crate::script;

/// The indexes of the statements of [`inspect_schema`] that return the applied
/// migrations and the columns.
pub const INSPECTION_RESULTS: [usize; 2] = [2, 3];

/// The statements of a migration that lock and record; a margin above the two that
/// there are.
const OTHER_STATEMENTS: usize = 4;

/// Returns the batch that reads the warehouse's schema. It creates the schema if it
/// is missing.
pub fn inspect_schema(token: String) -> Result<StatementBatch, WarehouseError> {
    let text = files::named(files::LOOKS, "look", "schema")?;
    Ok(StatementBatch {
        name: "look".into(),
        token,
        statements: script::statements("look/schema", text, &BTreeMap::new())?,
        parameters: BTreeMap::new(),
    })
}

/// A column of the warehouse: its name, type, and maximum length in bytes if it is
/// text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ExistingColumn {
    name: String,
    schema_name: String,
    bytes: Option<u32>,
}

/// The schema of a warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WarehouseSchema {
    /// The digest of each applied migration or view, by name; of the newest if it was
    /// applied several times.
    applied: BTreeMap<String, String>,
    columns: BTreeMap<String, Vec<ExistingColumn>>,
}

/// The statements of one migration, which run as one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// A description of each change, such as `create table events`.
    pub descriptions: Vec<String>,
    /// The statements that make the changes and record them.
    pub statements: Vec<Statement>,
}

impl Migration {
    /// Returns the migration as a batch.
    pub fn batch(&self, token: String) -> StatementBatch {
        StatementBatch {
            name: "migrate".into(),
            token,
            statements: self.statements.clone(),
            parameters: BTreeMap::new(),
        }
    }
}

impl WarehouseSchema {
    /// Parses the results of [`inspect_schema`]: the applied migrations and the
    /// columns.
    ///
    /// # Errors
    /// [`WarehouseError::InvalidResponse`].
    pub fn read(applied: ResultRows, columns: ResultRows) -> Result<Self, WarehouseError> {
        let mut found = Self::default();
        for row in applied {
            let [Some(name), Some(digest)] = &row[..] else {
                return Err(invalid_row(&row));
            };
            found.applied.insert(name.clone(), digest.clone());
        }
        for row in columns {
            let [Some(table), Some(name), Some(schema_name), bytes] = &row[..] else {
                return Err(invalid_row(&row));
            };
            let bytes = bytes.as_deref().map(str::parse).transpose();
            let column = ExistingColumn {
                name: name.clone(),
                schema_name: schema_name.clone(),
                bytes: bytes.map_err(|_| invalid_row(&row))?,
            };
            found.columns.entry(table.clone()).or_default().push(column);
        }
        Ok(found)
    }

    /// Returns the next migration; `None` if the schema is current.
    ///
    /// # Errors
    /// [`WarehouseError::Schema`] for a difference that no migration resolves;
    /// [`WarehouseError::File`].
    pub fn next_migration(&self) -> Result<Option<Migration>, WarehouseError> {
        self.next_migration_of(files::MIGRATIONS, &definitions()?, files::VIEWS)
    }

    fn next_migration_of(
        &self,
        numbered: &[(&str, &str)],
        definitions: &[TableDefinition],
        views: &[(&str, &str)],
    ) -> Result<Option<Migration>, WarehouseError> {
        let mut numbers = BTreeSet::new();
        for (name, text) in numbered {
            let number = name
                .split_once('_')
                .map(|(number, _)| number)
                .filter(|number| number.len() == 4 && number.parse::<u32>().is_ok());
            if !number.is_some_and(|number| numbers.insert(number)) {
                return Err(WarehouseError::File {
                    file: format!("migrations/{name}"),
                    fault: "the file's name must begin with a unique number of four digits and `_`"
                        .into(),
                });
            }
            if let Some(change) = self.numbered(name, text)? {
                return Ok(Some(change));
            }
        }
        // Detect all errors before the first change.
        let mut changes = Vec::new();
        for definition in definitions {
            changes.extend(self.table(definition)?);
        }
        for (name, text) in views {
            changes.extend(self.view(name, text));
        }
        let mut change = Migration {
            descriptions: Vec::new(),
            statements: vec![lock()],
        };
        for (description, statements) in changes {
            if change.statements.len() + statements.len() > MAX_STATEMENTS {
                break;
            }
            change.descriptions.push(description);
            change.statements.extend(statements);
        }
        Ok((!change.descriptions.is_empty()).then_some(change))
    }

    /// Returns the numbered file as a migration, unless it was applied.
    fn numbered(&self, name: &str, text: &str) -> Result<Option<Migration>, WarehouseError> {
        let key = format!("migrations/{name}");
        let digest = digest_of(text);
        match self.applied.get(&key) {
            Some(applied) if *applied == digest || is_whole_file(name, applied) => {
                return Ok(None);
            }
            Some(_) => {
                return Err(WarehouseError::Schema(format!(
                    "sql/redshift/{key}.sql differs from the applied file. Restore it, and write \
                     the change as a file with the next number"
                )));
            }
            None => {}
        }
        let converted_table = text
            .lines()
            .find_map(|line| line.strip_prefix("-- table:"))
            .map(str::trim);
        let mut statements = vec![lock()];
        if converted_table.is_none_or(|table| self.columns.contains_key(table)) {
            let named = with_names(text);
            let own = script::statements(&key, &named, &BTreeMap::new())?;
            if own.len() + OTHER_STATEMENTS > MAX_STATEMENTS {
                return Err(WarehouseError::File {
                    file: key,
                    fault: format!(
                        "the file has {} statements, but a migration has at most {}. Split it \
                         into two files",
                        own.len(),
                        MAX_STATEMENTS - OTHER_STATEMENTS
                    ),
                });
            }
            statements.extend(own);
        }
        statements.push(record(&key, &digest));
        Ok(Some(Migration {
            descriptions: vec![format!("apply {key}")],
            statements,
        }))
    }

    /// Returns the changes that bring the table to its definition, each with its
    /// description.
    fn table(
        &self,
        definition: &TableDefinition,
    ) -> Result<Vec<(String, Vec<Statement>)>, WarehouseError> {
        let table = &definition.table;
        let Some(found) = self.columns.get(table) else {
            let description = format!("create table {table}");
            let create = Statement {
                name: description.clone(),
                sql: definition.create.clone(),
            };
            return Ok(vec![(description, vec![create])]);
        };
        for (found, wanted) in found.iter().zip(&definition.columns) {
            let is_same = found.name == wanted.name
                && found.schema_name == wanted.column_type.schema_name()
                && match wanted.column_type {
                    ColumnType::Varchar(bytes) => found.bytes == Some(bytes),
                    _ => true,
                };
            if !is_same {
                let bytes = found.bytes.map_or_else(String::new, |b| format!("({b})"));
                return Err(WarehouseError::Schema(format!(
                    "table {table}: the warehouse has column {} {}{bytes} where \
                     sql/redshift/ddl/{table}.sql has {} {}; only new columns at the end can be \
                     applied. {}",
                    found.name,
                    found.schema_name,
                    wanted.name,
                    wanted.column_type.sql(),
                    remedy(table)
                )));
            }
        }
        let gained = definition.columns.iter().skip(found.len());
        gained
            .map(|column| {
                if !column.nullable {
                    return Err(WarehouseError::Schema(format!(
                        "table {table}: the new column {} is NOT NULL, but existing rows have no \
                         value for it. Remove NOT NULL. Or: {}",
                        column.name,
                        remedy(table)
                    )));
                }
                let description = format!("add column {table}.{}", column.name);
                let add = Statement {
                    name: description.clone(),
                    sql: format!(
                        "ALTER TABLE marquee.{table} ADD COLUMN {} {}",
                        column.name,
                        column.column_type.sql()
                    ),
                };
                Ok((description, vec![add]))
            })
            .collect()
    }

    /// Returns the change that creates the view, unless it was applied.
    fn view(&self, name: &str, text: &str) -> Option<(String, Vec<Statement>)> {
        let key = format!("views/{name}");
        let digest = digest_of(text);
        if self.applied.get(&key) == Some(&digest) {
            return None;
        }
        let description = format!("create view {name}");
        let create = Statement {
            name: description.clone(),
            sql: text.trim().trim_end_matches(';').to_owned(),
        };
        Some((description, vec![create, record(&key, &digest)]))
    }
}

fn remedy(table: &str) -> String {
    format!(
        "Write a numbered file in sql/redshift/migrations with the head `-- table: {table}` that \
         converts the table (rename it, create the new one, INSERT INTO … SELECT, drop the old \
         one)"
    )
}

/// Returns a numbered file with a name above every statement. A statement without a
/// comment is named after its first three words.
fn with_names(text: &str) -> String {
    let mut named = String::new();
    for part in text.split_inclusive(";\n") {
        if !part.trim_start().starts_with("--") {
            let first = part.split_whitespace().take(3).collect::<Vec<_>>();
            named.push_str(&format!("-- {}\n", first.join(" ").to_lowercase()));
        }
        named.push_str(part.trim_start());
        named.push('\n');
    }
    named
}

/// Returns the digest that identifies an applied file: that of its code, so that a
/// comment may be reworded.
fn digest_of(text: &str) -> String {
    digest::of(marquee_sql::code(text).as_bytes())
}

/// Numbered files that the first warehouses recorded by the digest of the whole file,
/// comments included.
const WHOLE_FILES: [(&str, &str); 1] = [("0001_load_log", "c60989fc55acb27e6a9d327f58eecf39")];

fn is_whole_file(name: &str, applied: &str) -> bool {
    WHOLE_FILES.contains(&(name, applied))
}

/// Serializes concurrent migrations.
fn lock() -> Statement {
    Statement {
        name: "lock the table of migrations".into(),
        sql: "LOCK TABLE marquee.migrations".into(),
    }
}

/// Returns the statement that records a migration. Neither a digest (hexadecimal) nor
/// the name of an embedded file contains a quote.
fn record(name: &str, digest: &str) -> Statement {
    Statement {
        name: format!("record {name}"),
        sql: format!("INSERT INTO marquee.migrations (name, digest) VALUES ('{name}', '{digest}')"),
    }
}

fn invalid_row(row: &[Option<String>]) -> WarehouseError {
    WarehouseError::InvalidResponse(format!("a row of the schema is {row:?}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
