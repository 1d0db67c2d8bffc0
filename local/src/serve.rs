//! `marquee serve`: the HTTP API over a lake directory.

mod host;
mod listen;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use marquee_console::{self as console, directory_parser};
use marquee_lake::generation;

use crate::hints;
use crate::lake::existing_lake;
use host::AllowedHosts;
use server::ServerLimits;

pub use host::HostName;
pub use listen::ListenAddress;

/// Serve the HTTP API from a lake's newest published date
///
/// The routes are GET /v1/users/USER/recommendations, /v1/titles/popular and /health;
/// docs/API.md describes them. The server detects newly published dates. Stop it with
/// Ctrl-C; it ends within 5 seconds.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Read the lake in this directory
    #[arg(long, value_name = "DIR", value_parser = directory_parser(), default_value = "lake")]
    pub lake: PathBuf,
    /// Listen on this host and port; port 0 selects a free port. The API has no
    /// authentication: on any host except localhost, everybody who can reach it can read
    /// the viewing history of users
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub listen: ListenAddress,
    /// Accept requests for this host as well. On loopback, the server accepts only
    /// localhost, 127.0.0.1, [::1] and the host of --listen, so that a web page cannot
    /// read the API under a name of its own. Repeat the option for more hosts
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<HostName>,
    /// Check for a newly published date at this interval, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = console::count_in(1..=3600_u64))]
    pub refresh_seconds: u64,
}

/// Serves requests until Ctrl-C or SIGTERM.
///
/// # Errors
/// [`BadInput`](crate::bad_input::BadInput) for a directory without a lake, or an
/// address that is in use.
pub async fn execute(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let newest = generation::newest(&*store).await?;
    let mut router = marquee_api::router(store, Duration::from_secs(args.refresh_seconds));
    let listener = args.listen.bind().await?;
    let address = listener.local_addr()?;
    if let Some(hosts) = AllowedHosts::new(address, &args.listen.host(), &args.allow_host) {
        router = router.layer(middleware::from_fn_with_state(Arc::new(hosts), host::check));
    }
    let lake = args.lake.display();
    let mut text = format!("Serving {lake} on http://{address}; press Ctrl-C to stop\n");
    if newest.is_none() {
        text += "No date is published yet, so requests fail with status 503. Publish dates with \
                 `marquee day`; the server finds them without a restart.\n";
    }
    hints::print(text, &args.lake)?;
    server::serve(listener, router, ServerLimits::default(), end_signal()).await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or a request of the system to end (SIGTERM). Without a signal handler,
/// only killing the process stops it.
async fn end_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    tokio::select! {
        _ = terminated => {}
        () = interrupted => {}
    }
}
