//! A Lambda Runtime API for tests. It delivers events to a function's binary and
//! receives the responses, as Lambda does.
//!
//! ```no_run
//! # async fn example() {
//! use marquee_runtime_api::{InvocationResult, RuntimeApi, function};
//!
//! let mut api = RuntimeApi::start().await;
//! let variables = [("AWS_LAMBDA_RUNTIME_API", api.address())];
//! let _running = function("target/debug/transform", &variables).start();
//! let InvocationResult::Response(response) = api.invoke("{}").await else {
//!     panic!("the function failed");
//! };
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod function;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

pub use crate::function::{Function, RunningFunction, function};

/// The request id of every invocation.
pub const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// The time that a function may take to respond.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// The result of an invocation.
#[derive(Debug)]
pub enum InvocationResult {
    /// The function's response.
    Response(String),
    /// The error that the function reported.
    Error(String),
}

/// The Runtime API of one function.
pub struct RuntimeApi {
    address: String,
    events: mpsc::UnboundedSender<String>,
    results: mpsc::UnboundedReceiver<InvocationResult>,
}

#[derive(Clone)]
struct ServerState {
    events: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    results: mpsc::UnboundedSender<InvocationResult>,
}

impl RuntimeApi {
    /// Serves on a free loopback port until the test ends.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, received_events) = mpsc::unbounded_channel();
        let (sent_results, results) = mpsc::unbounded_channel();
        let state = ServerState {
            events: Arc::new(Mutex::new(received_events)),
            results: sent_results,
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{request}/{outcome}",
                post(receive_result),
            )
            .with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            events,
            results,
        }
    }

    /// Returns the value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Invokes the function with an event and waits for the result.
    ///
    /// # Panics
    /// When no result arrives within a minute.
    pub async fn invoke(&mut self, event: &str) -> InvocationResult {
        self.events.send(event.to_owned()).unwrap();
        tokio::time::timeout(RESPONSE_TIMEOUT, self.results.recv())
            .await
            .expect("the function responds")
            .expect("the server runs")
    }
}

/// Waits for the next event. Like Lambda, it does not time out.
async fn next(State(state): State<ServerState>) -> impl IntoResponse {
    let event = state.events.lock().await.recv().await;
    let Some(event) = event else {
        // The test is over, and the function is about to be killed.
        return std::future::pending().await;
    };
    let headers = [
        ("lambda-runtime-aws-request-id", REQUEST_ID),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:transform",
        ),
    ];
    (headers, event)
}

async fn receive_result(
    State(state): State<ServerState>,
    Path((_request, outcome)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let body = String::from_utf8_lossy(&body).into_owned();
    let result = match outcome.as_str() {
        "response" => InvocationResult::Response(body),
        _ => InvocationResult::Error(body),
    };
    match state.results.send(result) {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}
