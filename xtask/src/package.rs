//! `cargo xtask package`: the Lambda functions as they are deployed.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::lambdas;
use crate::process::{Console, cargo, failure, root, target};
use crate::venv;

/// The options of the profiles in the root's `Cargo.toml`.
const RELEASE: &[&str] = &["--release"];
const LAMBDA: &[&str] = &["--profile", "lambda"];

#[derive(Args)]
pub(crate) struct PackageArgs {
    /// Binaries to build, the names of the directories in lambdas/ [default: all]
    #[arg(value_name = "BINARY")]
    binaries: Vec<String>,
    /// Build for arm64 instead of x86_64; set Terraform's `architecture` to the same
    #[arg(long)]
    arm64: bool,
}

/// Builds optimised and stripped binaries for Lambda's processor and system with the
/// pinned cargo-lambda, one zip each in `target/lambda/BINARY/bootstrap.zip`.
pub(crate) fn run(args: &PackageArgs) -> Result<ExitCode> {
    let wanted = wanted(&args.binaries, lambdas::binaries()?)?;
    let requirements = root().join("xtask/requirements.txt");
    let python = venv::python("cargo-lambda", &requirements, &Console::Inherited)?;
    let directory = python.parent().context("the environment has no programs")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(directory.to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(places)?;
    for (profile, binaries) in by_profile(&wanted) {
        let mut build = cargo(["lambda", "build", "--output-format", "zip"]);
        build
            .args(profile)
            .args(args.arm64.then_some("--arm64"))
            .env("PATH", &path)
            .env("CARGO_TARGET_DIR", target());
        for binary in binaries {
            build.args(["--package", &lambdas::package(binary)]);
        }
        if let Some(code) = failure(&mut build)? {
            return Ok(code);
        }
    }
    for binary in wanted {
        let zip = target().join("lambda").join(binary).join("bootstrap.zip");
        let size = zip
            .metadata()
            .with_context(|| format!("cargo-lambda did not write {}", zip.display()))?
            .len();
        println!(
            "{:<60} {:>7.1} MiB",
            zip.display().to_string(),
            size as f64 / f64::from(1 << 20)
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the binaries for each option that selects a profile, without empty lists.
///
/// Every event passes through the transform, so it is worth the time that link-time
/// optimisation takes. The others wait for I/O, or run DataFusion's kernels.
fn by_profile(wanted: &[String]) -> Vec<(&'static [&'static str], Vec<&String>)> {
    let (hot, others) = wanted.iter().partition(|binary| *binary == "transform");
    let mut builds: Vec<(&[&str], Vec<&String>)> = vec![(RELEASE, hot), (LAMBDA, others)];
    builds.retain(|(_, binaries)| !binaries.is_empty());
    builds
}

/// Returns the asked binaries, or all of them.
fn wanted(asked: &[String], all: Vec<String>) -> Result<Vec<String>> {
    if asked.is_empty() {
        return Ok(all);
    }
    for binary in asked {
        if !all.contains(binary) {
            bail!(
                "there is no lambdas/{binary}; choose from: {}",
                all.join(", ")
            );
        }
    }
    Ok(asked.to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_alone_is_optimised_at_link_time() {
        let wanted = ["api", "transform"].map(str::to_owned);
        let [api, transform] = &wanted;
        assert_eq!(
            by_profile(&wanted),
            [(RELEASE, vec![transform]), (LAMBDA, vec![api])]
        );
        assert_eq!(by_profile(&wanted[..1]), [(LAMBDA, vec![api])]);
    }

    #[test]
    fn only_binaries_that_exist_are_built() {
        let all = || ["api", "load"].map(str::to_owned).to_vec();
        assert_eq!(wanted(&[], all()).unwrap(), all());
        assert_eq!(wanted(&["load".to_owned()], all()).unwrap(), ["load"]);
        let error = wanted(&["lod".to_owned()], all()).unwrap_err().to_string();
        assert_eq!(error, "there is no lambdas/lod; choose from: api, load");
    }
}
