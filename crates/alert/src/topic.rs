//! The port to which messages are published.

use async_trait::async_trait;
use thiserror::Error;

use crate::message::Message;

/// A topic to which the recipients of alerts subscribe.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Publishes a message. On return, the topic has stored it durably.
    ///
    /// # Errors
    /// Returns [`TopicError`] if the topic may not have accepted the message.
    async fn publish(&self, message: &Message) -> Result<(), TopicError>;
}

/// An error of [`Topic::publish`]: the topic did not accept a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot publish the alert to {topic}: {cause}")]
pub struct TopicError {
    /// The name or ARN of the topic.
    pub topic: String,
    /// The reason, as the topic's service states it.
    pub cause: String,
}
