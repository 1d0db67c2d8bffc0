//! What is checked of `infra/` and `state_machines/` without an account.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::step::{Step, command, failure, is_installed, root, target};
use crate::venv;

const ASL_VALIDATOR: &str = "asl-validator@4.0.0";
/// Where Terraform looks for provider plugins by itself, and where else they are
/// put, as directories that have `registry.terraform.io` in them.
const PLUGINS: [&str; 4] = [
    ".terraform.d/plugins",
    ".local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
];

/// The steps of `cargo xtask test`.
pub(crate) fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    if is_installed("terraform") {
        let format = ["fmt", "-check", "-recursive", "infra"];
        steps.push(Step::run(
            "Terraform's format",
            command("terraform", format),
        ));
        steps.push(Step::act("Terraform's configuration", || {
            succession([
                &["init", "-backend=false", "-input=false", "-no-color"],
                &["validate", "-no-color"],
                &["test", "-no-color"],
            ])
        }));
    } else {
        steps.push(Step::Skip("Terraform", "terraform is not installed"));
    }
    steps.push(Step::act("checkov on infra/", checkov));
    steps.push(match is_installed("npm") {
        true => Step::act("state machines", state_machines),
        false => Step::Skip("state machines", "npm is not installed"),
    });
    steps
}

/// Terraform in `infra/`, its own files in the target folder.
fn terraform(args: &[&str]) -> Result<Command> {
    let data = target().join("terraform");
    let mut terraform = command("terraform", args.iter().copied());
    terraform
        .current_dir(root().join("infra"))
        .env("TF_DATA_DIR", &data)
        .env("TF_IN_AUTOMATION", "1");
    if let Some(configuration) = plugin_configuration(&data)? {
        terraform.env("TF_CLI_CONFIG_FILE", configuration);
    }
    Ok(terraform)
}

fn succession<const N: usize>(commands: [&[&str]; N]) -> Result<Option<ExitCode>> {
    for args in commands {
        if let Some(code) = failure(&mut terraform(args)?)? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}

/// A configuration file that names the directory of provider plugins, if there is
/// one: `TF_PLUGIN_DIR`, else a conventional place. Without, the registry is asked.
fn plugin_configuration(directory: &Path) -> Result<Option<PathBuf>> {
    let Some(plugins) = plugin_directory() else {
        return Ok(None);
    };
    fs::create_dir_all(directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    let file = directory.join("plugins.tfrc");
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        plugins.display().to_string()
    );
    fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(Some(file))
}

/// Where provider plugins lie on this machine, so that none is fetched.
pub(crate) fn plugin_directory() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TF_PLUGIN_DIR") {
        return Some(named.into());
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let optional = fs::read_dir("/opt").into_iter().flatten().flatten();
    PLUGINS
        .into_iter()
        .map(|place| home.join(place))
        .chain(optional.map(|entry| entry.path()))
        .find(|place| place.join("registry.terraform.io").is_dir())
}

fn checkov() -> Result<Option<ExitCode>> {
    let requirements = root().join("infra/tests/requirements.txt");
    let python = venv::python("checkov", &requirements)?;
    let arguments = [
        "--directory",
        "infra",
        "--framework",
        "terraform",
        "--quiet",
        "--compact",
        "--skip-download",
    ];
    let mut checkov = command(python.with_file_name("checkov"), arguments);
    failure(&mut checkov)
}

fn state_machines() -> Result<Option<ExitCode>> {
    let node = target().join("node");
    let validator = node.join("node_modules/.bin/asl-validator");
    if !validator.is_file() {
        let mut install = command("npm", ["install", "--no-audit", "--no-fund", "--silent"]);
        install.arg("--prefix").arg(&node).arg(ASL_VALIDATOR);
        if failure(&mut install)?.is_some() {
            bail!("{ASL_VALIDATOR} could not be installed");
        }
    }
    let mut test = command("python3", ["-m", "unittest", "test_state_machines"]);
    test.current_dir(root().join("tests/emulator"))
        .env("ASL_VALIDATOR", validator);
    failure(&mut test)
}
