//! `marquee acknowledge`: records that a gap in a producer's numbers stays.

use std::path::PathBuf;
use std::process::ExitCode;

use marquee_audit::{self as audit, AcknowledgedGap};
use marquee_console::{self as console, directory_parser};

use crate::bad_input::BadInput;
use crate::day::explain;
use crate::lake::existing_lake;

/// Acknowledge a gap in a producer's numbers
///
/// Writes the gap, the person and the reason to the lake. Audits count the numbers as
/// acknowledged and report them no longer. Acknowledge only numbers that the producer
/// never sent or that cannot be delivered any more. To withdraw, delete the object that
/// the command prints.
#[derive(Debug, clap::Args)]
pub struct AcknowledgeArgs {
    /// Acknowledge a gap of this producer, as the audit prints it
    #[arg(value_name = "PRODUCER")]
    pub producer: String,
    /// Acknowledge the numbers from FIRST to LAST, both inclusive
    #[arg(value_name = "FIRST..LAST", value_parser = numbers)]
    pub numbers: (u64, u64),
    /// Name the person who acknowledges
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// State the reason
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Write to the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
}

/// Parses `FIRST..LAST`, or one number.
fn numbers(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    first
        .parse()
        .ok()
        .zip(last.parse().ok())
        .ok_or_else(|| "expected numbers such as 17..42".to_owned())
}

/// Records the gap and prints the key of its object.
///
/// # Errors
/// [`BadInput`] for an invalid lake or gap.
pub async fn execute(args: AcknowledgeArgs) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let (from, to) = args.numbers;
    let gap = AcknowledgedGap {
        producer_id: args.producer,
        from,
        to,
        by: args.by,
        reason: args.reason,
    };
    gap.check().map_err(|error| BadInput(error.to_string()))?;
    let key = audit::acknowledge(&*store, &gap)
        .await
        .map_err(|error| explain(error.into()))?;
    console::print(format!("acknowledged in {key}\n"))?;
    Ok(ExitCode::SUCCESS)
}
