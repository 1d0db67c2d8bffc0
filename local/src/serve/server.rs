//! An HTTP/1.1 server with bounds on what a client can hold: time, memory, connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::serve::Listener;
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
    /// The time after which a connection takes no further request. It also bounds a slow
    /// body and a client that does not read.
    pub(super) connection: Duration,
    /// The time for the response that is in progress when a connection or the server ends.
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
    let state = Arc::clone(&connection.state);
    let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
        let (router, state) = (router.clone(), Arc::clone(&state));
        async move {
            let _busy = BusyGuard::new(&state);
            router.oneshot(request.map(Body::new)).await
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    tokio::select! {
        // An error is the client's: it has gone, was too slow, or does not speak HTTP.
        _ = served.as_mut() => return,
        () = state.evicted.notified() => return,
        () = sleep(limits.connection) => {}
        _ = stopping.changed() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(limits.grace, served).await;
}

/// The open connections, by number in the order of their start.
#[derive(Default)]
struct OpenConnections {
    connections: Mutex<BTreeMap<u64, Arc<ConnectionState>>>,
}

#[derive(Default)]
struct ConnectionState {
    /// The number of requests that a handler is working on.
    busy: AtomicU32,
    /// Asks the connection's task to end at once.
    evicted: Notify,
}

/// An open connection, until it is dropped.
struct OpenConnection {
    number: u64,
    state: Arc<ConnectionState>,
    open: Arc<OpenConnections>,
}

impl OpenConnections {
    /// Adds a connection. Beyond `limit` connections, evicts the oldest one without a request
    /// in progress; returns `None` if there is none.
    fn add(self: &Arc<Self>, limit: usize) -> Option<OpenConnection> {
        let mut connections = self.lock();
        if connections.len() >= limit {
            let is_idle = |state: &ConnectionState| state.busy.load(Ordering::Relaxed) == 0;
            let idle = connections.iter().find(|(_, state)| is_idle(state));
            let number = *idle?.0;
            if let Some(state) = connections.remove(&number) {
                state.evicted.notify_one();
            }
        }
        let number = connections.last_key_value().map_or(0, |(last, _)| last + 1);
        let state = Arc::new(ConnectionState::default());
        connections.insert(number, Arc::clone(&state));
        Some(OpenConnection {
            number,
            state,
            open: Arc::clone(self),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<ConnectionState>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut connections = self.open.lock();
        // The number of an evicted connection may belong to another one.
        if let Some(state) = connections.get(&self.number)
            && Arc::ptr_eq(state, &self.state)
        {
            connections.remove(&self.number);
        }
    }
}

struct BusyGuard<'s>(&'s ConnectionState);

impl<'s> BusyGuard<'s> {
    fn new(state: &'s ConnectionState) -> Self {
        state.busy.fetch_add(1, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
