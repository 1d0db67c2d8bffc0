//! A lake's dates in a local warehouse.

use std::fs;
use std::path::Path;
use std::process::Command;

use marquee::warehouse::LocalWarehouse;
use marquee_lake::generation;
use marquee_local_warehouse::rows::{Rows, read_file_rows, read_table_rows};
use marquee_warehouse::definition::{LoadMode, definitions};
use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;

/// The demo whose results docs/WAREHOUSE.md prints.
const DEMO: [&str; 7] = [
    "demo",
    "--warehouse",
    "--events",
    "60000",
    "--users",
    "600",
    "--days=3",
];

pub(crate) fn marquee(dir: &Path, line: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    let output = command.args(line).current_dir(dir).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let printed = text(output.stdout) + &text(output.stderr);
    (output.status.code().unwrap(), printed)
}

/// Returns each query of docs/WAREHOUSE.md with the result below it.
fn examples(docs: &str) -> Vec<(String, String)> {
    let mut examples = Vec::new();
    for block in docs.split("```sql\n").skip(1) {
        let (question, rest) = block.split_once("```").unwrap();
        let answer: Vec<&str> = rest
            .lines()
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'))
            .collect();
        examples.push((question.trim().to_owned(), answer.join("\n")));
    }
    examples
}

pub(crate) async fn the_demos_dates_are_in_the_warehouse_row_for_row((): ()) {
    let dir = tempfile::tempdir().unwrap();
    open_to_all(dir.path());
    let (code, printed) = marquee(dir.path(), &DEMO);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("loaded, row counts match"), "{printed}");
    let (code, printed) = marquee(dir.path(), &["warehouse", "migrate"]);
    assert_eq!(
        (code, printed.as_str()),
        (0, "the warehouse's schema is current\n")
    );
    let (code, printed) = marquee(dir.path(), &["warehouse", "load"]);
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = marquee(dir.path(), &["warehouse", "load", "2020-01-01"]);
    assert_eq!(code, 2, "{printed}");
    // Queries after a load are planned with statistics and without nested loops.
    for (question, expected) in [
        (
            "SELECT count(*) AS tables FROM pg_class WHERE relname = 'events' AND reltuples > 0",
            "|      1 |",
        ),
        ("SHOW enable_nestloop", "| off "),
    ] {
        let (code, printed) = marquee(dir.path(), &["warehouse", "query", question]);
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains(expected), "{printed}");
    }
    for (question, expected) in [
        ("SELECT nothing", "column \"nothing\" does not exist"),
        ("selec", "syntax error at or near \"selec\""),
        (
            "delete from marquee.events",
            "DELETE is not allowed, because this connection is read-only; use SELECT, WITH or \
             SHOW",
        ),
        (
            "WITH gone AS (DELETE FROM marquee.events) SELECT 1 AS one",
            "SELECT is not allowed, because this connection is read-only; use SELECT, WITH or \
             SHOW",
        ),
        (
            "COMMIT",
            "the statement returns no rows; use SELECT, WITH or SHOW",
        ),
    ] {
        let (code, printed) = marquee(dir.path(), &["warehouse", "query", question]);
        assert_eq!(
            (code, printed),
            (2, format!("error: {expected}\n")),
            "{question}"
        );
    }
    assert_queries_only_read(dir.path());
    // The book contains the counts of the load.
    let (code, printed) = marquee(dir.path(), &["audit", "2026-01-05"]);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("Warehouse book of 2026-01-05, generation 1"),
        "{printed}"
    );
    assert!(
        !printed.contains('≠') && !printed.contains("not loaded"),
        "{printed}"
    );
    let (_, json) = marquee(dir.path(), &["audit", "2026-01-05", "--format", "json"]);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["warehouse"]["status"], "balanced");
    let events = &read["warehouse"]["tables"]["events"];
    assert_eq!(
        events["warehouse"],
        read["event"]["tables"]["events"]["rows"]
    );

    let warehouse = LocalWarehouse::open(&dir.path().join("lake"))
        .await
        .unwrap();
    let session = warehouse.engine().session().await.unwrap();
    let definitions = definitions().unwrap();
    let current = generation::current(&**warehouse.lake()).await.unwrap();
    let newest = *current.keys().max().unwrap();
    let mut tables = 0;
    for (date, generation) in &current {
        for (table, files) in &generation.tables {
            let definition = definitions.iter().find(|d| d.table == *table).unwrap();
            let which = match definition.load_mode {
                LoadMode::Date => format!("event_date = DATE '{date}'"),
                // Only the newest date has rows in these tables.
                _ if *date != newest => continue,
                LoadMode::Latest => "1 = 1".to_owned(),
                LoadMode::History => "is_current".to_owned(),
            };
            let mut expected = Rows::new();
            let mut schema = None;
            for file in &files.files {
                let key = Key::from(file.key.as_str());
                let file = warehouse.lake().get(&key).await.unwrap();
                let (found, rows) = read_file_rows(file.bytes().await.unwrap()).unwrap();
                expected.extend(rows);
                schema = Some(found);
            }
            expected.sort();
            let name = format!("marquee.{table}");
            let found = read_table_rows(&session, &name, &schema.unwrap(), &which).await;
            assert!(found.unwrap() == expected, "{table} of {date}");
            tables += 1;
        }
    }
    assert!(tables > 40, "{tables}");
    drop((session, warehouse));

    let docs = include_str!("../../../docs/WAREHOUSE.md");
    let examples = examples(docs);
    assert_eq!(examples.len(), 7);
    for (question, answer) in examples {
        let (code, printed) = marquee(dir.path(), &["warehouse", "query", &question]);
        assert_eq!(code, 0, "{printed}");
        assert_eq!(printed.trim(), answer, "{question}");
    }
}

