//! SNS as the [`Topic`] that alerts go to.

use std::error::Error as _;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::operation::RequestId as _;
use aws_sdk_sns::operation::publish::PublishError;
use marquee_alert::{Message, Topic, TopicError};

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

/// Why a call failed, said so that one log line is enough to act on: SNS' code
/// and message or, where no answer came, what the SDK met.
fn refusal(error: &SdkError<PublishError>) -> String {
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
