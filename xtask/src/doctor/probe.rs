//! Looking for a program, its version, and the machine's size.

use std::path::Path;
use std::process::Command;

use super::Found;
use crate::process::target;

/// A version's leading numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32);

impl Version {
    /// Reads the first `MAJOR.MINOR` of a program's output.
    pub(super) fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .find_map(|word| {
                let mut numbers = word.split('.').map(str::parse);
                Some(Self(numbers.next()?.ok()?, numbers.next()?.ok()?))
            })
    }
}

/// Runs `program` with `args` and returns its output if it succeeded.
fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// Looks for a program that answers `args`.
pub(super) fn program(program: &str, args: &[&str]) -> Found {
    match output(program, args) {
        Some(text) => {
            let first = text.lines().next().unwrap_or_default().trim();
            Found::Usable(first.to_owned())
        }
        None => Found::Lacking(format!("`{program} {}` fails", args.join(" "))),
    }
}

/// Looks for a program of at least `oldest`.
pub(super) fn at_least(name: &str, args: &[&str], oldest: Version) -> Found {
    match program(name, args) {
        Found::Usable(line) => match Version::find(&line) {
            Some(version) if version >= oldest => Found::Usable(line),
            _ => Found::Lacking(format!("{line} is older than {}.{}", oldest.0, oldest.1)),
        },
        lacking => lacking,
    }
}

/// Returns the free space in GiB where cargo builds.
pub(super) fn free_space_gib() -> Option<u64> {
    let target = target();
    let existing = target.ancestors().find(|path| path.is_dir());
    let path = existing.unwrap_or(Path::new("."));
    let report = output("df", &["-Pk", &path.display().to_string()])?;
    kib_to_gib(report.lines().nth(1)?.split_whitespace().nth(3)?)
}

/// Returns the memory in GiB that programs can use; only Linux says it.
pub(super) fn available_memory_gib() -> Option<u64> {
    let report = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = report
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    kib_to_gib(line.split_whitespace().next()?)
}

fn kib_to_gib(kib: &str) -> Option<u64> {
    Some(kib.parse::<u64>().ok()? >> 20)
}

/// Compares a size in GiB with the size that is needed; an unknown size is enough.
pub(super) fn room(found: Option<u64>, needed: u64) -> Found {
    match found {
        None => Found::Usable("unknown".to_owned()),
        Some(gib) if gib >= needed => Found::Usable(format!("{gib} GiB")),
        Some(gib) => Found::Lacking(format!("{gib} GiB of {needed} GiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_print() {
        for (text, version) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some(Version(1, 95))),
            ("Terraform v1.11.4", Some(Version(1, 11))),
            ("Python 3.9.2", Some(Version(3, 9))),
            ("v20.20.2", Some(Version(20, 20))),
            ("no numbers", None),
        ] {
            assert_eq!(Version::find(text), version, "{text}");
        }
        assert!(Version(1, 11) > Version(1, 9));
    }

    #[test]
    fn too_little_room_is_lacking() {
        assert_eq!(room(Some(12), 12), Found::Usable("12 GiB".to_owned()));
        assert_eq!(
            room(Some(3), 12),
            Found::Lacking("3 GiB of 12 GiB".to_owned())
        );
        assert_eq!(room(None, 12), Found::Usable("unknown".to_owned()));
    }

    #[test]
    fn an_absent_program_is_lacking() {
        assert_eq!(
            program("marquee-has-no-such-program", &["--version"]),
            Found::Lacking("`marquee-has-no-such-program --version` fails".to_owned())
        );
    }
}
