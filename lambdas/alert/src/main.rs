//! The start-up of the Lambda function that sends alerts; `marquee-alert` holds the
//! logic.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use marquee_alert::{AlertHandler, SystemClock};
use marquee_aws::{S3Store, SnsTopic};
use serde_json::Value;

use crate::config::Config;

/// The error type of every failure: the caller retries all of them.
const KIND: &str = "AlertError";

#[tokio::main]
async fn main() -> ExitCode {
    marquee_telemetry::run_lambda(serve()).await
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(marquee_config::environment)?;
    let sdk = marquee_aws::sdk_config().await;
    let lake = config.lake;
    let store = S3Store::connect(&sdk, lake.bucket, lake.path_style);
    let topic = SnsTopic::connect(&sdk, config.topic_arn);
    let handler = &AlertHandler::new(
        Arc::new(store),
        Arc::new(topic),
        Arc::new(SystemClock),
        config.settings,
    );

    let service = service_fn(|event: LambdaEvent<Value>| async move {
        let done = handler.handle(&event.payload).await;
        done.map_err(|error| {
            tracing::error!(step = "alert", kind = KIND, "{error}");
            Diagnostic {
                error_type: KIND.into(),
                error_message: error.to_string(),
            }
        })
    });
    lambda_runtime::run(service).await
}
