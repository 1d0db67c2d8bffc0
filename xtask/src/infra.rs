//! Checks of `infra/` and `state_machines/` that need no AWS account.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::process::{Console, command, is_installed, root, target};
use crate::step::Step;
use crate::venv;

const ASL_VALIDATOR: &str = "asl-validator@4.0.0";
/// Directories in which Terraform looks for provider plugins, and other usual places;
/// one is taken if it holds `registry.terraform.io`.
const PLUGINS: [&str; 4] = [
    ".terraform.d/plugins",
    ".local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
];

/// Returns the steps of `cargo xtask test`.
pub(crate) fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    if is_installed("terraform") {
        let format = ["fmt", "-check", "-recursive", "infra"];
        steps.push(Step::program(
            "Terraform format",
            command("terraform", format),
        ));
        steps.push(Step::act("Terraform configuration", |console| {
            all_of(
                console,
                [
                    &["init", "-backend=false", "-input=false", "-no-color"],
                    &["validate", "-no-color"],
                    &["test", "-no-color"],
                ],
            )
        }));
    } else {
        steps.push(Step::skip("Terraform", "terraform is not installed"));
    }
    steps.push(Step::act("checkov on infra/", checkov));
    steps.push(match is_installed("npm") {
        true => Step::act("state machines", state_machines),
        false => Step::skip("state machines", "npm is not installed"),
    });
    steps
}

/// Returns Terraform in `infra/`, with its own files in the target folder.
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

/// Runs Terraform with each list of arguments until one fails.
fn all_of<const N: usize>(console: &Console, commands: [&[&str]; N]) -> Result<Option<ExitCode>> {
    for args in commands {
        if let Some(code) = console.failure(&mut terraform(args)?)? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}

/// Writes a configuration file that names the directory of provider plugins, if this
/// machine has one. Without it Terraform asks the registry.
fn plugin_configuration(directory: &Path) -> Result<Option<PathBuf>> {
    let Some(plugins) = plugin_directory() else {
        return Ok(None);
    };
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let file = directory.join("plugins.tfrc");
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        plugins.display().to_string()
    );
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Some(file))
}

/// Returns the directory of provider plugins on this machine: `TF_PLUGIN_DIR`, else a
/// usual place.
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

fn checkov(console: &Console) -> Result<Option<ExitCode>> {
    let requirements = root().join("infra/tests/requirements.txt");
    let python = venv::python("checkov", &requirements, console)?;
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
    console.failure(&mut checkov)
}

fn state_machines(console: &Console) -> Result<Option<ExitCode>> {
    let node = target().join("node");
    let validator = node.join("node_modules/.bin/asl-validator");
    if !validator.is_file() {
        let mut install = command("npm", ["install", "--no-audit", "--no-fund", "--silent"]);
        install.arg("--prefix").arg(&node).arg(ASL_VALIDATOR);
        if console.failure(&mut install)?.is_some() {
            bail!("cannot install {ASL_VALIDATOR}");
        }
    }
    let mut test = command("python3", ["-m", "unittest", "test_state_machines"]);
    test.current_dir(root().join("tests/emulator"))
        .env("ASL_VALIDATOR", validator);
    console.failure(&mut test)
}
