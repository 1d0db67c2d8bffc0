//! Queries of lakes in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use datafusion::arrow::util::pretty::pretty_format_batches;
use marquee_marts::{Engine, MartsError};
use support::Lake;

/// Runs a query and formats its rows as a table.
async fn table(engine: &Engine, sql: &str) -> String {
    let batches = engine.query(sql).await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

/// Runs a query with a single number as its result.
async fn count(engine: &Engine, sql: &str) -> i64 {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::datatypes::Int64Type;
    let batches = engine.query(sql).await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn an_empty_lake_has_every_table_and_no_row() {
    let engine = Lake::default().open().await;
    for table in Engine::TABLES {
        assert_eq!(
            count(&engine, &format!("SELECT count(*) FROM {table}")).await,
            0
        );
    }
    let answer = engine
        .stream("SELECT * FROM processed_events")
        .await
        .unwrap();
    let schema = answer.schema();
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names.first(), Some(&"event_id"));
    assert!(
        names.ends_with(&["network_type", "ingest_date", "ingest_hour"]),
        "{names:?}"
    );
}

#[tokio::test]
async fn rows_have_their_partition_columns() {
    let lake = Lake::default();
    let early = lake.raw("2026-03-01", 7, "a", &["{}", "[]"]).await;
    let late = lake.raw("2026-03-02", 23, "b", &["null"]).await;
    lake.receipt("one", &[early]).await;
    lake.receipt("two", &[late]).await;
    let sql = "SELECT CAST(ingest_date AS VARCHAR) AS day, ingest_hour, count(*) AS units \
               FROM raw_events GROUP BY 1, 2 ORDER BY 1";
    assert_eq!(
        table(&lake.open().await, sql).await,
        "+------------+-------------+-------+\n\
         | day        | ingest_hour | units |\n\
         +------------+-------------+-------+\n\
         | 2026-03-01 | 7           | 2     |\n\
         | 2026-03-02 | 23          | 1     |\n\
         +------------+-------------+-------+"
    );
}

#[tokio::test]
async fn an_object_without_a_receipt_does_not_exist() {
    let lake = Lake::default();
    let named = lake.raw("2026-03-01", 7, "named", &["{}"]).await;
    lake.raw("2026-03-01", 7, "orphan", &["{}", "{}"]).await;
    lake.receipt("one", &[named]).await;
    assert_eq!(
        count(&lake.open().await, "SELECT count(*) FROM raw_events").await,
        1
    );
}

#[tokio::test]
async fn an_object_with_two_receipts_exists_once() {
    let lake = Lake::default();
    let object = lake.raw("2026-03-01", 7, "a", &["{}", "{}"]).await;
    lake.receipt("one", std::slice::from_ref(&object)).await;
    lake.receipt("two", &[object]).await;
    assert_eq!(
        count(&lake.open().await, "SELECT count(*) FROM raw_events").await,
        2
    );
}

#[tokio::test]
async fn a_count_counts_rows_and_ignores_the_receipt() {
    let lake = Lake::default();
    let mut object = lake.raw("2026-03-01", 7, "a", &["{}", "{}"]).await;
    object.rows = 1_000;
    lake.receipt("one", &[object]).await;
    assert_eq!(
        count(&lake.open().await, "SELECT count(*) FROM raw_events").await,
        2
    );
}

#[tokio::test]
async fn a_receipt_with_a_count_out_of_range_is_an_error() {
    let lake = Lake::default();
    let mut object = lake.raw("2026-03-01", 7, "a", &["{}"]).await;
    object.rows = u64::MAX;
    lake.receipt("one", &[object]).await;
    let error = lake.try_open().await.err().unwrap();
    assert!(matches!(error, MartsError::Ledger(_)), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("its count 18446744073709551615 is out of range"),
        "{said}"
    );
}

#[tokio::test]
async fn a_partition_filter_opens_no_other_object() {
    let lake = Lake::default();
    let kept = lake.raw("2026-03-01", 7, "kept", &["{}"]).await;
    let lost = lake.raw("2026-03-02", 7, "lost", &["{}", "{}"]).await;
    let key = lost.key.clone();
    lake.receipt("one", &[kept, lost]).await;
    lake.delete(&key).await;
    let engine = lake.open().await;

    for filter in [
        "ingest_date = DATE '2026-03-01'",
        "ingest_date < '2026-03-02' AND ingest_hour = 7",
    ] {
        let sql = format!("SELECT count(payload) FROM raw_events WHERE {filter}");
        assert_eq!(count(&engine, &sql).await, 1, "{filter}");
    }
    let error = engine
        .query("SELECT count(payload) FROM raw_events")
        .await
        .unwrap_err();
    assert!(matches!(error, MartsError::Failed { .. }), "{error}");
    assert!(error.to_string().contains(&key), "{error}");
    assert!(!error.is_user_error());
}

#[tokio::test]
async fn titles_have_the_version_of_the_pointer() {
    let lake = Lake::default();
    lake.titles(&["Old"]).await;
    lake.titles(&["New", "Newer"]).await;
    assert_eq!(
        table(&lake.open().await, "SELECT name FROM titles ORDER BY name").await,
        "+-------+\n| name  |\n+-------+\n| New   |\n| Newer |\n+-------+"
    );
}

#[tokio::test]
async fn ten_thousand_small_objects_are_one_table() {
    let lake = Lake::default();
    let mut objects = Vec::new();
    for n in 0..10_000 {
        objects.push(
            lake.raw("2026-03-01", n % 24, &format!("{n:05}"), &["{}"])
                .await,
        );
    }
    lake.receipt("all", &objects).await;
    let engine = lake.open().await;
    assert_eq!(
        count(&engine, "SELECT count(*) FROM raw_events").await,
        10_000
    );
    let sql = "SELECT count(DISTINCT ingest_hour) FROM raw_events WHERE ingest_hour >= 12";
    assert_eq!(count(&engine, sql).await, 12);
}

#[tokio::test]
async fn statements_that_write_are_rejected() {
    let engine = Lake::default().open().await;
    for (sql, verb) in [
        ("DROP TABLE titles", "DROP"),
        ("CREATE TABLE t AS SELECT 1", "CREATE"),
        (
            "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'x.csv'",
            "CREATE",
        ),
        ("INSERT INTO titles SELECT * FROM titles", "INSERT"),
        ("DELETE FROM titles", "DELETE"),
        ("UPDATE titles SET name = ''", "UPDATE"),
        ("COPY titles TO 'x.parquet'", "COPY"),
        ("SET datafusion.execution.batch_size = 1", "SET"),
        (
            "EXPLAIN ANALYZE INSERT INTO titles SELECT * FROM titles",
            "EXPLAIN",
        ),
        ("SELECT 1 AS x INTO t", "SELECT"),
    ] {
        let error = engine.query(sql).await.unwrap_err();
        let MartsError::ReadOnly { statement } = &error else {
            panic!("{sql}: {error}");
        };
        assert_eq!(statement, verb, "{sql}");
        assert!(error.is_user_error());
    }
}

#[tokio::test]
async fn every_kind_of_read_only_statement_runs() {
    let engine = Lake::default().open().await;
    for sql in [
        "SELECT 1;",
        "WITH one AS (SELECT 1) SELECT * FROM one",
        "VALUES (1), (2)",
        "EXPLAIN SELECT * FROM titles",
        "SHOW TABLES",
        "SHOW COLUMNS FROM titles",
        "DESCRIBE titles",
        "DESCRIBE TABLE titles",
        "desc table titles;",
        "SELECT round(avg(completion_rate), 2) FROM processed_events",
    ] {
        engine.query(sql).await.expect(sql);
    }
}

#[tokio::test]
async fn an_error_is_one_line_with_its_position() {
    let engine = Lake::default().open().await;
    for (sql, expected) in [
        (
            "SELECT * FORM titles",
            "invalid SQL: line 1, column 10: Expected: end of statement",
        ),
        (
            "SELECT FROM",
            "invalid SQL: Expected: identifier, found: EOF",
        ),
        (
            "SELECT *\nFROM nowhere",
            "invalid SQL: line 2, column 6: table 'nowhere' not found",
        ),
        (
            "SELECT\n  nam FROM titles",
            "invalid SQL: line 2, column 3: No field named nam. Did you mean 'titles.name'?",
        ),
        ("DESCRIBE TABLE", "invalid SQL: table 'table' not found"),
        (
            "SELECT nope(1)",
            "invalid SQL: line 1, column 8: Invalid function 'nope'",
        ),
        (
            "SELECT 1; SELECT 2",
            "invalid SQL: 2 statements; run one at a time",
        ),
        ("-- nothing", "invalid SQL: no statement"),
        ("SELECT 1 / (0 * 1)", "invalid SQL: Divide by zero"),
    ] {
        let error = engine.query(sql).await.unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(expected), "{sql}: {message}");
        assert!(!message.contains('\n'), "{message}");
        assert!(error.is_user_error(), "{message}");
    }
}
