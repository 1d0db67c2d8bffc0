//! Which crate stands on which.

use std::io;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::files::root;

/// Which of a crate's own features are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Features {
    /// Everything that can be: for what must never be.
    All,
    /// What it is built with when nobody says otherwise.
    Default,
}

/// What a crate needs to be built, at their depths, each below what needs it.
///
/// As `cargo tree` has it for this crate alone: `cargo metadata` knows only
/// the features that the whole workspace turns on together, and would show
/// what another member asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Needs(Vec<(usize, String)>);

impl Needs {
    /// The needs of a member of the workspace. Only normal dependencies: what
    /// a test needs stays out of what is shipped.
    ///
    /// # Errors
    /// Where cargo cannot tell.
    pub fn of(member: &str, features: Features) -> io::Result<Self> {
        let mut tree = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        tree.current_dir(root())
            .args(["tree", "--edges", "normal", "--prefix", "depth"])
            .args(["--format", " {p}", "--package", member]);
        if features == Features::All {
            tree.arg("--all-features");
        }
        let output = tree.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("cargo tree {member}: {said}")));
        }
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Reads lines as `2 serde v1.0.0 (*)`.
    fn parse(tree: &str) -> Self {
        let lines = tree.lines().filter_map(|line| {
            let mut words = line.split(' ');
            let depth = words.next()?.parse().ok()?;
            Some((depth, words.next()?.to_owned()))
        });
        Self(lines.collect())
    }

    /// The way to the first crate that `is_wanted`, as `a -> b -> c`.
    pub fn way(&self, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut way: Vec<&str> = Vec::new();
        for (depth, name) in &self.0 {
            way.truncate(*depth);
            way.push(name);
            if *depth > 0 && is_wanted(name) {
                return Some(way.join(" -> "));
            }
        }
        None
    }
}

fn workspace() -> Result<Metadata, cargo_metadata::Error> {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
}

/// The workspace's own crates, by name.
///
/// # Errors
/// Where cargo cannot tell.
pub fn members() -> Result<Vec<String>, cargo_metadata::Error> {
    let packages = workspace()?.packages;
    Ok(packages.iter().map(|it| it.name.to_string()).collect())
}

/// Which of the workspace's crates stands on which, tests aside.
///
/// # Errors
/// Where cargo cannot tell.
pub fn arrows() -> Result<Vec<(String, String)>, cargo_metadata::Error> {
    let packages = workspace()?.packages;
    let mut arrows = Vec::new();
    for package in &packages {
        for needed in &package.dependencies {
            let is_ours = packages.iter().any(|it| *it.name == needed.name);
            if is_ours && needed.kind == DependencyKind::Normal {
                arrows.push((package.name.to_string(), needed.name.clone()));
            }
        }
    }
    Ok(arrows)
}

/// What breaks the order of `layers`, lowest first: crates that stand on one of
/// their own layer or a higher, crates that have no layer, layers' crates that are
/// none.
pub fn misplaced(
    layers: &[&[&str]],
    members: &[String],
    arrows: &[(String, String)],
) -> Vec<String> {
    let layer_of = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let upwards = arrows
        .iter()
        .filter(|(from, to)| matches!((layer_of(from), layer_of(to)), (Some(from), Some(to)) if from <= to))
        .map(|(from, to)| format!("{from} stands on {to}"));
    let homeless = members
        .iter()
        .filter(|member| layer_of(member).is_none())
        .map(|member| format!("{member} has no layer"));
    let missing = layers
        .iter()
        .flat_map(|layer| layer.iter())
        .filter(|name| !members.iter().any(|member| member == *name))
        .map(|name| format!("{name} is no member"));
    upwards.chain(homeless).chain(missing).collect()
}

/// The ways by which those of `members` that are bound reach what they may not.
///
/// # Errors
/// Where cargo cannot tell.
pub fn forbidden(
    members: &[String],
    features: Features,
    is_bound: impl Fn(&str) -> bool,
    is_forbidden: impl Fn(&str) -> bool,
) -> io::Result<Vec<String>> {
    members
        .iter()
        .filter(|member| is_bound(member))
        .filter_map(|member| {
            Needs::of(member, features)
                .map(|needs| needs.way(&is_forbidden))
                .transpose()
        })
        .collect()
}

/// Whether a crate is of the AWS SDK, or our adapter over it.
pub fn is_aws(name: &str) -> bool {
    name.starts_with("aws-") || name == "marquee-aws"
}

/// Whether a crate is a Lambda's.
pub fn is_lambda(name: &str) -> bool {
    name.starts_with("marquee-lambda-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs() -> Needs {
        Needs::parse(
            "0 marquee v0.1.0 (/somewhere)\n\
             1 marquee-event v0.1.0 (/somewhere)\n\
             2 memchr v2.8.0\n\
             1 tokio v1.54.0\n\
             2 memchr v2.8.0 (*)\n\
             2 mio v1.0.0\n",
        )
    }

    #[test]
    fn the_way_is_told_crate_by_crate() {
        let way = |wanted| needs().way(|name| name == wanted);
        assert_eq!(way("mio").as_deref(), Some("marquee -> tokio -> mio"));
        assert_eq!(
            way("memchr").as_deref(),
            Some("marquee -> marquee-event -> memchr")
        );
    }

    #[test]
    fn what_stands_upwards_is_misplaced() {
        let members = ["a", "b", "c"].map(str::to_owned);
        let arrow = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let layers: [&[&str]; 2] = [&["a", "d"], &["b"]];
        assert_eq!(
            misplaced(&layers, &members, &[arrow("b", "a"), arrow("a", "b")]),
            ["a stands on b", "c has no layer", "d is no member"]
        );
    }

    #[test]
    fn a_crate_does_not_need_itself() {
        assert_eq!(needs().way(|name| name == "marquee"), None);
        assert_eq!(needs().way(|name| name == "serde"), None);
    }
}
