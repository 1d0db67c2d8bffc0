//! Marts and checks over a lake in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod broken;
mod days;
mod facts;
mod memory;
mod titles;

use std::sync::Arc;

use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use days::{Days, RUN, parsed};
use facts::{Facts, SILENT, date};
use marquee_lake::generation::TableFiles;
use marquee_marts::{DateRun, Engine};
use marquee_sql::{After, Check, CheckResult, Mart, Severity};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

async fn days(dates: usize) -> Days {
    Days::new(Arc::new(InMemory::new()), dates).await
}

/// Parses an additional mart.
fn mart(name: &str, head: &str, sql: &str) -> Mart {
    let text = format!("-- Made up.\n-- partition: event_date\n{head}\n-- rebuild: dates\n{sql}\n");
    Mart::parse(name, &text).unwrap()
}

async fn rows(store: &dyn ObjectStore, table: &TableFiles) -> RecordBatch {
    let [file] = table.files.as_slice() else {
        panic!("{table:?}");
    };
    let bytes = store
        .get(&Path::from(file.key.as_str()))
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(
        (file.bytes, &file.digest),
        (bytes.len() as u64, &marquee_lake::digest::of(&bytes))
    );
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let rows = concat_batches(&schema, &batches).unwrap();
    assert_eq!(file.rows, rows.num_rows() as u64);
    rows
}

/// Formats rows as lines, the column names first.
fn shown(rows: &RecordBatch) -> Vec<String> {
    let text = pretty_format_batches(std::slice::from_ref(rows))
        .unwrap()
        .to_string();
    let lines = text.lines().filter(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            cells[1..cells.len() - 1].join(" ")
        })
        .collect()
}

