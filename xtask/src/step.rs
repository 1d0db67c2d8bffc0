//! Steps, and running other programs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

use crate::tests_run;

/// Where the repository begins.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}

/// Where cargo builds to.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `program` with `args`, to be run at the root.
pub(crate) fn command<'a>(
    program: impl AsRef<Path>,
    args: impl IntoIterator<Item = &'a str>,
) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root()).args(args);
    command
}

/// Cargo, the one that runs this.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(PathBuf::from(cargo), args)
}

/// Whether `program` can be run at all.
pub(crate) fn is_installed(program: &str) -> bool {
    let probe = Command::new(program).arg("--version").output();
    !matches!(probe, Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Runs `command` to its end; the exit code it failed with, if it failed.
pub(crate) fn failure(command: &mut Command) -> Result<Option<ExitCode>> {
    let status = command
        .status()
        .with_context(|| format!("{} cannot be run", command.get_program().display()))?;
    Ok(code_of(status))
}

/// The exit code of a failure.
pub(crate) fn code_of(status: ExitStatus) -> Option<ExitCode> {
    if status.success() {
        return None;
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A line of a report: what is run, or why it is not.
pub(crate) enum Step {
    Run(String, Run),
    Skip(&'static str, &'static str),
}

/// What a step runs.
pub(crate) enum Run {
    /// One program.
    Program(Command),
    /// `cargo test`, whose tests may leave themselves out.
    Tests(Command),
    /// Several, or what is found out only then.
    Act(fn() -> Result<Option<ExitCode>>),
}

impl Step {
    pub(crate) fn run(name: impl Into<String>, command: Command) -> Self {
        Self::Run(name.into(), Run::Program(command))
    }

    pub(crate) fn tests(name: impl Into<String>, command: Command) -> Self {
        Self::Run(name.into(), Run::Tests(command))
    }

    pub(crate) fn act(name: &str, act: fn() -> Result<Option<ExitCode>>) -> Self {
        Self::Run(name.to_owned(), Run::Act(act))
    }
}

impl Run {
    /// What a person would type, as far as it is one program.
    pub(crate) fn words(&self) -> String {
        let (Self::Program(command) | Self::Tests(command)) = self else {
            return String::new();
        };
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect();
        words.join(" ")
    }

    /// Runs it; the exit code it failed with, if it failed, and what of it was
    /// skipped.
    pub(crate) fn run(self) -> Result<(Option<ExitCode>, Vec<String>)> {
        match self {
            Self::Program(mut command) => Ok((failure(&mut command)?, Vec::new())),
            Self::Tests(mut command) => tests_run::run(&mut command),
            Self::Act(act) => Ok((act()?, Vec::new())),
        }
    }
}
