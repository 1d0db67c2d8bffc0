//! A watch log from the file to `fact_view`: every view has a completion rate, because the
//! producer estimates the runtimes that the log does not give.

use std::collections::BTreeMap;
use std::fs;

use marquee_compaction::InputObject;
use marquee_encode::{FileLayout, Zstd};
use marquee_event::{FormatVersion, parse};
use marquee_ingest::processed::ProcessedTable;
use marquee_ingest::raw::Identity;
use marquee_ingest::titles::Titles;
use marquee_producer::input::{InputSettings, open};
use marquee_tables::curated::fact_view;
use marquee_tables::schema::processed_events;

use crate::lake::{Lake, task};
use crate::rows::read_rows;

/// A log of one date. One show has 96 viewings of 42 minutes, and one each of 500 and of
/// 10 minutes; the other has too few viewings to tell which one is too long.
fn log() -> String {
    let mut log = "user_id,show_name,watch_duration_minutes,watch_date\n".to_owned();
    for user in 0..96 {
        log += &format!("u{user},Dark,42,2026-03-01 10:00\n");
    }
    log + "long,Dark,500,2026-03-01T10:00:00+01:00\nshort,Dark,10,2026-03-01T10:00:00Z\n\
           42,Heat,42,2026-03-01 10:00:00\n500,Heat,500,2026-03-01 10:00:00\n"
}

#[test]
fn every_view_of_a_watch_log_has_a_completion_rate() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.csv");
    fs::write(&path, log()).unwrap();
    let input = open(&path, &InputSettings::default()).unwrap();
    let catalog = input.title_catalog.unwrap();
    assert!(catalog.iter().all(|title| title.runtime_estimated));

    let lake = Lake::new();
    let titles = Titles::new(None, catalog.clone());
    let mut table = ProcessedTable::new(&titles, FormatVersion::CURRENT);
    let mut zstd = Zstd::new().unwrap();
    for (number, event) in input.events.enumerate() {
        let event = event.unwrap();
        let identity = Identity {
            shard_id: "shardId-000000000000",
            sequence_number: &number.to_string(),
            sub_sequence: 0,
            arrived_at: event.arrives_at_ms.unwrap() * 1_000,
        };
        let event = parse(&event.body).unwrap();
        table.push(&event, &identity, 7, &mut zstd).unwrap();
    }
    let layout = FileLayout::new(&processed_events()).unwrap();
    let (content, _) = table.finish(&layout, &mut zstd).unwrap();
    let bytes = content.len() as u64;
    lake.put("processed", content);
    let processed = InputObject {
        key: "processed".to_owned(),
        bytes,
        rows_of_date: 2 * 100,
    };
    let compacted = lake.compact_with(task("run", vec![processed], None), catalog);

    let column = |name: &str| fact_view().index_of(name).unwrap();
    let views: BTreeMap<String, Vec<String>> = compacted.tables["fact_view"]
        .files
        .iter()
        .flat_map(|file| read_rows(lake.get(&file.key)))
        .map(|row| {
            let cell = |name: &str| row[column(name)].clone().unwrap();
            let columns = [
                "runtime_ms",
                "completion_rate",
                "completed",
                "engagement_score",
            ];
            (cell("user_id"), columns.map(cell).into())
        })
        .collect();
    assert_eq!(views.len(), 100);
    for (user, minutes, rate, completed, score) in [
        ("u0", 42, "1", "true", "1"),
        ("long", 42, "1", "true", "1"),
        ("short", 42, "0.23809524", "false", "0.23809524"),
        ("42", 500, "0.084", "false", "0.084"),
        ("500", 500, "1", "true", "1"),
    ] {
        let runtime = (minutes * 60_000).to_string();
        assert_eq!(
            views[user],
            [runtime.as_str(), rate, completed, score],
            "{user}"
        );
    }
}
