//! Migrations: from what a warehouse has to what it should have.
//!
//! The warehouse is asked first ([`look`]); [`Found::next`] then says what is to
//! be run, a transaction at a time, until nothing is left:
//!
//! 1. the numbered files of `sql/redshift/migrations`, each once, in order;
//! 2. tables of `sql/redshift/ddl` that are missing, and columns that one gained
//!    at its end;
//! 3. the views of `sql/redshift/views` whose text is another than was applied.
//!
//! Anything else that differs is refused, with the way out. What was applied
//! stands in `marquee.migrations`. A numbered file whose head says
//! `-- table: NAME` brings an old table over, and is only recorded where there is
//! no such table.

use std::collections::{BTreeMap, BTreeSet};

use marquee_lake::digest;

use crate::definition::{Definition, definitions};
use crate::error::WarehouseError;
use crate::files;
use crate::port::{Batch, MAX_STATEMENTS, Rows, Statement};
use crate::script;

/// Which statements of [`look`] tell what was applied, and the columns.
pub const TOLD: [usize; 2] = [2, 3];

/// Statements of a batch that are no changes: locking, recording.
const OTHER_STATEMENTS: usize = 4;

/// Asks the warehouse what it has; makes the schema if there is none.
///
/// # Errors
/// [`WarehouseError::File`].
pub fn look(token: String) -> Result<Batch, WarehouseError> {
    let text = files::named(files::LOOKS, "schema");
    Ok(Batch {
        name: "look".into(),
        token,
        statements: script::statements("look/schema", text, &BTreeMap::new())?,
        parameters: BTreeMap::new(),
    })
}

/// A column that the warehouse has: its name, type, and bytes if it is text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FoundColumn {
    name: String,
    kind: String,
    bytes: Option<u32>,
}

/// What a warehouse has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The digest of what was applied last, by its name.
    applied: BTreeMap<String, String>,
    columns: BTreeMap<String, Vec<FoundColumn>>,
}

/// What is to be run next, as one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The changes, for people: `create table events`.
    pub what: Vec<String>,
    /// What does them and records them.
    pub statements: Vec<Statement>,
}

impl Change {
    /// The change as a batch.
    pub fn batch(&self, token: String) -> Batch {
        Batch {
            name: "migrate".into(),
            token,
            statements: self.statements.clone(),
            parameters: BTreeMap::new(),
        }
    }
}

impl Found {
    /// Understands the answers to [`look`]: what was applied, and the columns.
    ///
    /// # Errors
    /// [`WarehouseError::Answer`].
    pub fn read(applied: Rows, columns: Rows) -> Result<Self, WarehouseError> {
        let mut found = Self::default();
        for row in applied {
            let [Some(name), Some(digest)] = &row[..] else {
                return Err(not_understood(&row));
            };
            found.applied.insert(name.clone(), digest.clone());
        }
        for row in columns {
            let [Some(table), Some(name), Some(kind), bytes] = &row[..] else {
                return Err(not_understood(&row));
            };
            let column = FoundColumn {
                name: name.clone(),
                kind: kind.clone(),
                bytes: bytes.as_deref().and_then(|bytes| bytes.parse().ok()),
            };
            found.columns.entry(table.clone()).or_default().push(column);
        }
        Ok(found)
    }

    /// What is to be run next; `None` when the warehouse is as it should be.
    ///
    /// # Errors
    /// [`WarehouseError::Schema`] for a difference that nothing here brings over;
    /// [`WarehouseError::File`].
    pub fn next(&self) -> Result<Option<Change>, WarehouseError> {
        self.next_of(files::MIGRATIONS, &definitions()?, files::VIEWS)
    }

    fn next_of(
        &self,
        numbered: &[(&str, &str)],
        definitions: &[Definition],
        views: &[(&str, &str)],
    ) -> Result<Option<Change>, WarehouseError> {
        let mut numbers = BTreeSet::new();
        for (name, text) in numbered {
            let number = name.split('_').next().unwrap_or_default();
            if number.len() != 4 || number.parse::<u32>().is_err() || !numbers.insert(number) {
                return Err(WarehouseError::File {
                    file: format!("migrations/{name}"),
                    fault: "its name must begin with a number of its own, four digits and `_`"
                        .into(),
                });
            }
            if let Some(change) = self.numbered(name, text)? {
                return Ok(Some(change));
            }
        }
        // Refusals first, so that nothing is done where not all can be.
        let mut changes = Vec::new();
        for definition in definitions {
            changes.extend(self.table(definition)?);
        }
        for (name, text) in views {
            changes.extend(self.view(name, text));
        }
        let mut change = Change {
            what: Vec::new(),
            statements: vec![lock()],
        };
        for (what, statements) in changes {
            if change.statements.len() + statements.len() > MAX_STATEMENTS {
                break;
            }
            change.what.push(what);
            change.statements.extend(statements);
        }
        Ok((!change.what.is_empty()).then_some(change))
    }

