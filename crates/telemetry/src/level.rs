//! What is logged and what is not.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The variables that give one level, the first that is set wins.
const LEVEL_VARIABLES: [&str; 2] = ["LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"];

/// The filter that the environment asks for, and what is wrong with the wish.
/// A wish that cannot be read is no reason to fall silent, or to fall over.
pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> (EnvFilter, Option<String>) {
    if let Some(directives) = lookup("RUST_LOG") {
        return match EnvFilter::try_new(&directives) {
            Ok(filter) => (filter, None),
            Err(error) => fallback(format!(
                "RUST_LOG={directives:?} is not understood ({error})"
            )),
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

/// What the Lambda runtime is to log, whatever was asked for: not what a function
/// failed with or panicked over, which is logged where it happens; and the span of a
/// call, which gives every line its request's id.
const RUNTIME: [&str; 2] = [
    "lambda_runtime::layers::panic=off",
    "lambda_runtime::layers::trace=info",
];

/// The filter in a function.
pub(crate) fn in_a_lambda(filter: EnvFilter) -> EnvFilter {
    RUNTIME
        .iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive)
}

/// Lambda's `FATAL` is more than tracing can say.
fn parse(level: &str) -> Option<LevelFilter> {
    if level.eq_ignore_ascii_case("fatal") {
        return Some(LevelFilter::ERROR);
    }
    level.parse().ok()
}

fn at(level: LevelFilter) -> EnvFilter {
    EnvFilter::default().add_directive(level.into())
}

fn fallback(complaint: String) -> (EnvFilter, Option<String>) {
    (
        at(LevelFilter::INFO),
        Some(format!("{complaint}; logging at info")),
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
        let (filter, complaint) = from_lookup(lookup);
        (filter.to_string(), complaint)
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
    fn a_wish_that_cannot_be_read_is_named_and_logs_at_info() {
        let (filter, complaint) = read(&[("LOG_LEVEL", "loud")]);
        assert_eq!(filter, "info");
        assert_eq!(
            complaint.as_deref(),
            Some(
                "LOG_LEVEL=\"loud\" is not one of off, error, warn, info, debug, trace; logging at info"
            )
        );
        let (filter, complaint) = read(&[("RUST_LOG", "a=b=c")]);
        assert_eq!(filter, "info");
        assert!(complaint.is_some_and(|c| c.starts_with("RUST_LOG=\"a=b=c\"")));
    }
}
