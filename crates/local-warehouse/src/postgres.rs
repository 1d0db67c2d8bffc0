//! A PostgreSQL server of our own: in a directory, on a socket, for as long as
//! its handle lives, and no longer than this process.

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

/// Where Debian's packages keep a version's programs.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How long a server may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(60);
/// The database's only user.
const USER: &str = "marquee";
/// Starts the server and ends it when this process closes the pipe or dies.
const KEEPER: &str = r#""$@" & server=$!; cat > /dev/null; kill -INT "$server"; wait "$server""#;

/// There is no PostgreSQL to be started.
#[derive(Debug, Error)]
pub enum Missing {
    /// Its programs are nowhere.
    #[error(
        "there is no PostgreSQL: install it (Debian: `apt-get install postgresql`), or put \
         initdb and postgres on the PATH"
    )]
    Programs,
    /// It refuses to run as root, and there is nobody else to run it as.
    #[error("PostgreSQL does not run as root, and there is no user postgres or nobody")]
    User,
}

/// A server does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// There is none.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A file or a program cannot be used.
    #[error("cannot {action}: {cause}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it did not work.
        cause: io::Error,
    },
    /// It says why itself.
    #[error("PostgreSQL does not start: {0}")]
    Said(String),
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    keeper: Child,
    /// Of the socket and the log, and of the data unless that is to stay.
    own: TempDir,
}

/// Where the server's programs are, newest version first.
///
/// # Errors
/// [`Missing::Programs`].
pub fn programs() -> Result<PathBuf, Missing> {
    let version = |path: &Path| -> u32 {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or(0)
    };
    let mut versions: Vec<PathBuf> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .map(|version| version.join("bin"))
        .chain(std::env::split_paths(&path))
        .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .ok_or(Missing::Programs)
}

impl Postgres {
    /// Starts a server whose data is in `data`, which is made if it is not there;
    /// without one, in a directory that goes with the server.
    ///
    /// # Errors
    /// [`StartError`] says what is missing, or what the server said.
    pub async fn start(data: Option<&Path>) -> Result<Self, StartError> {
        let programs = programs()?;
        let own = TempDir::with_prefix("marquee-pg-").map_err(failed("make a directory"))?;
        let account = account(own.path())?;
        give(own.path(), account)?;
        let data = match data {
            Some(data) => data.to_owned(),
            None => own.path().join("data"),
        };
        if !data.join("PG_VERSION").is_file() {
            initialise(&programs, &data, account)?;
        }
        let log = fs::File::create(own.path().join("log")).map_err(failed("write its log"))?;
        let mut keeper = as_account("sh", account);
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(own.path())
            .args(settings())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        let keeper = keeper.spawn().map_err(failed("start postgres"))?;
        let server = Self { keeper, own };
        server.wait().await?;
        Ok(server)
    }

    /// A session of its own, and what drives its connection.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn connect(
        &self,
    ) -> Result<(Client, tokio::task::JoinHandle<()>), tokio_postgres::Error> {
        let (client, connection) = Config::new()
            .host_path(self.own.path())
            .user(USER)
            .dbname("postgres")
            .connect(NoTls)
            .await?;
        let driver = tokio::spawn(async move {
            // Its end is seen by the client.
            let _ = connection.await;
        });
        Ok((client, driver))
    }

    async fn wait(&self) -> Result<(), StartError> {
        let begun = Instant::now();
        loop {
            let Err(error) = self.connect().await else {
                return Ok(());
            };
            let log = fs::read_to_string(self.own.path().join("log")).unwrap_or_default();
            let fatal = log.lines().find(|line| line.contains("FATAL"));
            // While it starts it says so, in the same way.
            let fatal = fatal.filter(|line| !line.contains("starting up"));
            if let Some(line) = fatal {
                return Err(StartError::Said(line.to_owned()));
            }
            if begun.elapsed() > PATIENCE {
                return Err(StartError::Said(error.to_string()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Quick to start, alone in the world, and in UTC, as Redshift is.
fn settings() -> impl Iterator<Item = &'static str> {
    [
        "listen_addresses=",
        "fsync=off",
        "timezone=UTC",
        "max_connections=200",
        "shared_buffers=32MB",
        "log_statement=none",
    ]
    .into_iter()
    .flat_map(|setting| ["-c", setting])
}

fn initialise(programs: &Path, data: &Path, account: Option<(u32, u32)>) -> Result<(), StartError> {
    fs::create_dir_all(data).map_err(failed(&format!("make {}", data.display())))?;
    give(data, account)?;
    // Redshift sorts text by its bytes, which is the locale C.
    let output = as_account(programs.join("initdb"), account)
        .arg("-D")
        .arg(data)
        .args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"])
        .args(["--no-sync", "--no-instructions"])
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .map_err(failed("run initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("nothing");
    Err(StartError::Said(format!("initdb said: {last}")))
}

/// Whom the server is to run as, user and group; `None` is who we are. It refuses
/// to be root.
fn account(own: &Path) -> Result<Option<(u32, u32)>, StartError> {
    let me = fs::metadata(own).map_err(failed("look at the directory"))?;
    if me.uid() != 0 {
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
    Ok(Some(found.ok_or(Missing::User)?))
}

fn give(directory: &Path, account: Option<(u32, u32)>) -> Result<(), StartError> {
    let Some((user, group)) = account else {
        return Ok(());
    };
    chown(directory, Some(user), Some(group))
        .map_err(failed(&format!("give away {}", directory.display())))
}

fn as_account(program: impl AsRef<std::ffi::OsStr>, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

fn failed(action: &str) -> impl Fn(io::Error) -> StartError {
    let action = action.to_owned();
    move |cause| StartError::Io {
        action: action.clone(),
        cause,
    }
}
