//! Directories on the command line.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

/// Returns the parser of every option that takes a directory.
///
/// It rejects locations that are not on this machine, which would otherwise become
/// directories such as `./s3:/bucket`. A path that starts with `./` or `/` is always
/// a directory.
pub fn directory_parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(check_directory)
}

/// Returns `path`, if it is a path on this machine.
///
/// # Errors
/// The text names the expected value and the remedy.
pub fn check_directory(path: PathBuf) -> Result<PathBuf, String> {
    match path.to_str().and_then(remedy) {
        Some(remedy) => Err(format!("expected a directory on this machine; {remedy}")),
        None => Ok(path),
    }
}

/// Returns what to do for a location that is not a directory.
fn remedy(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let remedy = match scheme {
        "s3" | "s3a" | "s3n" => format!(
            "only the deployment on AWS uses lakes in S3. Copy the lake with `aws s3 sync \
             s3://{} DIR` and give DIR",
            rest.trim_start_matches('/')
        ),
        "kinesis" => "only marquee-producer and the deployment on AWS use Kinesis. Give the \
                      directory of an embedded stream, which `marquee-producer … --to local:DIR` \
                      writes"
            .to_owned(),
        "local" => format!("leave out `local:` and give {rest}"),
        "file" => format!(
            "leave out `file:` and give {}",
            rest.trim_start_matches("//")
        ),
        "arn" => "give a directory instead of an ARN".to_owned(),
        _ if rest.starts_with("//") && is_scheme(scheme) => {
            "give a directory instead of a URL".to_owned()
        }
        _ => return None,
    };
    Some(remedy)
}

/// Returns true for the scheme of a URL.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_locations_are_rejected_with_the_remedy() {
        for (text, remedy) in [
            (
                "s3://bucket/lake",
                "`aws s3 sync s3://bucket/lake DIR` and give DIR",
            ),
            (
                "s3:/bucket/lake",
                "`aws s3 sync s3://bucket/lake DIR` and give DIR",
            ),
            (
                "kinesis:events",
                "`marquee-producer … --to local:DIR` writes",
            ),
            ("local:stream", "leave out `local:` and give stream"),
            ("file:///tmp/lake", "leave out `file:` and give /tmp/lake"),
            ("arn:aws:s3:::bucket", "give a directory instead of an ARN"),
            ("gs://bucket", "give a directory instead of a URL"),
        ] {
            let error = check_directory(text.into()).err().unwrap_or_default();
            assert!(
                error.starts_with("expected a directory on this machine; ")
                    && error.ends_with(remedy),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn paths_are_accepted() {
        for path in [
            "lake",
            "/tmp/lake",
            "./s3:/bucket",
            "../a:b",
            "a:b",
            "12:30",
            "",
        ] {
            assert_eq!(check_directory(path.into()), Ok(path.into()));
        }
    }
}
