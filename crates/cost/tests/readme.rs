//! Compares the costs in the README with the model.
#![allow(clippy::unwrap_used, missing_docs)]

use marquee_cost::{Environment, Estimate, Workload};

const PAGE: &str = include_str!("../../../README.md");

#[test]
fn the_costs_of_the_readme_are_those_of_the_model() {
    let estimate = Estimate::of(&Workload::new(86_400_000.0)).unwrap();
    let dev = Workload::of_environment(100_000.0, Environment::Dev);
    let dev = Estimate::of(&dev).unwrap();
    let (processing, storage) = (estimate.processing, estimate.storage);
    for text in [
        format!("| idle, no event | ${:.2} | $0 |", estimate.fixed),
        format!("(`infra/envs/dev.tfvars`) | ${:.2} | $0 |", dev.fixed),
        format!("| ${processing:.2} | ${storage:.2} |"),
        format!("${:.4} per million events", estimate.processing_per_million),
        format!("| ${processing:.2} and storage at 1,000 events/s, calculated |"),
    ] {
        assert!(PAGE.contains(&text), "README.md does not contain: {text}");
    }
}
