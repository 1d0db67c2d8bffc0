//! What the Lambdas read from their environment, and what Terraform sets.

use std::collections::BTreeSet;

use crate::files::File;

/// What the runtime sets by itself.
const GIVEN: [&str; 4] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "RUST_LOG",
];

/// The variables that a Lambda's `config.rs` reads and no Terraform sets;
/// `None` while there is no Terraform.
///
/// What `config.rs` reads is every string in it that is written as a
/// variable's name is.
pub fn unset_variables(files: &[File]) -> Option<Vec<String>> {
    let terraform: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with("infra/") && file.extension() == "tf")
        .collect();
    if terraform.is_empty() {
        return None;
    }
    let unset = files
        .iter()
        .filter(|file| file.path.starts_with("lambdas/") && file.name() == "config.rs")
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
        .collect();
    Some(unset)
}

/// The strings of `code` that are written as environment variables are.
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

/// Whether a line of `terraform` gives `variable` a value.
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
                    // \"OLD_NAME\" was it once";
        let set = "environment {\n  variables = {\n    LAKE_BUCKET = x\n  }\n}";
        assert_eq!(
            unset_variables(&files(code, set)),
            Some(vec!["lambdas/load/src/config.rs reads MAX_ROWS".to_owned()])
        );
    }

    #[test]
    fn without_terraform_nothing_is_asked() {
        let [config, _] = files("\"LAKE_BUCKET\"", "");
        assert_eq!(unset_variables(&[config]), None);
    }
}
