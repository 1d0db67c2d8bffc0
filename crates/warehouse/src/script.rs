//! Parses SQL files of several statements. The comment line above each statement is
//! its name.
//!
//! ```sql
//! -- The purpose of the file.
//!
//! -- lock the table
//! LOCK TABLE marquee.{table};
//!
//! -- drop the stage
//! DROP TABLE staged;
//! ```
//!
//! `{name}` is a placeholder that is replaced here. The warehouse replaces parameters
//! (`:name`).

use std::collections::{BTreeMap, BTreeSet};

use crate::error::WarehouseError;
use crate::port::Statement;

/// Parses the statements of a file and replaces the placeholders.
///
/// # Errors
/// [`WarehouseError::File`] for a statement without a name, a file without
/// statements, or a placeholder without a value.
pub fn statements(
    file: &str,
    text: &str,
    values: &BTreeMap<&str, String>,
) -> Result<Vec<Statement>, WarehouseError> {
    let fault = |fault: String| WarehouseError::File {
        file: file.to_owned(),
        fault,
    };
    let mut statements = Vec::new();
    for part in text.split_inclusive(";\n") {
        let (comments, sql): (Vec<&str>, Vec<&str>) = part
            .lines()
            .filter(|line| !line.trim().is_empty())
            .partition(|line| line.starts_with("--"));
        let sql = sql.join("\n");
        let sql = sql.trim().trim_end_matches(';');
        if sql.is_empty() {
            continue;
        }
        let name = comments
            .last()
            .map(|comment| comment.trim_start_matches("--").trim())
            .ok_or_else(|| {
                fault(format!(
                    "the statement {sql:?} has no comment with its name"
                ))
            })?;
        let sql = replace_placeholders(sql, values);
        if let Some(unknown) = first_placeholder(&sql) {
            return Err(fault(format!("the placeholder {unknown} has no value")));
        }
        statements.push(Statement {
            name: name.to_owned(),
            sql,
        });
    }
    if statements.is_empty() {
        return Err(fault("the file has no statements".into()));
    }
    Ok(statements)
}

fn replace_placeholders(sql: &str, values: &BTreeMap<&str, String>) -> String {
    values.iter().fold(sql.to_owned(), |sql, (name, value)| {
        sql.replace(&format!("{{{name}}}"), value)
    })
}

/// Returns the first remaining `{name}`.
fn first_placeholder(sql: &str) -> Option<&str> {
    let start = sql.find('{')?;
    let end = sql.get(start..)?.find('}')?;
    sql.get(start..=start + end)
}

/// Returns the names of the parameters that the statements use.
pub fn parameters(statements: &[Statement]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for statement in statements {
        // `::` is a cast, and a colon within a literal is text.
        let outside = statement.sql.split('\'').step_by(2);
        for text in outside {
            let mut before = ' ';
            for (at, letter) in text.char_indices() {
                let rest = text.get(at + letter.len_utf8()..).unwrap_or_default();
                if letter == ':' && before != ':' {
                    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                    let name: String = rest.chars().take_while(is_word).collect();
                    if !name.is_empty() {
                        names.insert(name);
                    }
                }
                before = letter;
            }
        }
    }
    names
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "-- The purpose.\n-- More about it.\n\n-- lock\nLOCK TABLE {table};\n\n\
                        -- delete\nDELETE FROM {table}\nWHERE d = CAST(:day AS DATE) AND t = ':no';\n";

    #[test]
    fn statements_have_names_and_values() {
        let values = BTreeMap::from([("table", "marquee.t".to_owned())]);
        let statements = statements("load/t", TEXT, &values).unwrap();
        assert_eq!(
            statements,
            [
                Statement {
                    name: "lock".into(),
                    sql: "LOCK TABLE marquee.t".into()
                },
                Statement {
                    name: "delete".into(),
                    sql: "DELETE FROM marquee.t\nWHERE d = CAST(:day AS DATE) AND t = ':no'".into()
                },
            ]
        );
        assert_eq!(parameters(&statements), BTreeSet::from(["day".to_owned()]));
    }

    #[test]
    fn an_invalid_file_is_reported() {
        let fault = |text: &str| {
            statements("load/t", text, &BTreeMap::new())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            fault(TEXT),
            "sql/redshift/load/t.sql: the placeholder {table} has no value"
        );
        assert_eq!(
            fault("SELECT 1;\n"),
            "sql/redshift/load/t.sql: the statement \"SELECT 1\" has no comment with its name"
        );
        assert_eq!(
            fault("-- nothing\n"),
            "sql/redshift/load/t.sql: the file has no statements"
        );
    }
}
