//! The Python that some tests compare with: a virtual environment in the target
//! folder with what `requirements.txt` pins, made by the first test to need it.
//!
//! Test crates take this file in with `#[path]`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The environment's Python; `None`, with a word about it, where there is no
/// Python or its packages cannot be had.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    match prepared(&target()) {
        Ok(python) => Some(python),
        Err(why) => {
            println!("skipped: {test}: {why}");
            None
        }
    }
}

/// A script beside this file.
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
    // A relative target folder is relative to where cargo was called, which
    // for this workspace is its root.
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

fn prepared(target: &Path) -> Result<PathBuf, String> {
    let venv = target.join("python-tests");
    let python = match cfg!(windows) {
        true => venv.join("Scripts/python.exe"),
        false => venv.join("bin/python"),
    };
    // What was asked for is written down last, so that half an environment is none.
    let stamp = venv.join("installed.txt");
    let ready = || fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS);

    fs::create_dir_all(target).map_err(failed("no target folder"))?;
    let lock = File::create(target.join("python-tests.lock")).map_err(failed("no lock file"))?;
    lock.lock().map_err(failed("cannot lock"))?;
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
    fs::write(&stamp, REQUIREMENTS).map_err(failed("cannot note what was installed"))?;
    Ok(python)
}

fn failed(what: &str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{what}: {error}")
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("it said nothing");
    Err(format!("{program} failed: {last}"))
}
