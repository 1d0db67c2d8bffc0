//! Warehouse commands that a signal ends.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::warehouse::{marquee, open_to_all};

/// A query that runs for hours.
const ENDLESS: &str = "SELECT count(*) FROM pg_attribute a, pg_attribute b, pg_attribute c";
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until the condition holds.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LIMIT, "waited in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Returns the process id that the server of the lake recorded.
fn server(record: &Path) -> Option<String> {
    let text = fs::read_to_string(record).ok()?;
    // The last line says that the server accepts connections.
    let is_ready = text.lines().last()?.trim() == "ready";
    is_ready.then(|| text.lines().next().map(str::to_owned))?
}

/// Returns false for an ended process too that its parent has not reaped.
fn is_running(pid: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|arguments| !arguments.is_empty())
}

/// Starts an endless query in a process group of its own.
fn endless_query(dir: &Path, record: &Path) -> (Child, String) {
    // A background job of a shell, such as a build server's, ignores SIGINT, and its children
    // inherit that.
    let child = Command::new("env")
        .arg("--default-signal=INT")
        .arg(env!("CARGO_BIN_EXE_marquee"))
        .args(["warehouse", "query", ENDLESS])
        .current_dir(dir)
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the server to start", || server(record).is_some());
    // The query begins right after the start.
    sleep(Duration::from_millis(500));
    (child, server(record).unwrap())
}

/// Waits until the command ends.
fn wait(mut child: Child) {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("the command did not end");
        }
        sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to a process, or with `-PID` to a group.
fn kill(signal: &str, target: &str) {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$0\" -- \"$1\"", signal, target])
        .status();
    assert!(status.unwrap().success(), "{signal} {target}");
}

/// Runs a query that must succeed.
fn assert_usable(dir: &Path) {
    let (code, printed) = marquee(dir, &["warehouse", "query", "SELECT 1 AS one"]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("|   1 |"), "{printed}");
}

pub(crate) async fn an_interrupted_command_leaves_nothing_behind((): ()) {
    let dir = tempfile::tempdir().unwrap();
    open_to_all(dir.path());
    let dir = dir.path();
    fs::create_dir_all(dir.join("lake/ledger")).unwrap();
    let record: PathBuf = dir.join("lake/warehouse/postmaster.pid");
    assert_usable(dir);
    for signal in ["TERM", "INT", "KILL"] {
        let (child, server) = endless_query(dir, &record);
        kill(signal, &format!("-{}", child.id()));
        wait(child);
        // Also while the old server still stops.
        assert_usable(dir);
        assert!(!is_running(&server), "{signal}: {server} runs");
        assert!(!record.exists(), "{signal}");
    }

    // The server lost its supervisor too.
    let (child, server) = endless_query(dir, &record);
    let supervisor = fs::read_to_string(format!("/proc/{server}/stat")).unwrap();
    let parent = supervisor.rsplit(") ").next().unwrap();
    kill("KILL", parent.split(' ').nth(1).unwrap());
    kill("KILL", &child.id().to_string());
    wait(child);
    assert_usable(dir);
    assert!(!is_running(&server), "{server} runs");

    // A command in use is not disturbed.
    let (child, server) = endless_query(dir, &record);
    let (code, printed) = marquee(dir, &["warehouse", "query", "SELECT 1 AS one"]);
    assert_eq!(code, 1, "{printed}");
    let data = dir.join("lake/warehouse");
    let expected = format!(
        "another command uses the data in {}; wait until it ends\n",
        data.display()
    );
    assert!(printed.ends_with(&expected), "{printed}");
    assert!(is_running(&server));
    kill("TERM", &child.id().to_string());
    wait(child);
    assert_usable(dir);
}
