//! An HTTP/1.1 server with bounds on what a client can hold: time, memory, connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::serve::Listener;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

/// The bounds of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerLimits {
    /// The time for the headers of a request. It runs from the connection or from the
    /// previous response, so it also bounds how long a connection is idle.
    pub(super) header: Duration,
    /// The time after which a connection takes no further request.
    pub(super) connection: Duration,
    /// The time for the request that is in progress then. It also bounds a slow body and a
    /// client that does not read.
    pub(super) response: Duration,
    /// The time for requests in progress when the server ends.
    pub(super) grace: Duration,
    /// The number of open connections. Beyond it, the server closes the connection that has
    /// waited for a request for the longest time.
    pub(super) connections: usize,
    /// The bytes of a request's line and headers.
    pub(super) header_bytes: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            connection: Duration::from_secs(120),
            response: Duration::from_secs(30),
            grace: Duration::from_secs(3),
            connections: 512,
            header_bytes: 16 << 10,
        }
    }
}

/// Serves connections until `shutdown` completes. Returns within the grace period
/// afterwards, whatever clients do.
pub(super) async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    shutdown: impl Future<Output = ()>,
) {
    let (stop, stopping) = watch::channel(());
    let open = Arc::new(OpenConnections::default());
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, _): (TcpStream, SocketAddr) = tokio::select! {
            // Waits a second after an error such as too many open files.
            accepted = Listener::accept(&mut listener) => accepted,
            Some(_) = tasks.join_next() => continue,
            () = &mut shutdown => break,
        };
        let Some(connection) = open.add(limits.connections) else {
            continue;
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        tasks.spawn(handle(stream, router, limits, connection, stopping));
    }
    drop(listener);
    drop(stop);
    let finished = async { while tasks.join_next().await.is_some() {} };
    // Dropping the tasks closes the connections that are still open.
    let _ = timeout(limits.grace, finished).await;
}

async fn handle(
    stream: TcpStream,
    router: Router,
    limits: ServerLimits,
    connection: OpenConnection,
    mut stopping: watch::Receiver<()>,
) {
    let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
        let busy = connection.busy();
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(Body::new)).await?;
            // The body keeps the connection busy until hyper has taken all of it.
            Ok::<_, Infallible>(response.map(|body| {
                body.map_frame(move |frame| {
                    let _ = &busy;
                    frame
                })
            }))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let evicted = || connection.state.evicted.notified();
    tokio::select! {
        // An error is the client's: it has gone, was too slow, or does not speak HTTP.
        _ = served.as_mut() => return,
        () = evicted() => return,
        () = sleep(limits.connection) => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                _ = timeout(limits.response, served.as_mut()) => return,
                () = evicted() => return,
                _ = stopping.changed() => {}
            }
        }
        _ = stopping.changed() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(limits.grace, served).await;
}

/// The open connections.
#[derive(Default)]
struct OpenConnections {
    connections: Mutex<Vec<Arc<ConnectionState>>>,
    /// The number of times that a connection began to wait for a request.
    waits: AtomicU64,
}

struct ConnectionState {
    /// The number of the wait for a request, from [`OpenConnections::waits`], or [`BUSY`].
    waiting: AtomicU64,
    /// Asks the connection's task to end at once.
    evicted: Notify,
}

/// A request is in progress: its handler works, or its response is not yet sent.
const BUSY: u64 = u64::MAX;

/// An open connection, until it is dropped.
struct OpenConnection {
    state: Arc<ConnectionState>,
    open: Arc<OpenConnections>,
}

impl OpenConnections {
    /// Adds a connection. Beyond `limit` connections, evicts the one that has waited for a
    /// request for the longest time; returns `None` if all are busy.
    fn add(self: &Arc<Self>, limit: usize) -> Option<OpenConnection> {
        let mut connections = self.lock();
        if connections.len() >= limit {
            let waiting = |state: &ConnectionState| state.waiting.load(Ordering::Relaxed);
            let (place, longest) = connections
                .iter()
                .enumerate()
                .min_by_key(|(_, state)| waiting(state))?;
            if waiting(longest) == BUSY {
                return None;
            }
            connections.swap_remove(place).evicted.notify_one();
        }
        let state = Arc::new(ConnectionState {
            waiting: AtomicU64::new(self.next_wait()),
            evicted: Notify::new(),
        });
        connections.push(Arc::clone(&state));
        Some(OpenConnection {
            state,
            open: Arc::clone(self),
        })
    }

    fn next_wait(&self) -> u64 {
        self.waits.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<ConnectionState>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    /// Marks the connection as busy until the guard is dropped. HTTP/1.1 has one request at a
    /// time.
    fn busy(&self) -> BusyGuard {
        self.state.waiting.store(BUSY, Ordering::Relaxed);
        BusyGuard {
            state: Arc::clone(&self.state),
            open: Arc::clone(&self.open),
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let is_other = |state: &Arc<ConnectionState>| !Arc::ptr_eq(state, &self.state);
        self.open.lock().retain(is_other);
    }
}

struct BusyGuard {
    state: Arc<ConnectionState>,
    open: Arc<OpenConnections>,
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        let wait = self.open.next_wait();
        self.state.waiting.store(wait, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
