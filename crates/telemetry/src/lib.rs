//! What a process says of itself: JSON lines from a Lambda, readable lines
//! for a person.
//!
//! `RUST_LOG` takes the directives of
//! [`EnvFilter`](tracing_subscriber::EnvFilter). Without it, `LOG_LEVEL`, or
//! else `AWS_LAMBDA_LOG_LEVEL` (set where a function's log level is
//! configured), gives one level for everything; without any, it is `info`.

mod emf;
mod level;

pub use emf::Emf;

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Runs a function: logs as [`init_lambda`] says and does `serve`, which makes what
/// lasts from call to call and answers calls until Lambda ends. What ends it before is
/// logged.
pub async fn run_lambda<E: Display>(serve: impl Future<Output = Result<(), E>>) -> ExitCode {
    init_lambda();
    match serve.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the function stops: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs one JSON object a line to standard output, its fields beside `level`
/// and `message`, not below `fields`, and the request's id in `span`. CloudWatch
/// stamps each line with its time, so the line has none. A panic is a line like any
/// other.
///
/// To be called once, first thing in `main`; a later call changes nothing.
pub fn init_lambda() {
    let (filter, complaint) = level::from_lookup(environment);
    finish(json(level::in_a_lambda(filter), io::stdout), complaint);
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("of no words");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(panic.place = place, "panicked: {message}");
}

/// Logs to standard error for people: compact lines without a time, in colour
/// on a terminal (unless `NO_COLOR` is set).
///
/// To be called once, first thing in `main`; a later call changes nothing.
pub fn init_terminal() {
    let (filter, complaint) = level::from_lookup(environment);
    let colour = io::stderr().is_terminal() && environment("NO_COLOR").is_none();
    finish(compact(filter, colour, io::stderr), complaint);
}

fn finish(subscriber: impl Into<tracing::Dispatch>, complaint: Option<String>) {
    if subscriber.try_init().is_ok()
        && let Some(complaint) = complaint
    {
        tracing::warn!("{complaint}");
    }
}

fn json<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_ansi(false)
        .without_time()
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

fn compact<W>(filter: EnvFilter, colour: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .compact()
        .with_ansi(colour)
        .with_target(false)
        .without_time()
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

/// A variable's value; an empty one is as good as none.
fn environment(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A writer whose bytes can be looked at.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn say_something() {
        let span = tracing::info_span!("invocation", request = "r-1");
        let _entered = span.enter();
        tracing::info!(batch.rows = 3, "wrote a batch");
        tracing::debug!("not at this level");
    }

    #[test]
    fn a_lambda_logs_one_flat_json_object_a_line() {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = json(EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(subscriber, say_something);

        let text = page.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            line,
            serde_json::json!({
                "level": "INFO",
                "message": "wrote a batch",
                "batch.rows": 3,
                "target": "marquee_telemetry::tests",
                "span": {"name": "invocation", "request": "r-1"},
            })
        );
    }

    #[test]
    fn a_failure_is_not_logged_again_by_the_runtime_and_has_its_requests_id() {
        for wish in ["error", "trace", "off"] {
            let page = Page::default();
            let writer = page.clone();
            let filter = level::in_a_lambda(EnvFilter::new(wish));
            let subscriber = json(filter, move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!(
                    target: "lambda_runtime::layers::trace",
                    "Lambda runtime invoke",
                    requestId = "r-1"
                );
                let _entered = span.enter();
                tracing::error!(step = "plan", kind = "Store", "it is gone");
                tracing::error!(target: "lambda_runtime::layers::panic", "Diagnostic {{ … }}");
            });
            let lines: Vec<serde_json::Value> = page
                .text()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            let line = serde_json::json!({
                "level": "ERROR",
                "message": "it is gone",
                "step": "plan",
                "kind": "Store",
                "target": "marquee_telemetry::tests",
                "span": {"name": "Lambda runtime invoke", "requestId": "r-1"},
            });
            let expected = Vec::from_iter((wish != "off").then_some(line));
            assert_eq!(lines, expected, "at {wish}");
        }
    }

    #[test]
    fn a_panic_is_a_line_with_its_place() {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = json(EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(log_panic));
            let panicked = std::panic::catch_unwind(|| panic!("no {}", "way"));
            std::panic::set_hook(before);
            assert!(panicked.is_err());
        });
        let text = page.text();
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "ERROR", "{text}");
        assert_eq!(line["message"], "panicked: no way", "{text}");
        let place = line["panic.place"].as_str().unwrap();
        assert!(place.contains("lib.rs:"), "{text}");
    }

    #[test]
    fn a_person_reads_plain_lines() {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = compact(EnvFilter::new("info"), false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, say_something);

        let text = page.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO"), "{text}");
        assert!(text.contains("wrote a batch"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
