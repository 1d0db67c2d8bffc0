//! Features that `cargo demo` and the tests ask of their dependencies.
//!
//! Cargo builds a dependency again for every other set of features. DataFusion takes
//! minutes, so both must ask the same of it and of everything below it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::layers::cargo;

/// A package's features by its name and version.
pub type Features = BTreeMap<String, BTreeSet<String>>;

/// Returns the features that `cargo tree` resolves for a selection of crates.
///
/// # Errors
/// `cargo tree` fails.
pub fn resolved(selection: &[&str]) -> io::Result<Features> {
    let mut arguments = vec!["tree", "--prefix", "none", "--format", "{p} [{f}]"];
    arguments.extend(selection);
    Ok(parse(&String::from_utf8_lossy(&cargo(&arguments)?)))
}

/// Reads lines such as `serde v1.0.0 (proc-macro) [default,std] (*)`.
///
/// A package that is built twice, for the target and for build scripts, has the features
/// of both.
fn parse(tree: &str) -> Features {
    let mut packages = Features::new();
    for line in tree.lines() {
        let Some((package, rest)) = line.split_once(" [") else {
            continue;
        };
        let features = rest.split(']').next().unwrap_or_default();
        let package = package.split(" (").next().unwrap_or(package).to_owned();
        let features = features.split(',').filter(|feature| !feature.is_empty());
        packages
            .entry(package)
            .or_default()
            .extend(features.map(str::to_owned));
    }
    packages
}

/// Returns the packages of `shared` of which `tests` asks other features than `demo`.
pub fn differing(demo: &Features, tests: &Features, shared: &Features) -> Vec<String> {
    let none = BTreeSet::new();
    let list = |features: Vec<&String>| {
        let words: Vec<&str> = features.into_iter().map(String::as_str).collect();
        words.join(", ")
    };
    demo.iter()
        .filter(|(package, _)| shared.contains_key(*package))
        .filter_map(|(package, of_demo)| {
            let of_tests = tests.get(package).unwrap_or(&none);
            let missing: Vec<&String> = of_tests.difference(of_demo).collect();
            let surplus: Vec<&String> = of_demo.difference(of_tests).collect();
            match (missing.is_empty(), surplus.is_empty()) {
                (true, true) => None,
                (false, _) => Some(format!(
                    "{package}: tests ask for {}; add it in local/Cargo.toml",
                    list(missing)
                )),
                (true, false) => Some(format!("{package}: tests do not ask for {}", list(surplus))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_the_demo_lacks_is_found() {
        let demo =
            parse("serde v1.0.0 (proc-macro) [std]\ntokio v1.0.0 [rt] (*)\nother v1.0.0 []\n");
        let tests = parse("serde v1.0.0 [std]\ntokio v1.0.0 [rt,test-util]\nother v1.0.0 [x]\n");
        let shared = parse("datafusion v1.0.0 []\nserde v1.0.0 [std]\ntokio v1.0.0 [rt]\n");
        assert_eq!(
            differing(&demo, &tests, &shared),
            ["tokio v1.0.0: tests ask for test-util; add it in local/Cargo.toml"]
        );
        assert_eq!(
            differing(&tests, &demo, &shared),
            ["tokio v1.0.0: tests do not ask for test-util"]
        );
        assert!(differing(&demo, &demo, &shared).is_empty());
    }
}
