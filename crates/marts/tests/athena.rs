//! Static checks of the files of sql/athena, without running them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use marquee_marts::Engine;

const VIEWS: &str = "sql/athena/views";
const QUERIES: &str = "sql/athena/queries";
const PAGE: &str = include_str!("../../../docs/ATHENA.md");
/// Athena's maximum length of a query, in bytes.
const MAX_BYTES: usize = 262_144;

/// Reads the files of a directory, by name without `.sql`.
fn files(directory: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = fs::read_dir(root.join(directory)).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().unwrap(), "sql", "{}", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    files.collect()
}

/// Returns the first line, which Terraform uses as the description of the saved query.
fn about(text: &str) -> &str {
    text.lines().next().unwrap().strip_prefix("-- ").unwrap()
}

#[test]
fn there_are_views_and_a_dozen_queries() {
    assert!(files(VIEWS).len() >= 4);
    assert!(files(QUERIES).len() >= 12);
}

#[test]
fn a_file_begins_with_its_description() {
    for (name, text) in files(VIEWS).into_iter().chain(files(QUERIES)) {
        assert!(about(&text).len() > 20, "{name}");
        assert!(text.len() < MAX_BYTES, "{name}");
        let sql: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect();
        assert!(!sql.concat().contains(';'), "{name}: one statement, no `;`");
    }
}

/// A view with a table's name would prevent the publication of the table.
#[test]
fn no_view_has_a_tables_name() {
    let tables = Engine::tables().unwrap();
    for (name, text) in files(VIEWS) {
        assert!(!tables.contains(&name), "{name} is a table");
        let statement = format!("CREATE OR REPLACE VIEW {{database}}.{name} AS\n");
        assert!(text.contains(&statement), "{name}");
    }
}

/// Every name after `{database}.` is a table or a view.
#[test]
fn only_existing_tables_and_views_are_read() {
    let tables = Engine::tables().unwrap();
    let views = files(VIEWS);
    for (name, text) in files(QUERIES).iter().chain(&views) {
        for after in text.split("{database}.").skip(1) {
            let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let read = &after[..end.unwrap_or(after.len())];
            let is_there = tables.iter().any(|table| table == read) || views.contains_key(read);
            assert!(is_there, "{name} reads {read}");
        }
    }
}

#[test]
fn the_page_links_and_describes_every_file() {
    for directory in [VIEWS, QUERIES] {
        for (name, text) in files(directory) {
            let link = format!("[`{name}`](../{directory}/{name}.sql)");
            assert!(PAGE.contains(&link), "docs/ATHENA.md does not link {name}");
            let about = about(&text);
            assert!(PAGE.contains(about), "docs/ATHENA.md does not say: {about}");
        }
    }
}
