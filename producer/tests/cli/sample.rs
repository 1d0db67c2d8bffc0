//! Tests of the command `sample`.

use std::fs;

use marquee_event::Title;

use crate::{producer, text};

/// A sample goes through `send`, and the estimates of its runtimes are the true ones.
#[test]
fn a_sample_of_a_watch_log_can_be_sent_in_both_formats() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let mut printed = Vec::new();
    for (name, format) in [("log.csv", "csv"), ("log.json", "json")] {
        let (log, titles) = (path(name), path("titles.ndjson"));
        let line = [
            "sample",
            "watch-log",
            "--rows",
            "1e4",
            "--date-format",
            "mixed",
            "--format",
            format,
            "--output",
            &log,
        ];
        let output = producer(&line);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let output = producer(&[
            "send",
            &log,
            "--producer-id",
            "p",
            "--catalogue",
            &titles,
            "--to",
            "-",
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout).lines().count(), 20_000);
        printed.push(output.stdout);
    }
    assert!(printed[0] == printed[1]);

    let titles = fs::read_to_string(path("titles.ndjson")).unwrap();
    assert_eq!(titles.lines().count(), 20);
    let runtime = |show: &str| {
        let name = format!("\"name\":\"{show}\"");
        let line = titles.lines().find(|line| line.contains(&name)).unwrap();
        let title: Title = serde_json::from_str(line).unwrap();
        assert!(title.runtime_estimated, "{line}");
        title.runtime_ms.unwrap() / 60_000
    };
    assert_eq!(
        ["The Long Orbit", "Midnight Bakery", "The Frozen Witness"].map(runtime),
        [51, 22, 62]
    );
}

#[test]
fn the_help_describes_the_samples_and_the_titles() {
    let help = |args: &[&str]| text(&producer(args).stdout);
    assert!(help(&["--help"]).contains("\n  sample    Write a sample file for `send`\n"));
    let send = help(&["send", "--help"]);
    assert!(send.contains("--titles <FILE>"), "{send}");
    assert!(send.contains("estimate each show's runtime"), "{send}");
    let sample = help(&["sample", "watch-log", "--help"]);
    assert!(sample.contains("--rows <N>"), "{sample}");
    assert!(sample.contains("2026-01-05 20:15:00, in UTC"), "{sample}");
}
