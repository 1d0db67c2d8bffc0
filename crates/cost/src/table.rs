//! Tables in Markdown, as docs/COST.md has them.

use std::fmt::Write as _;

use crate::estimate::{Estimate, Group};
use crate::prices::{ALL, Price, Source};
use crate::workload::{BadWorkload, Workload};

/// What other numbers of events a second cost, with everything else as it is.
///
/// # Errors
/// [`BadWorkload`] when one of them cannot be.
pub fn by_rate(workload: &Workload, rates: &[f64]) -> Result<String, BadWorkload> {
    let mut table = "| events/s | events a month | stream | transform | day | watching | \
                     **made**, $ a month | of it fixed | kept | **made**, $ a million | with what is kept |\n\
                     |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for rate in rates {
        let estimate = Estimate::of(&Workload {
            events_per_day: rate * 86_400.0,
            ..*workload
        })?;
        let of = |group| money(estimate.of_group(group));
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | **{}** | {} | {} | **{:.4}** | {:.4} |",
            count(*rate),
            large(estimate.events),
            of(Group::Stream),
            of(Group::Transform),
            of(Group::Day),
            of(Group::Watching),
            money(estimate.making),
            money(estimate.fixed),
            money(estimate.keeping),
            estimate.making_per_million,
            estimate.per_million,
        );
    }
    Ok(table)
}

/// What the same events cost otherwise set up, a row each.
///
/// # Errors
/// [`BadWorkload`] when one of them cannot be.
pub fn by_setting(settings: &[(&str, Workload)]) -> Result<String, BadWorkload> {
    let mut table = "| | records/s | batches a month | stream | transform | day | watching | \
                     **made**, $ a month | kept | **made**, $ a million | with what is kept |\n\
                     |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (name, workload) in settings {
        let estimate = Estimate::of(workload)?;
        let of = |group| money(estimate.of_group(group));
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {} | {} | **{}** | {} | **{:.4}** | {:.4} |",
            large(estimate.records.per_second),
            large(estimate.batches),
            of(Group::Stream),
            of(Group::Transform),
            of(Group::Day),
            of(Group::Watching),
            money(estimate.making),
            money(estimate.keeping),
            estimate.making_per_million,
            estimate.per_million,
        );
    }
    Ok(table)
}

/// Every line of an estimate.
pub fn by_component(estimate: &Estimate) -> String {
    let mut table = "| | what | a month | unit | $ for one | $ a month | $ a million events |\n\
                     |---|---|---:|---|---:|---:|---:|\n"
        .to_owned();
    let millions = estimate.events / 1e6;
    for line in &estimate.lines {
        let _ = writeln!(
            table,
            "| {} | {}{} | {} | {} | {} | {} | {:.5} |",
            line.group,
            line.item,
            if line.fixed { " (fixed)" } else { "" },
            large(line.quantity),
            line.unit,
            each(line.price),
            money(line.dollars),
            line.dollars / millions,
        );
    }
    table
}

/// Every price, and where it stands.
pub fn prices_table() -> String {
    let mut table =
        "| what | $ | for | page | how it was come by |\n|---|---:|---|---|---|\n".to_owned();
    for Price {
        dollars,
        per,
        unit,
        what,
        page,
        source,
    } in ALL
    {
        let source = match source {
            Source::Reported => "reported by others who cite the page",
            Source::Remembered => "**not verified**",
        };
        let per = match per {
            1.0 => format!("1 {unit}"),
            per => format!("{} {unit}s", count(per)),
        };
        let _ = writeln!(
            table,
            "| {what} | {} | {per} | {page} | {source} |",
            each(dollars)
        );
    }
    table
}

/// Dollars and cents.
fn money(dollars: f64) -> String {
    match dollars {
        small if small < 0.005 => "0".to_owned(),
        dollars => format!("{dollars:.2}"),
    }
}

/// A price with the digits that it has.
fn each(price: f64) -> String {
    let text = format!("{price:.11}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole number with its thousands apart.
fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of any size in a few digits.
fn large(number: f64) -> String {
    match number {
        n if n >= 1e9 => format!("{:.2} G", n / 1e9),
        n if n >= 1e6 => format!("{:.2} M", n / 1e6),
        n if n >= 1e4 => format!("{:.1} k", n / 1e3),
        n if n >= 100.0 => format!("{n:.0}"),
        n => format!("{n:.2}"),
    }
}
