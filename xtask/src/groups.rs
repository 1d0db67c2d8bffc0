//! The groups of crates that `cargo xtask test` builds and tests together.
//!
//! Cargo unites the features that a group's crates ask of a dependency, and builds the
//! dependency again for another set of features. Each group here asks for as little of
//! its own as possible, so that most dependencies are built once for `cargo demo` and
//! all groups (docs/adr/0003-profiles.md).

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::lambdas;
use crate::process::cargo;

/// The Lambda that is on DataFusion. The others are with the AWS SDK.
const ON_DATAFUSION: &str = "marquee-lambda-marts";
/// The adapter to the AWS SDK.
const ADAPTER: &str = "marquee-aws";
/// The crate that needs the AWS SDK with its default features.
const PRODUCER: &str = "marquee-producer";
/// The feature for the producer's tests of Kinesis.
const PRODUCER_MOCKS: &str = "marquee-producer/kinesis-mocks";
/// The test of the JSON Schema; its validator needs features that nothing else needs.
const SCHEMA: &str = "marquee-schema-tests";

/// Crates that are built in one call of cargo.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// The arguments that select the crates and their features.
    selection: Vec<String>,
}

/// Returns the groups; if `quick`, only the test of the JSON Schema of the second one.
pub(crate) fn all(quick: bool) -> Result<Vec<Group>> {
    let second = match quick {
        true => Group {
            name: "the JSON Schema",
            selection: words(["-p", SCHEMA]),
        },
        false => on_sdk()?,
    };
    Ok(vec![without_sdk()?, second])
}

/// Returns the commands that build every program of a run on an emulator, as the tests
/// build it.
pub(crate) fn programs() -> Result<Vec<Command>> {
    let builds = [without_sdk()?, on_sdk()?].into_iter().map(|group| {
        let mut build = group.build()?;
        build.arg("--quiet");
        Ok(build)
    });
    builds.collect()
}

fn without_sdk() -> Result<Group> {
    // Default features are off because the producer's is the SDK.
    let mut selection = words(["--workspace", "--no-default-features", "--exclude", SCHEMA]);
    for package in sdk_crates()? {
        selection.extend(["--exclude".to_owned(), package]);
    }
    Ok(Group {
        name: "without the AWS SDK",
        selection,
    })
}

/// The mocks of the SDK and the validator of the schema ask for features that reach far
/// down; together they cost one more build of those dependencies, not two.
fn on_sdk() -> Result<Group> {
    let mut selection = words(["-p", PRODUCER, "--features", PRODUCER_MOCKS]);
    selection.extend(words(["-p", SCHEMA]));
    for package in sdk_crates()? {
        selection.extend(["-p".to_owned(), package]);
    }
    Ok(Group {
        name: "on the AWS SDK, and the JSON Schema",
        selection,
    })
}

/// Returns the adapter, and the Lambdas that are not on DataFusion.
fn sdk_crates() -> Result<Vec<String>> {
    let lambdas = lambdas::binaries()?.into_iter();
    let packages = lambdas.map(|binary| lambdas::package(&binary));
    let packages = packages.filter(|package| package != ON_DATAFUSION);
    Ok(std::iter::once(ADAPTER.to_owned())
        .chain(packages)
        .collect())
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

impl Group {
    /// Returns the command that builds the tests and everything else, with Clippy's
    /// lints as errors.
    pub(crate) fn build(&self) -> Result<Command> {
        // `cargo test --all-targets` would build examples as tests, which are no programs.
        let mut build = self.cargo("build")?;
        build.arg("--all-targets");
        Ok(build)
    }

    /// Returns the command that runs the tests.
    pub(crate) fn test(&self) -> Result<Command> {
        self.cargo("test")
    }

    /// Returns a command of cargo over the group, compiled by Clippy.
    ///
    /// `clippy-driver` is rustc with more lints. As cargo's wrapper for the workspace it
    /// lints and compiles in one pass, where `cargo clippy` beside `cargo test` checks
    /// every dependency a second time.
    fn cargo(&self, command: &str) -> Result<Command> {
        let mut cargo = cargo([command]);
        cargo
            .args(&self.selection)
            .env("RUSTC_WORKSPACE_WRAPPER", clippy_driver()?)
            // Separated as cargo-clippy does it.
            .env(
                "CLIPPY_ARGS",
                "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__",
            );
        Ok(cargo)
    }
}

/// Returns the path of Clippy's compiler.
fn clippy_driver() -> Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    let output = rustc
        .args(["--print", "sysroot"])
        .output()
        .context("cannot run rustc")?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    let driver = PathBuf::from(sysroot.trim()).join("bin/clippy-driver");
    if !driver.is_file() {
        bail!(
            "{} does not exist; run `rustup component add clippy`",
            driver.display()
        );
    }
    Ok(driver)
}
