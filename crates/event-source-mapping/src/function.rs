//! What a mapping invokes.

use async_trait::async_trait;
use bytes::Bytes;

/// A function as Lambda runs it: JSON in, JSON out.
#[async_trait]
pub trait Function: Send + Sync {
    /// Handles one event.
    ///
    /// # Errors
    /// When the function failed as a whole; its answer then does not matter.
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError>;
}

/// The function failed, with what it said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvokeError(pub String);

#[async_trait]
impl<F: Function + ?Sized> Function for std::sync::Arc<F> {
    async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        (**self).invoke(payload).await
    }
}
