//! The PostgreSQL that tests of the warehouse start.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::step::{Step, command, failure, is_installed};

/// Where Debian's package keeps its programs.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The programs are all that is wanted: no database, and no server that goes on.
const INSTALL: &str = "
    set -e
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/none.conf
    apt-get -qq update
    apt-get -qq install --no-install-recommends postgresql > /dev/null
";

/// What has it installed, where it is not.
pub(crate) fn step() -> Option<Step> {
    if Path::new(DEBIAN).is_dir() || is_installed("postgres") {
        return None;
    }
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    Some(match is_root && is_installed("apt-get") {
        true => Step::act("PostgreSQL, from Debian", install),
        false => Step::Skip(
            "PostgreSQL",
            "not installed (Debian: `apt-get install postgresql`), so tests of the warehouse are skipped",
        ),
    })
}

fn install() -> Result<Option<ExitCode>> {
    failure(&mut command("sh", ["-c", INSTALL]))
}
