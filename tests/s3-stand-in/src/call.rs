//! Requests and error responses.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use percent_encoding::percent_decode_str;

/// The largest accepted body, in bytes.
const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// A parsed request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The bucket: the first segment of the path.
    pub bucket: String,
    /// The key: the rest of the path, decoded. Empty for a call on the bucket.
    pub key: String,
    /// The decoded query parameters. A name without a value has an empty value.
    pub query: BTreeMap<String, String>,
    /// The headers, with names in lower case.
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
                .expect("a complete body within the limit"),
        }
    }

    /// Returns the value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the decoded `bucket/key` that a copy reads.
    pub(crate) fn copy_source(&self) -> Option<String> {
        self.header("x-amz-copy-source")
            .map(|source| decode(source.trim_start_matches('/')))
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An error response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct S3Error {
    status: u16,
    code: &'static str,
}

impl S3Error {
    pub(crate) const fn new(status: u16, code: &'static str) -> Self {
        Self { status, code }
    }

    /// Returns the response. A response to a HEAD request and a 304 have no body.
    pub(crate) fn into_response(self, head: bool) -> Response {
        let Self { status, code } = self;
        let body = if head || status == 304 {
            Body::empty()
        } else {
            Body::from(format!(
                "<Error><Code>{code}</Code><Message>error of the S3 stand-in</Message></Error>"
            ))
        };
        Response::builder()
            .status(status)
            .header("x-amz-request-id", "STANDIN")
            .body(body)
            .expect("a valid answer")
    }
}
