//! What lies where, and how long it is.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::files::{self, files};
use marquee_tidy::hold;

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
        "a crate or module is named after its concept",
        &files::nameless(&files().unwrap()),
    );
}

#[test]
fn every_sql_file_is_used() {
    hold(
        "every file under sql/ is run by something",
        &files::unused_sql(&files().unwrap()),
    );
}
