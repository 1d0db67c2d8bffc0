//! A run of `cargo test` that tells which tests left themselves out.
//!
//! A test that lacks what it needs (Python, data beside the repository) passes with a
//! line `skipped: NAME: WHY`, which cargo shows of failed tests alone. Here it is
//! asked for the output of all, of which these lines are kept.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::step::code_of;

const SKIPPED: &str = "skipped: ";

/// Runs `test`; what its tests said of being skipped.
pub(crate) fn run(test: &mut Command) -> Result<(Option<ExitCode>, Vec<String>)> {
    test.args(["--", "--show-output"]).stdout(Stdio::piped());
    let mut child = test.spawn().context("cargo cannot be run")?;
    let mut output = Output::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("what the tests print cannot be read")?;
            let line = String::from_utf8_lossy(&line);
            if output.is_shown(&line) {
                println!("{line}");
            }
        }
    }
    let status = child.wait().context("cargo cannot be waited for")?;
    Ok((code_of(status), output.skipped))
}

/// What has been read of the tests' output.
#[derive(Default)]
struct Output {
    /// In the output of tests that passed.
    is_of_passed: bool,
    skipped: Vec<String>,
}

impl Output {
    /// Whether that line is for the reader.
    fn is_shown(&mut self, line: &str) -> bool {
        match line {
            "successes:" => self.is_of_passed = true,
            "failures:" => self.is_of_passed = false,
            _ if line.starts_with("test result:") => self.is_of_passed = false,
            _ => {}
        }
        if self.is_of_passed
            && let Some(test) = line.strip_prefix(SKIPPED)
        {
            self.skipped.push(test.to_owned());
        }
        !self.is_of_passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_says_only_what_was_skipped() {
        let mut output = Output::default();
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
skipped: not of what passed

test result: FAILED. 1 passed; 1 failed";
        let shown: Vec<&str> = text.lines().filter(|line| output.is_shown(line)).collect();
        assert_eq!(output.skipped, ["a: no Python"]);
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
                "skipped: not of what passed",
                "",
                "test result: FAILED. 1 passed; 1 failed",
            ]
        );
    }
}
