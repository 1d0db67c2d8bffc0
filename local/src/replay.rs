//! `marquee replay`: processes quarantined units with the current transform.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use indicatif::HumanCount;
use marquee_console::{self as console, directory_parser};
use marquee_event::Date;
use marquee_event::Reason;
use marquee_ingest::TransformSettings;
use marquee_repair::{ReplayOptions, ReplayReport, replay};

use crate::counted::counted;
use crate::day::explain;
use crate::hints;
use crate::lake::existing_lake;

/// Process quarantined units with the current transform
///
/// Units that are valid now go to the processed zone with their identity, and their
/// dates become due. Other units stay in quarantine. Event times are checked against
/// the first arrival. A second replay adds nothing.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// Read and write the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Replay only units that arrived on this date, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// Replay only units that were rejected for this reason
    #[arg(long, value_name = "REASON", value_parser = PossibleValuesParser::new(Reason::ALL.map(Reason::name)))]
    pub reason: Option<String>,
    /// Replay at most this many units [default: no limit]
    #[arg(long, value_name = "N", value_parser = console::parse_count)]
    pub limit: Option<u64>,
    /// Report what would be replayed, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Replays the units and prints the result.
///
/// # Errors
/// [`crate::bad_input::BadInput`] for a directory without a lake.
pub async fn execute(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let named = |reason: &Reason| args.reason.as_deref() == Some(reason.name());
    let options = ReplayOptions {
        date: args.date,
        reason: Reason::ALL.into_iter().find(named),
        limit: args.limit,
        dry_run: args.dry_run,
    };
    let report = replay(&store, &options, TransformSettings::default())
        .await
        .map_err(|error| explain(error.into()))?;
    hints::print(ReplayPage(&report), &args.lake)?;
    Ok(ExitCode::SUCCESS)
}

/// The printed report of a replay.
struct ReplayPage<'r>(&'r ReplayReport);

impl Display for ReplayPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let replayed = if report.dry_run {
            "would be replayed"
        } else {
            "replayed"
        };
        let mut line = |label: &str, units: u64| writeln!(f, "{label:<40} {:>11}", count(units));
        line("selected in quarantine", report.quarantined)?;
        if report.already_replayed > 0 {
            line("replayed before", report.already_replayed)?;
        }
        line(replayed, report.total())?;
        reasons(f, &report.replayed)?;
        let still: u64 = report.still_rejected.values().sum();
        writeln!(
            f,
            "{:<40} {:>11}",
            "still rejected, by current reason",
            count(still)
        )?;
        reasons(f, &report.still_rejected)?;
        if report.over_limit > 0 {
            let left = count(report.over_limit);
            writeln!(f, "{:<40} {left:>11}", "not tried because of --limit")?;
        }
        if report.events > 0 {
            let rejected = match report.rejected_lines {
                0 => String::new(),
                lines => format!(
                    " and {} for quarantine",
                    counted(lines, "invalid line", "invalid lines")
                ),
            };
            let contain = match report.dry_run {
                true => "The replayed units would yield",
                false => "The replayed units yield",
            };
            let events = counted(report.events, "event", "events");
            writeln!(f, "\n{contain} {events}{rejected}:")?;
            for (date, events) in &report.event_dates {
                writeln!(f, "  {date:<38} {:>11}", count(*events))?;
            }
            if !report.dry_run {
                writeln!(f, "These dates are due now. Run `marquee day`.")?;
            }
        }
        Ok(())
    }
}

fn reasons(f: &mut Formatter<'_>, units: &BTreeMap<String, u64>) -> fmt::Result {
    for (reason, units) in units {
        writeln!(f, "  {reason:<38} {:>11}", count(*units))?;
    }
    Ok(())
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_replayed_and_rejected_units() {
        let report = ReplayReport {
            quarantined: 1_010,
            already_replayed: 2,
            replayed: [("time_too_old".to_owned(), 1_000)].into(),
            still_rejected: [("invalid_json".to_owned(), 8)].into(),
            events: 1_003,
            rejected_lines: 1,
            event_dates: [(Date::from_days(20_513), 1_003)].into(),
            ..ReplayReport::default()
        };
        let page = ReplayPage(&report).to_string();
        for expected in [
            "\nreplayed                                       1,000\n  time_too_old",
            "still rejected, by current reason                  8\n  invalid_json",
            "The replayed units yield 1,003 events and 1 invalid line for quarantine:",
            "\n  2026-03-01                                   1,003\n",
            "These dates are due now",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        let dry = ReplayReport {
            dry_run: true,
            ..report
        };
        let page = ReplayPage(&dry).to_string();
        assert!(
            page.contains("would be replayed ") && !page.contains("due now"),
            "{page}"
        );
    }
}
