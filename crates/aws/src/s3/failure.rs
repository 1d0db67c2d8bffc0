//! What S3 answers, in `object_store`'s kinds of error.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;
use aws_sdk_s3::types::Error as Refusal;
use object_store::path::Path;
use object_store::{Error, GetRange};

use super::STORE;

/// Credentials that S3 does not accept; it says so with 400 or 403, by turns.
const CREDENTIAL_CODES: [&str; 5] = [
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// A call that failed, said so that one log line is enough to act on. It is
/// the source of the `object_store` error, and has the SDK's as its own.
#[derive(Debug)]
pub struct S3Failure {
    operation: &'static str,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    source: Box<dyn StdError + Send + Sync>,
}

impl S3Failure {
    fn of<E>(operation: &'static str, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        Self {
            operation,
            status: status(&error),
            code: error.code().map(str::to_owned),
            message: error.message().map(str::to_owned),
            request_id: error.request_id().map(str::to_owned),
            source: Box::new(error),
        }
    }

    /// The HTTP status; `None` where no answer came, or none of its own.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// S3's code, such as `SlowDown`; answers to HEAD requests carry none.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for S3Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} was answered with {status}", self.operation)?,
            None => write!(f, "{} failed", self.operation)?,
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        if self.status.is_some() || self.code.is_some() {
            return Ok(());
        }
        // `object_store` prints its source and stops there: say the rest here.
        let mut cause: Option<&dyn StdError> = Some(&*self.source);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for S3Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// The HTTP status of a failed call, if there was an answer.
pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

/// Tells a failed call on the object at `location` by its status, and by S3's
/// code where the status says too little.
///
/// A missing bucket is not a missing object: a caller may take the latter for
/// an answer, never the former.
pub(super) fn failure<E>(operation: &'static str, location: &Path, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    tell(location.to_string(), S3Failure::of(operation, error))
}

/// A range was asked for that begins where the object has ended, or after it. The
/// object is named, since who reads it looks at it; and the source is the error that
/// `object_store` itself has for that, as its other stores have it, so that callers
/// tell it from a call that may pass.
pub(super) fn beyond_the_end<E>(
    operation: &'static str,
    location: &Path,
    range: &GetRange,
    error: SdkError<E>,
) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let start = match range {
        GetRange::Bounded(range) => range.start,
        GetRange::Offset(start) => *start,
        GetRange::Suffix(_) => 0,
    };
    let size = object_size(&error).unwrap_or(start);
    let mut failure = S3Failure::of(operation, error);
    let said = failure.message.as_deref().unwrap_or("no byte is there");
    failure.message = Some(format!("{location} from byte {start}: {said}"));
    if let Err(beyond) = GetRange::Offset(start).as_range(size.min(start)) {
        failure.source = Box::new(beyond);
    }
    tell(location.to_string(), failure)
}

/// What S3 says of the whole object's size where it has no such range: `bytes */10`.
fn object_size<E>(error: &SdkError<E>) -> Option<u64> {
    let headers = error.raw_response()?.headers();
    let size = headers.get("content-range")?.strip_prefix("bytes */")?;
    size.parse().ok()
}

/// The failure of one key within a call that succeeded as a whole.
pub(super) fn key_failure(operation: &'static str, location: &Path, refusal: Refusal) -> Error {
    let failure = S3Failure {
        operation,
        // S3 gives a code only; these are the ones whose status matters.
        status: match refusal.code() {
            Some("AccessDenied") => Some(403),
            Some("NoSuchKey") => Some(404),
            _ => None,
        },
        source: format!("{refusal:?}").into(),
        code: refusal.code,
        message: refusal.message,
        request_id: None,
    };
    tell(location.to_string(), failure)
}

fn tell(path: String, failure: S3Failure) -> Error {
    let rejected = |code: &str| CREDENTIAL_CODES.contains(&code);
    let (status, code) = (failure.status, failure.code.as_deref());
    if code == Some("NoSuchBucket") {
        return Error::Generic {
            store: STORE,
            source: failure.into(),
        };
    }
    if code.is_some_and(rejected) {
        return Error::Unauthenticated {
            path,
            source: failure.into(),
        };
    }
    let source = failure.into();
    match status {
        Some(304) => Error::NotModified { path, source },
        Some(401) => Error::Unauthenticated { path, source },
        Some(403) => Error::PermissionDenied { path, source },
        Some(404) => Error::NotFound { path, source },
        Some(412) => Error::Precondition { path, source },
        Some(501) => Error::NotSupported { source },
        _ => Error::Generic {
            store: STORE,
            source,
        },
    }
}

/// A create's condition failed: the object is there.
pub(super) fn already_exists(error: Error) -> Error {
    match error {
        Error::Precondition { path, source } => Error::AlreadyExists { path, source },
        other => other,
    }
}

/// An update's condition failed: S3 says 404 where the object is gone.
pub(super) fn stale(error: Error) -> Error {
    match error {
        Error::NotFound { path, source } => Error::Precondition { path, source },
        other => other,
    }
}

/// A request or an answer that cannot be worked with.
pub(super) fn invalid(what: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::Generic {
        store: STORE,
        source: what.into(),
    }
}
