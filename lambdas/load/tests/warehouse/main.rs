//! The warehouse behind the wire of the Data API.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bucket;
mod data_api;
mod wire;

use std::process::ExitCode;

use marquee_conditional_tests::{run, tests};
use marquee_local_warehouse::{PostgresMissing, postgres};

/// The programs of PostgreSQL, which every test here needs.
struct Postgresql;

/// Looks for PostgreSQL.
fn postgresql() -> Result<Postgresql, PostgresMissing> {
    postgres::programs().map(|_| Postgresql)
}

fn main() -> ExitCode {
    run([tests!(postgresql => async [
        data_api::a_statement_is_executed_and_its_result_paged,
        data_api::a_failed_statement_reports_the_cause_and_has_no_result,
        data_api::a_statement_beyond_the_limits_is_rejected,
        data_api::statements_are_listed_by_status_and_name_a_page_at_a_time,
        data_api::a_running_statement_can_be_cancelled_and_leaves_nothing,
        wire::a_generation_is_loaded_through_the_data_api,
    ])])
}
