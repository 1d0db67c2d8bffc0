//! `marquee cost` from the command line.
#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;

use serde_json::Value;

fn cost(line: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_marquee"))
        .arg("cost")
        .args(line)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

fn json(line: &[&str]) -> Value {
    let (code, out, err) = cost(&[line, &["--format", "json"]].concat());
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_month_is_shown_by_component() {
    let (code, out, err) = cost(&["--events-per-day", "86400000"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with(
            "Monthly cost of 86,400,000 events per day, 1,000 per second, in us-east-1"
        )
    );
    for expected in ["PUT units", "state transitions", "curated", "total"] {
        assert!(out.contains(expected), "{out}");
    }
    let estimate = json(&["--events-per-day", "86.4e6"]);
    let sum = format!("{:.2}", estimate["making"].as_f64().unwrap());
    let line = out
        .lines()
        .find(|line| line.contains("from the producer"))
        .unwrap();
    assert!(line.contains(&sum), "{line}: {sum}");
}

#[test]
fn every_option_reaches_the_model() {
    let base = ["--events-per-day", "86.4e6"];
    let plain = json(&base)["workload"].clone();
    for option in [
        "--avg-bytes=500",
        "--rejected=0.1",
        "--peak=2",
        "--stream=on-demand",
        "--stream-hours=24",
        "--no-aggregate",
        "--no-compression",
        "--producers=7",
        "--buckets=8",
        "--linger-ms=250",
        "--window-s=5",
        "--no-raw",
        "--dates-per-day=1",
        "--raw-days=7",
        "--raw-cold-after-days=7",
        "--log-days=7",
        "--processed-days=7",
        "--quarantine-days=7",
        "--curated-days=7",
        "--metrics=1",
        "--alarms=1",
        "--dashboards=2",
        "--athena-tb=3",
    ] {
        assert_ne!(
            json(&[&base[..], &[option]].concat())["workload"],
            plain,
            "{option}"
        );
    }
}

#[test]
fn an_environment_sets_what_no_option_sets() {
    let of = |options: &[&str]| {
        let base = ["--events-per-day", "100000", "--environment"];
        json(&[&base[..], options].concat())
    };
    let dev = of(&["dev"]);
    assert!(dev["making"].as_f64().unwrap() < 20.0, "{dev}");
    assert_eq!(dev["workload"]["dashboards"], 0.0);
    assert_eq!(of(&["prod"])["workload"]["mode"], "on-demand");
    let longer = of(&["dev", "--stream-hours", "168"]);
    assert_eq!(longer["workload"]["stream_hours"], 168.0);
    assert_eq!(longer["workload"]["dashboards"], 0.0);
}

#[test]
fn a_value_out_of_range_is_bad_input() {
    let events = |number| ["--events-per-day", number];
    for (line, expected) in [
        (
            &events("0")[..],
            "error: events per day: 0 is not between 1 and 1000000000000\n",
        ),
        (&events("nan"), "error: events per day: NaN is not between"),
        (
            &[&events("1e6")[..], &["--window-s", "900"]].concat(),
            "batching window in seconds: 900",
        ),
        (
            &[
                &events("1e6")[..],
                &["--stream", "on-demand", "--shards", "2"],
            ]
            .concat(),
            "an on-demand stream has no number of shards",
        ),
        (&events("many"), "invalid value 'many'"),
        (
            &[&events("1e6")[..], &["--environment", "test"]].concat(),
            "invalid value 'test'",
        ),
        (&[], "--events-per-day"),
    ] {
        let (code, out, err) = cost(line);
        assert_eq!(code, 2, "{line:?}: {err}");
        assert!(out.is_empty() && err.contains(expected), "{err}");
    }
}
