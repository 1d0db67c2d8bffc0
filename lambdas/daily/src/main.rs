//! The start-up of the Lambda functions that run the steps of the daily state
//! machine.
//!
//! One binary is deployed as one function per step. `MARQUEE_STEP` names the step.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use marquee_aws::{GlueCatalog, S3Store};
use marquee_curation::plan::Definitions;
use marquee_curation::steps::Steps;
use marquee_telemetry::Emf;
use serde_json::Value;

use crate::config::Config;

/// Record batches are megabytes in size. This allocator keeps their pages instead of
/// returning them to the kernel and requesting them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    marquee_telemetry::run_lambda(serve()).await
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(marquee_config::environment)?;
    let emf = Emf::init(
        config.metrics.namespace,
        config.metrics.environment,
        config.metrics.alarmed_only,
    )?;
    let sdk = marquee_aws::sdk_config().await;
    let location = config.lake.location();
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let catalog = GlueCatalog::connect(&sdk, config.database, &location);
    let steps = &Steps::new(
        Arc::new(store),
        Arc::new(catalog),
        Definitions::built_in()?,
        config.settings,
    );
    let step = config.step;

    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let done = steps
            .call(step, event.payload, jiff::Timestamp::now().as_microsecond())
            .await;
        emf.flush(&event.context.request_id);
        done.map_err(|error| Diagnostic {
            error_type: error.kind().name().into(),
            error_message: error.to_string(),
        })
    });
    lambda_runtime::run(handler).await
}