async fn results(run: &DateRun, after: After) -> Vec<CheckResult> {
    let mut results = Vec::new();
    for check in marquee_sql::checks().unwrap() {
        if check.after == after {
            results.push(run.check(&check).await.unwrap());
        }
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_facts_make_the_same_bytes() {
    let days = days(32).await;
    let newest = date(31);
    let built = days.marts(&newest).await;
    for (name, table) in &built {
        assert!(table.rows() > 0, "{name} is empty");
    }
    // Sequentially instead of two at a time.
    let run = days.run(&newest).await;
    for mart in marquee_sql::marts().unwrap() {
        assert_eq!(
            run.build(&mart).await.unwrap(),
            built[&mart.name],
            "{}",
            mart.name
        );
    }
}

#[tokio::test]
async fn a_date_without_facts_has_every_table_with_its_columns() {
    let days = days(0).await;
    let run = days.run("2026-02-01").await;
    for mart in marquee_sql::marts().unwrap() {
        let table = run.build(&mart).await.unwrap();
        let rows = rows(days.store.as_ref(), &table).await;
        assert!(rows.num_columns() > 2, "{}", mart.name);
        assert!(
            mart.name.starts_with("dim_") || rows.num_rows() == 0,
            "{}",
            mart.name
        );
    }
    assert!(
        results(&run, After::Compact)
            .await
            .iter()
            .all(|result| !result.stops())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_and_marts_that_agree_pass_every_check() {
    let days = days(9).await;
    for number in [0, 8] {
        let date = date(number);
        let mut tables = days.tables.clone();
        for (name, table) in days.marts(&date).await {
            tables
                .entry(name)
                .or_default()
                .insert(parsed(&date), table.files);
        }
        let run = days.run_over(&date, tables).await;
        let mut all = results(&run, After::Compact).await;
        all.extend(results(&run, After::Marts).await);
        for result in all {
            // One title is unknown, and most units of the first date were rejected.
            let expected = match result.name.as_str() {
                "views_have_titles" => 1,
                "quarantine_rate" => u64::from(number == 0),
                _ => 0,
            };
            assert_eq!(
                result.broken, expected,
                "{}: {:?}",
                result.name, result.sample
            );
        }
    }
}

#[tokio::test]
async fn violations_of_a_check_are_counted_and_sampled() {
    let mut days = days(2).await;
    let date = date(1);
    let [(_, events), _, (_, views)] = Facts::of(1).tables();
    let twice = concat_batches(&events.schema(), [&events, &events.slice(0, 7)]).unwrap();
    days.add("events", &date, &twice).await;
    days.add("fact_view", &date, &views.slice(1, views.num_rows() - 1))
        .await;
    let run = days.run(&date).await;

    let broken: Vec<CheckResult> = results(&run, After::Compact)
        .await
        .into_iter()
        .filter(CheckResult::stops)
        .collect();
    let names: Vec<&str> = broken.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names, ["events_unique", "facts_agree_with_events"]);
    let unique = &broken[0];
    assert_eq!((unique.broken, unique.sample.len()), (7, 5));
    assert!(
        unique.sample[0].ends_with(r#","found":2}"#),
        "{}",
        unique.sample[0]
    );
    let text = serde_json::to_string(unique).unwrap();
    assert!(
        text.starts_with(r#"{"name":"events_unique","severity":"error","about":"Every event is"#),
        "{text}"
    );
    assert!(broken[1].sample[0].starts_with(r#"{"figure":"fact_session.events","fact":"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mart_that_lost_a_row_is_found() {
    let days = days(2).await;
    let date = date(1);
    let mut tables = days.tables.clone();
    for (name, table) in days.marts(&date).await {
        tables
            .entry(name)
            .or_default()
            .insert(parsed(&date), table.files);
    }
    tables.get_mut("user_daily").unwrap().clear();
    let run = days.run_over(&date, tables).await;
    let broken: Vec<CheckResult> = results(&run, After::Marts)
        .await
        .into_iter()
        .filter(CheckResult::stops)
        .collect();
    let [agreement] = broken.as_slice() else {
        panic!("{broken:?}");
    };
    assert_eq!(
        (agreement.name.as_str(), agreement.broken),
        ("marts_agree_with_facts", 5)
    );
    assert!(
        agreement
            .sample
            .iter()
            .all(|row| row.contains("user_daily."))
    );
}

#[tokio::test]
async fn an_additional_mart_is_a_table() {
    let days = days(3).await;
    let sql = "SELECT event_date AS seen_on, count(*) AS views, max(title_id) AS t \
               FROM fact_view GROUP BY event_date ORDER BY event_date";
    let plays = mart("dropped_in", "-- looks back: 1 day", sql);
    let table = days.run(&date(2)).await.build(&plays).await.unwrap();
    let key = format!(
        "curated/dropped_in/event_date={}/run={RUN}/part-0000.parquet",
        date(2)
    );
    assert_eq!(table.files[0].key, key);
    // The date before the window is an input but not in the result.
    let lines = shown(&rows(days.store.as_ref(), &table).await);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[1].starts_with(&date(1)) && lines[2].starts_with(&date(2)),
        "{lines:?}"
    );
}

#[tokio::test]
async fn the_error_of_a_failed_file_names_it() {
    let days = days(1).await;
    let run = days.run(&date(0)).await;
    let fault = async |sql: &str| {
        let mart = mart("mine", "-- looks back: 0 days", sql);
        run.build(&mart).await.unwrap_err().to_string()
    };
    assert_eq!(
        fault("SELECT nope FROM events")
            .await
            .split_once("Valid")
            .unwrap()
            .0
            .trim(),
        "sql/marts/mine.sql: invalid SQL: line 5, column 8: No field named nope."
    );
    assert_eq!(
        fault("SELECT * FROM title_daily").await,
        "sql/marts/mine.sql: invalid SQL: line 5, column 15: table 'title_daily' not found",
        "a mart cannot read another mart"
    );
    assert!(
        fault("DELETE FROM events")
            .await
            .starts_with("sql/marts/mine.sql: DELETE is not allowed")
    );
    assert!(
        fault("SELECT 1.5 * rating AS r, [1] AS l FROM events")
            .await
            .contains("column l has the type")
    );
    let check = "-- Mine.\n-- severity: warn\n-- after: compact\nSELECT 1 FROM nowhere";
    let error = run
        .check(&Check::parse("mine", check).unwrap())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("sql/checks/mine.sql: invalid SQL: line 4"),
        "{error}"
    );
}

#[tokio::test]
async fn a_state_table_is_ordered_by_its_columns() {
    let days = days(2).await;
    let run = days.run(&date(1)).await;
    let state = |order: &str| {
        let text = format!(
            "-- Made up.\n-- partition: event_date\n-- looks back: 1 day\n-- rebuild: latest\n\
             -- carried by: seen_on\nSELECT event_date AS seen_on, title_id FROM fact_view {order}"
        );
        Mart::parse("mine", &text).unwrap()
    };
    let sorted = state("ORDER BY title_id, seen_on");
    assert!(run.build(&sorted).await.unwrap().rows() > 0);
    for (order, fault) in [
        (
            "",
            "a state table must end with ORDER BY over its own columns",
        ),
        (
            "ORDER BY user_id",
            "a state table must end with ORDER BY over its own columns",
        ),
        (
            "ORDER BY title_id || 'x'",
            "a state table must be ordered by columns, not by ",
        ),
    ] {
        let run = days.run(&date(1)).await;
        let error = run.build(&state(order)).await.unwrap_err().to_string();
        let expected = format!("sql/marts/mine.sql: invalid SQL: {fault}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn an_additional_check_reports_its_violations() {
    let days = days(1).await;
    let text = "-- No search is empty.\n-- severity: warn\n-- after: compact\n\
                SELECT query, results FROM events WHERE event_date = {date} AND query = '' \
                ORDER BY results NULLS FIRST";
    let result = days
        .run(&date(0))
        .await
        .check(&Check::parse("mine", text).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (result.severity, result.about.as_str()),
        (Severity::Warn, "No search is empty.")
    );
    assert!(result.broken > 1 && !result.stops());
    assert_eq!(result.sample[0], r#"{"query":"","results":null}"#);
}

#[tokio::test]
async fn every_table_and_column_is_documented() {
    let docs = include_str!("../../../../docs/DATA_MODEL.md");
    let days = days(0).await;
    let engine = Engine::open(Arc::clone(&days.store)).await.unwrap();
    let mut missing = Vec::new();
    let curated = Engine::tables()
        .unwrap()
        .into_iter()
        .filter(|table| !Engine::TABLES.contains(&table.as_str()));
    for table in curated {
        let section = docs
            .split("\n### ")
            .find(|section| section.lines().next() == Some(&table));
        let section = section.unwrap_or_else(|| panic!("no section {table}"));
        let answer = engine
            .stream(&format!("SELECT * FROM {table}"))
            .await
            .unwrap();
        for field in answer.schema().fields() {
            let is_there = section.contains(&format!("`{}`", field.name()));
            if table != "events" && field.name() != "event_date" && !is_there {
                missing.push(format!("{table}.{}", field.name()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_reads_only_current_generations() {
    let mut days = days(3).await;
    let count = async |store: &Arc<dyn ObjectStore>, table: &str| {
        let engine = Engine::open(Arc::clone(store)).await.unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        shown(&engine.query(&sql).await.unwrap()[0])[1]
            .parse::<u64>()
            .unwrap()
    };
    // Files without a generation are orphans.
    let first = days.marts(&date(0)).await;
    for table in Engine::tables().unwrap() {
        let titles = u64::from(table == "titles") * 12;
        assert_eq!(count(&days.store, &table).await, titles, "{table}");
    }
    days.publish(&date(0), 1, first.clone()).await;
    let second = days.marts(&date(1)).await;
    days.publish(&date(1), 1, second.clone()).await;
    for (table, is_for_every_date) in [
        ("user_daily", true),
        ("title_rating", false),
        ("dim_date", false),
    ] {
        let before = u64::from(is_for_every_date) * first[table].rows();
        assert_eq!(
            count(&days.store, table).await,
            before + second[table].rows(),
            "{table}"
        );
    }
    // The next generation replaces the previous one.
    let views = Facts::of(0).tables()[2].1.slice(0, 4);
    days.add("fact_view", &date(0), &views).await;
    days.publish(&date(0), 2, first.clone()).await;
    let of_the_date = format!("fact_view WHERE event_date = DATE '{}'", date(0));
    assert_eq!(count(&days.store, &of_the_date).await, 4);
}

#[tokio::test]
async fn each_session_is_filed_once() {
    let days = days(SILENT).await;
    let session = marquee_sql::marts()
        .unwrap()
        .into_iter()
        .find(|mart| mart.name == "session")
        .unwrap();
    let mut filed = Vec::new();
    let mut facts = 0;
    for number in 0..SILENT {
        let table = days.run(&date(number)).await.build(&session).await.unwrap();
        filed.push(rows(days.store.as_ref(), &table).await);
        facts += Facts::of(number).tables()[1].1.num_rows();
    }
    let schema = filed[0].schema();
    let filed = concat_batches(&schema, &filed).unwrap();
    let table = datafusion::datasource::MemTable::try_new(schema, vec![vec![filed]]).unwrap();
    let context = datafusion::prelude::SessionContext::new();
    context.register_table("filed", Arc::new(table)).unwrap();
    let sql = "SELECT session_id LIKE '%long' AS is_long, session_id LIKE '%night' AS is_night, \
               count(DISTINCT session_id) = count(*) AS once, sum(dates) AS parts, min(dates) AS least \
               FROM filed GROUP BY 1, 2 ORDER BY 1, 2";
    let answer = context.sql(sql).await.unwrap().collect().await.unwrap();
    let lines = shown(&concat_batches(&answer[0].schema(), &answer).unwrap());
    // Sessions after 23:30 on the newest date have not ended yet.
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines[1].starts_with("false false true"), "{lines:#?}");
    assert!(lines[2].starts_with("false true true"), "{lines:#?}");
    assert!(lines[3].starts_with("true false false 19"), "{lines:#?}");
    let parts: usize = lines[1..]
        .iter()
        .map(|line| line.split(' ').nth(3).unwrap().parse::<usize>().unwrap())
        .sum();
    let open = {
        let rows = shown(&Facts::of(SILENT - 1).tables()[1].1);
        rows.iter()
            .filter(|row| row.contains("T23:3") || row.contains("T23:4") || row.contains("T23:5"))
            .count()
    };
    assert_eq!(parts, facts - open);
}
