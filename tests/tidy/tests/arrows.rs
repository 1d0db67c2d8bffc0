//! The arrows between the crates run one way.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::arrows::{Features, arrows, forbidden, is_aws, is_lambda, members, misplaced};
use marquee_tidy::hold;

const PURE: [&str; 8] = [
    "marquee-event",
    "marquee-json",
    "marquee-codec",
    "marquee-tables",
    "marquee-kernels",
    "marquee-sql",
    "marquee-cost",
    "marquee-recommend",
];
const READS_SQL: [&str; 4] = [
    "marquee-marts",
    "marquee",
    "marquee-lambda-marts",
    "marquee-bench",
];

/// Each crate stands on those of the layers before its own alone.
const LAYERS: [&[&str]; 10] = [
    &[
        "marquee-json",
        "marquee-codec",
        "marquee-sql",
        "marquee-cost",
        "marquee-stream",
        "marquee-config",
        "marquee-telemetry",
        "marquee-console",
    ],
    &["marquee-event"],
    &["marquee-tables", "marquee-producer", "marquee-recommend"],
    &["marquee-lake", "marquee-kernels"],
    &["marquee-ingest", "marquee-alert", "marquee-api"],
    &[
        "marquee-table-catalog",
        "marquee-compaction",
        "marquee-audit",
        "marquee-repair",
        "marquee-event-source-mapping",
    ],
    &["marquee-curation", "marquee-marts", "marquee-warehouse"],
    &[
        "marquee-aws",
        "marquee-local-warehouse",
        "marquee-runtime-api",
        "marquee-s3-stand-in",
    ],
    &[
        "marquee-lambda-transform",
        "marquee-lambda-daily",
        "marquee-lambda-marts",
        "marquee-lambda-alert",
        "marquee-lambda-api",
        "marquee-lambda-load",
        "marquee",
        "marquee-bench",
    ],
    &["marquee-tidy", "xtask"],
];

#[test]
fn arrows_run_downwards() {
    let breaches = misplaced(&LAYERS, &members().unwrap(), &arrows().unwrap());
    hold("a crate stands on lower layers alone", &breaches);
}

#[test]
fn pure_crates_do_no_io() {
    let breaches = forbidden(
        &members().unwrap(),
        Features::All,
        |member| PURE.contains(&member),
        |name| ["tokio", "object_store"].contains(&name) || is_aws(name),
    );
    hold(
        "a pure crate reaches no tokio, aws-* or object_store",
        &breaches.unwrap(),
    );
}

#[test]
fn datafusion_stays_behind_marts() {
    let breaches = forbidden(
        &members().unwrap(),
        Features::All,
        |member| !READS_SQL.contains(&member),
        |name| name.starts_with("datafusion"),
    );
    hold(
        "only marts and its users reach DataFusion",
        &breaches.unwrap(),
    );
}

#[test]
fn the_embedded_build_compiles_no_sdk() {
    let breaches = forbidden(
        &members().unwrap(),
        Features::Default,
        |member| member == "marquee",
        is_aws,
    );
    hold("local reaches no aws-*", &breaches.unwrap());
}

#[test]
fn aws_meets_the_domain_in_lambdas_only() {
    let breaches = forbidden(
        &members().unwrap(),
        Features::All,
        |member| !is_lambda(member),
        |name| name == "marquee-aws",
    );
    hold("only lambdas reach marquee-aws", &breaches.unwrap());
}

#[test]
fn the_sdk_stays_in_its_adapters() {
    let breaches = forbidden(
        &members().unwrap(),
        Features::All,
        |member| !is_lambda(member) && !["marquee-aws", "marquee-producer"].contains(&member),
        is_aws,
    );
    hold(
        "only the adapters and the lambdas reach the AWS SDK",
        &breaches.unwrap(),
    );
}

#[test]
fn the_rules_look_at_crates_that_are_there() {
    let members = members().unwrap();
    let missing: Vec<String> = PURE
        .into_iter()
        .chain(READS_SQL)
        .filter(|name| !members.iter().any(|member| member == name))
        .map(|name| format!("{name} is no member"))
        .collect();
    hold("a crate that a rule names is there", &missing);
}
