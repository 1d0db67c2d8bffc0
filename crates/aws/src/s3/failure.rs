//! S3's errors as errors of `object_store`.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;
use aws_sdk_s3::types::Error as Refusal;
use object_store::path::Path;
use object_store::{Error, GetRange};

use super::STORE;

/// Error codes for credentials that S3 does not accept. Their status is 400 or 403.
const CREDENTIAL_CODES: [&str; 5] = [
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// A failed call, with enough detail in one log line to act on. It is the source of
/// the `object_store` error; its own source is the SDK's error.
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
    fn from_sdk<E>(operation: &'static str, error: SdkError<E>) -> Self
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

    /// Returns the HTTP status; `None` without a response, and for one key of a
    /// multi-key call.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns S3's error code, such as `SlowDown`. Responses to HEAD requests have
    /// none.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for S3Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} returned {status}", self.operation)?,
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
        // `object_store` prints one level of sources, so print the whole chain here.
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

/// Returns the HTTP status of a failed call; `None` without a response.
pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

/// Converts a failed call on the object at `location`, by its status and, where the
/// status is ambiguous, by S3's code.
///
/// A missing bucket is not a missing object: callers treat `NotFound` as a valid
/// result, and a missing bucket is an error.
pub(super) fn failure<E>(operation: &'static str, location: &Path, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    to_store_error(location.to_string(), S3Failure::from_sdk(operation, error))
}

/// Converts the response to a range that begins at or after the end of the object.
///
/// The message names the object. The source is `object_store`'s own range error, as
/// in its other stores, so that callers can tell a damaged object from a failure that
/// a retry may cure.
pub(super) fn range_not_satisfiable<E>(
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
    let mut failure = S3Failure::from_sdk(operation, error);
    let message = failure
        .message
        .as_deref()
        .unwrap_or("the object is shorter");
    failure.message = Some(format!("{location} from byte {start}: {message}"));
    if let Err(beyond) = GetRange::Offset(start).as_range(size.min(start)) {
        failure.source = Box::new(beyond);
    }
    to_store_error(location.to_string(), failure)
}

/// Returns the object's size from the `Content-Range` of a 416 response:
/// `bytes */10`.
fn object_size<E>(error: &SdkError<E>) -> Option<u64> {
    let headers = error.raw_response()?.headers();
    let size = headers.get("content-range")?.strip_prefix("bytes */")?;
    size.parse().ok()
}

/// Converts the error of one key in a call that succeeded as a whole.
pub(super) fn key_failure(operation: &'static str, location: &Path, refusal: Refusal) -> Error {
    let failure = S3Failure {
        operation,
        // S3 reports only a code for a key. These two codes matter to callers.
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
    to_store_error(location.to_string(), failure)
}

fn to_store_error(path: String, failure: S3Failure) -> Error {
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

/// Converts the failed condition of a create: the object exists.
pub(super) fn as_already_exists(error: Error) -> Error {
    match error {
        Error::Precondition { path, source } => Error::AlreadyExists { path, source },
        other => other,
    }
}

/// Converts the failed condition of an update. S3 returns 404 if the object is gone.
pub(super) fn as_precondition(error: Error) -> Error {
    match error {
        Error::NotFound { path, source } => Error::Precondition { path, source },
        other => other,
    }
}

/// An invalid request or response.
pub(super) fn invalid(message: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::Generic {
        store: STORE,
        source: message.into(),
    }
}
