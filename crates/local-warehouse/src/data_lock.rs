//! Exclusive use of a data directory, and recovery from a server that outlived the
//! process that started it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::postgres::{StartError, io_error};

/// The signals that stop a server, with the time to wait for each: a fast shutdown,
/// which aborts queries, and an immediate one.
const STOP_SIGNALS: [(&str, Duration); 2] = [
    ("INT", Duration::from_secs(20)),
    ("QUIT", Duration::from_secs(10)),
];
/// The interval between two checks of a stopping server.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The lock of a data directory. The kernel releases it when this process ends, however
/// it ends.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Locks `data`, and stops the server that a killed process left in it.
    ///
    /// # Errors
    /// [`StartError::InUse`] if another process has the lock.
    pub(crate) async fn acquire(data: &Path) -> Result<Self, StartError> {
        let path = data.with_extension("lock");
        let failed = io_error(&format!("lock {}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(&failed)?;
        }
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StartError::InUse {
                    data: data.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        stop_stale_server(data).await?;
        Ok(Self { _file: file })
    }
}

/// Stops the server whose process id `data` records, and removes the record.
///
/// The caller has the lock, so the server is stopping or has lost its supervisor.
/// Another program may have the process id by now; it is left alone.
async fn stop_stale_server(data: &Path) -> Result<(), StartError> {
    let record = data.join("postmaster.pid");
    let Some(server) = StaleServer::read(&record, data) else {
        return Ok(());
    };
    for (signal, limit) in STOP_SIGNALS {
        if server.is_running() {
            server.signal(signal);
        }
        let begun = Instant::now();
        while server.is_running() && begun.elapsed() < limit {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
    if server.is_running() {
        return Err(StartError::Server(format!(
            "process {} still uses {}; end it with `kill -KILL {}`",
            server.pid,
            data.display(),
            server.pid
        )));
    }
    match fs::remove_file(&record) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io_error(&format!("remove {}", record.display()))(error))
        }
        _ => Ok(()),
    }
}

/// A server that a killed process started.
struct StaleServer {
    pid: u32,
    data: PathBuf,
}

impl StaleServer {
    /// Reads the process id from the first line of PostgreSQL's `postmaster.pid`.
    fn read(record: &Path, data: &Path) -> Option<Self> {
        let text = fs::read_to_string(record).ok()?;
        Some(Self {
            pid: text.lines().next()?.trim().parse().ok()?,
            data: data.to_owned(),
        })
    }

    /// Returns true if the process is a PostgreSQL server with this data. If the system
    /// does not tell, assumes so: two servers would destroy the data.
    fn is_running(&self) -> bool {
        let arguments = match fs::read(format!("/proc/{}/cmdline", self.pid)) {
            Ok(arguments) => String::from_utf8_lossy(&arguments).replace('\0', " "),
            Err(_) if Path::new("/proc/self/cmdline").exists() => return false,
            Err(_) => match self.arguments_by_ps() {
                Some(arguments) => arguments,
                None => return true,
            },
        };
        arguments.contains("postgres") && arguments.contains(&*self.data.to_string_lossy())
    }

    /// Returns the process's arguments, or an empty text if it does not exist, on systems
    /// without `/proc`.
    fn arguments_by_ps(&self) -> Option<String> {
        let output = Command::new("ps")
            .args(["-o", "args=", "-p", &self.pid.to_string()])
            .output();
        Some(String::from_utf8_lossy(&output.ok()?.stdout).into_owned())
    }

    fn signal(&self, signal: &str) {
        // A failure shows: the process does not end.
        let _ = Command::new("sh")
            .args(["-c", r#"kill -s "$0" "$1""#, signal, &self.pid.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_data_directory_is_locked_once() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("warehouse");
        let lock = DataLock::acquire(&data).await.unwrap();
        let error = DataLock::acquire(&data).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "another command uses the data in {}; wait until it ends",
                data.display()
            )
        );
        drop(lock);
        DataLock::acquire(&data).await.unwrap();
    }

    #[tokio::test]
    async fn the_record_of_an_ended_or_another_process_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("warehouse");
        fs::create_dir(&data).unwrap();
        let record = data.join("postmaster.pid");
        // Process ids are below 2^22 on Linux.
        for pid in [u32::MAX / 2, std::process::id()] {
            fs::write(&record, format!("{pid}\n{}\n", data.display())).unwrap();
            drop(DataLock::acquire(&data).await.unwrap());
            assert!(!record.exists(), "{pid}");
        }
    }
}
