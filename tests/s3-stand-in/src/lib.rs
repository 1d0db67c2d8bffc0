//! A small S3, for the tests of what speaks to S3.
//!
//! It lives in memory, answers on a free loopback port, and keeps the rules
//! that the lake rests on: conditional puts and copies, ranges, pages of a
//! listing, multipart uploads. It records what it was asked, and can be told
//! to answer otherwise once ([`StandIn::answer_next`]). It checks no
//! signature, knows path-style addresses only, and stands on no AWS crate, so
//! that a misunderstanding of the SDK is not repeated here.
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
use crate::call::Refusal;

/// A running stand-in; it stops when dropped.
pub struct StandIn {
    endpoint: String,
    service: Arc<Mutex<Service>>,
    server: JoinHandle<()>,
}

/// What the server knows.
#[derive(Default)]
struct Service {
    buckets: BTreeMap<String, Bucket>,
    calls: Vec<Call>,
    scripted: VecDeque<Scripted>,
    page_size: usize,
}

/// An answer to give once instead of the true one.
struct Scripted {
    method: &'static str,
    refusal: Refusal,
    /// Whether what was asked is done all the same.
    done: bool,
}

impl StandIn {
    /// Starts an S3 with these (empty) buckets on a free loopback port.
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

    /// Where it answers, as `AWS_ENDPOINT_URL` wants it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Bounds the entries a page of a listing holds (at first 1,000).
    pub fn set_page_size(&self, entries: usize) {
        self.service().page_size = entries;
    }

    /// Answers the next call of that HTTP method with an error, and does
    /// nothing else for it. Several scripted answers are given in turn.
    pub fn answer_next(&self, method: &'static str, status: u16, code: &'static str) {
        self.script(method, Refusal::new(status, code), false);
    }

    /// Does what the next call of that HTTP method asks, but answers with
    /// 500, as if the true answer had been lost.
    pub fn lose_next_answer(&self, method: &'static str) {
        self.script(method, Refusal::new(500, "InternalError"), true);
    }

    fn script(&self, method: &'static str, refusal: Refusal, done: bool) {
        let scripted = Scripted {
            method,
            refusal,
            done,
        };
        self.service().scripted.push_back(scripted);
    }

    /// The keys a bucket holds, in order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.service().buckets[bucket]
            .objects
            .keys()
            .cloned()
            .collect()
    }

    /// The bytes of an object, if it is there.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let service = self.service();
        service.buckets[bucket]
            .objects
            .get(key)
            .map(|object| object.bytes.clone())
    }

    /// Puts an object past the API.
    pub fn insert(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let mut service = self.service();
        let bucket = service
            .buckets
            .get_mut(bucket)
            .expect("a bucket of the stand-in");
        bucket.insert(key, bytes.into(), Vec::new());
    }

    /// Multipart uploads begun and neither completed nor aborted.
    pub fn open_uploads(&self, bucket: &str) -> usize {
        self.service().buckets[bucket].uploads.len()
    }

    /// Everything asked so far, oldest first; forgets it.
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

/// Reads one call, records it, and answers it.
async fn answer(State(service): State<Arc<Mutex<Service>>>, request: Request) -> Response {
    let call = Call::read(request).await;
    let head = call.method == "HEAD";
    let mut service = service.lock().unwrap_or_else(PoisonError::into_inner);
    service.calls.push(call.clone());
    let scripted = service
        .scripted
        .iter()
        .position(|s| s.method == call.method);
    let answer = match scripted.and_then(|at| service.scripted.remove(at)) {
        Some(Scripted {
            refusal,
            done: false,
            ..
        }) => Err(refusal),
        Some(Scripted { refusal, .. }) => service.act(&call).and(Err(refusal)),
        None => service.act(&call),
    };
    answer.unwrap_or_else(|refusal| refusal.into_response(head))
}

impl Service {
    fn act(&mut self, call: &Call) -> Result<Response, Refusal> {
        if call
            .header("content-encoding")
            .is_some_and(|e| e.contains("aws-chunked"))
        {
            return Err(Refusal::new(501, "NotImplemented"));
        }
        if let Some(source) = call.copy_source() {
            let (bucket, key) = source
                .split_once('/')
                .ok_or(Refusal::new(400, "InvalidArgument"))?;
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
            _ => Err(Refusal::new(501, "NotImplemented")),
        }
    }

    fn bucket(&mut self, name: &str) -> Result<&mut Bucket, Refusal> {
        self.buckets
            .get_mut(name)
            .ok_or(Refusal::new(404, "NoSuchBucket"))
    }
}
