//! The tools that the project uses.

use super::probe::{Version, at_least, available_memory_gib, free_space_gib, program, room};
use super::{Found, Need, Tool};
use crate::postgresql;
use crate::process::root;

/// Free space in GiB for `cargo demo`, and for `cargo xtask test`.
const DEMO_GIB: u64 = 4;
const TEST_GIB: u64 = 12;
/// Memory in GiB for `cargo demo`: two compilers, of which one builds DataFusion.
const MEMORY_GIB: u64 = 4;
/// Memory in GiB for `cargo xtask test`: the linker, the emulator and PostgreSQL.
const TEST_MEMORY_GIB: u64 = 8;

/// Returns every tool, in the order of the report.
pub(super) fn all() -> Vec<Tool> {
    let mut tools = required();
    tools.extend(optional());
    tools
}

fn required() -> Vec<Tool> {
    let tool = |name, used_by, get, probe| Tool {
        name,
        need: Need::Required,
        used_by,
        get,
        probe,
    };
    vec![
        tool(
            "Rust",
            "everything",
            "https://rustup.rs; rustup then reads rust-toolchain.toml",
            || at_least("rustc", &["--version"], oldest_rust()),
        ),
        tool(
            "rustfmt",
            "cargo xtask test",
            "rustup component add rustfmt",
            || program("cargo", &["fmt", "--version"]),
        ),
        tool(
            "Clippy",
            "cargo xtask test",
            "rustup component add clippy",
            || program("cargo", &["clippy", "--version"]),
        ),
        tool(
            "C compiler",
            "zstd and the allocator, which are C; linking",
            "Debian: apt-get install build-essential; macOS: xcode-select --install",
            || program("cc", &["--version"]),
        ),
        tool(
            "disk for a demo",
            "cargo demo",
            "free space, or name a folder elsewhere with CARGO_TARGET_DIR",
            || room(free_space_gib(), DEMO_GIB),
        ),
        tool(
            "memory",
            "cargo demo",
            "close programs, or build with CARGO_BUILD_JOBS=1",
            || room(available_memory_gib(), MEMORY_GIB),
        ),
    ]
}

fn optional() -> Vec<Tool> {
    let tool = |name, used_by, get, probe| Tool {
        name,
        need: Need::Optional,
        used_by,
        get,
        probe,
    };
    vec![
        tool(
            "disk for tests",
            "cargo xtask test",
            "free space, or name a folder elsewhere with CARGO_TARGET_DIR",
            || room(free_space_gib(), TEST_GIB),
        ),
        tool(
            "memory for tests",
            "cargo xtask test",
            "close programs, or build with CARGO_BUILD_JOBS=1",
            || room(available_memory_gib(), TEST_MEMORY_GIB),
        ),
        tool(
            "Python",
            "cargo xtask test (peers, readers, checkov), integration, package",
            "Debian: apt-get install python3 python3-venv",
            python,
        ),
        tool(
            "PostgreSQL",
            "tests of the warehouse, cargo demo --warehouse",
            "Debian: apt-get install postgresql; as root, cargo xtask test does it",
            postgresql,
        ),
        tool(
            "Terraform",
            "cargo xtask test (infra/), integration, deployment",
            "https://developer.hashicorp.com/terraform/install",
            || at_least("terraform", &["--version"], Version(1, 9)),
        ),
        tool(
            "Node.js",
            "cargo xtask test (state machines)",
            "https://nodejs.org",
            || program("node", &["--version"]),
        ),
        tool(
            "npm",
            "cargo xtask test (state machines)",
            "it comes with Node.js; Debian: apt-get install npm",
            || program("npm", &["--version"]),
        ),
        tool(
            "strip",
            "cargo xtask integration",
            "Debian: apt-get install binutils",
            || program("strip", &["--version"]),
        ),
        tool(
            "cargo-deny",
            "cargo xtask test (licences and versions of dependencies)",
            "cargo install --locked cargo-deny",
            || program("cargo", &["deny", "--version"]),
        ),
        tool(
            "cargo-fuzz",
            "fuzz/, with a nightly toolchain",
            "rustup toolchain install nightly; cargo install --locked cargo-fuzz",
            || program("cargo", &["fuzz", "--version"]),
        ),
        tool(
            "AWS CLI",
            "the commands of docs/OPERATIONS.md",
            "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
            || program("aws", &["--version"]),
        ),
        tool(
            "test data",
            "tests over MovieLens, JSONTestSuite and records of the KPL",
            "unpack them into ../shared/data, beside the repository",
            test_data,
        ),
    ]
}

/// Returns the `rust-version` of the workspace.
fn oldest_rust() -> Version {
    Version::find(env!("CARGO_PKG_RUST_VERSION")).unwrap_or(Version(1, 95))
}

fn python() -> Found {
    match at_least("python3", &["--version"], Version(3, 11)) {
        Found::Usable(version) => match program("python3", &["-c", "import venv, ensurepip"]) {
            Found::Usable(_) => Found::Usable(version),
            Found::Lacking(_) => Found::Lacking(format!("{version} has no venv")),
        },
        lacking => lacking,
    }
}

fn postgresql() -> Found {
    match postgresql::is_available() {
        true => Found::Usable("initdb and postgres".to_owned()),
        false => Found::Lacking("neither /usr/lib/postgresql nor `postgres` is there".to_owned()),
    }
}

fn test_data() -> Found {
    let folder = root().join("../shared/data");
    match folder.is_dir() {
        true => Found::Usable("../shared/data".to_owned()),
        false => Found::Lacking("there is no ../shared/data".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_rust_is_the_workspaces() {
        assert!(oldest_rust() >= Version(1, 95));
    }
}
