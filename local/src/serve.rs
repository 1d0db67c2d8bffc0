//! `marquee serve`: the HTTP API over a lake directory.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use marquee_console as console;
use tokio::net::TcpListener;

use crate::bad_input::BadInput;
use crate::day::existing_lake;

/// Answer what to watch next, over HTTP, from a lake's newest published date.
///
/// GET /v1/users/USER/recommendations, /v1/titles/popular and /health; docs/API.md has
/// what they answer. A date that is published meanwhile is seen after a while. Ends
/// with Ctrl-C.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lake's directory
    #[arg(long, value_name = "DIR", default_value = "lake")]
    pub lake: PathBuf,
    /// Where it listens; port 0 is any that is free. It asks nobody who they are:
    /// beyond 127.0.0.1, everybody there may read what was watched
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// How long a published state is answered from before it looks for a newer one
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub refresh_seconds: u64,
}

/// Answers until it is told to stop.
///
/// # Errors
/// [`BadInput`] where the lake or the address is at fault.
pub async fn execute(args: Args) -> anyhow::Result<ExitCode> {
    let store = existing_lake(&args.lake)?;
    let router = marquee_api::router(store, Duration::from_secs(args.refresh_seconds));
    let taken = |error| BadInput(format!("nothing can listen on {}: {error}", args.listen));
    let listener = TcpListener::bind(args.listen).await.map_err(taken)?;
    let address = listener.local_addr()?;
    let lake = args.lake.display();
    console::print(format!(
        "{lake} is served on http://{address}; Ctrl-C ends it\n"
    ))?;
    let told = async {
        // Without the signal there is nothing to wait for: the process is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(told)
        .await?;
    Ok(ExitCode::SUCCESS)
}
