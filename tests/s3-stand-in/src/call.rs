//! One request, taken apart, and the error answers.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use percent_encoding::percent_decode_str;

/// The largest body it takes, in bytes.
const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// A request as the stand-in read it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The first segment of the path.
    pub bucket: String,
    /// The rest of the path, decoded; empty for a call on the bucket.
    pub key: String,
    /// The query's parameters, decoded; a bare name has an empty value.
    pub query: BTreeMap<String, String>,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Bytes,
}

impl Call {
    pub(crate) async fn read(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let path = decode(parts.uri.path());
        let (bucket, key) = path
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or((path.trim_start_matches('/'), ""));
        let query = parts.uri.query().unwrap_or_default();
        let headers = parts.headers.iter();
        Self {
            method: parts.method.to_string(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            query: query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
            headers: headers
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: axum::body::to_bytes(body, BODY_LIMIT)
                .await
                .unwrap_or_default(),
        }
    }

    /// A header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The `bucket/key` a copy reads from, decoded.
    pub(crate) fn copy_source(&self) -> Option<String> {
        self.header("x-amz-copy-source")
            .map(|source| decode(source.trim_start_matches('/')))
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// S3's way to say no.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    status: u16,
    code: &'static str,
}

impl Refusal {
    pub(crate) const fn new(status: u16, code: &'static str) -> Self {
        Self { status, code }
    }

    /// The answer; one to a HEAD request (and a 304) has no body to say more.
    pub(crate) fn into_response(self, head: bool) -> Response {
        let Self { status, code } = self;
        let body = if head || status == 304 {
            Body::empty()
        } else {
            Body::from(format!(
                "<Error><Code>{code}</Code><Message>the stand-in refuses</Message></Error>"
            ))
        };
        Response::builder()
            .status(status)
            .header("x-amz-request-id", "STANDIN")
            .body(body)
            .expect("a valid answer")
    }
}
