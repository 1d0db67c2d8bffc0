//! A private PostgreSQL server: on a socket in a temporary directory, stopped when
//! its handle is dropped or this process ends, also by a signal.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use thiserror::Error;
use tokio_postgres::{Client, Config, NoTls};

use crate::data_lock::DataLock;

/// The directory of Debian's packages, with a directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The time limit for the first connection to a new server.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The database's owner.
const USER: &str = "marquee";

/// The role of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The owner of the database, a superuser.
    Owner,
    /// A role that can only read. The engine creates it.
    Reader,
}

impl Role {
    const fn user(self) -> &'static str {
        match self {
            Self::Owner => USER,
            Self::Reader => "marquee_reader",
        }
    }
}

/// A shell script that starts the server and stops it when standard input closes,
/// which also happens when this process dies. Then it removes the directory `$0`.
///
/// It has a process group of its own: a signal to the group of this process, from
/// Ctrl-C or `timeout`, would end the script, and the server would then wait for its
/// running queries.
const SUPERVISOR_SCRIPT: &str = r#""$@" & server=$!; cat > /dev/null; kill -INT "$server"; wait "$server"; rm -rf "$0" 2> /dev/null"#;

/// A missing prerequisite of PostgreSQL.
#[derive(Debug, Error)]
pub enum PostgresMissing {
    /// The programs are not installed.
    #[error(
        "PostgreSQL 14 or newer is not installed; install it (Debian: `apt-get install postgresql`), or put \
         initdb and postgres on the PATH"
    )]
    Programs,
    /// The process runs as root, as which PostgreSQL does not start, and the system
    /// has no other suitable user.
    #[error("cannot start PostgreSQL as root; add a user postgres or nobody")]
    User,
}

/// An error of starting a server.
#[derive(Debug, Error)]
pub enum StartError {
    /// PostgreSQL is missing.
    #[error(transparent)]
    Missing(#[from] PostgresMissing),
    /// A file or a program cannot be used.
    #[error("cannot {action}: {source}")]
    Io {
        /// The operation, as a verb phrase.
        action: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// Another process uses the data.
    #[error("another command uses the data in {}; wait until it ends", data.display())]
    InUse {
        /// The data directory.
        data: PathBuf,
    },
    /// The server reported an error.
    #[error("PostgreSQL does not start: {0}")]
    Server(String),
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    supervisor: Child,
    /// The directory of the socket, the log and, for a temporary server, the data.
    run_dir: TempDir,
    /// The lock of the data; `None` for temporary data.
    _lock: Option<DataLock>,
}

/// The oldest version of PostgreSQL with the role `pg_read_all_data`, which queries need.
const OLDEST_VERSION: u32 = 14;

/// Returns the directory of the server's programs: the newest version in Debian's
/// directory that is not too old, else the first on the PATH.
///
/// # Errors
/// [`PostgresMissing::Programs`] if they are not installed.
pub fn programs() -> Result<PathBuf, PostgresMissing> {
    let version = |path: &Path| -> u32 {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or(0)
    };
    let mut versions: Vec<PathBuf> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| version(path) >= OLDEST_VERSION)
        .collect();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .map(|version| version.join("bin"))
        .chain(std::env::split_paths(&path))
        .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .ok_or(PostgresMissing::Programs)
}

impl Postgres {
    /// Starts a server with its data in `data`, which it initialises if necessary. A
    /// server that a killed process left there is stopped first. For `None`, the data is
    /// temporary.
    ///
    /// # Errors
    /// [`StartError`] if PostgreSQL is missing or does not start.
    pub async fn start(data: Option<&Path>) -> Result<Self, StartError> {
        let programs = programs()?;
        let run_dir = TempDir::with_prefix("marquee-pg-")
            .map_err(io_error("create a temporary directory"))?;
        let account = server_account(run_dir.path())?;
        change_owner(run_dir.path(), account)?;
        let (data, lock) = match data {
            Some(data) => (data.to_owned(), Some(DataLock::acquire(data).await?)),
            None => (run_dir.path().join("data"), None),
        };
        if !data.join("PG_VERSION").is_file() {
            initialise(&programs, &data, account)?;
        }
        let log = fs::File::create(run_dir.path().join("log"))
            .map_err(io_error("create PostgreSQL's log"))?;
        let mut supervisor = as_account("sh", account);
        supervisor
            .process_group(0)
            .args(["-c", SUPERVISOR_SCRIPT])
            .arg(run_dir.path())
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(run_dir.path())
            .args(settings())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        let supervisor = supervisor.spawn().map_err(io_error("start postgres"))?;
        let server = Self {
            supervisor,
            run_dir,
            _lock: lock,
        };
        server.wait().await?;
        Ok(server)
    }

