//! `marquee replay`: what is in quarantine, through today's transform.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use indicatif::HumanCount;
use marquee_console as console;
use marquee_event::Date;
use marquee_event::Reason;
use marquee_ingest::Settings;
use marquee_repair::{ReplayOptions, ReplayReport, replay};

use crate::counted::counted;
use crate::day::{existing_lake, explain};

/// Give what is in quarantine to today's transform again.
///
/// What is an event now goes on to the processed zone under its first identity,
/// and makes its date due; what is not stays as it is. Times are judged by the
/// first arrival. Replaying twice adds nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// Only what arrived on that date, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// Only what was refused for that reason
    #[arg(long, value_name = "REASON", value_parser = PossibleValuesParser::new(Reason::ALL.map(Reason::name)))]
    pub reason: Option<String>,
    /// At most so many units that go on
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Say what would go on, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Replays, and prints what came of it.
///
/// # Errors
/// [`crate::bad_input::BadInput`] where the lake's name is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let named = |reason: &Reason| args.reason.as_deref() == Some(reason.name());
    let options = ReplayOptions {
        date: args.date,
        reason: Reason::ALL.into_iter().find(named),
        limit: args.limit,
        dry_run: args.dry_run,
    };
    let report = replay(&store, &options, Settings::default())
        .await
        .map_err(|error| explain(error.into()))?;
    console::print(Page(&report))?;
    Ok(ExitCode::SUCCESS)
}

/// A report as a person reads it.
struct Page<'r>(&'r ReplayReport);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let went = if report.dry_run {
            "would go on"
        } else {
            "went on"
        };
        let mut line = |what: &str, units: u64| writeln!(f, "{what:<40} {:>11}", count(units));
        line("in quarantine, as asked for", report.quarantined)?;
        if report.before > 0 {
            line("went on before", report.before)?;
        }
        line(went, report.total())?;
        reasons(f, &report.replayed)?;
        let still: u64 = report.still.values().sum();
        writeln!(
            f,
            "{:<40} {:>11}",
            "refused still, by today's reason",
            count(still)
        )?;
        reasons(f, &report.still)?;
        if report.left > 0 {
            let left = count(report.left);
            writeln!(
                f,
                "{:<40} {left:>11}",
                "not tried, as the limit was reached"
            )?;
        }
        if report.events > 0 {
            let refused = match report.refused_lines {
                0 => String::new(),
                lines => format!(
                    ", and {} went to quarantine",
                    counted(lines, "line that is none", "lines that are none")
                ),
            };
            let made = match (report.dry_run, report.events) {
                (true, _) => "would be made of them",
                (false, 1) => "was made of them",
                (false, _) => "were made of them",
            };
            let events = counted(report.events, "event", "events");
            writeln!(f, "\n{events} {made}{refused}:")?;
            for (date, events) in &report.event_dates {
                writeln!(f, "  {date:<38} {:>11}", count(*events))?;
            }
            if !report.dry_run {
                writeln!(
                    f,
                    "These dates are due now: `marquee day` makes their tables."
                )?;
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
    fn the_page_says_what_went_on_and_what_did_not() {
        let report = ReplayReport {
            quarantined: 1_010,
            before: 2,
            replayed: [("time_too_old".to_owned(), 1_000)].into(),
            still: [("invalid_json".to_owned(), 8)].into(),
            events: 1_003,
            refused_lines: 1,
            event_dates: [("2026-03-01".to_owned(), 1_003)].into(),
            ..ReplayReport::default()
        };
        let page = Page(&report).to_string();
        for said in [
            "went on                                        1,000\n  time_too_old",
            "refused still, by today's reason                   8\n  invalid_json",
            "1,003 events were made of them, and 1 line that is none went to quarantine:",
            "These dates are due now",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let dry = ReplayReport {
            dry_run: true,
            ..report
        };
        let page = Page(&dry).to_string();
        assert!(
            page.contains("would go on ") && !page.contains("due now"),
            "{page}"
        );
    }
}
