//! The rules that are tests in Python: `tests/python/test_*.py`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use marquee_conditional_tests::{python, python_script, run, tests};

fn every_test_in_python_passes(python: PathBuf) {
    let output = Command::new(python)
        // Bytecode beside the sources would be another output of the tests.
        .args(["-B", "-m", "unittest", "discover", "--start-directory"])
        .arg(python_script(""))
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    assert!(!report.contains("Ran 0 tests"), "{report}");
}

fn main() -> ExitCode {
    run([tests!(python => [every_test_in_python_passes])])
}
