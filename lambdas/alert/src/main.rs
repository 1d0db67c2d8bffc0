//! The alert as a Lambda function: its start-up, and nothing else.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use marquee_alert::{Alert, SystemClock};
use marquee_aws::{S3Store, SnsTopic};
use serde_json::Value;

use crate::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    marquee_telemetry::init_lambda();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the alert stops: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes what lasts from call to call, and answers calls until Lambda ends.
async fn serve() -> anyhow::Result<()> {
    let config = Config::read(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))?;
    let sdk = marquee_aws::sdk_config().await;
    let lake = config.lake;
    let store = S3Store::connect(&sdk, lake.bucket, lake.path_style);
    let topic = SnsTopic::connect(&sdk, config.topic_arn);
    let alert = &Alert::new(
        Arc::new(store),
        Arc::new(topic),
        Arc::new(SystemClock),
        config.settings,
    );

    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let done = alert.handle(&event.payload).await;
        done.map_err(|error| Diagnostic {
            error_type: "AlertError".into(),
            error_message: error.to_string(),
        })
    });
    Runtime::new(handler)
        .layer(TracingLayer::new())
        .run()
        .await
        .map_err(anyhow::Error::from_boxed)
}
