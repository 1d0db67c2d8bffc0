//! Compares the model with the project: the resources of `infra/` and the tables of `sql/`.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_cost::{Estimate, Mode, Workload, measured, prices};

/// The alarms evaluate the metrics of infra/. The pipeline has 19 alarms: one evaluates four
/// metrics, three evaluate three, three evaluate two. Each function has three alarms.
#[test]
fn the_alarms_are_those_of_terraform() {
    let count = |text: &str, what: &str| text.matches(what).count();
    let resource = "resource \"aws_cloudwatch_metric_alarm\"";
    let whole = include_str!("../../../infra/alarms.tf");
    let each = include_str!("../../../infra/modules/rust_lambda/alarms.tf");
    let steps = include_str!("../../../infra/day.tf");
    // Two of the sixteen resources are several alarms: findings, and executions of three
    // state machines.
    assert_eq!(count(whole, resource), 16);
    assert_eq!(
        (count(each, resource), count(steps, "{ binary = ")),
        (3, 13)
    );
    // The steps of the daily pipeline, the transform, the alert function and the API's.
    let functions = 13 + 3;
    let of_whole = 19 + 3 + 3 * 2 + 3;
    let all = f64::from(functions * 3 + of_whole);
    assert_eq!(all, Workload::new(1.0).alarms);
    let page = include_str!("../../../docs/COST.md");
    assert!(page.contains(&format!("{functions} × 3 + {of_whole} = {all}")));
}

/// The tables that `publish` registers are the four of compaction and the marts.
#[test]
fn the_registered_tables_are_all_tables() {
    let marts = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/marts"));
    let tables = marts.unwrap().count() + 4;
    let estimate = Estimate::of(&Workload::new(1e6)).unwrap();
    let mut lines = estimate.lines.iter();
    let line = lines.find(|line| line.item == "tables registered").unwrap();
    let registered = line.quantity / prices::DAYS / 4.0 / 4.0;
    assert!(
        (registered - tables as f64).abs() < 1e-9,
        "{registered} of {tables}"
    );
}

/// The model's defaults are those of infra/variables.tf.
#[test]
fn the_defaults_are_those_of_terraform() {
    let variables = include_str!("../../../infra/variables.tf");
    let default = |name: &str| -> &str {
        let (_, after) = variables
            .split_once(&format!("variable \"{name}\" {{"))
            .unwrap_or_else(|| panic!("no variable {name}"));
        let line = after
            .lines()
            .find(|line| line.trim().starts_with("default"));
        line.unwrap().split_once('=').unwrap().1.trim()
    };
    let base = Workload::new(1.0);
    assert_eq!(default("stream_mode"), "\"PROVISIONED\"");
    assert_eq!(base.mode, Mode::Provisioned);
    assert_eq!(default("raw_zone"), base.raw.to_string());
    for (name, ours) in [
        ("stream_retention_hours", base.stream_hours),
        ("batch_window_seconds", base.window_s),
        ("raw_days", base.retention.raw),
        ("raw_cold_after_days", base.retention.raw_cold_after),
        ("processed_days", base.retention.processed),
        ("quarantine_days", base.retention.quarantine),
        ("log_retention_days", base.retention.logs),
        ("bucket_rows", measured::BUCKET_ROWS),
        ("part_rows", measured::PART_CHUNKS * measured::SPLIT_CHUNK.0),
    ] {
        assert_eq!(default(name).parse::<f64>().unwrap(), ours, "{name}");
    }
    assert_eq!(default("hourly_schedule_enabled"), "false");
}
