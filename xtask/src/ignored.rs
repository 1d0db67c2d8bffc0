//! A run of `cargo test` that collects the tests that were ignored.
//!
//! A test that lacks what it needs (Python, PostgreSQL, data beside the repository)
//! is reported as `test NAME ... ignored` with the reason. That line scrolls by; `cargo xtask test`
//! repeats it at the end.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::process::code_of;

/// Runs `test`, passes its output on, and returns the ignored tests with the reasons.
pub(crate) fn run(test: &mut Command) -> Result<(Option<ExitCode>, Vec<String>)> {
    test.stdout(Stdio::piped());
    let mut child = test.spawn().context("cannot run cargo")?;
    let mut ignored = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("cannot read what the tests print")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            ignored.extend(ignored_test(&line));
        }
    }
    let status = child.wait().context("cannot wait for cargo")?;
    Ok((code_of(status), ignored))
}

/// Returns `NAME: REASON` of a line about an ignored test.
fn ignored_test(line: &str) -> Option<String> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let reason = verdict.strip_prefix("ignored")?;
    // Rust's harness writes `, REASON`, that of conditional tests ` (REASON)`.
    let reason = reason
        .strip_prefix(", ")
        .or_else(|| reason.strip_prefix(" (")?.strip_suffix(')'))
        .unwrap_or("no reason is given");
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
            // Names are padded where the harness aligns them.
            ("test long  ... ignored (no (x))", Some("long: no (x)")),
            ("test c ... ignored", Some("c: no reason is given")),
            ("test result: ok. 3 passed; 0 failed; 1 ignored", None),
        ] {
            assert_eq!(ignored_test(line).as_deref(), found, "{line}");
        }
    }
}
