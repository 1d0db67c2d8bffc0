//! Logs and metrics of a process: JSON lines from a Lambda function, plain lines on
//! a terminal.
//!
//! `RUST_LOG` holds directives of [`EnvFilter`](tracing_subscriber::EnvFilter). If it
//! is unset, `LOG_LEVEL` sets one level for everything, or else
//! `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the function's configuration. The
//! default is `info`.

mod alarmed;
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

/// Runs a Lambda function: sets up logs with [`init_lambda`], then runs `serve`, which
/// creates the state shared by all calls and handles calls until Lambda ends the
/// process. Logs an error of `serve`.
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

/// Logs to standard output, one JSON object per line.
///
/// An event's fields are beside `level` and `message`, not nested below `fields`, and
/// `span` has the request id. Lines have no time: CloudWatch adds it. Panics are logged
/// like errors.
///
/// Call it once, at the start of `main`; later calls have no effect.
pub fn init_lambda() {
    let (filter, warning) = level::from_lookup(environment);
    let (filter, runtime_warning) = level::for_lambda(filter);
    install(json(filter, io::stdout), warning.or(runtime_warning));
    std::panic::set_hook(Box::new(log_panic));
}

/// Logs the place of a panic, and its message if that is a literal. Other messages can quote
/// an event: a string that is cut inside a character is quoted whole.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let literal = panic.payload().downcast_ref::<&'static str>().copied();
    let message = literal.unwrap_or("the message is withheld, because it can quote an event");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(panic.place = place, "panicked: {message}");
}

/// Logs to standard error for a terminal: compact lines without a time, in colour on a
/// terminal unless `NO_COLOR` is set.
///
/// Call it once, at the start of `main`; later calls have no effect.
pub fn init_terminal() {
    let (filter, warning) = level::from_lookup(environment);
    let colour = io::stderr().is_terminal() && environment("NO_COLOR").is_none();
    install(compact(filter, colour, io::stderr), warning);
}

/// Installs the subscriber of the process, unless it has one, and logs the warning.
fn install(subscriber: impl Into<tracing::Dispatch>, warning: Option<String>) {
    if subscriber.try_init().is_ok()
        && let Some(warning) = warning
    {
        tracing::warn!("{warning}");
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

/// Returns the value of an environment variable; an empty one counts as unset.
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

    /// A shared buffer that captures the log.
    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Buffer {
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
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = json(EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(subscriber, say_something);

        let text = buffer.text();
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
    fn a_failure_is_logged_once_with_its_request_id() {
        for level in ["error", "trace", "off"] {
            let buffer = Buffer::default();
            let writer = buffer.clone();
            let (filter, warning) = level::for_lambda(EnvFilter::new(level));
            assert_eq!(warning, None);
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
            let lines: Vec<serde_json::Value> = buffer
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
            let expected = Vec::from_iter((level != "off").then_some(line));
            assert_eq!(lines, expected, "at {level}");
        }
    }

    /// Returns the log line of a panic.
    fn line_of(panics: impl FnOnce() + std::panic::UnwindSafe) -> serde_json::Value {
        static HOOK: Mutex<()> = Mutex::new(());
        let _alone = HOOK.lock().unwrap();
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = json(EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(log_panic));
            let panicked = std::panic::catch_unwind(panics);
            std::panic::set_hook(before);
            assert!(panicked.is_err());
        });
        serde_json::from_str(&buffer.text()).unwrap()
    }

    #[test]
    fn a_panic_is_logged_with_its_location() {
        let line = line_of(|| panic!("no way"));
        assert_eq!(line["level"], "ERROR", "{line}");
        assert_eq!(line["message"], "panicked: no way", "{line}");
        let place = line["panic.place"].as_str().unwrap();
        assert!(place.contains("lib.rs:"), "{line}");
    }

    /// The message of a string that is cut inside a character quotes the string.
    #[test]
    fn a_panic_quotes_no_data() {
        let user = std::hint::black_box("é-secret".to_owned());
        let line = line_of(move || drop(user[1..].to_owned()));
        assert!(!line.to_string().contains("secret"), "{line}");
        assert!(line["panic.place"].is_string(), "{line}");
    }

    #[test]
    fn a_terminal_gets_plain_lines() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = compact(EnvFilter::new("info"), false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, say_something);

        let text = buffer.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO"), "{text}");
        assert!(text.contains("wrote a batch"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
