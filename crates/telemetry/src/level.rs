//! The log level and filter.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The variables with a single level; the first one that is set applies.
const LEVEL_VARIABLES: [&str; 2] = ["LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"];

/// Returns the filter of the environment.
///
/// An invalid variable must not stop the process or its logs: the filter is then
/// `info`, and the second value is a warning to log.
pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> (EnvFilter, Option<String>) {
    if let Some(directives) = lookup("RUST_LOG") {
        return match EnvFilter::try_new(&directives) {
            Ok(filter) => (filter, None),
            Err(error) => fallback(format!("RUST_LOG={directives:?} is invalid ({error})")),
        };
    }
    let set = LEVEL_VARIABLES
        .iter()
        .find_map(|name| Some((name, lookup(name)?)));
    let Some((name, level)) = set else {
        return (at(LevelFilter::INFO), None);
    };
    match parse(&level) {
        Some(level) => (at(level), None),
        None => fallback(format!(
            "{name}={level:?} is not one of off, error, warn, info, debug, trace"
        )),
    }
}

/// The targets of the Lambda runtime that log independently of the requested level.
///
/// Off for errors and panics of a call, because the function logs them itself. On
/// for the span of a call, which adds the request id to every line.
const RUNTIME: [&str; 2] = [
    "lambda_runtime::layers::panic=off",
    "lambda_runtime::layers::trace=info",
];

/// Adds the directives for the Lambda runtime to a filter. The second value is a
/// warning to log if one is invalid.
pub(crate) fn for_lambda(mut filter: EnvFilter) -> (EnvFilter, Option<String>) {
    let mut warning = None;
    for directive in RUNTIME {
        match directive.parse() {
            Ok(directive) => filter = filter.add_directive(directive),
            Err(error) => warning = Some(format!("log directive {directive} is invalid ({error})")),
        }
    }
    (filter, warning)
}

/// Parses a level. `FATAL`, a level of Lambda that tracing lacks, becomes `ERROR`.
fn parse(level: &str) -> Option<LevelFilter> {
    if level.eq_ignore_ascii_case("fatal") {
        return Some(LevelFilter::ERROR);
    }
    level.parse().ok()
}

fn at(level: LevelFilter) -> EnvFilter {
    EnvFilter::default().add_directive(level.into())
}

fn fallback(fault: String) -> (EnvFilter, Option<String>) {
    (
        at(LevelFilter::INFO),
        Some(format!("{fault}; logging at info")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (String, Option<String>) {
        let lookup = |name: &str| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        };
        let (filter, warning) = from_lookup(lookup);
        (filter.to_string(), warning)
    }

    #[test]
    fn the_first_variable_set_gives_the_level() {
        assert_eq!(read(&[]), ("info".into(), None));
        assert_eq!(
            read(&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]),
            ("debug".into(), None)
        );
        assert_eq!(
            read(&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")]),
            ("error".into(), None)
        );
        let both = [("AWS_LAMBDA_LOG_LEVEL", "DEBUG"), ("LOG_LEVEL", "warn")];
        assert_eq!(read(&both), ("warn".into(), None));
        let all = [both[0], both[1], ("RUST_LOG", "marquee_ingest=trace")];
        assert_eq!(read(&all), ("marquee_ingest=trace".into(), None));
    }

    #[test]
    fn an_invalid_variable_gives_a_warning_and_logs_at_info() {
        let (filter, warning) = read(&[("LOG_LEVEL", "loud")]);
        assert_eq!(filter, "info");
        assert_eq!(
            warning.as_deref(),
            Some(
                "LOG_LEVEL=\"loud\" is not one of off, error, warn, info, debug, trace; logging at info"
            )
        );
        let (filter, warning) = read(&[("RUST_LOG", "a=b=c")]);
        assert_eq!(filter, "info");
        assert!(warning.is_some_and(|text| text.starts_with("RUST_LOG=\"a=b=c\" is invalid")));
    }
}
