//! The start-up of the Lambda function that loads generations into the warehouse;
//! `marquee-warehouse` holds the logic.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use marquee_aws::{DataApi, S3Store};
use marquee_warehouse::load::Loader;
use marquee_warehouse::load::plan::LoadSettings;
use serde_json::Value;

use crate::config::Config;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    marquee_telemetry::run_lambda(serve()).await
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(marquee_config::environment)?;
    let sdk = marquee_aws::sdk_config().await;
    let settings = LoadSettings {
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
            tracing::error!(step = "load", kind = error.kind(), "{error}");
            Diagnostic {
                error_type: error.kind().into(),
                error_message: error.to_string(),
            }
        })
    });
    lambda_runtime::run(handler).await
}
