//! Lakes against what is outside of the repository: MovieLens' ratings, DuckDB as a
//! stand-in for Athena, and PostgreSQL as a stand-in for Redshift.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod athena;
#[allow(dead_code, reason = "it makes lakes for other tests too")]
#[path = "../day/lake.rs"]
mod lake;
mod movielens;
mod warehouse;

use std::process::ExitCode;

use marquee::warehouse::is_there;
use marquee_conditional_tests::{python, run, shared_data, tests};

fn main() -> ExitCode {
    run([
        tests!(python => async [athena::athena_answers_what_the_files_say]),
        tests!(shared_data("movielens-latest-small") => async [
            movielens::every_rating_of_movielens_is_processed_once,
        ]),
        tests!(is_there => async [
            warehouse::the_demos_days_are_in_the_warehouse_row_for_row,
        ]),
    ])
}
