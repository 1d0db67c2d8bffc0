//! A run of `cargo test` that collects the tests that did not run.
//!
//! Rust's harness reports an ignored test as `test NAME ... ignored, REASON`. A test that
//! finds out at run time that it lacks something (Python, PostgreSQL, data beside the
//! repository) passes and prints `skipped: NAME: REASON`, which cargo hides. This module
//! asks for the output of all tests and keeps both kinds of lines.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::process::code_of;

const SKIPPED: &str = "skipped: ";

/// Runs `test`, passes its output on, and returns the tests that did not run with the
/// reasons.
pub(crate) fn run(test: &mut Command) -> Result<(Option<ExitCode>, Vec<String>)> {
    test.args(["--", "--show-output"]).stdout(Stdio::piped());
    let mut child = test.spawn().context("cannot run cargo")?;
    let mut output = TestOutput::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("cannot read what the tests print")?;
            let line = String::from_utf8_lossy(&line);
            if output.read(&line) {
                println!("{line}");
            }
        }
    }
    let status = child.wait().context("cannot wait for cargo")?;
    Ok((code_of(status), output.ignored))
}

/// The output of the tests that was read so far.
#[derive(Default)]
struct TestOutput {
    /// `true` within the output of tests that passed.
    in_successes: bool,
    ignored: Vec<String>,
}

impl TestOutput {
    /// Reads a line. Returns `true` if the line is for the reader: the output of a test
    /// that passed is not.
    fn read(&mut self, line: &str) -> bool {
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ if line.starts_with("test result:") => self.in_successes = false,
            _ => {}
        }
        if self.in_successes {
            self.ignored
                .extend(line.strip_prefix(SKIPPED).map(str::to_owned));
        } else {
            self.ignored.extend(ignored_test(line));
        }
        !self.in_successes
    }
}

/// Returns `NAME: REASON` of a line about an ignored test.
fn ignored_test(line: &str) -> Option<String> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let reason = verdict.strip_prefix("ignored")?;
    let reason = reason.strip_prefix(", ").unwrap_or("no reason is given");
    Some(format!("{}: {reason}", name.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_test_is_found_with_its_reason() {
        for (line, found) in [
            ("test a::b ... ok", None),
            ("test a::b ... ignored, no Python", Some("a::b: no Python")),
            ("test c ... ignored", Some("c: no reason is given")),
            ("test result: ok. 3 passed; 0 failed; 1 ignored", None),
        ] {
            assert_eq!(ignored_test(line).as_deref(), found, "{line}");
        }
    }

    #[test]
    fn the_output_of_passed_tests_is_hidden_but_for_skipped_ones() {
        let mut output = TestOutput::default();
        let text = "\
running 3 tests
test a ... ok
test b ... FAILED

successes:

---- a stdout ----
skipped: a: no Python
words

successes:
    a

failures:

---- b stdout ----
skipped: a line of a failed test

test result: FAILED. 1 passed; 1 failed";
        let shown: Vec<&str> = text.lines().filter(|line| output.read(line)).collect();
        assert_eq!(output.ignored, ["a: no Python"]);
        assert_eq!(
            shown,
            [
                "running 3 tests",
                "test a ... ok",
                "test b ... FAILED",
                "",
                "failures:",
                "",
                "---- b stdout ----",
                "skipped: a line of a failed test",
                "",
                "test result: FAILED. 1 passed; 1 failed",
            ]
        );
    }
}
