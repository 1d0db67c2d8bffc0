//! Python environments in the target folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{Console, command, target};

/// Returns the Python of the environment `name`, which has the packages that the file
/// `requirements` pins. Creates the environment if it is missing or its pins changed.
pub(crate) fn python(name: &str, requirements: &Path, console: &Console) -> Result<PathBuf> {
    let venv = target().join(name);
    let python = venv.join("bin/python");
    let pinned = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    // The stamp is written last, so that a half-made environment is made again.
    let stamp = venv.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(python);
    }
    let mut make = command("python3", ["-m", "venv", "--clear"]);
    if console.failure(make.arg(&venv))?.is_some() {
        bail!("cannot create a Python environment; install python3-venv (Debian)");
    }
    // pip unpacks where a build has room, and keeps nothing.
    let unpacked = venv.join("tmp");
    fs::create_dir_all(&unpacked)
        .with_context(|| format!("cannot create {}", unpacked.display()))?;
    let mut install = command(
        &python,
        ["-m", "pip", "install", "--quiet", "--no-cache-dir"],
    );
    install.env("TMPDIR", &unpacked);
    install.arg("--requirement").arg(requirements);
    if console.failure(&mut install)?.is_some() {
        bail!("cannot install the packages of {}", requirements.display());
    }
    fs::write(&stamp, pinned).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
