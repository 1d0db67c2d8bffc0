//! Places, names and lengths of files, and what the lists of files say.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::files::{self, files};
use marquee_tidy::{docs, hold, sql};

#[test]
fn a_file_is_one_concept() {
    let rule = format!("a file has at most {} lines", files::LINES);
    hold(&rule, &files::too_long(&files().unwrap()));
}

#[test]
fn a_lambda_is_a_main_and_a_config() {
    hold(
        "lambdas/*/src holds main.rs and config.rs",
        &files::fat_lambdas(&files().unwrap()),
    );
}

#[test]
fn nothing_is_named_shared_common_or_utils() {
    hold(
        "a crate or module has the name of its concept",
        &files::nameless(&files().unwrap()),
    );
}

#[test]
fn every_sql_file_is_used() {
    hold(
        "every file under sql/ has a user",
        &sql::unused(&files().unwrap()),
    );
}

#[test]
fn documented_paths_exist() {
    hold(
        "a path in a Markdown file exists",
        &docs::dead_paths(&files().unwrap()),
    );
}

#[test]
fn every_crate_is_on_the_map() {
    hold(
        "docs/ARCHITECTURE.md names every crate",
        &docs::unmapped_crates(&files().unwrap()),
    );
}

#[test]
fn the_readme_is_a_landing_page() {
    hold(
        "README.md has fewer than 120 lines and shows the first commands",
        &docs::crowded_readme(&files().unwrap()),
    );
}
