//! Execution of a check.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::WriterBuilder;
use datafusion::arrow::json::writer::LineDelimited;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use marquee_sql::{Check, CheckResult};

use crate::MartsError;
use crate::statement;

/// The maximum number of violating rows in a result.
const SAMPLE: usize = 5;

/// Runs `check` with the tables of `context`; `sql` is the check's SQL for one date.
pub(crate) async fn run(
    check: &Check,
    sql: &str,
    context: &SessionContext,
) -> Result<CheckResult, MartsError> {
    let plan = statement::plan(&context.state(), sql).await?;
    let frame = context.execute_logical_plan(plan).await?;
    let mut stream = frame.execute_stream().await?;
    let mut result = CheckResult {
        name: check.name.clone(),
        severity: check.severity,
        about: check.about.clone(),
        broken: 0,
        sample: Vec::new(),
    };
    while let Some(rows) = stream.try_next().await? {
        result.broken += rows.num_rows() as u64;
        let missing = rows.num_rows().min(SAMPLE - result.sample.len());
        let sample = json_lines(&rows.slice(0, missing)).map_err(DataFusionError::from)?;
        result.sample.extend(sample);
    }
    Ok(result)
}

fn json_lines(rows: &RecordBatch) -> Result<Vec<String>, ArrowError> {
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(Vec::new());
    writer.write(rows)?;
    writer.finish()?;
    let text = String::from_utf8(writer.into_inner())
        .map_err(|error| ArrowError::JsonError(format!("JSON is not UTF-8: {error}")))?;
    Ok(text.lines().map(str::to_owned).collect())
}
