//! What is deployed fits what is coded.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::files::files;
use marquee_tidy::{deployment, hold};

#[test]
fn every_variable_that_a_lambda_reads_is_set() {
    hold(
        "every variable that a config.rs reads is set in infra/*.tf",
        &deployment::unset_variables(&files().unwrap()),
    );
}
