//! The PostgreSQL that tests of the warehouse start.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::process::{Console, command, is_installed};
use crate::step::Step;

/// The directory of the programs of Debian's package.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Installs the programs, without a database and without a running server.
const INSTALL: &str = "
    set -e
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/none.conf
    apt-get -qq update
    apt-get -qq install --no-install-recommends postgresql > /dev/null
";

/// Returns whether a server can be started on this machine.
pub(crate) fn is_available() -> bool {
    Path::new(DEBIAN).is_dir() || is_installed("postgres")
}

/// Returns the step that installs PostgreSQL where it is missing.
pub(crate) fn step() -> Option<Step> {
    if is_available() {
        return None;
    }
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    Some(match is_root && is_installed("apt-get") {
        true => Step::act("PostgreSQL from Debian", install),
        false => Step::skip(
            "PostgreSQL",
            "not installed (Debian: `apt-get install postgresql`); tests of the warehouse are ignored",
        ),
    })
}

fn install(console: &Console) -> Result<Option<ExitCode>> {
    console.failure(&mut command("sh", ["-c", INSTALL]))
}
