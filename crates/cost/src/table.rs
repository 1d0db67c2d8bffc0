//! Markdown tables for docs/COST.md.

use crate::estimate::{Estimate, Group};
use crate::prices::{ALL, Price, PriceSource};
use crate::workload::{BadWorkload, Workload};

/// Formats the cost at several rates in events per second, one row per rate.
///
/// # Errors
/// Returns [`BadWorkload`] for an invalid rate.
pub fn by_rate(workload: &Workload, rates: &[f64]) -> Result<String, BadWorkload> {
    let mut table = "| events/s | events per month | stream | transform | day | monitoring | \
                     **processing**, $ per month | fixed part | storage | \
                     **processing**, $ per million | with storage |\n\
                     |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for rate in rates {
        let estimate = Estimate::of(&Workload {
            events_per_day: rate * 86_400.0,
            ..*workload
        })?;
        let of = |group| money(estimate.of_group(group));
        table += &format!(
            "| {} | {} | {} | {} | {} | {} | **{}** | {} | {} | **{:.4}** | {:.4} |\n",
            format_count(*rate),
            large(estimate.events),
            of(Group::Stream),
            of(Group::Transform),
            of(Group::Day),
            of(Group::Monitoring),
            money(estimate.processing),
            money(estimate.fixed),
            money(estimate.storage),
            estimate.processing_per_million,
            estimate.per_million,
        );
    }
    Ok(table)
}

/// Formats the cost of several named workloads, one row per workload.
///
/// # Errors
/// Returns [`BadWorkload`] for an invalid workload.
pub fn by_setting(settings: &[(&str, Workload)]) -> Result<String, BadWorkload> {
    let mut table = "| setting | records/s | batches per month | stream | transform | day | \
                     monitoring | **processing**, $ per month | storage | \
                     **processing**, $ per million | with storage |\n\
                     |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (name, workload) in settings {
        let estimate = Estimate::of(workload)?;
        let of = |group| money(estimate.of_group(group));
        table += &format!(
            "| {name} | {} | {} | {} | {} | {} | {} | **{}** | {} | **{:.4}** | {:.4} |\n",
            large(estimate.records.per_second),
            large(estimate.batches),
            of(Group::Stream),
            of(Group::Transform),
            of(Group::Day),
            of(Group::Monitoring),
            money(estimate.processing),
            money(estimate.storage),
            estimate.processing_per_million,
            estimate.per_million,
        );
    }
    Ok(table)
}

/// Formats the lines of an estimate.
pub fn by_component(estimate: &Estimate) -> String {
    let mut table = "| component | item | quantity per month | unit | $ per unit | \
                     $ per month | $ per million events |\n\
                     |---|---|---:|---|---:|---:|---:|\n"
        .to_owned();
    let millions = estimate.events / 1e6;
    for line in &estimate.lines {
        table += &format!(
            "| {} | {}{} | {} | {} | {} | {} | {:.5} |\n",
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

/// Formats all prices with their sources.
pub fn prices_table() -> String {
    let mut table = "| item | $ | per | price list | source |\n|---|---:|---|---|---|\n".to_owned();
    for Price {
        dollars,
        per,
        unit,
        item,
        page,
        source,
    } in ALL
    {
        let source = match source {
            PriceSource::Reported => "reported by others who cite the page",
            PriceSource::Remembered => "**not verified**",
        };
        let per = match per {
            1.0 => format!("1 {unit}"),
            per => format!("{} {unit}s", format_count(per)),
        };
        table += &format!(
            "| {item} | {} | {per} | {page} | {source} |\n",
            each(dollars)
        );
    }
    table
}

/// Formats dollars and cents.
fn money(dollars: f64) -> String {
    match dollars {
        small if small < 0.005 => "0".to_owned(),
        dollars => format!("{dollars:.2}"),
    }
}

/// Formats a price with all its digits.
fn each(price: f64) -> String {
    let text = format!("{price:.11}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Formats a whole number with thousands separators.
fn format_count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number of any size with few digits and a metric prefix.
fn large(number: f64) -> String {
    match number {
        n if n >= 1e9 => format!("{:.2} G", n / 1e9),
        n if n >= 1e6 => format!("{:.2} M", n / 1e6),
        n if n >= 1e4 => format!("{:.1} k", n / 1e3),
        n if n >= 100.0 => format!("{n:.0}"),
        n => format!("{n:.2}"),
    }
}
