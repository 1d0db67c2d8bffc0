//! The deployment fits the code.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::files::files;
use marquee_tidy::{deployment, hold, lambdas, policies, routes};

#[test]
fn every_variable_that_a_lambda_reads_is_set() {
    hold(
        "infra/*.tf sets every variable that a config.rs reads",
        &deployment::unset_variables(&files().unwrap()),
    );
}

#[test]
fn every_list_of_lambdas_is_complete() {
    hold(
        "the lists of binaries have the directories of lambdas/",
        &lambdas::unlisted(&files().unwrap()),
    );
}

#[test]
fn code_terraform_and_documentation_have_the_same_routes() {
    hold(
        "a route of the API is in crates/api, infra/api.tf and docs/API.md",
        &routes::unlisted(&files().unwrap()),
    );
}

#[test]
fn every_policy_document_is_judged() {
    hold(
        "infra/rights.tf lists every policy document for infra/tests/policies.tftest.hcl",
        &policies::unseen(&files().unwrap()),
    );
}
