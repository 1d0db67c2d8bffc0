//! Users of the files in `sql/`.

use crate::files::File;

/// Directories of which every file runs; the file that runs them, and its words for it.
const RUN_WHOLE: [(&str, &str, &str); 6] = [
    ("sql/checks", "crates/sql/build.rs", "sql/checks"),
    (
        "sql/redshift/ddl",
        "crates/warehouse/build.rs",
        "sql/redshift/ddl",
    ),
    (
        "sql/redshift/migrations",
        "crates/warehouse/build.rs",
        "sql/redshift/migrations",
    ),
    (
        "sql/redshift/views",
        "crates/warehouse/build.rs",
        "sql/redshift/views",
    ),
    (
        "sql/athena/queries",
        "infra/athena.tf",
        "{views,queries}/*.sql",
    ),
    (
        "sql/athena/views",
        "infra/athena.tf",
        "{views,queries}/*.sql",
    ),
];

/// The directory of the curated tables that SQL makes.
const MARTS: &str = "sql/marts";
/// The directory of the statements that load a table, and the crate that chooses one.
const LOADS: &str = "sql/redshift/load";
const WAREHOUSE: &str = "crates/warehouse/src/";
const CHECKS: &str = "sql/checks";

/// Returns the SQL files that nothing uses.
///
/// - A mart is used if something reads its table: product code, Terraform, or SQL other
///   than the mart itself and its checks. Every mart is computed for every date, so one
///   without a reader costs money for nothing.
/// - A file of a directory in `RUN_WHOLE` is used if the file named there runs the
///   directory.
/// - A statement that loads tables is used if the warehouse's crate names it.
/// - Any other file is used if code names it by its path within `sql/` or, without
///   `.sql`, by directory and name.
pub fn unused(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path.starts_with("sql/") && file.extension() == "sql")
        .filter_map(|file| {
            let (directory, name) = file.path.rsplit_once('/')?;
            let stem = name.strip_suffix(".sql")?;
            let whole = RUN_WHOLE.iter().find(|(whole, ..)| *whole == directory);
            if let Some((_, runner, words)) = whole {
                let is_run = files
                    .iter()
                    .any(|user| user.path == *runner && user.text.contains(words));
                return (!is_run).then(|| format!("{runner} does not run {directory}"));
            }
            let (is_used, missing) = match directory {
                MARTS => (
                    is_read(files, &file.path, stem),
                    "no code, no SQL but its checks and no infrastructure reads it",
                ),
                LOADS => (
                    files.iter().any(|user| {
                        user.path.starts_with(WAREHOUSE)
                            && user.text.contains(&format!("\"{stem}\""))
                    }),
                    "crates/warehouse names it nowhere",
                ),
                _ => (is_named(files, &file.path), "nothing runs it"),
            };
            (!is_used).then(|| format!("{}: {missing}", file.path))
        })
        .collect()
}

/// Returns whether anything reads the table of the mart at `path`.
fn is_read(files: &[File], path: &str, table: &str) -> bool {
    files.iter().any(|user| {
        let is_sql = user.extension() == "sql" && !user.path.starts_with(CHECKS);
        let may_read = is_sql || is_product(user) || user.extension() == "tf";
        may_read && user.path != path && has_word(&user.text, table)
    })
}

/// Returns whether product code names the file at `path`.
fn is_named(files: &[File], path: &str) -> bool {
    let within = path.strip_prefix("sql/").unwrap_or(path);
    let short = within.strip_suffix(".sql").unwrap_or(within);
    let short = short.strip_prefix("redshift/").unwrap_or(short);
    files
        .iter()
        .filter(|file| is_product(file))
        .any(|user| user.text.contains(within) || user.text.contains(&format!("\"{short}\"")))
}

/// Returns whether a file is code that is built into what runs.
fn is_product(file: &File) -> bool {
    const ROOTS: [&str; 4] = ["crates/", "lambdas/", "local/", "producer/"];
    file.extension() == "rs"
        && ROOTS.iter().any(|root| file.path.starts_with(root))
        && !file.path.contains("/tests/")
        && !file.path.ends_with("/tests.rs")
}

/// Returns whether `word` occurs in `text` with no letter, digit or `_` around it.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_mart_without_a_reader_is_found() {
        // Listing the directory, which computes the mart, does not count as a use; nor
        // does its own check, nor a longer name.
        let unread = [
            file("sql/marts/weekly.sql", "SELECT 1 AS weekly"),
            file("sql/checks/unique.sql", "SELECT * FROM weekly"),
            file(
                "crates/sql/build.rs",
                "write(\"sql/marts\"); \"sql/checks\"",
            ),
            file("sql/marts/other.sql", "SELECT * FROM weekly_total"),
            file("sql/redshift/views/v.sql", "SELECT * FROM other"),
            file("crates/warehouse/build.rs", "\"sql/redshift/views\""),
            file("crates/marts/tests/day/weekly.rs", "\"weekly\""),
        ];
        assert_eq!(
            unused(&unread),
            ["sql/marts/weekly.sql: no code, no SQL but its checks and no infrastructure reads it"]
        );
        for reader in [
            file("sql/marts/third.sql", "SELECT * FROM weekly, third"),
            file(
                "sql/redshift/ddl/weekly.sql",
                "CREATE TABLE marquee.weekly (",
            ),
            file("sql/athena/queries/q.sql", "SELECT * FROM weekly"),
            file("crates/api/src/snapshot.rs", "files(\"weekly\")"),
            file("infra/rights.tf", "tables = [\"weekly\"]"),
        ] {
            let path = reader.path.clone();
            let mut files = unread.to_vec();
            files.push(reader);
            let unused = unused(&files);
            assert!(!unused.iter().any(|it| it.contains("weekly")), "{path}");
        }
    }

    #[test]
    fn a_file_that_nothing_runs_is_found() {
        let files = [
            file("sql/checks/rows.sql", ""),
            file("crates/sql/build.rs", "no directory"),
            file("sql/demo/one.sql", ""),
            file("sql/demo/two.sql", ""),
            file(
                "local/src/demo.rs",
                "include_str!(\"../../sql/demo/one.sql\")",
            ),
            file("sql/redshift/load/date.sql", ""),
            file("sql/redshift/load/never.sql", ""),
            file(
                "crates/warehouse/src/definition.rs",
                "Self::Date => \"date\"",
            ),
            file("sql/redshift/look/schema.sql", ""),
            file(
                "crates/warehouse/src/migrate.rs",
                "statements(\"look/schema\")",
            ),
        ];
        assert_eq!(
            unused(&files),
            [
                "crates/sql/build.rs does not run sql/checks",
                "sql/demo/two.sql: nothing runs it",
                "sql/redshift/load/never.sql: crates/warehouse names it nowhere",
            ]
        );
    }
}
