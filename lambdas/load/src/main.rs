//! Loading the warehouse as a Lambda function: its start-up, and nothing else.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use marquee_aws::{DataApi, S3Store};
use marquee_warehouse::load::Loader;
use marquee_warehouse::load::plan::Settings;
use serde_json::Value;

use crate::config::Config;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    marquee_telemetry::init_lambda();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the function stops: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes what lasts from call to call, and answers calls until Lambda ends.
async fn serve() -> anyhow::Result<()> {
    let config = Config::read(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))?;
    let sdk = marquee_aws::sdk_config().await;
    let settings = Settings {
        lake: config.lake.location(),
        copy_role: config.copy_role,
        timeout: config.timeout,
    };
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let warehouse = DataApi::connect(&sdk, config.workgroup, config.database, config.secret);
    let loader = &Loader::new(Arc::new(store), Arc::new(warehouse), settings)?;

    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let done = loader.call(event.payload).await;
        done.map_err(|error| {
            tracing::error!(kind = error.kind(), "{error}");
            Diagnostic {
                error_type: error.kind().into(),
                error_message: error.to_string(),
            }
        })
    });
    Runtime::new(handler)
        .layer(TracingLayer::new())
        .run()
        .await
        .map_err(anyhow::Error::from_boxed)
}
