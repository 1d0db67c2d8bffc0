//! Dependencies between the crates.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::files::root;

/// The trees that were read, so that the rules of a run share them.
static TREES: Mutex<BTreeMap<(String, Features), DependencyTree>> = Mutex::new(BTreeMap::new());

/// The set of a crate's features that are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Features {
    /// All features, for dependencies that are never allowed.
    All,
    /// The default features.
    Default,
}

/// The dependency tree of a crate: depth and name, each below its dependent.
///
/// `cargo tree` resolves the features of this crate alone. `cargo metadata` resolves
/// those of the whole workspace, and would show what another member asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyTree(Vec<(usize, String)>);

impl DependencyTree {
    /// Returns the normal dependencies of a member; those of its tests are not shipped.
    ///
    /// # Errors
    /// `cargo tree` fails.
    pub fn of(member: &str, features: Features) -> io::Result<Self> {
        let mut trees = TREES.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (member.to_owned(), features);
        if let Some(tree) = trees.get(&key) {
            return Ok(tree.clone());
        }
        let mut arguments = vec!["tree", "--edges", "normal", "--prefix", "depth"];
        arguments.extend(["--format", " {p}", "--package", member]);
        arguments.extend((features == Features::All).then_some("--all-features"));
        let tree = Self::parse(&String::from_utf8_lossy(&cargo(&arguments)?));
        trees.insert(key, tree.clone());
        Ok(tree)
    }

    /// Reads lines such as `2 serde v1.0.0 (*)`.
    fn parse(tree: &str) -> Self {
        let lines = tree.lines().filter_map(|line| {
            let mut words = line.split(' ');
            let depth = words.next()?.parse().ok()?;
            Some((depth, words.next()?.to_owned()))
        });
        Self(lines.collect())
    }

    /// Returns the path to the first crate that `is_wanted`, as `a -> b -> c`.
    pub fn path(&self, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut path: Vec<&str> = Vec::new();
        for (depth, name) in &self.0 {
            path.truncate(*depth);
            path.push(name);
            if *depth > 0 && is_wanted(name) {
                return Some(path.join(" -> "));
            }
        }
        None
    }
}

/// Runs cargo at the root and returns its output.
pub(crate) fn cargo(arguments: &[&str]) -> io::Result<Vec<u8>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(arguments)
        .output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    let arguments = arguments.join(" ");
    Err(io::Error::other(format!("cargo {arguments}: {reason}")))
}

/// The part of `cargo metadata` that is read here.
#[derive(Debug, Deserialize)]
struct Workspace {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; nothing for a normal dependency.
    kind: Option<String>,
}

fn packages() -> io::Result<Vec<Package>> {
    let output = cargo(&["metadata", "--no-deps", "--format-version", "1"])?;
    let workspace: Workspace = serde_json::from_slice(&output)?;
    Ok(workspace.packages)
}

/// Returns the names of the workspace's crates.
///
/// # Errors
/// `cargo metadata` fails.
pub fn members() -> io::Result<Vec<String>> {
    Ok(packages()?.into_iter().map(|it| it.name).collect())
}

/// Returns each crate of the workspace with each of its normal dependencies there.
///
/// # Errors
/// `cargo metadata` fails.
pub fn edges() -> io::Result<Vec<(String, String)>> {
    let packages = packages()?;
    let mut edges = Vec::new();
    for package in &packages {
        for needed in &package.dependencies {
            let is_ours = packages.iter().any(|it| it.name == needed.name);
            if is_ours && needed.kind.is_none() {
                edges.push((package.name.clone(), needed.name.clone()));
            }
        }
    }
    Ok(edges)
}

/// Returns what breaks the order of `layers`, lowest first: dependencies on the same or a
/// higher layer, crates without a layer, and names that are no crates.
pub fn misplaced(
    layers: &[&[&str]],
    members: &[String],
    edges: &[(String, String)],
) -> Vec<String> {
    let layer_of = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let upwards = edges
        .iter()
        .filter(|(from, to)| matches!((layer_of(from), layer_of(to)), (Some(from), Some(to)) if from <= to))
        .map(|(from, to)| format!("{from} depends on {to}"));
    let unplaced = members
        .iter()
        .filter(|member| layer_of(member).is_none())
        .map(|member| format!("{member} has no layer"));
    let missing = layers
        .iter()
        .flat_map(|layer| layer.iter())
        .filter(|name| !members.iter().any(|member| member == *name))
        .map(|name| format!("there is no crate {name}"));
    upwards.chain(unplaced).chain(missing).collect()
}

/// Returns the paths by which the members that `is_bound` reach a crate that
/// `is_forbidden`.
///
/// # Errors
/// `cargo tree` fails.
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
            DependencyTree::of(member, features)
                .map(|tree| tree.path(&is_forbidden))
                .transpose()
        })
        .collect()
}

/// Returns whether a crate is part of the AWS SDK, or the adapter over it.
pub fn is_aws(name: &str) -> bool {
    name.starts_with("aws-") || name == "marquee-aws"
}

/// Returns whether a crate is a Lambda function's binary.
pub fn is_lambda(name: &str) -> bool {
    name.starts_with("marquee-lambda-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> DependencyTree {
        DependencyTree::parse(
            "0 marquee v0.1.0 (/somewhere)\n\
             1 marquee-event v0.1.0 (/somewhere)\n\
             2 memchr v2.8.0\n\
             1 tokio v1.54.0\n\
             2 memchr v2.8.0 (*)\n\
             2 mio v1.0.0\n",
        )
    }

    #[test]
    fn the_path_names_each_crate() {
        let path = |wanted| tree().path(|name| name == wanted);
        assert_eq!(path("mio").as_deref(), Some("marquee -> tokio -> mio"));
        assert_eq!(
            path("memchr").as_deref(),
            Some("marquee -> marquee-event -> memchr")
        );
    }

    #[test]
    fn a_dependency_upwards_is_misplaced() {
        let members = ["a", "b", "c"].map(str::to_owned);
        let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let layers: [&[&str]; 2] = [&["a", "d"], &["b"]];
        assert_eq!(
            misplaced(&layers, &members, &[edge("b", "a"), edge("a", "b")]),
            ["a depends on b", "c has no layer", "there is no crate d"]
        );
    }

    #[test]
    fn a_crate_does_not_depend_on_itself() {
        assert_eq!(tree().path(|name| name == "marquee"), None);
        assert_eq!(tree().path(|name| name == "serde"), None);
    }
}
