//! Why a call to a service failed, in words.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

/// Why a call failed, said so that one log line is enough to act on: the service's
/// code and message or, where no answer came, what the SDK met.
pub(crate) fn refusal<E>(error: &SdkError<E>) -> String
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
