//! Where messages go.

use async_trait::async_trait;
use thiserror::Error;

use crate::message::Message;

/// Whoever is to be told: a topic that people subscribe to.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Hands the message over. It is durable there when this returns.
    ///
    /// # Errors
    /// When it may not have been taken.
    async fn publish(&self, message: &Message) -> Result<(), TopicError>;
}

/// A message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the message could not be published to {topic}: {cause}")]
pub struct TopicError {
    /// Where it was to go.
    pub topic: String,
    /// Why it did not, a sentence.
    pub cause: String,
}
