//! An in-memory S3 server for tests of S3 clients.
//!
//! It serves a free loopback port and implements the rules that the lake relies on:
//! conditional puts and copies, ranges, paginated listings and multipart uploads. It
//! records every call, and [`StandIn::fail_next`] injects errors. It does not check
//! signatures and supports path-style addresses only. It depends on no AWS crate, so
//! that it cannot repeat a mistake of the SDK.
//!
//! ```no_run
//! # async fn example() {
//! let s3 = marquee_s3_stand_in::StandIn::start(["lake"]).await;
//! // … point a client at s3.endpoint(), let it work, then:
//! assert_eq!(s3.keys("lake"), ["raw/one.parquet"]);
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bucket;
mod call;
mod listing;
mod xml;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::bucket::Bucket;
pub use crate::call::Call;
use crate::call::S3Error;

/// A running server. Dropping it stops the server.
pub struct StandIn {
    endpoint: String,
    service: Arc<Mutex<Service>>,
    server: JoinHandle<()>,
}

/// The state of the server.
#[derive(Default)]
struct Service {
    buckets: BTreeMap<String, Bucket>,
    calls: Vec<Call>,
    faults: VecDeque<InjectedFault>,
    page_size: usize,
}

/// An error to return once instead of the real response.
struct InjectedFault {
    method: &'static str,
    error: S3Error,
    /// True if the call is executed before the error is returned.
    executed: bool,
}

impl StandIn {
    /// Starts a server with these buckets, all empty, on a free loopback port.
    pub async fn start<const N: usize>(buckets: [&str; N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("a bound address");
        let service = Arc::new(Mutex::new(Service {
            buckets: buckets
                .into_iter()
                .map(|name| (name.to_owned(), Bucket::default()))
                .collect(),
            page_size: 1_000,
            ..Service::default()
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&service));
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the stand-in serves");
        });
        Self {
            endpoint: format!("http://{address}"),
            service,
            server,
        }
    }

    /// Returns the URL for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Limits the entries of a listing's page. The default is 1,000.
    pub fn set_page_size(&self, entries: usize) {
        self.service().page_size = entries;
    }

    /// Fails the next call of that HTTP method with an error and does not execute it.
    /// Several injected errors are returned in turn.
    pub fn fail_next(&self, method: &'static str, status: u16, code: &'static str) {
        self.inject(method, S3Error::new(status, code), false);
    }

    /// Executes the next call of that HTTP method but returns 500, as if the response
    /// had been lost.
    pub fn lose_next_response(&self, method: &'static str) {
        self.inject(method, S3Error::new(500, "InternalError"), true);
    }

    fn inject(&self, method: &'static str, error: S3Error, executed: bool) {
        let fault = InjectedFault {
            method,
            error,
            executed,
        };
        self.service().faults.push_back(fault);
    }

    /// Returns the keys of a bucket, in order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.service().buckets[bucket]
            .objects
            .keys()
            .cloned()
            .collect()
    }

    /// Returns the content of an object; `None` if it does not exist.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let service = self.service();
        service.buckets[bucket]
            .objects
            .get(key)
            .map(|object| object.bytes.clone())
    }

    /// Stores an object without an API call.
    pub fn insert(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let mut service = self.service();
        let bucket = service
            .buckets
            .get_mut(bucket)
            .expect("a bucket of the stand-in");
        bucket.insert(key, bytes.into(), Vec::new());
    }

    /// Counts the multipart uploads that are neither completed nor aborted.
    pub fn open_uploads(&self, bucket: &str) -> usize {
        self.service().buckets[bucket].uploads.len()
    }

    /// Returns the calls since the last call of this function, oldest first.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.service().calls)
    }

    fn service(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Reads and records one call, and responds to it.
async fn answer(State(service): State<Arc<Mutex<Service>>>, request: Request) -> Response {
    let call = Call::read(request).await;
    let head = call.method == "HEAD";
    let mut service = service.lock().unwrap_or_else(PoisonError::into_inner);
    service.calls.push(call.clone());
    let fault = service.faults.iter().position(|s| s.method == call.method);
    let response = match fault.and_then(|at| service.faults.remove(at)) {
        Some(InjectedFault {
            error,
            executed: false,
            ..
        }) => Err(error),
        Some(InjectedFault { error, .. }) => service.execute(&call).and(Err(error)),
        None => service.execute(&call),
    };
    response.unwrap_or_else(|error| error.into_response(head))
}

impl Service {
    fn execute(&mut self, call: &Call) -> Result<Response, S3Error> {
        if call
            .header("content-encoding")
            .is_some_and(|e| e.contains("aws-chunked"))
        {
            return Err(S3Error::new(501, "NotImplemented"));
        }
        if let Some(source) = call.copy_source() {
            let (bucket, key) = source
                .split_once('/')
                .ok_or(S3Error::new(400, "InvalidArgument"))?;
            let object = self.bucket(bucket)?.get(key)?.clone();
            return self.bucket(&call.bucket)?.copy(object, call);
        }
        let page_size = self.page_size;
        let bucket = self.bucket(&call.bucket)?;
        let has = |name: &str| call.query.contains_key(name);
        match (call.method.as_str(), call.key.is_empty()) {
            ("GET", true) if has("list-type") => Ok(listing::list(bucket, call, page_size)),
            ("POST", true) if has("delete") => Ok(bucket.delete_many(call)),
            ("GET" | "HEAD", false) => bucket.read(call),
            ("PUT", false) if has("partNumber") => bucket.put_part(call),
            ("PUT", false) => bucket.put(call),
            ("DELETE", false) if has("uploadId") => bucket.abort(call),
            ("DELETE", false) => Ok(bucket.delete(call)),
            ("POST", false) if has("uploads") => Ok(bucket.begin_upload(call)),
            ("POST", false) if has("uploadId") => bucket.complete(call),
            _ => Err(S3Error::new(501, "NotImplemented")),
        }
    }

    fn bucket(&mut self, name: &str) -> Result<&mut Bucket, S3Error> {
        self.buckets
            .get_mut(name)
            .ok_or(S3Error::new(404, "NoSuchBucket"))
    }
}
