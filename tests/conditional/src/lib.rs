//! Tests that need what a machine may lack: data beside the repository, Python
//! packages, PostgreSQL.
//!
//! Rust's own harness decides at compile time whether a test is ignored. A test here
//! looks for what it needs when it runs. If that is missing, the report says
//! `ignored` and the reason, and the test neither passes nor fails.
//!
//! The target of such tests has `harness = false` in `Cargo.toml`, and lists them in
//! `main`. The compiler warns of a function that the list forgets:
//!
//! ```no_run
//! use std::path::PathBuf;
//! use std::process::ExitCode;
//!
//! use marquee_conditional_tests::{run, shared_data, tests};
//!
//! fn every_vector_decodes(folder: PathBuf) {
//!     assert!(folder.join("kpl_1.json").is_file());
//! }
//!
//! fn main() -> ExitCode {
//!     run([tests!(shared_data("kpl") => [every_vector_decodes])])
//! }
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use libtest_mimic::Trial;
use libtest_mimic::{Arguments, Completion};

mod python;

pub use python::{python, python_script};

/// Lists tests that need the same thing.
///
/// `tests!(need => [first, second])` takes a function that looks for the thing, and
/// functions that take it as their argument. `need` returns a `Result` whose error is
/// the reason for ignoring the tests. With `async` before the brackets the functions are
/// asynchronous, and each runs in a Tokio runtime of its own.
#[macro_export]
macro_rules! tests {
    ($need:expr => [$($test:path),* $(,)?]) => {
        vec![$($crate::conditional(stringify!($test), $need, $test)),*]
    };
    ($need:expr => async [$($test:path),* $(,)?]) => {
        vec![$($crate::conditional(stringify!($test), $need, |thing| {
            ::tokio::runtime::Runtime::new()
                .expect("a runtime starts")
                .block_on($test(thing));
        })),*]
    };
}

/// Returns a test that calls `test` with what `need` finds, and is ignored if `need`
/// fails.
pub fn conditional<T, E: ToString>(
    name: &str,
    need: impl FnOnce() -> Result<T, E> + Send + 'static,
    test: impl FnOnce(T) + Send + 'static,
) -> Trial {
    // Paths are written with spaces around `::` by some compilers.
    Trial::ignorable_test(name.replace(' ', ""), move || {
        Ok(match need() {
            Ok(thing) => {
                test(thing);
                Completion::Completed
            }
            Err(missing) => Completion::ignored_with(missing.to_string()),
        })
    })
}

/// Runs the tests as Rust's own harness does, with its command-line arguments.
pub fn run(tests: impl IntoIterator<Item = Vec<Trial>>) -> ExitCode {
    let tests = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

/// Returns a function that looks for a file or folder of `../shared/data`, which is
/// beside the repository and not part of it.
pub fn shared_data(path: &'static str) -> impl Fn() -> Result<PathBuf, String> + Send + 'static {
    move || {
        let found = root().join("../shared/data").join(path);
        match found.exists() {
            true => Ok(found),
            false => Err(format!("needs ../shared/data/{path} beside the repository")),
        }
    }
}

/// Returns the repository's root directory.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
