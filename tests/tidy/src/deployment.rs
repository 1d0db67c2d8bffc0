//! Environment variables that the Lambda functions read, and that Terraform sets.

use std::collections::BTreeSet;

use crate::files::File;

/// Variables that Lambda's runtime or the SDK sets.
const GIVEN: [&str; 4] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "RUST_LOG",
];

/// Returns the variables that a Lambda's `config.rs` or `crates/config` reads and no
/// Terraform file sets.
///
/// Every string there in capitals with `_` counts as a variable that is read.
pub fn unset_variables(files: &[File]) -> Vec<String> {
    let terraform: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with("infra/") && file.extension() == "tf")
        .collect();
    let reads = |file: &&File| {
        let is_config = file.path.starts_with("lambdas/") && file.name() == "config.rs";
        is_config || file.path.starts_with("crates/config/src/")
    };
    files
        .iter()
        .filter(reads)
        .flat_map(|file| {
            variables(&file.text)
                .into_iter()
                .map(move |variable| (file, variable))
        })
        .filter(|(_, variable)| {
            !GIVEN.contains(variable)
                && !variable.starts_with("AWS_LAMBDA_")
                && !terraform.iter().any(|file| sets(&file.text, variable))
        })
        .map(|(file, variable)| format!("{} reads {variable}", file.path))
        .collect()
}

/// Returns the strings of `code` that look like environment variables.
fn variables(code: &str) -> BTreeSet<&str> {
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|text| {
            text.len() > 2
                && text.starts_with(|c: char| c.is_ascii_uppercase())
                && text.contains('_')
                && text
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
        .collect()
}

/// Returns whether a line of `terraform` gives `variable` a value.
fn sets(terraform: &str, variable: &str) -> bool {
    terraform.lines().any(|line| {
        line.split_once('=')
            .is_some_and(|(name, _)| name.trim().trim_matches('"') == variable)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(code: &str, terraform: &str) -> [File; 2] {
        [
            ("lambdas/load/src/config.rs", code),
            ("infra/load.tf", terraform),
        ]
        .map(|(path, text)| File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_variable_that_is_read_and_not_set_is_found() {
        let code = "required(\"LAKE_BUCKET\")?; optional(\"MAX_ROWS\"); region(\"AWS_REGION\")\n\
                    // formerly \"OLD_NAME\"";
        let set = "environment {\n  variables = {\n    LAKE_BUCKET = x\n  }\n}";
        assert_eq!(
            unset_variables(&files(code, set)),
            ["lambdas/load/src/config.rs reads MAX_ROWS"]
        );
    }
}
