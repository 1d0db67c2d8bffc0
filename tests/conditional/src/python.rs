//! The Python that some tests compare with: a virtual environment in the target folder
//! with the packages that `tests/python/requirements.txt` pins. The first test to need
//! it creates it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

const REQUIREMENTS: &str = include_str!("../../python/requirements.txt");

/// Returns the environment's Python.
///
/// # Errors
/// There is no Python, or its packages cannot be installed; the error is the reason.
pub fn python() -> Result<PathBuf, String> {
    prepared(&target()).map_err(|reason| format!("needs Python with packages: {reason}"))
}

/// Returns the path of a script in `tests/python`.
#[must_use]
pub fn python_script(name: &str) -> PathBuf {
    root().join("tests/python").join(name)
}

fn target() -> PathBuf {
    // A relative target folder is relative to the directory in which cargo was called,
    // which is the root.
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

fn prepared(target: &Path) -> Result<PathBuf, String> {
    let venv = target.join("python-tests");
    let python = match cfg!(windows) {
        true => venv.join("Scripts/python.exe"),
        false => venv.join("bin/python"),
    };
    // The stamp is written last, so that a half-made environment is made again.
    let stamp = venv.join("installed.txt");
    let is_ready = || fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS);

    fs::create_dir_all(target).map_err(failed("create the target folder"))?;
    let lock = File::create(target.join("python-tests.lock")).map_err(failed("create a lock"))?;
    lock.lock().map_err(failed("take the lock"))?;
    if is_ready() {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&venv))?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--timeout", "15", "--retries", "1", "--requirement"])
        .arg(python_script("requirements.txt")))?;
    fs::write(&stamp, REQUIREMENTS).map_err(failed("note the installed packages"))?;
    Ok(python)
}

fn failed(action: &str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("cannot {action}: {error}")
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().last().unwrap_or("no message");
    Err(format!("{program} failed: {last}"))
}
