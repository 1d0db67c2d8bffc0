//! The start-up of the Lambda functions that build the marts of a date and run its
//! checks; `marquee-marts` holds the logic.
//!
//! One binary is deployed as one function per step. `MARQUEE_STEP` names the step.

mod config;

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use marquee_aws::S3Store;
use marquee_curation::plan::Definitions;
use marquee_curation::steps::SqlSteps;
use marquee_marts::{LakeSql, LakeSqlSettings};
use marquee_telemetry::Emf;
use object_store::ObjectStore;
use serde_json::Value;

use crate::config::Config;

/// Record batches are megabytes in size. This allocator keeps their pages instead of
/// returning them to the kernel and requesting them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of queries that run concurrently.
const CONCURRENT_QUERIES: usize = 2;

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
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let store: Arc<dyn ObjectStore> = Arc::new(store);
    let settings = LakeSqlSettings {
        concurrency: CONCURRENT_QUERIES,
        memory_bytes: Some(config.memory_bytes),
    };
    let sql = LakeSql::new(Arc::clone(&store), settings)?;
    let steps = &SqlSteps::new(store, Arc::new(sql), Definitions::built_in()?);
    let step = config.step;

    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        let done = steps.call(step, event.payload).await;
        emf.flush(&event.context.request_id);
        done.map_err(|error| Diagnostic {
            error_type: error.kind().name().into(),
            error_message: error.to_string(),
        })
    });
    lambda_runtime::run(handler).await
}
