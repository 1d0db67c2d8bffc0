//! Dependencies between the crates run downwards.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_tidy::hold;
use marquee_tidy::layers::{Features, edges, forbidden, is_aws, is_lambda, members, misplaced};

const PURE: [&str; 9] = [
    "marquee-event",
    "marquee-json",
    "marquee-codec",
    "marquee-encode",
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

/// The layers, lowest first: a crate depends on crates of lower layers only. The
/// Lambdas' binaries are added to the layer `BINARIES`.
const LAYERS: [&[&str]; 12] = [
    &["marquee-json"],
    &[
        "marquee-codec",
        "marquee-encode",
        "marquee-sql",
        "marquee-cost",
        "marquee-stream",
        "marquee-config",
        "marquee-telemetry",
        "marquee-conditional-tests",
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
    &["marquee-curation", "marquee-warehouse"],
    &["marquee-marts"],
    &[
        "marquee-aws",
        "marquee-local-warehouse",
        "marquee-runtime-api",
        "marquee-s3-stand-in",
    ],
    &["marquee", "marquee-bench"],
    &["marquee-tidy", "marquee-schema-tests", "xtask"],
];

/// The layer of binaries in `LAYERS`.
const BINARIES: usize = 10;

#[test]
fn dependencies_run_downwards() {
    let members = members().unwrap();
    let mut layers = LAYERS.map(<[&str]>::to_vec);
    let lambdas = members.iter().map(String::as_str);
    layers[BINARIES].extend(lambdas.filter(|name| is_lambda(name)));
    let layers: Vec<&[&str]> = layers.iter().map(Vec::as_slice).collect();
    let breaches = misplaced(&layers, &members, &edges().unwrap());
    hold("a crate depends on lower layers only", &breaches);
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
        "a pure crate depends on no tokio, aws-* or object_store",
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
        "only marts and its users depend on DataFusion",
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
    hold("marquee depends on no aws-*", &breaches.unwrap());
}

#[test]
fn aws_meets_the_domain_in_lambdas_only() {
    let breaches = forbidden(
        &members().unwrap(),
        Features::All,
        |member| !is_lambda(member),
        |name| name == "marquee-aws",
    );
    hold("only lambdas depend on marquee-aws", &breaches.unwrap());
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
        "only the adapters and the lambdas depend on the AWS SDK",
        &breaches.unwrap(),
    );
}

#[test]
fn the_rules_name_crates_that_exist() {
    let members = members().unwrap();
    let missing: Vec<String> = PURE
        .into_iter()
        .chain(READS_SQL)
        .filter(|name| !members.iter().any(|member| member == name))
        .map(|name| format!("there is no crate {name}"))
        .collect();
    hold("a rule names crates that exist", &missing);
}
