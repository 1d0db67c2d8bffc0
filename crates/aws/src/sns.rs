//! SNS as the [`Topic`] that alerts go to.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use marquee_alert::{Message, Topic, TopicError};

use crate::refusal::refusal;

/// An SNS topic. A message that it took is delivered to every subscriber, by
/// SNS' own retries.
///
/// # Rights
/// `sns:Publish` on the topic; under a customer key, `kms:GenerateDataKey` and
/// `kms:Decrypt` on that.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: Client,
    arn: String,
}

impl SnsTopic {
    /// The topic of that ARN.
    pub fn new(client: Client, arn: impl Into<String>) -> Self {
        Self {
            client,
            arn: arn.into(),
        }
    }

    /// The same under the process's configuration.
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
                cause: refusal(&error),
            }),
        }
    }
}