    /// The numbered file as a change, unless it was applied.
    fn numbered(&self, name: &str, text: &str) -> Result<Option<Change>, WarehouseError> {
        let key = format!("migrations/{name}");
        let digest = digest::of(text.as_bytes());
        match self.applied.get(&key) {
            Some(applied) if *applied == digest => return Ok(None),
            Some(_) => {
                return Err(WarehouseError::Schema(format!(
                    "sql/redshift/{key}.sql is another than was applied: put back what it was, \
                     and write what is to change as a file with the next number"
                )));
            }
            None => {}
        }
        let brings_over = text
            .lines()
            .find_map(|line| line.strip_prefix("-- table:"))
            .map(str::trim);
        let mut statements = vec![lock()];
        if brings_over.is_none_or(|table| self.columns.contains_key(table)) {
            let named = named(text);
            let own = script::statements(&key, &named, &BTreeMap::new())?;
            if own.len() + OTHER_STATEMENTS > MAX_STATEMENTS {
                return Err(WarehouseError::File {
                    file: key,
                    fault: format!(
                        "it has {} statements, but a transaction has {MAX_STATEMENTS} at most: \
                         divide it into two numbers",
                        own.len()
                    ),
                });
            }
            statements.extend(own);
        }
        statements.push(record(&key, &digest));
        Ok(Some(Change {
            what: vec![format!("apply {key}")],
            statements,
        }))
    }

    /// What makes the table as it is defined.
    fn table(
        &self,
        definition: &Definition,
    ) -> Result<Vec<(String, Vec<Statement>)>, WarehouseError> {
        let table = &definition.table;
        let Some(found) = self.columns.get(table) else {
            let what = format!("create table {table}");
            let create = Statement {
                name: what.clone(),
                sql: definition.create.clone(),
            };
            return Ok(vec![(what, vec![create])]);
        };
        for (found, wanted) in found.iter().zip(&definition.columns) {
            let is_same = found.name == wanted.name
                && found.kind == wanted.kind.schema_name()
                && match wanted.kind {
                    crate::definition::Kind::Varchar(bytes) => found.bytes == Some(bytes),
                    _ => true,
                };
            if !is_same {
                let bytes = found.bytes.map_or_else(String::new, |b| format!("({b})"));
                return Err(WarehouseError::Schema(format!(
                    "table {table}: where the warehouse has column {} {}{bytes}, \
                     sql/redshift/ddl/{table}.sql has {} {}; only new columns at the end can be \
                     applied. {}",
                    found.name,
                    found.kind,
                    wanted.name,
                    wanted.kind.sql(),
                    way_out(table)
                )));
            }
        }
        let gained = definition.columns.iter().skip(found.len());
        gained
            .map(|column| {
                if !column.nullable {
                    return Err(WarehouseError::Schema(format!(
                        "table {table}: the new column {} is NOT NULL, but the rows that are there \
                         have no value for it. Leave NOT NULL out. Or: {}",
                        column.name,
                        way_out(table)
                    )));
                }
                let what = format!("add column {table}.{}", column.name);
                let add = Statement {
                    name: what.clone(),
                    sql: format!(
                        "ALTER TABLE marquee.{table} ADD COLUMN {} {}",
                        column.name,
                        column.kind.sql()
                    ),
                };
                Ok((what, vec![add]))
            })
            .collect()
    }

    /// What makes the view as it is written, unless that was applied.
    fn view(&self, name: &str, text: &str) -> Option<(String, Vec<Statement>)> {
        let key = format!("views/{name}");
        let digest = digest::of(text.as_bytes());
        if self.applied.get(&key) == Some(&digest) {
            return None;
        }
        let what = format!("create view {name}");
        let create = Statement {
            name: what.clone(),
            sql: text.trim().trim_end_matches(';').to_owned(),
        };
        Some((what, vec![create, record(&key, &digest)]))
    }
}

fn way_out(table: &str) -> String {
    format!(
        "The way out: a numbered file in sql/redshift/migrations with the head `-- table: {table}` \
         that brings the table over (rename it, create the new one, INSERT INTO … SELECT, drop the \
         old one)"
    )
}

