//! The Python environment of some tests: a virtual environment in the target folder with the
//! packages that `requirements.txt` pins. The first test that needs it creates it.
//!
//! Test crates include this file with `#[path]`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// Returns the Python of the environment. Prints a note and returns `None` if Python is not
/// installed or its packages cannot be downloaded.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    match prepared(&target()) {
        Ok(python) => Some(python),
        Err(reason) => {
            println!("skipped: {test}: {reason}");
            None
        }
    }
}

/// Returns the path of a script beside this file.
pub(crate) fn script(name: &str) -> PathBuf {
    root().join("tests/python").join(name)
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_root = |place: &&Path| place.join("Cargo.lock").is_file();
    package
        .ancestors()
        .find(is_root)
        .unwrap_or(package)
        .to_path_buf()
}

fn target() -> PathBuf {
    // A relative target folder is relative to the directory in which cargo was called: the
    // root of this workspace.
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

fn prepared(target: &Path) -> Result<PathBuf, String> {
    let venv = target.join("python-tests");
    let python = match cfg!(windows) {
        true => venv.join("Scripts/python.exe"),
        false => venv.join("bin/python"),
    };
    // The stamp is written last, so that an incomplete environment does not count.
    let stamp = venv.join("installed.txt");
    let ready = || fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS);

    fs::create_dir_all(target).map_err(failed("cannot create the target folder"))?;
    let lock = File::create(target.join("python-tests.lock"))
        .map_err(failed("cannot create the lock file"))?;
    lock.lock().map_err(failed("cannot lock the environment"))?;
    if ready() {
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
        .arg(script("requirements.txt")))?;
    fs::write(&stamp, REQUIREMENTS).map_err(failed("cannot record the installed packages"))?;
    Ok(python)
}

fn failed(action: &str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{action}: {error}")
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().last().unwrap_or("no output");
    Err(format!("{program} failed: {last}"))
}
