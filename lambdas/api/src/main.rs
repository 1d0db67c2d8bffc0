//! The start-up of the Lambda function that serves the HTTP API; `marquee-api` holds
//! the logic.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use marquee_api::gateway::{self, GatewayRequest};
use marquee_aws::S3Store;

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
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let router = &marquee_api::router(Arc::new(store), config.refresh);

    let handler = service_fn(|event: LambdaEvent<GatewayRequest>| async move {
        let response = gateway::respond(router, event.payload).await?;
        Ok::<_, lambda_runtime::Error>(response)
    });
    lambda_runtime::run(handler).await
}