/// A numbered file with its statements named by what they begin with, where no
/// comment does.
fn named(text: &str) -> String {
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

/// Migrations pass one after the other.
fn lock() -> Statement {
    Statement {
        name: "lock the table of migrations".into(),
        sql: "LOCK TABLE marquee.migrations".into(),
    }
}

/// A digest is of hexadecimal digits and a name that of a file of ours: neither
/// holds a quote.
fn record(name: &str, digest: &str) -> Statement {
    Statement {
        name: format!("record {name}"),
        sql: format!("INSERT INTO marquee.migrations (name, digest) VALUES ('{name}', '{digest}')"),
    }
}

fn not_understood(row: &[Option<String>]) -> WarehouseError {
    WarehouseError::Answer {
        what: format!("{row:?} about its tables"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn definition(columns: &str) -> Definition {
        let text = format!(
            "CREATE TABLE IF NOT EXISTS marquee.t (\n{columns}\n)\nDISTSTYLE ALL\nSORTKEY (a);\n"
        );
        Definition::parse("t", &text, &[]).unwrap()
    }

    fn found(columns: &[[&str; 4]]) -> Found {
        let row = |row: &[&str; 4]| {
            row.iter()
                .map(|value| (!value.is_empty()).then(|| (*value).to_owned()))
                .collect()
        };
        Found::read(Vec::new(), columns.iter().map(row).collect()).unwrap()
    }

    #[test]
    fn a_missing_table_is_made_and_a_gained_column_added() {
        let wanted = [definition("a INTEGER,\nb VARCHAR(8),\nc DATE")];
        let change = Found::default()
            .next_of(&[], &wanted, &[])
            .unwrap()
            .unwrap();
        assert_eq!(change.what, ["create table t"]);
        let old = found(&[
            ["t", "a", "integer", ""],
            ["t", "b", "character varying", "8"],
        ]);
        let change = old.next_of(&[], &wanted, &[]).unwrap().unwrap();
        assert_eq!(change.what, ["add column t.c"]);
        assert_eq!(
            change.statements[1].sql,
            "ALTER TABLE marquee.t ADD COLUMN c DATE"
        );
        // What an older program is behind a newer one's warehouse.
        let wanted = [definition("a INTEGER")];
        assert_eq!(old.next_of(&[], &wanted, &[]).unwrap(), None);
    }

    #[test]
    fn anything_else_is_refused_with_the_way_out() {
        let old = found(&[["t", "a", "character varying", "8"]]);
        for columns in ["a VARCHAR(9)", "a BIGINT", "b VARCHAR(8)"] {
            let refused = old.next_of(&[], &[definition(columns)], &[]).unwrap_err();
            let refused = refused.to_string();
            assert!(
                refused.starts_with(
                    "table t: where the warehouse has column a character varying(8), \
                     sql/redshift/ddl/t.sql has "
                ),
                "{refused}"
            );
            assert!(
                refused.contains("The way out: a numbered file"),
                "{refused}"
            );
        }
        let wanted = definition("a VARCHAR(8),\nb DATE NOT NULL");
        let refused = old.next_of(&[], &[wanted], &[]).unwrap_err().to_string();
        assert!(refused.contains("b is NOT NULL"), "{refused}");
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
            let change = found.next_of(&[one, two], &[], &[]).unwrap().unwrap();
            assert_eq!(change.what, [format!("apply migrations/{name}")]);
            let digest = digest::of(text.as_bytes());
            found.applied.insert(format!("migrations/{name}"), digest);
        }
        assert_eq!(found.next_of(&[one, two], &[], &[]).unwrap(), None);
        let changed = ("0001_one", "SELECT 1;\n");
        let refused = found.next_of(&[changed, two], &[], &[]).unwrap_err();
        assert!(refused.to_string().contains("another than was applied"));
        // Nothing to bring over: recorded alone.
        let change = Found::default().next_of(&[two], &[], &[]).unwrap().unwrap();
        assert_eq!(change.statements.len(), 2);
    }

    #[test]
    fn more_than_a_transaction_takes_is_done_by_several() {
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
        let change = Found::default().next_of(&[], &[], &views).unwrap().unwrap();
        assert!(change.statements.len() <= MAX_STATEMENTS);
        assert_eq!(change.what.len(), 19);
        views.truncate(2);
        let change = Found::default().next_of(&[], &[], &views).unwrap().unwrap();
        assert_eq!(change.what, ["create view v0", "create view v1"]);
    }
}
