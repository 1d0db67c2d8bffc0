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
mod tests {
    use super::*;

    fn definition(columns: &str) -> TableDefinition {
        let text = format!(
            "CREATE TABLE IF NOT EXISTS marquee.t (\n{columns}\n)\nDISTSTYLE ALL\nSORTKEY (a);\n"
        );
        TableDefinition::parse("t", &text, &[]).unwrap()
    }

    fn found(columns: &[[&str; 4]]) -> WarehouseSchema {
        let row = |row: &[&str; 4]| {
            row.iter()
                .map(|value| (!value.is_empty()).then(|| (*value).to_owned()))
                .collect()
        };
        WarehouseSchema::read(Vec::new(), columns.iter().map(row).collect()).unwrap()
    }

    #[test]
    fn a_missing_table_is_created_and_a_new_column_added() {
        let wanted = [definition("a INTEGER,\nb VARCHAR(8),\nc DATE")];
        let change = WarehouseSchema::default()
            .next_migration_of(&[], &wanted, &[])
            .unwrap()
            .unwrap();
        assert_eq!(change.descriptions, ["create table t"]);
        let old = found(&[
            ["t", "a", "integer", ""],
            ["t", "b", "character varying", "8"],
        ]);
        let change = old.next_migration_of(&[], &wanted, &[]).unwrap().unwrap();
        assert_eq!(change.descriptions, ["add column t.c"]);
        assert_eq!(
            change.statements[1].sql,
            "ALTER TABLE marquee.t ADD COLUMN c DATE"
        );
        // A newer program added a column; the older one accepts it.
        let wanted = [definition("a INTEGER")];
        assert_eq!(old.next_migration_of(&[], &wanted, &[]).unwrap(), None);
    }

    #[test]
    fn any_other_difference_is_an_error_with_a_remedy() {
        let old = found(&[["t", "a", "character varying", "8"]]);
        for columns in ["a VARCHAR(9)", "a BIGINT", "b VARCHAR(8)"] {
            let error = old
                .next_migration_of(&[], &[definition(columns)], &[])
                .unwrap_err();
            let error = error.to_string();
            assert!(
                error.starts_with(
                    "table t: the warehouse has column a character varying(8) where \
                     sql/redshift/ddl/t.sql has "
                ),
                "{error}"
            );
            assert!(error.contains("Write a numbered file"), "{error}");
        }
        let wanted = definition("a VARCHAR(8),\nb DATE NOT NULL");
        let error = old
            .next_migration_of(&[], &[wanted], &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains("b is NOT NULL"), "{error}");
    }

    #[test]
    fn an_invalid_length_of_a_column_is_an_error() {
        let row = ["t", "a", "character varying", "long"].map(|value| Some(value.to_owned()));
        let error = WarehouseSchema::read(Vec::new(), vec![row.into()]).unwrap_err();
        assert!(
            matches!(error, WarehouseError::InvalidResponse(_)),
            "{error}"
        );
    }

    #[test]
    fn a_migration_without_a_unique_number_is_an_error() {
        let statement = "SELECT 1;\n";
        for names in [
            ["one", "0001_one"],
            ["1_one", "0001_one"],
            ["0001_one", "0001_two"],
        ] {
            let files = names.map(|name| (name, statement));
            let mut found = WarehouseSchema::default();
            for name in names {
                let key = format!("migrations/{name}");
                found.applied.insert(key, digest::of(statement.as_bytes()));
            }
            let error = found.next_migration_of(&files, &[], &[]).unwrap_err();
            assert!(error.to_string().contains("a unique number"), "{error}");
        }
    }

    #[test]
    fn numbered_files_are_applied_once_and_in_order() {
        let one = ("0001_one", "-- Why.\nCREATE TABLE a (b INTEGER);\n");
        let two = (
            "0002_two",
            "-- table: t\nDROP TABLE t;\nCREATE TABLE t (b INTEGER);\n",
        );
        let mut found = found(&[["t", "a", "integer", ""]]);
        for (name, text) in [one, two] {
            let change = found
                .next_migration_of(&[one, two], &[], &[])
                .unwrap()
                .unwrap();
            assert_eq!(change.descriptions, [format!("apply migrations/{name}")]);
            found
                .applied
                .insert(format!("migrations/{name}"), digest_of(text));
        }
        assert_eq!(
            found.next_migration_of(&[one, two], &[], &[]).unwrap(),
            None
        );
        let reworded = (
            "0001_one",
            "-- Why, in other words.\nCREATE TABLE a (b INTEGER);\n",
        );
        assert_eq!(
            found.next_migration_of(&[reworded, two], &[], &[]).unwrap(),
            None
        );
        let changed = ("0001_one", "SELECT 1;\n");
        let error = found
            .next_migration_of(&[changed, two], &[], &[])
            .unwrap_err();
        assert!(error.to_string().contains("differs from the applied file"));
        // There is no table to convert: the file is only recorded.
        let change = WarehouseSchema::default()
            .next_migration_of(&[two], &[], &[])
            .unwrap()
            .unwrap();
        assert_eq!(change.statements.len(), 2);
    }

    #[test]
    fn many_changes_are_split_into_several_transactions() {
        let views: Vec<(String, String)> = (0..30)
            .map(|n| {
                (
                    format!("v{n}"),
                    format!("CREATE OR REPLACE VIEW v{n} AS SELECT 1"),
                )
            })
            .collect();
        let mut views: Vec<(&str, &str)> = views
            .iter()
            .map(|(n, t)| (n.as_str(), t.as_str()))
            .collect();
        let change = WarehouseSchema::default()
            .next_migration_of(&[], &[], &views)
            .unwrap()
            .unwrap();
        assert!(change.statements.len() <= MAX_STATEMENTS);
        assert_eq!(change.descriptions.len(), 19);
        views.truncate(2);
        let change = WarehouseSchema::default()
            .next_migration_of(&[], &[], &views)
            .unwrap()
            .unwrap();
        assert_eq!(change.descriptions, ["create view v0", "create view v1"]);
    }

    #[test]
    fn the_first_warehouses_know_whole_files() {
        let (name, digest) = WHOLE_FILES[0];
        let applied = vec![Some(format!("migrations/{name}")), Some(digest.to_owned())];
        let found = WarehouseSchema::read(vec![applied], Vec::new()).unwrap();
        let first = &files::MIGRATIONS[..1];
        assert_eq!(found.next_migration_of(first, &[], &[]).unwrap(), None);
    }
}
