//! Serves a local warehouse to a deployment on an AWS emulator.
//!
//! It reads the same environment variables as the function and copies from the same
//! bucket. The credentials of its environment must be those of the COPY role. The
//! first line of output is the endpoint of the Data API. The program stops PostgreSQL
//! and ends when its standard input is closed or it receives SIGTERM.
//!
//! With `--is-there` it only reports whether PostgreSQL is installed.
#![allow(missing_docs)]

#[path = "../src/config.rs"]
#[allow(dead_code, reason = "this server does not use the statement timeout")]
mod config;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use marquee_aws::S3Store;
use marquee_local_warehouse::copy::CopySource;
use marquee_local_warehouse::server::{Account, DataApiServer};
use marquee_local_warehouse::{Engine, FakeDataApi, postgres};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("--is-there") => postgres::programs().map(drop).map_err(Into::into),
        _ => serve().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = marquee_aws::sdk_config().await;
    let url = config.lake.location();
    let store = S3Store::connect(&sdk, config.lake.bucket, config.lake.path_style);
    let lake = CopySource {
        store: Arc::new(store),
        url,
        role: config.copy_role,
    };
    let account = Account {
        workgroup: config.workgroup,
        database: config.database,
        secret: config.secret,
    };
    let data_api = FakeDataApi::new(Engine::start(lake, None).await?);
    let server = DataApiServer::start(data_api, account)
        .await
        .context("cannot listen on a loopback port")?;
    println!("{}", server.endpoint());
    wait_for_shutdown().await
}

/// Waits for the end of standard input or for SIGTERM.
async fn wait_for_shutdown() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    let closed = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = closed => {}
    }
    Ok(())
}
