//! A small SNS: takes messages, and remembers them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A call's parameters, by name.
type Call = BTreeMap<String, String>;

#[derive(Default)]
struct Desk {
    calls: Vec<Call>,
    refusals: VecDeque<(u16, String)>,
}

/// A running SNS; it stops when dropped.
pub(crate) struct Sns {
    endpoint: String,
    desk: Arc<Mutex<Desk>>,
    server: JoinHandle<()>,
}

impl Sns {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let desk = Arc::<Mutex<Desk>>::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            endpoint,
            desk,
            server,
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Refuses the next call.
    pub(crate) fn refuse_next(&self, status: u16, code: &str, message: &str) {
        let answer = format!(
            r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"#
        );
        let mut desk = self.desk.lock().unwrap();
        desk.refusals.push_back((status, answer));
    }

    /// Everything asked so far, oldest first; forgets it.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.desk.lock().unwrap().calls)
    }
}

impl Drop for Sns {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(desk): State<Arc<Mutex<Desk>>>, form: String) -> Response {
    let mut desk = desk.lock().unwrap();
    let call: Call = form.split('&').filter_map(parameter).collect();
    let is_publish = call.get("Action").is_some_and(|action| action == "Publish");
    desk.calls.push(call);
    let xml = [(header::CONTENT_TYPE, "text/xml")];
    if let Some((status, answer)) = desk.refusals.pop_front() {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, xml, answer).into_response();
    }
    if !is_publish {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    }
    let answer = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId></PublishResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>"#;
    (xml, answer).into_response()
}

/// A parameter of a form: `Subject=Marquee%3A%20plan%20failed`.
fn parameter(pair: &str) -> Option<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let (name, value) = pair.split_once('=')?;
    Some((decode(name), decode(value)))
}
