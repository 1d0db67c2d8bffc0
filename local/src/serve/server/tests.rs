//! Slow, idle and half-open clients. Times are bounds for what must end; none decides a result.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{ServerLimits, serve};

/// The time within which everything here ends, also on a busy machine.
const ENDS: Duration = Duration::from_secs(60);
/// A limit that no test reaches.
const NEVER: Duration = Duration::from_secs(3_600);
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn limits() -> ServerLimits {
    ServerLimits {
        header: NEVER,
        connection: NEVER,
        response: NEVER,
        grace: Duration::from_millis(200),
        ..ServerLimits::default()
    }
}

struct Server {
    address: std::net::SocketAddr,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: ServerLimits) -> Self {
        let large = || async { "x".repeat(64 << 20) };
        // Longer than the grace period, and than the age of a connection in the test.
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            "late"
        };
        let router = Router::new()
            .route("/", get(|| async { "fine" }))
            .route("/large", get(large))
            .route("/slow", get(slow))
            .route("/endless", get(std::future::pending::<()>));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let shutdown = async move { stopped.notified().await };
        let task = tokio::spawn(serve(listener, router, limits, shutdown));
        Self {
            address,
            stop,
            task,
        }
    }

    /// Opens a connection and sends these bytes.
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(bytes.as_bytes()).await.unwrap();
        client
    }

    async fn assert_answers(&self) {
        let client = self.send("GET / HTTP/1.0\r\n\r\n").await;
        let answer = until_closed(client).await;
        assert!(answer.ends_with("fine"), "{answer}");
    }

    async fn stop(self) {
        self.stop.notify_one();
        timeout(ENDS, self.task).await.expect("it stops").unwrap();
    }
}

/// Sends a request and returns whether an answer comes.
async fn is_answered(client: &mut TcpStream) -> bool {
    if client.write_all(REQUEST.as_bytes()).await.is_err() {
        return false;
    }
    let mut answer = [0; 512];
    let read = timeout(ENDS, client.read(&mut answer));
    matches!(read.await.expect("an answer or the end"), Ok(1..))
}

/// Reads until the server closes the connection.
async fn until_closed(mut client: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = client.read_to_end(&mut answer);
    // A reset is a closed connection, too.
    let _ = timeout(ENDS, read)
        .await
        .expect("the server closes the connection");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_connection_without_complete_headers_is_closed() {
    let server = Server::start(ServerLimits {
        header: Duration::from_millis(100),
        ..limits()
    })
    .await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "] {
        let client = server.send(begun).await;
        assert!(!until_closed(client).await.contains("fine"), "{begun}");
    }
    // After a response, the connection is idle.
    let answer = until_closed(server.send(REQUEST).await).await;
    assert!(answer.ends_with("fine"), "{answer}");
    server.assert_answers().await;
    server.stop().await;
}

#[tokio::test]
async fn a_slow_body_and_a_client_that_does_not_read_are_closed() {
    let server = Server::start(ServerLimits {
        connection: Duration::from_millis(300),
        response: Duration::from_millis(200),
        ..limits()
    })
    .await;
    let body = "GET /endless HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1";
    until_closed(server.send(body).await).await;
    let deaf = server
        .send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    // The connection's task ends although nothing is read.
    let gone = async {
        while deaf.try_write(b"x").is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(ENDS, gone)
        .await
        .expect("the server closes the connection");
    server.stop().await;
}

#[tokio::test]
async fn half_open_connections_beyond_the_limit_do_not_exclude_others() {
    let server = Server::start(ServerLimits {
        connections: 20,
        ..limits()
    })
    .await;
    let mut half_open = Vec::new();
    for _ in 0..50 {
        half_open.push(server.send("GET / HTTP/1.1\r\n").await);
    }
    server.assert_answers().await;
    // Those that waited longest were closed.
    until_closed(half_open.remove(0)).await;
    server.stop().await;
}

#[tokio::test]
async fn the_connection_that_waits_longest_is_closed_first() {
    let server = Server::start(ServerLimits {
        connections: 3,
        ..limits()
    })
    .await;
    // The first connection has been answered after the others began to wait.
    let mut first = server.send("").await;
    let mut idle = server.send("").await;
    let mut other = server.send("").await;
    for client in [&mut idle, &mut other, &mut first] {
        assert!(is_answered(client).await);
    }
    server.assert_answers().await;
    assert!(is_answered(&mut first).await);
    assert!(!is_answered(&mut idle).await);
    server.stop().await;
}

#[tokio::test]
async fn a_response_in_progress_outlives_the_age_of_its_connection() {
    let server = Server::start(ServerLimits {
        connection: Duration::from_secs(1),
        ..limits()
    })
    .await;
    let answer = until_closed(
        server
            .send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await,
    );
    assert!(answer.await.ends_with("late"));
    server.stop().await;
}

#[tokio::test]
async fn requests_in_progress_are_not_closed_for_new_connections() {
    let server = Server::start(ServerLimits {
        connections: 2,
        ..limits()
    })
    .await;
    let busy = server
        .send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    for _ in 0..5 {
        server.assert_answers().await;
    }
    let mut busy = busy;
    let answered = timeout(Duration::from_millis(100), busy.read_u8()).await;
    assert!(answered.is_err(), "the connection is still open");
    server.stop().await;
}

#[tokio::test]
async fn a_shutdown_ends_whatever_clients_hold_open() {
    let server = Server::start(limits()).await;
    let mut held = Vec::new();
    for begun in [
        "",
        "GET / HTTP/1.1\r\n",
        REQUEST,
        "GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        held.push(server.send(begun).await);
    }
    server.assert_answers().await;
    server.stop().await;
    drop(held);
}
