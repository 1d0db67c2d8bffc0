//! The adapter for Lambda behind API Gateway: HTTP APIs, payload format 2.0.
//!
//! API Gateway percent-decodes paths. The adapter encodes reserved characters again
//! to form a valid URI: a `#` in an id stays part of the id, and a quote in a query
//! does not fail the request.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, Request};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tower::ServiceExt;

use crate::error::ApiError;

/// The characters to encode in a path or a query. Not `%`: it starts a sequence that
/// is already encoded.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The used fields of a request event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRequest {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    request_context: RequestContext,
}

#[derive(Debug, Deserialize)]
struct RequestContext {
    http: Http,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

/// The response event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

/// An HTTP response that has no representation as a response event.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// The body ended with an error.
    #[error("cannot read the response body: {0}")]
    Body(#[source] axum::Error),
    /// The body is not text.
    #[error("the response body is not UTF-8: {0}")]
    BodyNotUtf8(#[source] std::string::FromUtf8Error),
    /// The value of this header is not text.
    #[error("the response header {0} is not visible ASCII")]
    Header(HeaderName),
}

/// Passes the request to the router and returns its response.
///
/// # Errors
/// Returns an error if the router's response is not text, which is a bug of the router.
pub async fn respond(
    router: &Router,
    request: GatewayRequest,
) -> Result<GatewayResponse, GatewayError> {
    let response = match http_request(request) {
        Some(request) => match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        None => ApiError::BadRequest("not a valid HTTP request".to_owned()).into_response(),
    };
    gateway_response(response).await
}

fn http_request(request: GatewayRequest) -> Option<Request<Body>> {
    let encoded = |text| utf8_percent_encode(text, ENCODED).to_string();
    let mut uri = encoded(&request.raw_path);
    if !request.raw_query_string.is_empty() {
        uri = uri + "?" + &encoded(&request.raw_query_string);
    }
    let method = request.request_context.http.method;
    let request = Request::builder().method(method.as_str()).uri(uri);
    request.body(Body::empty()).ok()
}

async fn gateway_response(response: Response) -> Result<GatewayResponse, GatewayError> {
    let (head, body) = response.into_parts();
    let mut headers = BTreeMap::new();
    for (name, value) in &head.headers {
        let text = value.to_str();
        let text = text.map_err(|_| GatewayError::Header(name.clone()))?;
        headers.insert(name.to_string(), text.to_owned());
    }
    // No limit: the router builds its bodies in memory.
    let body = to_bytes(body, usize::MAX)
        .await
        .map_err(GatewayError::Body)?;
    Ok(GatewayResponse {
        status_code: head.status.as_u16(),
        headers,
        body: String::from_utf8(body.into()).map_err(GatewayError::BodyNotUtf8)?,
        is_base64_encoded: false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::extract::{Path, RawQuery};
    use axum::routing::get;
    use serde_json::{Value, json};

    use super::*;

    fn event(method: &str, path: &str, query: &str) -> GatewayRequest {
        let request = json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "requestContext": {"http": {"method": method, "path": path}},
        });
        serde_json::from_value(request).unwrap()
    }

    async fn asked(method: &str, path: &str, query: &str) -> Value {
        let router = Router::new().route(
            "/users/{user}",
            get(
                |Path(user): Path<String>, RawQuery(query): RawQuery| async move {
                    format!("{user} {}", query.unwrap_or_default())
                },
            ),
        );
        let response = respond(&router, event(method, path, query)).await;
        json!(response.unwrap())
    }

    #[tokio::test]
    async fn a_response_that_is_not_text_is_an_error() {
        let router = Router::new()
            .route("/body", get(|| async { vec![0xFF] }))
            .route("/header", get(|| async { [("x-name", "Zoë")] }));
        let body = respond(&router, event("GET", "/body", "")).await;
        assert!(matches!(body, Err(GatewayError::BodyNotUtf8(_))));
        let header = respond(&router, event("GET", "/header", "")).await;
        let error = header.unwrap_err().to_string();
        assert_eq!(error, "the response header x-name is not visible ASCII");
    }

    #[tokio::test]
    async fn a_decoded_path_reaches_the_router_unchanged() {
        for user in [
            "bob", "no body", "a#b", "a?b", "a\\b", "a\tb", "Zoë", "..", "{x}", "a%2Fb",
        ] {
            let answer = asked("GET", &format!("/users/{user}"), "").await;
            let expected = format!("{} ", user.replace("%2F", "/"));
            assert_eq!(
                (&answer["statusCode"], &answer["body"]),
                (&json!(200), &json!(expected))
            );
        }
        let encoded = asked("GET", "/users/no%20body", "").await;
        assert_eq!(encoded["body"], "no body ");
    }

    #[tokio::test]
    async fn every_request_gets_a_response() {
        let quoted = asked("GET", "/users/bob", "limit=\"<5>\"&é=#").await;
        assert_eq!(quoted["body"], "bob limit=%22%3C5%3E%22&%C3%A9=%23");
        for (method, path, status) in [
            ("POST", "/users/bob", 405),
            ("NO METHOD", "/users/bob", 400),
            ("GET", "", 400),
            ("GET", "users", 404),
            ("GET", "/users/a/b", 404),
        ] {
            let answer = asked(method, path, "").await;
            assert_eq!(answer["statusCode"], status, "{method} {path}: {answer}");
            assert_eq!(answer["isBase64Encoded"], false);
        }
        let answer = asked("GET", "", "").await;
        assert_eq!(answer["headers"]["content-type"], "application/json");
    }
}
