//! Loads and migrations against the local warehouse: PostgreSQL that reads Parquet
//! files.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod crashes;
mod files;
mod history;
mod lake;
mod loads;
mod migrations;
mod parses;
mod races;

use std::process::ExitCode;

use marquee_conditional_tests::{python, run, tests};

fn main() -> ExitCode {
    run([
        tests!(lake::postgresql => async [
            crashes::a_session_lost_between_any_two_statements_is_retried,
            crashes::a_load_that_fails_in_every_attempt_changes_nothing,
            crashes::forgotten_statements_are_submitted_again,
            crashes::a_load_survives_a_crash_between_any_two_calls,
            files::a_file_that_differs_from_the_published_one_fails_the_load,
            files::a_file_with_another_row_count_fails_the_load,
            files::incompatible_columns_fail_the_load,
            history::a_title_has_a_version_for_each_period_of_its_attributes,
            loads::a_generation_is_loaded_row_for_row,
            loads::loading_twice_is_loading_once,
            loads::late_data_replaces_and_an_older_generation_does_not,
            loads::the_transaction_itself_keeps_an_older_generation_out,
            loads::a_missing_generation_is_reported,
            loads::different_row_counts_fail_the_load,
            loads::a_table_without_files_has_no_rows,
            migrations::a_new_warehouse_is_migrated_once,
            migrations::a_new_column_is_added_and_is_null_for_old_files,
            migrations::a_new_event_field_is_added_and_is_null_for_old_files,
            migrations::any_other_difference_is_an_error_and_nothing_is_loaded,
            races::first_loads_of_one_date_at_once_are_one_load,
            races::two_dates_at_once_do_not_collide,
            races::of_two_generations_at_once_the_newer_stays,
        ]),
        tests!(python => [parses::every_statement_parses_as_redshifts]),
    ])
}
