//! Query results as Rust types.

use anyhow::Context as _;
use arrow_json::LineDelimitedWriter;
use marquee_marts::Engine;
use serde::de::DeserializeOwned;

/// Runs a query and deserializes its rows by their column names.
pub(super) async fn rows<T: DeserializeOwned>(
    engine: &Engine,
    sql: &str,
) -> anyhow::Result<Vec<T>> {
    let batches = engine.query(sql).await?;
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    serde_json::Deserializer::from_slice(&writer.into_inner())
        .into_iter()
        .collect::<Result<_, _>>()
        .context("a query of the demo returned unexpected columns")
}
