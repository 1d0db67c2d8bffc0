//! DataFusion is built once for the demo and the tests.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::features::{differing, resolved};
use marquee_tidy::hold;
use marquee_tidy::layers::{is_lambda, members};

/// Crates that `cargo xtask test` builds in other groups, besides the Lambdas.
const OTHER_GROUPS: [&str; 2] = ["marquee-aws", "marquee-schema-tests"];
/// The Lambda of the group that has DataFusion.
const ON_DATAFUSION: &str = "marquee-lambda-marts";

#[test]
fn the_demo_and_the_tests_share_datafusion() {
    let members = members().unwrap();
    let mut tests = vec!["--workspace", "--no-default-features"];
    for member in &members {
        let is_other_lambda = is_lambda(member) && member != ON_DATAFUSION;
        if is_other_lambda || OTHER_GROUPS.contains(&member.as_str()) {
            tests.extend(["--exclude", member]);
        }
    }
    let demo = resolved(&["--edges", "normal,build", "--package", "marquee"]).unwrap();
    let shared = resolved(&["--edges", "normal,build", "--package", "datafusion"]).unwrap();
    let tests = resolved(&tests).unwrap();
    assert!(shared.len() > 100, "{}", shared.len());
    hold(
        "`cargo demo` and the tests ask the same features below DataFusion",
        &differing(&demo, &tests, &shared),
    );
}
