//! The transform as a Lambda function: its start-up, and nothing else.

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

/// Batches come and go by the megabyte; this allocator keeps their pages instead
/// of asking the kernel for them anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    marquee_telemetry::run_lambda(serve()).await
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(marquee_config::environment)?;
    let emf = Emf::init(config.metrics.namespace, config.metrics.environment)?;
    let sdk = marquee_aws::sdk_config().await;
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let transform = &Transform::new(Arc::new(store), config.settings);

    let handler = service_fn(|event: LambdaEvent<()>| async move {
        let done = transform.handle(&PAYLOAD.get()).await;
        if let Ok(done) = &done {
            done.report.count(jiff::Timestamp::now().as_microsecond());
        }
        emf.flush(&event.context.request_id);
        done.map(answer).map_err(|error| {
            let kind = error.kind().name();
            tracing::error!(step = "transform", kind, "{error}");
            Diagnostic {
                error_type: kind.into(),
                error_message: error.to_string(),
            }
        })
    });
    Runtime::new(handler)
        .layer(HandOverPayload)
        .layer(TracingLayer::new())
        .run()
        .await
}

/// The records to deliver again, in Lambda's words.
fn answer(done: BatchResponse) -> KinesisEventResponse {
    let mut answer = KinesisEventResponse::default();
    answer.set_failures(
        done.failures
            .into_iter()
            .map(|failure| failure.item_identifier),
    );
    answer
}

tokio::task_local! {
    /// The event of the call that is being answered, byte for byte.
    static PAYLOAD: Bytes;
}

/// Takes the event past the runtime's JSON parser: the transform reads the
/// bytes with its own, and a `RawValue` would scan and copy all 6 MB before.
/// The runtime is given `null` to parse.
struct HandOverPayload;

impl<S> Layer<S> for HandOverPayload {
    type Service = HandsOverPayload<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HandsOverPayload(inner)
    }
}

struct HandsOverPayload<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for HandsOverPayload<S> {
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
