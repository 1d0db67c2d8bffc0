//! `marquee query` from the command line.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use marquee_marts::{MAX_STATEMENT_BYTES, MAX_TOKENS};

const ROWS: &str = "SELECT * FROM (VALUES (1, 'a'), (22, NULL)) AS t (n, s) ORDER BY n";

/// Returns an empty lake.
fn lake() -> tempfile::TempDir {
    let lake = tempfile::tempdir().unwrap();
    fs::create_dir(lake.path().join("ledger")).unwrap();
    lake
}

fn query(lake: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    command.arg("query").arg("--lake").arg(lake).args(args);
    // Outside of the workspace, hints name the program's path.
    command.current_dir(std::env::temp_dir());
    command
}

/// Returns the output of a successful call.
fn stdout_of(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_result_is_printed_in_every_format() {
    let lake = lake();
    for (format, expected) in [
        ("csv", "n,s\n1,a\n22,\n"),
        ("json", "{\"n\":1,\"s\":\"a\"}\n{\"n\":22,\"s\":null}\n"),
        (
            "table",
            "┌────┬──────┐\n\
             │  n ┆ s    │\n\
             ╞════╪══════╡\n\
             │  1 ┆ a    │\n\
             │ 22 ┆ NULL │\n\
             └────┴──────┘\n\
             (2 rows)\n",
        ),
    ] {
        let output = query(lake.path(), &[ROWS, "--format", format]).output();
        assert_eq!(stdout_of(&output.unwrap()), expected, "{format}");
    }
}

#[test]
fn a_truncated_table_reports_the_number_of_rows() {
    let output = query(lake().path(), &[ROWS, "--rows", "1"]).output();
    let text = stdout_of(&output.unwrap());
    assert!(!text.contains("22"), "{text}");
    assert!(text.contains("(1 of 2 rows shown; "), "{text}");
}

#[test]
fn an_empty_result_is_printed() {
    for sql in [
        "SELECT title_id FROM titles",
        "SELECT figure, value, event_date FROM audit_books",
    ] {
        let output = query(lake().path(), &[sql]).output();
        assert!(stdout_of(&output.unwrap()).ends_with("(0 rows)\n"), "{sql}");
    }
}

#[test]
fn a_query_is_read_from_a_file_or_from_standard_input() {
    let lake = lake();
    let file = lake.path().join("question.sql");
    fs::write(&file, "SELECT 1 AS one;\n").unwrap();
    let flags = ["--format", "csv", "--file", file.to_str().unwrap()];
    let output = query(lake.path(), &flags).output();
    assert_eq!(stdout_of(&output.unwrap()), "one\n1\n");

    for dash in [&["-"][..], &["--file", "-"]] {
        let mut child = query(lake.path(), dash)
            .args(["--format", "csv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"SELECT 2 AS two").unwrap();
        drop(stdin);
        assert_eq!(stdout_of(&child.wait_with_output().unwrap()), "two\n2\n");
    }
}

#[test]
fn a_query_that_fails_when_it_runs_is_not_bad_sql() {
    let lake = lake();
    for format in ["table", "csv", "json"] {
        let output = query(lake.path(), &["SELECT 1/0 AS n", "--format", format]).output();
        let output = output.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert_eq!(
            errors.to_lowercase(),
            "error: the query failed: divide by zero error\n"
        );
    }
}

#[test]
fn an_invalid_query_is_one_sentence_and_exit_code_2() {
    let lake = lake();
    for (args, expected) in [
        (
            &["SELECT * FROM nowhere"][..],
            "line 1, column 15: table 'nowhere' not found",
        ),
        (&["SELECT 1 +"], "invalid SQL"),
        (&["DROP TABLE titles"], "DROP is not allowed"),
        (&["SELECT [1] AS l", "--format", "csv"], "column \"l\""),
        (
            &["--file", "nowhere.sql"],
            "cannot read the query from nowhere.sql",
        ),
        (&["SELECT 1", "--format", "xml"], "xml"),
        (&[], "<SQL>"),
    ] {
        let output = query(lake.path(), args).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
        assert!(errors.starts_with("error: "), "{errors}");
        assert!(errors.contains(expected), "{args:?}: {errors}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

/// Returns the standard error of a query that fails.
fn error_of(lake: &Path, sql: &str) -> String {
    let output = query(lake, &[sql]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{sql}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_nearest_table_or_column_is_suggested() {
    let lake = lake();
    let program = env!("CARGO_BIN_EXE_marquee");
    let option = format!("--lake {}", lake.path().display());
    let lists = format!("`{program} query --tables {option}` lists the tables");
    let describes =
        format!("`{program} query \"DESCRIBE events\" {option}` shows the columns of one");
    for (sql, expected) in [
        (
            "SELECT * FROM event",
            format!(
                "line 1, column 15: table 'event' not found\nhint: did you mean events? {lists}"
            ),
        ),
        (
            "DESCRIBE evnts",
            format!("table 'evnts' not found\nhint: did you mean events? {lists}"),
        ),
        (
            "SELECT * FROM zzzzzzz",
            format!("line 1, column 15: table 'zzzzzzz' not found\nhint: {lists}"),
        ),
        (
            "SELECT evnt_type FROM events",
            format!(
                "line 1, column 8: No field named evnt_type. Did you mean \
                 'events.event_type'?\nhint: {lists}, {describes}"
            ),
        ),
    ] {
        let expected = format!("error: invalid SQL: {expected}\n");
        assert_eq!(error_of(lake.path(), sql), expected, "{sql}");
    }
}

#[test]
fn hints_name_cargo_run_in_the_workspace() {
    let output = query(lake().path(), &["SELECT * FROM event"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("`cargo run -q -p marquee -- query --tables --lake "),
        "{errors}"
    );
}

#[test]
fn the_tables_are_listed_and_described() {
    let lake = lake();
    let listed = stdout_of(&query(lake.path(), &["--tables"]).output().unwrap());
    assert!(listed.starts_with("raw_events\n"), "{listed}");
    for table in listed.lines() {
        let sql = format!("DESCRIBE TABLE {table}");
        let described = stdout_of(&query(lake.path(), &[&sql]).output().unwrap());
        assert!(described.contains("column_name"), "{table}: {described}");
    }
}

/// Returns `SELECT 1` with a chain of this length.
fn chain(link: &str, length: usize) -> String {
    format!("SELECT 1 {}", link.repeat(length))
}

#[test]
fn a_long_chain_is_an_error_and_a_chain_within_the_bound_is_not() {
    let lake = lake();
    let error = error_of(lake.path(), &chain("+1", 20_000));
    assert_eq!(
        error,
        format!(
            "error: the statement has 40002 words and symbols, at most {MAX_TOKENS} are allowed; \
             split it, or read values from a table\n"
        )
    );
    // The longest chains of each kind do not overflow the stack.
    for (link, tokens) in [("+1", 2), ("::int", 2), ("UNION ALL SELECT 1 ", 4)] {
        let sql = chain(link, (MAX_TOKENS - 2) / tokens);
        let output = query(lake.path(), &[&sql, "--format", "csv"]).output();
        assert!(!stdout_of(&output.unwrap()).is_empty(), "{link}");
    }
}

#[test]
fn a_text_beyond_the_bound_is_not_read_to_its_end() {
    let lake = lake();
    let file = lake.path().join("large.sql");
    fs::write(
        &file,
        "SELECT 1 -- ".to_owned() + &"x".repeat(MAX_STATEMENT_BYTES),
    )
    .unwrap();
    let output = query(lake.path(), &["--file", file.to_str().unwrap()]).output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("more than 1048576 bytes; split it"),
        "{errors}"
    );
}
