//! The stand-in for a warehouse, served to a deployment on an emulator of AWS.
//!
//! It is told what the function is told, in the same variables, and copies from the
//! same bucket with the credentials of its environment, which are to be those of the
//! COPY role. Its first line of output is where the Data API answers. It ends, and
//! PostgreSQL with it, when its input is closed or it is asked to terminate.
//!
//! With `--is-there` it says only whether there is a PostgreSQL to be started.
#![allow(missing_docs)]

#[path = "../src/config.rs"]
#[allow(dead_code, reason = "statements are given all the time they want")]
mod config;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use marquee_aws::S3Store;
use marquee_local_warehouse::copy::Lake;
use marquee_local_warehouse::server::{Account, Server};
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
    let lake = Lake {
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
    let server = Server::start(data_api, account)
        .await
        .context("no port on the loopback")?;
    println!("{}", server.endpoint());
    until_told().await
}

/// Waits for the end of the input, or a signal.
async fn until_told() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot hear of signals")?;
    let closed = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = closed => {}
    }
    Ok(())
}
