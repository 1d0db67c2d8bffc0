//! The report of conditional tests, as `cargo test` shows it.
//!
//! The first run of this program starts it again with tests that pass, fail and lack
//! something, and reads what that run prints.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, ExitCode};

use marquee_conditional_tests::{run, shared_data, tests};

/// Tells a run that it is the second.
const SECOND: &str = "MARQUEE_CONDITIONAL_TESTS_SECOND_RUN";

fn passes((): ()) {}

fn fails((): ()) {
    panic!("it fails");
}

fn lacks(_: std::path::PathBuf) {
    panic!("it runs although its data is missing");
}

fn a_missing_thing_is_reported_with_its_reason((): ()) {
    let second = |filter: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", filter])
            .env(SECOND, "1")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), text)
    };
    let (is_success, text) = second("lacks");
    assert!(is_success, "{text}");
    let line = "test lacks ... ignored (needs ../shared/data/no/such/data beside the repository)";
    assert!(text.lines().any(|it| it == line), "{text}");
    assert!(text.contains("0 passed; 0 failed; 1 ignored"), "{text}");

    let (is_success, text) = second("passes");
    assert!(
        is_success && text.contains("1 passed; 0 failed; 0 ignored"),
        "{text}"
    );
    let (is_success, text) = second("fails");
    assert!(
        !is_success && text.contains("0 passed; 1 failed; 0 ignored"),
        "{text}"
    );
}

fn main() -> ExitCode {
    let nothing = || Ok::<(), String>(());
    match std::env::var_os(SECOND) {
        None => run([tests!(nothing => [a_missing_thing_is_reported_with_its_reason])]),
        Some(_) => run([
            tests!(nothing => [passes, fails]),
            tests!(shared_data("no/such/data") => [lacks]),
        ]),
    }
}
