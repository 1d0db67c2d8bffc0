//! An SNS server for tests. It records the messages that it receives.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The parameters of a call, by name.
type Call = BTreeMap<String, String>;

#[derive(Default)]
struct ServerState {
    calls: Vec<Call>,
    errors: VecDeque<(u16, String)>,
}

/// A running server. Dropping it stops the server.
pub(crate) struct Sns {
    endpoint: String,
    state: Arc<Mutex<ServerState>>,
    server: JoinHandle<()>,
}

impl Sns {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<ServerState>>::default();
        let router = Router::new()
            .fallback(serve_call)
            .with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            endpoint,
            state,
            server,
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Fails the next call with an error.
    pub(crate) fn fail_next(&self, status: u16, code: &str, message: &str) {
        let answer = format!(
            r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"#
        );
        let mut state = self.state.lock().unwrap();
        state.errors.push_back((status, answer));
    }

    /// Returns the calls since the last call of this function, oldest first.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

impl Drop for Sns {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve_call(State(state): State<Arc<Mutex<ServerState>>>, form: String) -> Response {
    let mut state = state.lock().unwrap();
    let call: Call = form.split('&').map(parameter).collect();
    let is_publish = call.get("Action").is_some_and(|action| action == "Publish");
    state.calls.push(call);
    let xml = [(header::CONTENT_TYPE, "text/xml")];
    if let Some((status, answer)) = state.errors.pop_front() {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, xml, answer).into_response();
    }
    if !is_publish {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    }
    let answer = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId></PublishResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>"#;
    (xml, answer).into_response()
}

/// Parses a parameter of a form: `Subject=Marquee%3A%20plan%20failed`.
fn parameter(pair: &str) -> (String, String) {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let (name, value) = pair.split_once('=').unwrap();
    (decode(name), decode(value))
}
