//! The text of a failed SDK call.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

/// Describes a failed call in one log line: the service's error code, message and
/// request id, or, without a response, the SDK's error with its causes.
pub(crate) fn describe<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Some(code) = error.code() else {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        return text;
    };
    let mut text = code.to_owned();
    if let Some(message) = error.message() {
        text.push_str(&format!(": {message}"));
    }
    if let Some(id) = error.request_id() {
        text.push_str(&format!(" (request {id})"));
    }
    text
}
