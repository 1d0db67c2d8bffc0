//! The work of the transform and of compaction in Python tools, over the same input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench;
use crate::process::{Console, command, failure, root, target};
use crate::venv;

/// The directory of the peers' scripts.
const DIRECTORY: &str = "bench/peers";
const SCRIPTS: [&str; 4] = [
    "json_pyarrow.py",
    "orjson_pyarrow.py",
    "polars_peer.py",
    "duckdb_peer.py",
];
const COMPACT_SCRIPTS: [&str; 2] = ["compact_duckdb.py", "compact_polars.py"];
/// Events in the date that compaction's peers compact.
const PEER_EVENTS: &str = "1000000";
/// The fields of a result that must equal Marquee's.
const CHECKED: [&str; 6] = [
    "events",
    "refused",
    "sum_event_time_us",
    "sum_position_ms",
    "sum_rating_halves",
    "user_id_bytes",
];

/// Returns the Python that has the peers' packages.
fn python(console: &Console) -> Result<PathBuf> {
    let requirements = root().join(DIRECTORY).join("requirements.txt");
    venv::python("peers-venv", &requirements, console)
}

/// Tests that the peers do the same work and agree.
pub(crate) fn test(console: &Console) -> Result<Option<ExitCode>> {
    let discover = ["-m", "unittest", "discover", "--start-directory", DIRECTORY];
    console.failure(&mut command(python(console)?, discover))
}

/// Runs Marquee and every peer over one input, compares their counts and checksums,
/// and reports their CPU time.
pub(crate) fn run(json: bool) -> Result<ExitCode> {
    let python = match python(&Console::Inherited) {
        Ok(python) => python,
        Err(error) => {
            eprintln!("peers: skipped, {error:#}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let input = target().join("peers");
    fs::create_dir_all(&input).with_context(|| format!("cannot create {}", input.display()))?;
    let ours = result(bench::transform().arg("--peer-input").arg(&input))?;
    let mut is_equal = true;
    report(json, &ours, &ours);
    for script in SCRIPTS {
        let mut peer = command(&python, []);
        peer.arg(Path::new(DIRECTORY).join(script))
            .arg(input.join("payloads.ndjson"))
            .arg(input.join("titles.ndjson"));
        let theirs = result(&mut peer)?;
        report(json, &theirs, &ours);
        for field in differences(&theirs, &ours) {
            is_equal = false;
            eprintln!("{script}: {field}");
        }
    }
    is_equal &= compaction(&python, json)?;
    Ok(match is_equal {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Runs compaction and its peers over one date; returns whether their checks are equal.
fn compaction(python: &Path, json: bool) -> Result<bool> {
    let day = target().join("peers/compact");
    fs::create_dir_all(&day).with_context(|| format!("cannot create {}", day.display()))?;
    let program = |arguments: &[&str]| {
        let mut program = bench::compact();
        program.arg("--input").arg(&day).args(arguments);
        program
    };
    if !day.join("objects.json").is_file()
        && failure(&mut program(&["--make", PEER_EVENTS]))?.is_some()
    {
        bail!("cannot create the date for compaction's peers");
    }
    let ours = result(&mut program(&["--run"]))?;
    let mut is_equal = true;
    report_cpu(json, "marquee compact", &ours, &ours);
    for script in COMPACT_SCRIPTS {
        let mut peer = command(python, []);
        peer.arg(Path::new(DIRECTORY).join(script)).arg(&day);
        let theirs = result(&mut peer)?;
        let name = theirs["name"].as_str().unwrap_or("?").to_owned();
        report_cpu(json, &name, &theirs, &ours);
        if theirs["checks"] != ours["checks"] {
            is_equal = false;
            eprintln!(
                "{script}: {} where Marquee has {}",
                theirs["checks"], ours["checks"]
            );
        }
    }
    Ok(is_equal)
}

fn report_cpu(json: bool, name: &str, result: &Value, ours: &Value) {
    if json {
        println!("{result}");
        return;
    }
    let [rows, cpu, peak] =
        ["rows", "cpu_s", "peak_mib"].map(|field| result[field].as_f64().unwrap_or_default());
    let ratio = cpu / ours["cpu_s"].as_f64().unwrap_or_default();
    println!(
        "{name:<24} {:>12.0} events/s of CPU {ratio:>8.1} x our CPU {peak:>8.0} MiB",
        rows / cpu
    );
}

/// Runs `program` and returns the JSON of its last line.
fn result(program: &mut Command) -> Result<Value> {
    let name = program.get_program().display().to_string();
    let output = program
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!("{name} ended with {}", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line)
        .with_context(|| format!("{name} ended with {line:?} instead of a JSON result"))
}

fn report(json: bool, result: &Value, ours: &Value) {
    if json {
        println!("{result}");
        return;
    }
    let name = result["name"].as_str().unwrap_or("?");
    let events = result["events"].as_f64().unwrap_or_default();
    let cpu = result["cpu_s"].as_f64().unwrap_or_default();
    let ratio = cpu / ours["cpu_s"].as_f64().unwrap_or_default();
    println!(
        "{name:<24} {:>12.0} events/s of CPU {ratio:>8.1} x our CPU",
        events / cpu
    );
}

/// Returns a sentence for each field in which `theirs` differs.
fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    CHECKED
        .into_iter()
        .filter(|field| theirs[field] != ours[field])
        .map(|field| {
            format!(
                "{field} is {} where Marquee has {}",
                theirs[field], ours[field]
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_peer_with_another_count_is_found() {
        let ours = json!({
            "events": 2, "refused": 1, "sum_event_time_us": 3, "sum_position_ms": 4,
            "sum_rating_halves": 5, "user_id_bytes": 6, "cpu_s": 1.0,
        });
        let mut theirs = ours.clone();
        theirs["cpu_s"] = json!(2.0);
        assert!(differences(&theirs, &ours).is_empty());
        theirs["events"] = json!(3);
        assert_eq!(
            differences(&theirs, &ours),
            ["events is 3 where Marquee has 2"]
        );
    }
}
