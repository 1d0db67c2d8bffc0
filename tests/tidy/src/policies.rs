//! The policy documents of `infra/`, and the list of those that `terraform test` reads.

use crate::files::File;

/// The file whose locals list every policy document, and `terraform test` judges them.
const LIST: &str = "infra/rights.tf";
/// The attributes that hold a policy document.
const ATTRIBUTES: [&str; 2] = ["policy", "assume_role_policy"];
/// Resources and arguments that give rights in a form that the list cannot hold.
const FORBIDDEN: [&str; 6] = [
    "aws_iam_policy_document",
    "policy_attachment",
    "aws_iam_user_policy",
    "aws_iam_group_policy",
    "managed_policy_arns",
    "inline_policy",
];

/// Returns the policy documents that the least-privilege tests do not see.
///
/// A document of the configuration must be named in `infra/rights.tf` as
/// `TYPE.NAME` with its attribute. A document of a module must be an output, and every
/// use of the module must be named there as `module.NAME`.
pub fn unseen(files: &[File]) -> Vec<String> {
    let terraform: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with("infra/") && file.extension() == "tf")
        .filter(|file| !file.path.starts_with("infra/tests/"))
        .collect();
    let list = terraform.iter().find(|file| file.path == LIST);
    let list = list.map_or("", |file| file.text.as_str());
    let mut breaches = Vec::new();
    for file in &terraform {
        for word in FORBIDDEN {
            if code(&file.text).any(|line| line.contains(word)) {
                breaches.push(format!(
                    "{} has {word}: write the document as `policy`, which {LIST} can list",
                    file.path
                ));
            }
        }
        for document in documents(&file.text) {
            let Some(module) = module_of(&file.path) else {
                if !is_listed(list, &document) {
                    breaches.push(format!(
                        "{}: {LIST} lacks {}.{}",
                        file.path, document.resource, document.attribute
                    ));
                }
                continue;
            };
            let outputs = format!("infra/modules/{module}/outputs.tf");
            let outputs = terraform.iter().find(|file| file.path == outputs);
            let output = format!("{}.{}", document.resource, document.attribute);
            if !outputs.is_some_and(|file| file.text.contains(&output)) {
                breaches.push(format!(
                    "{}: the module does not output {output}",
                    file.path
                ));
            }
            let source = format!("\"./modules/{module}\"");
            for using in &terraform {
                for name in modules_of(&using.text, &source) {
                    let name = format!("module.{name}");
                    if !code(list).any(|line| has_reference(line, &name)) {
                        breaches.push(format!("{}: {LIST} lacks {name}", using.path));
                    }
                }
            }
        }
    }
    breaches.sort();
    breaches.dedup();
    breaches
}

/// A policy document in a resource.
struct Document {
    /// `TYPE.NAME`.
    resource: String,
    attribute: &'static str,
}

/// Returns the documents of a file.
fn documents(text: &str) -> Vec<Document> {
    let mut found = Vec::new();
    let mut resource = None;
    for line in code(text) {
        if let Some(head) = line.strip_prefix("resource ") {
            let mut names = head.split('"').skip(1).step_by(2);
            resource = names
                .next()
                .zip(names.next())
                .map(|(kind, name)| format!("{kind}.{name}"));
        }
        let attribute = line.split_once('=').and_then(|(name, _)| {
            let name = name.trim();
            ATTRIBUTES.into_iter().find(|it| *it == name)
        });
        if let (Some(resource), Some(attribute)) = (&resource, attribute) {
            found.push(Document {
                resource: resource.clone(),
                attribute,
            });
        }
    }
    found
}

/// Returns the names of the modules with that source.
fn modules_of<'t>(text: &'t str, source: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut module = None;
    for line in code(text) {
        if let Some(head) = line.strip_prefix("module ") {
            module = head.split('"').nth(1);
        } else if line.trim_start().starts_with("source ") && line.contains(source) {
            found.extend(module);
        }
    }
    found
}

/// Returns whether the list has the document: the resource, and behind it the attribute.
fn is_listed(list: &str, document: &Document) -> bool {
    code(list).any(|line| {
        has_reference(line, &document.resource)
            && line
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| word == document.attribute)
    })
}

/// Returns whether `text` has `name`, followed by no letter, digit or `_`.
fn has_reference(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(start, _)| {
        let next = text[start + name.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Returns the module that a file is part of.
fn module_of(path: &str) -> Option<&str> {
    path.strip_prefix("infra/modules/")?.split('/').next()
}

/// Returns the lines that are no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn configuration(list: &str) -> Vec<File> {
        vec![
            file(
                "infra/copy.tf",
                "resource \"aws_iam_role\" \"copy\" {\n  assume_role_policy = jsonencode({})\n}\n\
                 resource \"aws_iam_role_policy\" \"copy\" {\n  policy = jsonencode({})\n}\n\
                 module \"load\" {\n  source   = \"./modules/function\"\n}\n",
            ),
            file(
                "infra/modules/function/role.tf",
                "resource \"aws_iam_role_policy\" \"this\" {\n  policy = jsonencode({})\n}\n",
            ),
            file(
                "infra/modules/function/outputs.tf",
                "output \"policy\" {\n  value = aws_iam_role_policy.this.policy\n}\n",
            ),
            file(LIST, list),
        ]
    }

    const LISTED: &str = "  a = values(aws_iam_role.copy)[*].assume_role_policy\n  \
                          b = aws_iam_role_policy.copy.policy\n  c = module.load.policy\n";

    #[test]
    fn documents_in_the_list_are_seen() {
        assert_eq!(unseen(&configuration(LISTED)), [""; 0]);
    }

    #[test]
    fn a_document_that_the_list_lacks_is_found() {
        assert_eq!(
            unseen(&configuration(
                "  # module.load aws_iam_role.copy.assume_role_policy\n"
            )),
            [
                "infra/copy.tf: infra/rights.tf lacks aws_iam_role.copy.assume_role_policy",
                "infra/copy.tf: infra/rights.tf lacks aws_iam_role_policy.copy.policy",
                "infra/copy.tf: infra/rights.tf lacks module.load",
            ]
        );
    }

    #[test]
    fn a_module_keeps_no_document_to_itself() {
        let mut files = configuration(LISTED);
        files.remove(2);
        assert_eq!(
            unseen(&files),
            [
                "infra/modules/function/role.tf: the module does not output \
                 aws_iam_role_policy.this.policy"
            ]
        );
    }

    #[test]
    fn rights_in_another_form_are_found() {
        let mut files = configuration(LISTED);
        files.push(file(
            "infra/more.tf",
            "resource \"aws_iam_role_policy_attachment\" \"x\" {}\n",
        ));
        assert_eq!(
            unseen(&files),
            [
                "infra/more.tf has policy_attachment: write the document as `policy`, which \
                 infra/rights.tf can list"
            ]
        );
    }
}