    /// Opens a connection. Returns the client and the task that drives it.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn connect(
        &self,
        role: Role,
    ) -> Result<(Client, tokio::task::JoinHandle<()>), tokio_postgres::Error> {
        let (client, connection) = Config::new()
            .host_path(self.run_dir.path())
            .user(role.user())
            .dbname("postgres")
            .connect(NoTls)
            .await?;
        let driver = tokio::spawn(async move {
            // The client reports a lost connection.
            let _ = connection.await;
        });
        Ok((client, driver))
    }

    async fn wait(&self) -> Result<(), StartError> {
        let begun = Instant::now();
        loop {
            let Err(error) = self.connect(Role::Owner).await else {
                return Ok(());
            };
            let log = fs::read_to_string(self.run_dir.path().join("log")).unwrap_or_default();
            let fatal = log.lines().find(|line| line.contains("FATAL"));
            // A starting server rejects connections with FATAL, too.
            let fatal = fatal.filter(|line| !line.contains("starting up"));
            if let Some(line) = fatal {
                return Err(StartError::Server(line.to_owned()));
            }
            if begun.elapsed() > START_TIMEOUT {
                return Err(StartError::Server(error.to_string()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// Returns the server's settings: local connections only, no durability, and UTC as
/// in Redshift.
///
/// Joins on equal columns are hashed or merged, as in Redshift. For joins on several
/// correlated columns PostgreSQL expects a single row even with statistics, and a nested
/// loop then reads a table once for each of the real rows.
fn settings() -> impl Iterator<Item = &'static str> {
    [
        "listen_addresses=",
        "fsync=off",
        "timezone=UTC",
        "max_connections=200",
        "shared_buffers=32MB",
        "log_statement=none",
        "enable_nestloop=off",
    ]
    .into_iter()
    .flat_map(|setting| ["-c", setting])
}

/// Creates a database in `data`: first in a directory beside it, so that an interrupted
/// initialisation leaves no incomplete database there.
fn initialise(programs: &Path, data: &Path, account: Option<(u32, u32)>) -> Result<(), StartError> {
    let partial = data.with_extension("partial");
    let created = io_error(&format!("create {}", partial.display()));
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(created(error)),
        _ => fs::create_dir_all(&partial).map_err(created)?,
    }
    change_owner(&partial, account)?;
    // Redshift sorts text by its bytes, like the locale C.
    let output = as_account(programs.join("initdb"), account)
        .arg("-D")
        .arg(&partial)
        .args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"])
        .args(["--no-sync", "--no-instructions"])
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .map_err(io_error("run initdb"))?;
    if output.status.success() {
        let moved = fs::rename(&partial, data);
        return moved.map_err(io_error(&format!("create {}", data.display())));
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().last().unwrap_or("no message");
    Err(StartError::Server(format!("initdb failed: {last}")))
}

/// Returns the user and group to run the server as, because PostgreSQL refuses to
/// run as root; `None` for the current user. The owner of the new directory
/// `run_dir` is the current user.
fn server_account(run_dir: &Path) -> Result<Option<(u32, u32)>, StartError> {
    let owner = fs::metadata(run_dir).map_err(io_error("read the temporary directory's owner"))?;
    if owner.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = account("postgres").or_else(|| account("nobody"));
    Ok(Some(found.ok_or(PostgresMissing::User)?))
}

fn change_owner(directory: &Path, account: Option<(u32, u32)>) -> Result<(), StartError> {
    let Some((user, group)) = account else {
        return Ok(());
    };
    chown(directory, Some(user), Some(group)).map_err(io_error(&format!(
        "change the owner of {}",
        directory.display()
    )))
}

fn as_account(program: impl AsRef<std::ffi::OsStr>, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

pub(crate) fn io_error(action: &str) -> impl Fn(io::Error) -> StartError + use<> {
    let action = action.to_owned();
    move |source| StartError::Io {
        action: action.clone(),
        source,
    }
}
