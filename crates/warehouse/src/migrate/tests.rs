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
            found.applied.insert(key, digest_of(statement));
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
