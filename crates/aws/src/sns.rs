//! An SNS topic as the [`Topic`] for alerts.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use marquee_alert::{Message, Topic, TopicError};

use crate::sdk_error::describe;

/// An SNS topic. SNS delivers each accepted message to every subscriber and retries
/// failed deliveries.
///
/// # Permissions
/// `sns:Publish` on the topic. With a customer managed key, also
/// `kms:GenerateDataKey` and `kms:Decrypt` on that key.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: Client,
    arn: String,
}

impl SnsTopic {
    /// Creates the adapter for the topic with this ARN.
    pub fn new(client: Client, arn: impl Into<String>) -> Self {
        Self {
            client,
            arn: arn.into(),
        }
    }

    /// Creates the adapter with a client from the process's configuration.
    pub fn connect(config: &SdkConfig, arn: impl Into<String>) -> Self {
        Self::new(Client::new(config), arn)
    }
}

#[async_trait]
impl Topic for SnsTopic {
    async fn publish(&self, message: &Message) -> Result<(), TopicError> {
        let call = self.client.publish().topic_arn(&self.arn);
        let call = call.subject(&message.subject).message(&message.body);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(TopicError {
                topic: self.arn.clone(),
                cause: describe(&error),
            }),
        }
    }
}
