//! The design's rules, as tests.
//!
//! A rule is a function from the repository's content to a list of breaches. `tests/`
//! runs each rule over the repository; the unit tests beside the functions show that
//! each can fail. Clippy checks the rules about code (`unwrap`, `unsafe`,
//! documentation).

pub mod deployment;
pub mod docs;
pub mod features;
pub mod files;
pub mod lambdas;
pub mod layers;
pub mod manifests;
pub mod policies;
pub mod routes;
pub mod sql;

/// Fails with every breach of a rule, a line each.
///
/// # Panics
/// There is a breach.
pub fn hold(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}
