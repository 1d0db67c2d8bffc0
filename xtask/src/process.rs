//! Paths of the repository, and running other programs.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

/// Returns the repository's root directory.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}

/// Returns cargo's target directory.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Returns a command that runs `program` with `args` at the root.
pub(crate) fn command<'a>(
    program: impl AsRef<Path>,
    args: impl IntoIterator<Item = &'a str>,
) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root()).args(args);
    command
}

/// Returns a command that runs the cargo that runs this program.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(PathBuf::from(cargo), args)
}

/// Returns whether `program` is on the `PATH`.
pub(crate) fn is_installed(program: &str) -> bool {
    let probe = Command::new(program).arg("--version").output();
    !matches!(probe, Err(error) if error.kind() == ErrorKind::NotFound)
}

/// The destination of a program's output.
#[derive(Debug)]
pub(crate) enum Console {
    /// The output of this program.
    Inherited,
    /// A file, because another step writes to the terminal.
    File(File),
}

impl Console {
    /// Runs `command` to its end and returns its exit code if it failed.
    pub(crate) fn failure(&self, command: &mut Command) -> Result<Option<ExitCode>> {
        if let Self::File(file) = self {
            let copy = || file.try_clone().context("cannot share the log file");
            command.stdout(copy()?).stderr(copy()?);
        }
        failure(command)
    }
}

/// Runs `command` to its end and returns its exit code if it failed.
pub(crate) fn failure(command: &mut Command) -> Result<Option<ExitCode>> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(code_of(status))
}

/// Returns the exit code of a failure.
pub(crate) fn code_of(status: ExitStatus) -> Option<ExitCode> {
    if status.success() {
        return None;
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
