//! Tests of the transform with third-party input, and of its files with other Parquet
//! readers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../../../event/tests/any_event/mod.rs"]
mod any_event;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/bounds.rs"]
mod bounds;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/expected.rs"]
mod expected;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/handler.rs"]
mod handler;
mod lambda_events;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/laws.rs"]
mod laws;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/payload.rs"]
mod payload;
mod readers;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/recording_store.rs"]
mod recording_store;
#[allow(dead_code, unused_imports, reason = "its tests run elsewhere")]
#[path = "../transform/rows.rs"]
mod rows;
mod shared_data;

use std::process::ExitCode;

use marquee_conditional_tests::{python, run, shared_data as data, tests};

fn main() -> ExitCode {
    run([
        tests!(data("lambda-events") => [lambda_events::published_events_are_read]),
        tests!(data("json-test-suite/test_parsing") => async [
            shared_data::every_file_of_the_json_test_suite_is_accounted_for,
        ]),
        tests!(data("naughty-strings/blns.json") => async [
            shared_data::every_naughty_string_is_accounted_for,
        ]),
        tests!(python => [readers::other_readers_read_the_same]),
    ])
}
