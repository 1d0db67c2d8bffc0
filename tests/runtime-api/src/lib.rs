//! Lambda's side of the Runtime API: gives a function its events and takes
//! its answers, so that the built binary is tested as Lambda runs it.
//!
//! ```no_run
//! # async fn example() {
//! use marquee_runtime_api::{Answer, RuntimeApi, function};
//!
//! let mut api = RuntimeApi::start().await;
//! let variables = [("AWS_LAMBDA_RUNTIME_API", api.address())];
//! let _running = function("target/debug/transform", &variables).start();
//! let Answer::Response(answer) = api.invoke("{}").await else {
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

pub use crate::function::{Function, Running, function};

/// What every call is named.
pub const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// How long a function may take before the test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a function made of an event.
#[derive(Debug)]
pub enum Answer {
    /// It returned this.
    Response(String),
    /// It failed, and said this.
    Error(String),
}

/// The Runtime API of one function.
pub struct RuntimeApi {
    address: String,
    events: mpsc::UnboundedSender<String>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

#[derive(Clone)]
struct Desk {
    events: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl RuntimeApi {
    /// Serves on a free loopback port as long as the test runs.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, given) = mpsc::unbounded_channel();
        let (taken, answers) = mpsc::unbounded_channel();
        let desk = Desk {
            events: Arc::new(Mutex::new(given)),
            answers: taken,
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{request}/{outcome}",
                post(take),
            )
            .with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            events,
            answers,
        }
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Calls the function with an event and waits for its answer.
    ///
    /// # Panics
    /// When there is none within a minute.
    pub async fn invoke(&mut self, event: &str) -> Answer {
        self.events.send(event.to_owned()).unwrap();
        tokio::time::timeout(PATIENCE, self.answers.recv())
            .await
            .expect("the function answers")
            .expect("the desk is open")
    }
}

/// Waits for an event, as Lambda lets a function wait.
async fn next(State(desk): State<Desk>) -> impl IntoResponse {
    let event = desk.events.lock().await.recv().await;
    let Some(event) = event else {
        // The test is over; the function is about to be killed.
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

async fn take(
    State(desk): State<Desk>,
    Path((_request, outcome)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer = match outcome.as_str() {
        "response" => Answer::Response(body),
        _ => Answer::Error(body),
    };
    match desk.answers.send(answer) {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}
