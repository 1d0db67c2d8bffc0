//! Requests as API Gateway hands them to a function: payload format 2.0 of HTTP APIs.
//!
//! API Gateway decodes what of a path was percent-encoded. So it is encoded again before
//! it is a URI: a `#` in an id is a part of the id, and a quote in a query is no failure.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

use crate::error::ApiError;

/// What no path or query of a URI has as it is. A `%` stays: what it is the beginning of
/// was encoded before.
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

/// A request, as far as it is needed.
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

/// The answer to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

/// What the router answers.
pub async fn answer(router: &Router, request: GatewayRequest) -> GatewayResponse {
    let answer = match http_request(request) {
        Some(request) => match router.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        },
        None => ApiError::BadRequest("that is no request of HTTP".to_owned()).into_response(),
    };
    in_text(answer).await
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

async fn in_text(answer: Response) -> GatewayResponse {
    let (head, body) = answer.into_parts();
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.to_string(), value.to_str().ok()?.to_owned()))
    };
    // The body is in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    GatewayResponse {
        status_code: head.status.as_u16(),
        headers: head.headers.iter().filter_map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        is_base64_encoded: false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::extract::{Path, RawQuery};
    use axum::routing::get;
    use serde_json::{Value, json};

    use super::*;

    async fn asked(method: &str, path: &str, query: &str) -> Value {
        let router = Router::new().route(
            "/users/{user}",
            get(
                |Path(user): Path<String>, RawQuery(query): RawQuery| async move {
                    format!("{user} {}", query.unwrap_or_default())
                },
            ),
        );
        let request = json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "requestContext": {"http": {"method": method, "path": path}},
        });
        let request = serde_json::from_value(request).unwrap();
        json!(answer(&router, request).await)
    }

    #[tokio::test]
    async fn a_path_comes_decoded_and_is_that_path() {
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
    async fn nothing_that_is_asked_is_a_failure() {
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
