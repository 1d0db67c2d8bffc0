//! Retries after 409, the response while another conditional request on the same key
//! is in progress.

use aws_sdk_s3::client::customize::CustomizableOperation;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};

/// Makes the SDK retry a 409 under its retry policy; by default it does not. S3 asks
/// clients to repeat a conditional write that met another one
/// (`ConditionalRequestConflict`, `OperationAborted`). The repeated request succeeds
/// or gets a 412.
pub(super) fn retrying_conflicts<T, E, B>(
    operation: CustomizableOperation<T, E, B>,
) -> CustomizableOperation<T, E, B> {
    operation.config_override(Config::builder().retry_classifier(ConflictIsTransient))
}

#[derive(Debug)]
struct ConflictIsTransient;

impl ClassifyRetry for ConflictIsTransient {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context
            .response()
            .map(|response| response.status().as_u16())
        {
            Some(409) => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "S3 conditional request conflict"
    }
}
