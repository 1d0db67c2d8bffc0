//! Files of several statements, each under a comment line that names it.
//!
//! ```sql
//! -- What the file is for.
//!
//! -- lock the table
//! LOCK TABLE marquee.{table};
//!
//! -- drop the stage
//! DROP TABLE staged;
//! ```
//!
//! `{name}` stands for a word that is put in; parameters (`:name`) are left to
//! the warehouse.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::WarehouseError;
use crate::port::Statement;

/// The statements of a file, with the words put in.
///
/// # Errors
/// [`WarehouseError::File`] for a statement without a name, a file without
/// statements, or a placeholder that no word is given for.
pub fn statements(
    file: &str,
    text: &str,
    words: &BTreeMap<&str, String>,
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
            .ok_or_else(|| fault(format!("no comment line names {sql:?}")))?;
        let sql = put_in(sql, words);
        if let Some(unknown) = placeholder(&sql) {
            return Err(fault(format!("nothing is given for {unknown}")));
        }
        statements.push(Statement {
            name: name.to_owned(),
            sql,
        });
    }
    if statements.is_empty() {
        return Err(fault("there is no statement in it".into()));
    }
    Ok(statements)
}

fn put_in(sql: &str, words: &BTreeMap<&str, String>) -> String {
    words.iter().fold(sql.to_owned(), |sql, (name, word)| {
        sql.replace(&format!("{{{name}}}"), word)
    })
}

/// The first `{name}` that is left.
fn placeholder(sql: &str) -> Option<&str> {
    let start = sql.find('{')?;
    let end = sql.get(start..)?.find('}')?;
    sql.get(start..=start + end)
}

/// The names of the parameters that the statements use.
pub fn parameters(statements: &[Statement]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for statement in statements {
        // `::` is a cast and no parameter; outside of literals alone a colon is one.
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

    const TEXT: &str = "-- What it is for.\n-- More of it.\n\n-- lock\nLOCK TABLE {table};\n\n\
                        -- delete\nDELETE FROM {table}\nWHERE d = CAST(:day AS DATE) AND t = ':no';\n";

    #[test]
    fn statements_have_names_and_words() {
        let words = BTreeMap::from([("table", "marquee.t".to_owned())]);
        let statements = statements("load/t", TEXT, &words).unwrap();
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
    fn what_is_not_named_or_given_is_told() {
        let fault = |text: &str| {
            statements("load/t", text, &BTreeMap::new())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            fault(TEXT),
            "sql/redshift/load/t.sql: nothing is given for {table}"
        );
        assert_eq!(
            fault("SELECT 1;\n"),
            "sql/redshift/load/t.sql: no comment line names \"SELECT 1\""
        );
        assert_eq!(
            fault("-- nothing\n"),
            "sql/redshift/load/t.sql: there is no statement in it"
        );
    }
}
