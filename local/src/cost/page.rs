//! An estimate as a person reads it.

use std::fmt::{self, Display, Formatter};

use indicatif::{HumanCount, HumanFloatCount};
use marquee_cost::{Estimate, Group, Mode};

/// An estimate to be printed.
pub(super) struct Page<'e> {
    estimate: &'e Estimate,
    /// Whether headings stand out by more than their place.
    styled: bool,
}

impl<'e> Page<'e> {
    /// `styled` is for terminals.
    pub(super) fn new(estimate: &'e Estimate, styled: bool) -> Self {
        Self { estimate, styled }
    }

    fn heading(&self, f: &mut Formatter<'_>, text: &str) -> fmt::Result {
        match self.styled {
            true => writeln!(f, "\n\x1b[1m{text}\x1b[0m"),
            false => writeln!(f, "\n{text}"),
        }
    }

    fn asked(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let estimate = self.estimate;
        let workload = &estimate.workload;
        writeln!(
            f,
            "A month of {} events a day, {} a second, in {} at prices of {}",
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

    fn group(&self, f: &mut Formatter<'_>, group: Group) -> fmt::Result {
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
            let much = format!(
                "{} {}",
                short(line.quantity),
                many(line.unit, line.quantity)
            );
            writeln!(
                f,
                "  {:<34}{much:>26}{:>12.2}{}",
                line.item,
                line.dollars,
                if line.fixed { "  fixed" } else { "" }
            )?;
        }
        Ok(())
    }

    fn sums(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let estimate = self.estimate;
        self.heading(
            f,
            &format!("{:<62}{:>12}{:>14}", "Dollars", "a month", "a million"),
        )?;
        let millions = estimate.events / 1e6;
        for (what, dollars) in [
            ("from the producer to published tables", estimate.processing),
            ("  of it fixed: whatever comes", estimate.fixed),
            ("kept, once as much goes as comes", estimate.storage),
            ("all told", estimate.processing + estimate.storage),
        ] {
            writeln!(f, "  {what:<60}{dollars:>12.2}{:>14.4}", dollars / millions)?;
        }
        Ok(())
    }
}

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.asked(f)?;
        for group in Group::ALL {
            self.group(f, group)?;
        }
        self.sums(f)
    }
}

/// What a group is, for a heading.
const fn title(group: Group) -> &'static str {
    match group {
        Group::Stream => "Stream: Kinesis",
        Group::Transform => "Transform: Lambda, S3",
        Group::Day => "Day: Step Functions, Lambda, S3, Glue",
        Group::Monitoring => "Monitoring: CloudWatch, X-Ray, KMS, SNS",
        Group::Storage => "Storage: S3, Athena",
    }
}

/// The unit of so many. A gigabyte is written the same whatever its number.
fn many(unit: &str, quantity: f64) -> String {
    match unit {
        "GB" | "TB" => unit.to_owned(),
        unit if quantity == 1.0 => unit.to_owned(),
        unit => format!("{unit}s"),
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Without what is behind the point.
fn whole(number: f64) -> String {
    HumanCount(number.round() as u64).to_string()
}

/// Whole where it is large, with two digits where it is small.
fn short(number: f64) -> String {
    match number < 100.0 {
        true => HumanFloatCount(rounded(number)).to_string(),
        false => whole(number),
    }
}
