//! Steps of `cargo xtask test`, in lanes that run side by side.
//!
//! The first lane builds and tests, which takes the processor; others wait for
//! installations, Terraform, Python and an emulator. Their output is printed when a
//! step has ended, so that lines do not mix.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
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

/// Steps that run one after another, beside other lanes.
#[derive(Default)]
pub(crate) struct Lane {
    pub(crate) steps: Vec<Step>,
    /// The lane starts when the first lane has built everything.
    pub(crate) needs_builds: bool,
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

/// Runs the first lane with the others beside it until a step fails; returns the exit
/// code of the whole. The first `builds` steps of the first lane build what other lanes
/// need.
pub(crate) fn perform(first: Vec<Step>, builds: usize, others: Vec<Lane>) -> Result<ExitCode> {
    let beside: usize = others.iter().map(|lane| lane.steps.len()).sum();
    let report = Report {
        count: first.len() + beside,
        state: Mutex::default(),
        changed: Condvar::new(),
    };
    let mut next = first.len() + 1;
    let lanes: Vec<Result<Ended>> = thread::scope(|scope| {
        let report = &report;
        let mut handles = Vec::new();
        for lane in others {
            let number = next;
            next += lane.steps.len();
            handles.push(scope.spawn(move || {
                if lane.needs_builds {
                    report.await_builds();
                }
                report.lane(number, lane.steps, None)
            }));
        }
        let first = report.lane(1, first, Some(builds));
        let beside = handles.into_iter().map(|handle| {
            let ended = handle.join();
            ended.unwrap_or_else(|_| Err(anyhow!("a step panicked")))
        });
        std::iter::once(first).chain(beside).collect()
    });
    let mut ignored = Vec::new();
    let mut failure = None;
    for ended in lanes {
        let ended = ended?;
        ignored.extend(ended.ignored);
        failure = failure.or(ended.failure);
    }
    if let Some(code) = failure {
        return Ok(code);
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

/// The state that lanes share.
#[derive(Default)]
struct State {
    has_failed: bool,
    has_built: bool,
}

/// Prints the progress, and stops all lanes after a failure.
struct Report {
    count: usize,
    state: Mutex<State>,
    changed: Condvar,
}

impl Report {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until the first lane has built everything, or a step has failed.
    fn await_builds(&self) {
        let is_waiting = |state: &mut State| !state.has_built && !state.has_failed;
        let waited = self.changed.wait_while(self.state(), is_waiting);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Runs the steps of a lane until one fails in any lane. The first lane has
    /// `builds`, and writes to the terminal.
    fn lane(&self, number: usize, steps: Vec<Step>, builds: Option<usize>) -> Result<Ended> {
        let mut all = Ended {
            failure: None,
            ignored: Vec::new(),
        };
        let is_first = builds.is_some();
        for (done, step) in steps.into_iter().enumerate() {
            if builds == Some(done) {
                self.set(|state| state.has_built = true);
            }
            if self.state().has_failed {
                return Ok(all);
            }
            let ended = self
                .step(number + done, step, is_first)
                .inspect_err(|_| self.set(|state| state.has_failed = true))?;
            all.ignored.extend(ended.ignored);
            if ended.failure.is_some() {
                self.set(|state| state.has_failed = true);
                all.failure = ended.failure;
                return Ok(all);
            }
        }
        if is_first {
            self.set(|state| state.has_built = true);
        }
        Ok(all)
    }

    fn step(&self, number: usize, step: Step, is_first: bool) -> Result<Ended> {
        let head = format!("[{number}/{}] {}", self.count, step.name);
        if let Run::Skip(reason) = &step.run {
            println!("{head}: skipped, {reason}");
            return step.run.run(&Console::Inherited);
        }
        let log = (!is_first).then(|| log_of(number)).transpose()?;
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

    fn lane(steps: Vec<Step>) -> Lane {
        Lane {
            steps,
            needs_builds: true,
        }
    }

    fn code(code: ExitCode) -> String {
        format!("{code:?}")
    }

    #[test]
    fn a_failure_in_any_lane_ends_the_run() {
        // The other lane needs the builds; a failed build lets it end without a step.
        let first = vec![Step::act("build", fails), Step::act("test", panics)];
        let done = perform(first, 1, vec![lane(vec![Step::act("beside", panics)])]);
        assert_eq!(code(done.unwrap()), code(ExitCode::from(3)));

        let first = vec![Step::act("build", succeeds)];
        let beside = vec![Step::act("beside", fails), Step::act("never", panics)];
        let done = perform(first, 1, vec![lane(beside)]);
        assert_eq!(code(done.unwrap()), code(ExitCode::from(3)));
    }

    #[test]
    fn a_run_without_a_failure_succeeds() {
        let first = vec![Step::skip("build", "nothing to do")];
        let done = perform(first, 1, vec![lane(vec![Step::act("beside", succeeds)])]);
        assert_eq!(code(done.unwrap()), code(ExitCode::SUCCESS));
    }
}
