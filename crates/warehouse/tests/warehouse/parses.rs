//! Every file of `sql/redshift`, and every statement that a load runs, is SQL of
//! Redshift's, as far as sqlglot's dialect knows it.

#[path = "../../../../tests/python/venv.rs"]
mod venv;

use std::fs;
use std::process::Command;

use marquee_lake::generation::{FileEntry, TableFiles};
use marquee_warehouse::definition::definitions;
use marquee_warehouse::load::plan;
use marquee_warehouse::migrate::Found;
use marquee_warehouse::port::Statement;
use marquee_warehouse::{book, migrate};
use serde_json::json;

use crate::lake::settings;

/// What a new warehouse is given, and what loads a generation with every table.
fn statements() -> Vec<Statement> {
    let definitions = definitions().unwrap();
    let mut statements = migrate::look("token".into()).unwrap().statements;
    let mut applied = Vec::new();
    let mut found = Found::default();
    while let Some(change) = found.next().unwrap() {
        if let Some(record) = change.statements.last()
            && applied.len() < 20
        {
            // The numbered files come one at a time; tables all at once.
            let literals: Vec<&str> = record.sql.split('\'').collect();
            applied.push(vec![
                Some(literals[1].to_owned()),
                Some(literals[3].to_owned()),
            ]);
        }
        let is_last = change.what.len() > 1;
        statements.extend(change.statements);
        if is_last {
            break;
        }
        found = Found::read(applied.clone(), Vec::new()).unwrap();
    }
    let standing = book::standing("2026-03-02".parse().unwrap(), &definitions, "token".into());
    statements.extend(standing.unwrap().statements);
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
        let plan = plan::plan(&settings(), definition, &generation, &files, &[]).unwrap();
        statements.extend(plan.statements);
    }
    statements
}

#[test]
fn every_statement_parses_as_redshifts() {
    let Some(python) = venv::python("every_statement_parses_as_redshifts") else {
        return;
    };
    let statements: Vec<_> = statements()
        .iter()
        .map(|statement| json!({"name": statement.name, "sql": statement.sql}))
        .collect();
    assert!(statements.len() > 200, "{}", statements.len());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("statements.json");
    fs::write(&file, json!(statements).to_string()).unwrap();
    let output = Command::new(python)
        .arg(venv::script("redshift_parses.py"))
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let parsed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(parsed.trim(), statements.len().to_string());
}
