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
    let install = ["-m", "pip", "install", "--quiet", "--requirement"];
    if failure(command(&python, install).arg(requirements))?.is_some() {
        bail!(
            "what {} pins could not be installed",
            requirements.display()
        );
    }
    fs::write(&stamp, pinned).with_context(|| format!("{} cannot be written", stamp.display()))?;
    Ok(python)
}
