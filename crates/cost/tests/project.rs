//! Compares the model with the project: the resources of `infra/` and the tables of `sql/`.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_cost::{Environment, Estimate, Mode, Workload, measured, prices};

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

/// Returns the value of a setting: of `tfvars`, else the default of infra/variables.tf.
fn setting<'t>(tfvars: &'t str, name: &str) -> &'t str {
    let variables = include_str!("../../../infra/variables.tf");
    let value = |line: &'t str, name: &str| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then_some(value.trim())
    };
    let set = tfvars.lines().find_map(|line| value(line, name));
    set.unwrap_or_else(|| {
        let (_, after) = variables
            .split_once(&format!("variable \"{name}\" {{"))
            .unwrap_or_else(|| panic!("no variable {name}"));
        let default = after.lines().find_map(|line| value(line, "default"));
        default.unwrap()
    })
}

/// Returns the scheduled runs a day for the current day.
fn runs_of_current_day(tfvars: &str) -> f64 {
    let is_enabled = setting(tfvars, "hourly_schedule_enabled") == "true";
    match (is_enabled, setting(tfvars, "hourly_schedule")) {
        (false, _) => 0.0,
        (true, "\"cron(30 * * * ? *)\"") => 24.0,
        (true, "\"cron(15/30 * * * ? *)\"") => 48.0,
        (true, other) => panic!("state the runs a day of {other}"),
    }
}

/// An event of a development deployment waits for its batch and for the next run. The run
/// itself has 15 minutes, the longest time of one function.
#[test]
fn dev_has_its_first_tables_within_an_hour() {
    let dev = include_str!("../../../infra/envs/dev.tfvars");
    let window: f64 = setting(dev, "batch_window_seconds").parse().unwrap();
    let minutes = window / 60.0 + 1_440.0 / runs_of_current_day(dev) + 15.0;
    assert!(minutes < 60.0, "{minutes}");
}

/// The settings of the model are those of infra/variables.tf and infra/envs.
#[test]
fn the_settings_are_those_of_terraform() {
    let dev = include_str!("../../../infra/envs/dev.tfvars");
    let prod = include_str!("../../../infra/envs/prod.tfvars");
    for (tfvars, workload) in [
        ("", Workload::new(1.0)),
        (dev, Workload::of_environment(1.0, Environment::Dev)),
        (prod, Workload::of_environment(1.0, Environment::Prod)),
    ] {
        let number = |name: &str| -> f64 { setting(tfvars, name).parse().unwrap() };
        let is_on = |name: &str| setting(tfvars, name) == "true";
        for (name, ours) in [
            ("stream_retention_hours", workload.stream_hours),
            ("batch_window_seconds", workload.window_s),
            ("raw_days", workload.retention.raw),
            ("raw_cold_after_days", workload.retention.raw_cold_after),
            ("processed_days", workload.retention.processed),
            ("quarantine_days", workload.retention.quarantine),
            ("log_retention_days", workload.retention.logs),
            ("bucket_rows", measured::BUCKET_ROWS),
            ("part_rows", measured::PART_CHUNKS * measured::SPLIT_CHUNK.0),
        ] {
            assert_eq!(number(name), ours, "{name}");
        }
        let mode = match workload.mode {
            Mode::Provisioned => "\"PROVISIONED\"",
            Mode::OnDemand => "\"ON_DEMAND\"",
        };
        assert_eq!(setting(tfvars, "stream_mode"), mode);
        assert_eq!(number("stream_shards"), 1.0);
        assert_eq!(is_on("raw_zone"), workload.raw);

        let runs = runs_of_current_day(tfvars);
        let expected = Workload::new(1.0).with_current_day_runs(runs);
        assert_eq!(workload.executions_per_day, expected.executions_per_day);
        assert_eq!(workload.dates_per_day, expected.dates_per_day);
        assert!(is_on("daily_schedule_enabled"));

        let dashboards = f64::from(u8::from(is_on("dashboard_enabled")));
        assert_eq!(workload.dashboards, dashboards);
        let (metrics, alarms) = (workload.metrics, workload.alarms);
        assert_eq!(
            alarms == 13.0,
            setting(tfvars, "alarm_set") == "\"essential\""
        );
        assert_eq!(metrics == 6.0, is_on("alarmed_metrics_only"));
        assert!(alarms == 13.0 || alarms == 79.0);
        assert!(metrics == 6.0 || metrics == 40.0);
    }
}

/// The tests of Terraform count the metrics that the alarms evaluate. `marquee-telemetry`
/// has the metrics that remain with `alarmed_metrics_only`.
#[test]
fn the_reduced_monitoring_is_that_of_terraform() {
    let tests = include_str!("../../../infra/tests/deployment.tftest.hcl");
    let dev = Workload::of_environment(1.0, Environment::Dev);
    for workload in [Workload::new(1.0), dev] {
        let sum = format!("sum(local.alarms[*].metrics) == {}\n", workload.alarms);
        assert!(tests.contains(&sum), "{sum}");
    }
    let telemetry = include_str!("../../telemetry/src/alarmed.rs");
    assert!(telemetry.contains(&format!("const ALARMED: [&str; {}]", dev.metrics)));
}

/// A development deployment with few events costs at most $20 a month.
#[test]
fn a_development_deployment_is_cheap() {
    let workload = Workload::of_environment(1e5, Environment::Dev);
    let estimate = Estimate::of(&workload).unwrap();
    let total = estimate.processing + estimate.storage;
    assert!(total < 20.0, "{total}");
}
