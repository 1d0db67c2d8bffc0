//! The port to the function that a mapping invokes.

use async_trait::async_trait;
use bytes::Bytes;

/// A function with Lambda's interface: a JSON event in, a JSON response out.
#[async_trait]
pub trait Function: Send + Sync {
    /// Handles one event.
    ///
    /// # Errors
    /// [`InvokeError`] if the invocation fails as a whole. A partial failure is a
    /// response that names records.
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError>;
}

/// A failed invocation, with the function's error message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvokeError(pub String);

#[async_trait]
impl<F: Function + ?Sized> Function for std::sync::Arc<F> {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        (**self).invoke(payload).await
    }
}
