//! Steps of `cargo xtask test`, two lanes of them side by side.
//!
//! The first lane builds and tests, which takes the processor; the second waits for
//! installations, Terraform and Python. The second lane's output is printed when its
//! step has ended, so that lines do not mix.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use crate::ignored;
use crate::process::{Console, target};

/// A line of the report: a name, and what runs or why nothing does.
pub(crate) struct Step {
    name: String,
    run: Run,
}

/// The action of a step.
enum Run {
    /// One program.
    Program(Command),
    /// `cargo test`, whose ignored tests are reported.
    Tests(Command),
    /// Several programs, or programs that depend on what is installed.
    Act(fn(&Console) -> Result<Option<ExitCode>>),
    /// Nothing, for a reason.
    Skip(String),
}

/// Steps that run side by side; each lane runs its own in order.
#[derive(Default)]
pub(crate) struct Phase {
    /// Steps whose output goes to the terminal.
    pub(crate) main: Vec<Step>,
    /// Steps that run beside them.
    pub(crate) beside: Vec<Step>,
}

/// The end of one step.
struct Ended {
    failure: Option<ExitCode>,
    /// Tests that were ignored, each with its reason.
    ignored: Vec<String>,
}

impl Step {
    pub(crate) fn program(name: impl Into<String>, command: Command) -> Self {
        Self::new(name, Run::Program(command))
    }

    pub(crate) fn tests(name: impl Into<String>, command: Command) -> Self {
        Self::new(name, Run::Tests(command))
    }

    pub(crate) fn act(
        name: impl Into<String>,
        act: fn(&Console) -> Result<Option<ExitCode>>,
    ) -> Self {
        Self::new(name, Run::Act(act))
    }

    pub(crate) fn skip(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(name, Run::Skip(reason.into()))
    }

    fn new(name: impl Into<String>, run: Run) -> Self {
        let name = name.into();
        Self { name, run }
    }

    /// Returns the arguments of a step that is one program.
    fn words(&self) -> String {
        let (Run::Program(command) | Run::Tests(command)) = &self.run else {
            return String::new();
        };
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect();
        words.join(" ")
    }
}

impl Run {
    fn run(self, console: &Console) -> Result<Ended> {
        let mut ignored = Vec::new();
        let failure = match self {
            Self::Program(mut command) => console.failure(&mut command)?,
            Self::Act(act) => act(console)?,
            Self::Skip(_) => None,
            Self::Tests(mut command) => {
                let (failure, found) = ignored::run(&mut command)?;
                ignored = found;
                failure
            }
        };
        Ok(Ended { failure, ignored })
    }
}

/// Runs the phases one after another until a step fails; the exit code of the whole.
pub(crate) fn perform(phases: Vec<Phase>) -> Result<ExitCode> {
    let count = phases
        .iter()
        .map(|phase| phase.main.len() + phase.beside.len())
        .sum();
    let report = Report {
        count,
        has_failed: AtomicBool::new(false),
    };
    let mut next = 1;
    let mut ignored = Vec::new();
    for phase in phases {
        let first_beside = next + phase.main.len();
        let after = first_beside + phase.beside.len();
        let [main, beside] = thread::scope(|scope| {
            let beside = scope.spawn(|| report.lane(first_beside, phase.beside, Lane::Beside));
            let main = report.lane(next, phase.main, Lane::Main);
            let beside = beside.join();
            [
                main,
                beside.unwrap_or_else(|_| Err(anyhow!("a step panicked"))),
            ]
        });
        for ended in [main?, beside?] {
            ignored.extend(ended.ignored);
            if let Some(code) = ended.failure {
                return Ok(code);
            }
        }
        next = after;
    }
    if !ignored.is_empty() {
        println!("ignored tests:");
        for test in ignored {
            println!("  {test}");
        }
    }
    println!("all is well");
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Main,
    Beside,
}

/// Prints what happens, and stops both lanes after a failure.
struct Report {
    count: usize,
    has_failed: AtomicBool,
}

impl Report {
    /// Runs the steps of a lane until one fails in either lane.
    fn lane(&self, first: usize, steps: Vec<Step>, lane: Lane) -> Result<Ended> {
        let mut all = Ended {
            failure: None,
            ignored: Vec::new(),
        };
        for (number, step) in (first..).zip(steps) {
            if self.has_failed.load(Ordering::Relaxed) {
                break;
            }
            let ended = self.step(number, step, lane).inspect_err(|_| {
                self.has_failed.store(true, Ordering::Relaxed);
            })?;
            all.ignored.extend(ended.ignored);
            if ended.failure.is_some() {
                self.has_failed.store(true, Ordering::Relaxed);
                all.failure = ended.failure;
                break;
            }
        }
        Ok(all)
    }

    fn step(&self, number: usize, step: Step, lane: Lane) -> Result<Ended> {
        let head = format!("[{number}/{}] {}", self.count, step.name);
        if let Run::Skip(reason) = &step.run {
            println!("{head}: skipped, {reason}");
            return step.run.run(&Console::Inherited);
        }
        let log = (lane == Lane::Beside).then(|| log_of(number)).transpose()?;
        match &log {
            None => println!("{head}: {}", step.words()),
            Some(_) => println!("{head}: started beside"),
        }
        let console = match &log {
            None => Console::Inherited,
            Some(path) => Console::File(
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
            ),
        };
        let begun = Instant::now();
        let ended = step.run.run(&console);
        let output = log.map(fs::read_to_string).transpose();
        let output = output.ok().flatten().unwrap_or_default();
        let verdict = match &ended {
            Ok(Ended { failure: None, .. }) => format!("ok, {:.0?}", begun.elapsed()),
            _ => "FAILED".to_owned(),
        };
        print!("{output}");
        println!("{head}: {verdict}");
        ended
    }
}

/// Returns the file for the output of a step that runs beside others.
fn log_of(number: usize) -> Result<PathBuf> {
    let directory = target().join("xtask");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory.join(format!("step-{number}.log")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fails(_: &Console) -> Result<Option<ExitCode>> {
        Ok(Some(ExitCode::from(3)))
    }

    fn succeeds(_: &Console) -> Result<Option<ExitCode>> {
        Ok(None)
    }

    fn panics(_: &Console) -> Result<Option<ExitCode>> {
        panic!("a step after a failure ran")
    }

    #[test]
    fn a_failure_in_either_lane_ends_the_run() {
        for (main, beside) in [
            (fails as fn(&_) -> _, succeeds as fn(&_) -> _),
            (succeeds, fails),
        ] {
            let phases = vec![
                Phase {
                    main: vec![Step::act("one", main)],
                    beside: vec![Step::act("two", beside)],
                },
                Phase {
                    main: vec![Step::act("three", panics)],
                    beside: vec![],
                },
            ];
            let code = perform(phases).unwrap();
            assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(3)));
        }
    }

    #[test]
    fn a_run_without_a_failure_succeeds() {
        let phase = Phase {
            main: vec![Step::skip("one", "nothing to do")],
            beside: vec![Step::act("two", succeeds)],
        };
        let code = perform(vec![phase]).unwrap();
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }
}
