//! The directories that the commands' options take.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The program's name in hints: its path as invoked.
const MARQUEE: &str = env!("CARGO_BIN_EXE_marquee");

/// The commands that read an existing lake.
const READERS: [&[&str]; 8] = [
    &["day"],
    &["backfill", "2026-01-05..2026-01-06"],
    &["audit", "2026-01-05"],
    &["acknowledge", "p", "1..2", "--by", "a", "--reason", "b"],
    &["replay"],
    &["rebuild", "2026-01-05..2026-01-06"],
    &["query", "SELECT 1"],
    &["serve"],
];

/// Runs an invalid command line in `dir`. Returns its error.
fn input_error(dir: &Path, line: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_marquee"))
        .args(line)
        .current_dir(dir)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line:?}: {error}");
    assert!(output.stdout.is_empty(), "{line:?}");
    error
}

#[test]
fn every_command_reports_a_directory_without_a_lake_alike() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    for (lake, reason) in [
        ("lake", "the directory does not exist"),
        ("empty", "it has neither ledger/ nor reference/"),
        ("file", "it is not a directory"),
    ] {
        for line in READERS {
            let error = input_error(dir.path(), &[line, &["--lake", lake]].concat());
            let path = dir.path().join(lake);
            let option = match lake {
                "lake" => String::new(),
                other => format!(" --lake {other}"),
            };
            let expected = format!(
                "error: {} is not a lake: {reason}. Create a lake with `{MARQUEE} demo{option}` or \
                 `{MARQUEE} run{option}`, or name another one with --lake DIR\n",
                path.display()
            );
            assert_eq!(error, expected, "{line:?}");
        }
    }
    assert!(!dir.path().join("lake").exists());
}

#[test]
fn locations_that_are_not_directories_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let commands = READERS.iter().copied().chain([
        &["demo"][..],
        &["run"],
        &["warehouse", "load"],
        &["warehouse", "query", "SELECT 1"],
    ]);
    for line in commands {
        let error = input_error(dir.path(), &[line, &["--lake", "s3://b/lake"]].concat());
        assert!(
            error.starts_with(
                "error: invalid value 's3://b/lake' for '--lake <DIR>': expected a directory on \
                 this machine; only the deployment on AWS uses lakes in S3. Copy the lake with \
                 `aws s3 sync s3://b/lake DIR` and give DIR\n"
            ),
            "{line:?}: {error}"
        );
    }
    for line in [&["run"][..], &["audit", "2026-01-05"]] {
        let error = input_error(
            dir.path(),
            &[line, &["--stream", "kinesis:events"]].concat(),
        );
        assert!(
            error.starts_with(
                "error: invalid value 'kinesis:events' for '--stream <DIR>': expected a directory \
                 on this machine; only marquee-producer and the deployment on AWS use Kinesis. \
                 Give the directory of an embedded stream, which `marquee-producer … --to \
                 local:DIR` writes\n"
            ),
            "{line:?}: {error}"
        );
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
