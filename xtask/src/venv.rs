//! Python environments in the target folder, made by the first step to need one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::step::{command, failure, target};

/// The Python of the environment `name`, which has what `requirements`, a file,
/// pins; made, or made anew when the file has changed.
pub(crate) fn python(name: &str, requirements: &Path) -> Result<PathBuf> {
    let venv = target().join(name);
    let python = venv.join("bin/python");
    let pinned = fs::read_to_string(requirements)
        .with_context(|| format!("{} cannot be read", requirements.display()))?;
    // What is there is written down last, so that half an environment is none.
    let stamp = venv.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == pinned) {
        return Ok(python);
    }
    let mut make = command("python3", ["-m", "venv", "--clear"]);
    if failure(make.arg(&venv))?.is_some() {
        bail!("no Python environment could be made: Debian has it as python3-venv");
    }
    // What pip unpacks goes to where there is room for a build, and is not kept.
    let unpacked = venv.join("tmp");
    fs::create_dir_all(&unpacked)
        .with_context(|| format!("{} cannot be made", unpacked.display()))?;
    let mut install = command(
        &python,
        ["-m", "pip", "install", "--quiet", "--no-cache-dir"],
    );
    install.env("TMPDIR", &unpacked);
    if failure(install.arg("--requirement").arg(requirements))?.is_some() {
        bail!(
            "what {} pins could not be installed",
            requirements.display()
        );
    }
    fs::write(&stamp, pinned).with_context(|| format!("{} cannot be written", stamp.display()))?;
    Ok(python)
}
