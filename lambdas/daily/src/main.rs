//! The steps of the day as Lambda functions: their start-up, and nothing else.
//!
//! One binary, deployed as a function a step, which `MARQUEE_STEP` names.

mod config;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use marquee_aws::{GlueCatalog, S3Store};
use marquee_day::plan::Definitions;
use marquee_day::steps::Steps;
use marquee_telemetry::Emf;
use serde_json::Value;

use crate::config::Config;

/// Rows come and go by the megabyte; this allocator keeps their pages instead of
/// asking the kernel for them anew.
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
    let emf = Emf::init(config.namespace, config.environment)?;
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
        let done = steps.call(step, event.payload, now()).await;
        emf.flush(&event.context.request_id);
        done.map_err(|error| {
            tracing::error!(step = step.name(), kind = error.kind(), "{error}");
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

/// UTC microseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}
