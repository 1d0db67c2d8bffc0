//! One version of each dependency, one set of lints.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::files::files;
use marquee_tidy::{hold, manifests};

#[test]
fn dependencies_are_declared_once() {
    hold(
        "a dependency is declared in the root and inherited",
        &manifests::own_versions(&files().unwrap()),
    );
}

#[test]
fn declared_dependencies_are_used() {
    hold(
        "a member uses each declared dependency",
        &manifests::unused(&files().unwrap()),
    );
}

#[test]
fn every_test_is_built() {
    hold(
        "a file in tests/ is part of a target",
        &manifests::unlisted_tests(&files().unwrap()),
    );
}

#[test]
fn every_crate_inherits_the_lints() {
    hold(
        "every crate inherits the workspace's lints",
        &manifests::without_lints(&files().unwrap()),
    );
}
