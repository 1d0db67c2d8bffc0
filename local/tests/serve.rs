//! `marquee serve` over the lake of a demo.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn marquee(dir: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    command.args(line).current_dir(dir);
    command
}

/// Queries the lake in SQL and returns the rows.
fn query(dir: &Path, sql: &str) -> Vec<Value> {
    let output = marquee(dir, &["query", "--format", "json", sql])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A running server. Dropping it ends the process.
struct Served {
    process: Child,
    address: String,
    out: BufReader<ChildStdout>,
}

impl Served {
    fn start(dir: &Path) -> Self {
        let line = [
            "serve",
            "--listen",
            "localhost:0",
            "--allow-host",
            "marquee",
        ];
        let mut process = marquee(dir, &line).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split(';').next());
        let address = address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self {
            process,
            address,
            out,
        }
    }

    /// Sends a valid request and returns the response.
    fn get(&self, path: &str) -> Value {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nHost: marquee\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {row}"))
}

/// Returns the works of rows with `title_id` and possibly `series_id`.
fn works<'v>(titles: impl IntoIterator<Item = &'v Value>) -> BTreeSet<&'v str> {
    let work = |title: &'v Value| {
        title["series_id"]
            .as_str()
            .unwrap_or_else(|| text(title, "title_id"))
    };
    titles.into_iter().map(work).collect()
}

#[test]
fn recommendations_follow_from_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    let demo = [
        "demo", "--events", "8000", "--users", "60", "--days", "2", "--seed", "7",
    ];
    let output = marquee(dir.path(), &demo).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let served = Served::start(dir.path());

    let days = query(
        dir.path(),
        "SELECT max(event_date) AS newest FROM user_title",
    );
    let health = served.get("/health");
    assert_eq!(health["event_date"], days[0]["newest"]);

    let popular = served.get("/v1/titles/popular?limit=50");
    let expected = query(
        dir.path(),
        "SELECT popularity_rank, title_id, viewers, watch_ms, completions \
         FROM title_popularity ORDER BY popularity_rank LIMIT 50",
    );
    let titles = popular["titles"].as_array().unwrap();
    assert_eq!(titles.len(), 50);
    for (title, row) in titles.iter().zip(&expected) {
        assert_eq!(title["rank"], row["popularity_rank"]);
        assert_eq!(title["title"]["title_id"], row["title_id"]);
        for figure in ["viewers", "watch_ms", "completions"] {
            assert_eq!(title[figure], row[figure], "{row}");
        }
    }

    let history = query(
        dir.path(),
        "SELECT user_id, title_id, series_id FROM user_title",
    );
    let tastes = query(dir.path(), "SELECT user_id, genre FROM user_genre_affinity");
    let users: BTreeSet<&str> = history.iter().map(|row| text(row, "user_id")).collect();
    assert!(users.len() > 30, "{}", users.len());
    let mut continued = 0;
    for user in users {
        let answer = served.get(&format!("/v1/users/{user}/recommendations?limit=100"));
        let of_user = |row: &&Value| row["user_id"] == user;
        let liked: BTreeSet<&str> = tastes
            .iter()
            .filter(of_user)
            .map(|row| text(row, "genre"))
            .collect();
        if !liked.is_empty() {
            assert_eq!(answer["basis"], "history", "{user}");
        }

        let touched = works(history.iter().filter(of_user));
        let recommended = answer["recommendations"].as_array().unwrap();
        assert!(!recommended.is_empty(), "{user}");
        let offered = works(recommended.iter().map(|one| &one["title"]));
        assert_eq!(offered.len(), recommended.len(), "{user}: a work twice");
        assert!(offered.is_disjoint(&touched), "{user}");
        for one in recommended {
            let genres = one["genres"].as_array().unwrap();
            assert!(
                genres
                    .iter()
                    .all(|genre| liked.contains(genre.as_str().unwrap())),
                "{one}"
            );
        }
        let going_on = answer["continue_watching"].as_array().unwrap();
        assert!(
            works(going_on.iter().map(|one| &one["title"])).is_subset(&touched),
            "{user}"
        );
        continued += going_on.len();
    }
    assert!(continued > 0, "no user has a title to continue");

    let nobody = served.get("/v1/users/u-nobody/recommendations");
    assert_eq!(nobody["basis"], "popular");
    assert_eq!(nobody["recommendations"].as_array().unwrap().len(), 20);
}

#[test]
fn an_unpublished_lake_and_a_used_address_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("lake/ledger/receipts")).unwrap();
    let mut served = Served::start(dir.path());
    let mut hint = String::new();
    served.out.read_line(&mut hint).unwrap();
    assert_eq!(
        hint,
        format!(
            "No date is published yet, so requests fail with status 503. Publish dates with \
             `{} day`; the server finds them without a restart.\n",
            env!("CARGO_BIN_EXE_marquee")
        )
    );
    let line = ["serve", "--listen", &served.address];
    let output = marquee(dir.path(), &line).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    let port = served.address.rsplit(':').next().unwrap();
    let expected = format!(
        "error: cannot listen on {}: another process uses port {port}; port ",
        served.address
    );
    assert!(error.starts_with(&expected), "{error}");
    assert!(error.contains(" is free: --listen 127.0.0.1:"), "{error}");
}

/// Returns the lake's server without a published date.
fn empty_server(dir: &Path) -> Served {
    std::fs::create_dir_all(dir.join("lake/ledger/receipts")).unwrap();
    Served::start(dir)
}

/// Sends a request for a host and returns the status of the response.
fn status_for(address: &str, host: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_page_under_another_name_cannot_read_the_api() {
    let dir = tempfile::tempdir().unwrap();
    let served = empty_server(dir.path());
    for host in [&*served.address, "localhost:1", "marquee"] {
        assert_eq!(status_for(&served.address, host), "200", "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example:80", ""] {
        assert_eq!(status_for(&served.address, host), "421", "{host}");
    }
    let line = ["serve", "--allow-host", "http://a"];
    let output = marquee(dir.path(), &line).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn half_open_connections_exclude_nobody_and_do_not_delay_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut served = empty_server(dir.path());
    let half_open: Vec<TcpStream> = (0..600)
        .map(|number| {
            let mut connection = TcpStream::connect(&served.address).unwrap();
            let begun: &[u8] = if number % 2 == 0 {
                b""
            } else {
                b"GET / HTTP/1.1\r\nX-A: "
            };
            connection.write_all(begun).unwrap();
            connection
        })
        .collect();
    assert_eq!(status_for(&served.address, "localhost"), "200");

    let begun = Instant::now();
    let pid = served.process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    // The process ends although the connections stay open. The bound is generous: the server
    // gives them 3 seconds.
    while served.process.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(served.process.wait().unwrap().code(), Some(0));
    drop(half_open);
}