/// PostgreSQL itself refuses what is no query over tables, whatever quotes hide.
fn assert_queries_only_read(dir: &Path) {
    for (statement, expected) in [
        (
            "SELECT $$'$$ AS a; COMMIT; CREATE TABLE public.stolen (a INT) -- '",
            "cannot insert multiple commands into a prepared statement",
        ),
        (
            "SELECT $q$;$q$ AS a; DROP TABLE marquee.events",
            "cannot insert multiple commands into a prepared statement",
        ),
        (
            "SELECT pg_read_file('/etc/passwd')",
            "permission denied for function pg_read_file",
        ),
        (
            "SELECT lo_import('/etc/passwd')",
            "permission denied for function lo_import",
        ),
        (
            "SELECT set_config('transaction_read_only', 'off', false)",
            "transaction read-write mode must be set before any query",
        ),
        (
            "SELECT set_config('session_authorization', 'marquee', false)",
            "permission denied to set session authorization",
        ),
        (
            "SELECT set_config('role', 'marquee', false)",
            "permission denied to set role \"marquee\"",
        ),
        ("CREATE TABLE public.stolen (a INT)", "is not allowed"),
        ("COPY marquee.events TO PROGRAM 'id'", ""),
    ] {
        let (code, printed) = marquee(dir, &["warehouse", "query", statement]);
        assert_eq!(code, 2, "{statement}: {printed}");
        assert!(printed.contains(expected), "{statement}: {printed}");
    }
    let question = "SELECT rolsuper, current_setting('transaction_read_only') AS read_only, \
                    current_setting('statement_timeout') AS statement_timeout \
                    FROM pg_roles WHERE rolname = current_user";
    let (code, printed) = marquee(dir, &["warehouse", "query", question]);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("| f        | on        | 5min "),
        "{printed}"
    );
    let text = "SELECT 'a' || chr(27) || '[31m' || chr(10) || 'b' AS value";
    let (code, printed) = marquee(dir, &["warehouse", "query", text]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("a\\u{1b}[31m\\nb"), "{printed}");
}

/// PostgreSQL does not run as root, and its user must be able to read the data.
pub(crate) fn open_to_all(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}
