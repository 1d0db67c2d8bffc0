//! The design's rules, as tests.
//!
//! A rule is a function from what the repository holds to the list of what
//! breaks it; `tests/` runs each over the repository, and the units beside the
//! functions show that each can fail. Clippy holds the rules that are about
//! code (`unwrap`, `unsafe`, documentation).

pub mod arrows;
pub mod deployment;
pub mod files;
pub mod manifests;

/// Fails with every breach of a rule, a line each.
///
/// # Panics
/// Where there is one.
pub fn hold(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}
