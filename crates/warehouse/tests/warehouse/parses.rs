//! Parses every file of `sql/redshift` and every statement of a load with sqlglot's
//! Redshift dialect.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use marquee_conditional_tests::python_script;
use marquee_lake::generation::{FileEntry, TableFiles};
use marquee_warehouse::definition::definitions;
use marquee_warehouse::load::plan;
use marquee_warehouse::migrate::WarehouseSchema;
use marquee_warehouse::port::Statement;
use marquee_warehouse::{book, migrate};
use serde_json::json;

use crate::lake::settings;

/// Returns the statements that migrate a new warehouse and load a generation with
/// every table.
fn statements() -> Vec<Statement> {
    let definitions = definitions().unwrap();
    let mut statements = migrate::inspect_schema("token".into()).unwrap().statements;
    let mut applied = Vec::new();
    let mut found = WarehouseSchema::default();
    while let Some(change) = found.next_migration().unwrap() {
        if let Some(record) = change.statements.last()
            && applied.len() < 20
        {
            // Each numbered file is a migration of its own; all tables are one.
            let literals: Vec<&str> = record.sql.split('\'').collect();
            applied.push(vec![
                Some(literals[1].to_owned()),
                Some(literals[3].to_owned()),
            ]);
        }
        let is_last = change.descriptions.len() > 1;
        statements.extend(change.statements);
        if is_last {
            break;
        }
        found = WarehouseSchema::read(applied.clone(), Vec::new()).unwrap();
    }
    let inspection =
        book::inspect_loads("2026-03-02".parse().unwrap(), &definitions, "token".into());
    statements.extend(inspection.unwrap().statements);
    let file = FileEntry {
        key: "curated/t/part-0000.parquet".into(),
        rows: 1,
        bytes: 1,
        digest: "d".into(),
    };
    let files = TableFiles { files: vec![file] };
    let generation = serde_json::from_value(json!({
        "version": 1, "event_date": "2026-03-02", "generation": 1, "parent": null, "run": "r",
        "catalogue": null, "covered": "c", "receipts": 0, "newest": true, "definitions": "d",
        "facts": "f", "looked_back": {}, "tables": {},
        "counts": {"receipt_rows": 0, "curated": 0, "duplicates": 0, "conflicts": 0, "redelivered": 0},
    }))
    .unwrap();
    for definition in &definitions {
        let plan = plan::plan_table(&settings(), definition, &generation, &files, &[]).unwrap();
        statements.extend(plan.statements);
    }
    statements
}

pub(crate) fn every_statement_parses_as_redshifts(python: PathBuf) {
    let statements: Vec<_> = statements()
        .iter()
        .map(|statement| json!({"name": statement.name, "sql": statement.sql}))
        .collect();
    assert!(statements.len() > 200, "{}", statements.len());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("statements.json");
    fs::write(&file, json!(statements).to_string()).unwrap();
    let output = Command::new(python)
        .arg(python_script("redshift_parses.py"))
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let parsed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(parsed.trim(), statements.len().to_string());
}
