//! Running a check.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::WriterBuilder;
use datafusion::arrow::json::writer::LineDelimited;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use marquee_event::Date;
use marquee_sql::{Check, CheckResult};

use crate::MartsError;
use crate::statement;

/// How many of the rows that break a check are shown.
const SAMPLE: usize = 5;

/// Asks `context` for the rows that break `check` on that date.
pub(crate) async fn run(
    check: &Check,
    context: &SessionContext,
    event_date: Date,
) -> Result<CheckResult, MartsError> {
    let plan = statement::plan(&context.state(), &check.sql_for(&event_date.to_string())).await?;
    let frame = context.execute_logical_plan(plan).await?;
    let mut answer = frame.execute_stream().await?;
    let mut result = CheckResult {
        name: check.name.clone(),
        severity: check.severity,
        about: check.about.clone(),
        broken: 0,
        sample: Vec::new(),
    };
    while let Some(rows) = answer.try_next().await? {
        result.broken += rows.num_rows() as u64;
        let wanted = rows.num_rows().min(SAMPLE - result.sample.len());
        let shown = json_lines(&rows.slice(0, wanted)).map_err(DataFusionError::from)?;
        result.sample.extend(shown);
    }
    Ok(result)
}

fn json_lines(rows: &RecordBatch) -> Result<Vec<String>, ArrowError> {
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(Vec::new());
    writer.write(rows)?;
    writer.finish()?;
    let text = writer.into_inner();
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect())
}
