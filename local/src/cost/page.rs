//! The printed estimate.

use std::fmt::{self, Display, Formatter};

use indicatif::{HumanCount, HumanFloatCount};
use marquee_cost::{Estimate, Group, Mode};

/// The printed form of an estimate.
pub(super) struct CostPage<'e> {
    estimate: &'e Estimate,
    /// True to highlight headings with terminal styles.
    styled: bool,
}

impl<'e> CostPage<'e> {
    /// Creates the page. `styled` is for terminals.
    pub(super) fn new(estimate: &'e Estimate, styled: bool) -> Self {
        Self { estimate, styled }
    }

    fn heading(&self, f: &mut Formatter<'_>, text: &str) -> fmt::Result {
        match self.styled {
            true => writeln!(f, "\n\x1b[1m{text}\x1b[0m"),
            false => writeln!(f, "\n{text}"),
        }
    }

    fn write_assumptions(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let estimate = self.estimate;
        let workload = &estimate.workload;
        writeln!(
            f,
            "Monthly cost of {} events per day, {} per second, in {} at the prices of {}",
            whole(workload.events_per_day),
            HumanFloatCount(rounded(workload.per_second())),
            estimate.region,
            estimate.as_of
        )?;
        let stream = match workload.mode {
            Mode::Provisioned => match whole(estimate.shards).as_str() {
                "1" => "1 shard".to_owned(),
                shards => format!("{shards} shards"),
            },
            Mode::OnDemand => "an on-demand stream".to_owned(),
        };
        writeln!(
            f,
            "  {stream}; records of {} events and {} bytes; {} batches",
            HumanFloatCount(rounded(estimate.records.events)),
            whole(estimate.records.bytes),
            whole(estimate.batches)
        )
    }

    fn write_group(&self, f: &mut Formatter<'_>, group: Group) -> fmt::Result {
        let sum = self.estimate.of_group(group);
        if sum == 0.0 {
            return Ok(());
        }
        self.heading(f, &format!("{:<62}{sum:>12.2}", title(group)))?;
        for line in self
            .estimate
            .lines
            .iter()
            .filter(|line| line.group == group)
        {
            let quantity = format!(
                "{} {}",
                short(line.quantity),
                plural_unit(line.unit, line.quantity)
            );
            writeln!(
                f,
                "  {:<34}{quantity:>26}{:>12.2}{}",
                line.item,
                line.dollars,
                if line.fixed { "  fixed" } else { "" }
            )?;
        }
        Ok(())
    }

    fn write_sums(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let estimate = self.estimate;
        self.heading(
            f,
            &format!(
                "{:<62}{:>12}{:>14}",
                "US dollars", "per month", "per million"
            ),
        )?;
        let millions = estimate.events / 1e6;
        for (label, dollars) in [
            ("from the producer to published tables", estimate.processing),
            ("  fixed part, independent of the events", estimate.fixed),
            (
                "storage, when retention has reached its full size",
                estimate.storage,
            ),
            ("total", estimate.processing + estimate.storage),
        ] {
            writeln!(
                f,
                "  {label:<60}{dollars:>12.2}{:>14.4}",
                dollars / millions
            )?;
        }
        Ok(())
    }
}

impl Display for CostPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_assumptions(f)?;
        for group in Group::ALL {
            self.write_group(f, group)?;
        }
        self.write_sums(f)
    }
}

/// Returns the heading of a group.
const fn title(group: Group) -> &'static str {
    match group {
        Group::Stream => "Stream: Kinesis",
        Group::Transform => "Transform: Lambda, S3",
        Group::Day => "Curation: Step Functions, Lambda, S3, Glue",
        Group::Monitoring => "Monitoring and encryption: CloudWatch, X-Ray, KMS, SNS",
        Group::Storage => "Storage and queries: S3, Athena",
    }
}

/// Returns the unit in singular or plural. GB and TB have no plural.
fn plural_unit(unit: &str, quantity: f64) -> String {
    match unit {
        "GB" | "TB" => unit.to_owned(),
        unit if quantity == 1.0 => unit.to_owned(),
        unit => format!("{unit}s"),
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Formats a rounded number.
fn whole(number: f64) -> String {
    HumanCount(number.round() as u64).to_string()
}

/// Formats a number: rounded from 100, with two decimals below.
fn short(number: f64) -> String {
    match number < 100.0 {
        true => HumanFloatCount(rounded(number)).to_string(),
        false => whole(number),
    }
}
