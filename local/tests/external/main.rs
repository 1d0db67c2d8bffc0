//! Tests that need data or programs from outside the repository: MovieLens' ratings, DuckDB
//! as a stand-in for Athena, and PostgreSQL as a stand-in for Redshift.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod athena;
mod interrupted;
#[allow(dead_code, reason = "it has helpers for other tests too")]
#[path = "../day/lake.rs"]
mod lake;
mod movielens;
mod movielens_page;
mod warehouse;

use std::process::ExitCode;

use marquee::warehouse::check_postgresql;
use marquee_conditional_tests::{python, run, shared_data, tests};

fn main() -> ExitCode {
    run([
        tests!(python => async [athena::the_athena_queries_match_the_parquet_files]),
        tests!(shared_data("movielens-latest-small") => async [
            movielens::every_rating_of_movielens_is_processed_once,
        ]),
        tests!(movielens_page::producer => [
            movielens_page::the_commands_of_the_page_end_in_recommendations,
        ]),
        tests!(check_postgresql => async [
            warehouse::the_demos_dates_are_in_the_warehouse_row_for_row,
            interrupted::an_interrupted_command_leaves_nothing_behind,
        ]),
    ])
}
