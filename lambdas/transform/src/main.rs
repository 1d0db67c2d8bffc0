//! The start-up of the Lambda function that transforms Kinesis batches;
//! `marquee-ingest` holds the logic.

mod config;

use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_lambda_events::streams::KinesisEventResponse;
use bytes::Bytes;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::Layer;
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use marquee_aws::S3Store;
use marquee_ingest::{BatchResponse, Transform};
use marquee_telemetry::Emf;
use tokio::task::futures::TaskLocalFuture;

use crate::config::Config;

/// Batches are megabytes in size. This allocator keeps their pages instead of
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
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let transform = &Transform::new(Arc::new(store), config.settings);

    let handler = service_fn(|event: LambdaEvent<()>| async move {
        let done = transform.handle(&PAYLOAD.get()).await;
        if let Ok(done) = &done {
            done.report.count(jiff::Timestamp::now().as_microsecond());
        }
        emf.flush(&event.context.request_id);
        done.map(kinesis_response).map_err(|error| {
            let kind = error.kind().name();
            tracing::error!(step = "transform", kind, "{error}");
            Diagnostic {
                error_type: kind.into(),
                error_message: error.to_string(),
            }
        })
    });
    Runtime::new(handler)
        .layer(PayloadLayer)
        .layer(TracingLayer::new())
        .run()
        .await
}

/// Returns the records to redeliver as Lambda's response format.
fn kinesis_response(done: BatchResponse) -> KinesisEventResponse {
    let mut response = KinesisEventResponse::default();
    response.set_failures(
        done.failures
            .into_iter()
            .map(|failure| failure.item_identifier),
    );
    response
}

tokio::task_local! {
    /// The event of the current invocation, byte for byte.
    static PAYLOAD: Bytes;
}

/// A layer that keeps the event from the runtime's JSON parser. The transform parses
/// the bytes itself; a `RawValue` would scan and copy all 6 MB first. The runtime
/// parses `null` instead.
struct PayloadLayer;

impl<S> Layer<S> for PayloadLayer {
    type Service = PayloadService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PayloadService(inner)
    }
}

struct PayloadService<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for PayloadService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Bytes, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let payload = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        PAYLOAD.scope(payload, self.0.call(invocation))
    }
}
