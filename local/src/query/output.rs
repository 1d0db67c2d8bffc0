//! Writes a query's result as a table, CSV or NDJSON.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_json::writer::LineDelimited;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use comfy_table::{CellAlignment, Table, presets};
use marquee_console::{escape_control, escape_control_in_json, escape_control_in_lines};
use marquee_marts::{MartsError, RowStream};

/// A result that the format cannot represent, such as a list in CSV.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the result in this format: {0}")]
pub(super) struct UnsupportedFormat(String);

/// A valid query that failed when it ran, such as a division by zero.
#[derive(Debug, thiserror::Error)]
#[error("the query failed: {0}")]
pub(super) struct ExecutionError(String);

/// Writes at most `shown` rows (0: all), and the number of rows.
pub(super) async fn table(mut answer: RowStream, shown: usize, out: &mut impl Write) -> Result<()> {
    let schema = answer.schema();
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(
        schema
            .fields()
            .iter()
            .map(|field| escape_control(field.name())),
    );
    for (index, field) in schema.fields().iter().enumerate() {
        if let Some(column) = table.column_mut(index)
            && field.data_type().is_numeric()
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let limit = if shown == 0 { usize::MAX } else { shown };
    let (mut written, mut rows) = (0, 0);
    let options = FormatOptions::new().with_null("NULL");
    while let Some(batch) = next(&mut answer).await? {
        rows += batch.num_rows();
        let batch = with_text_columns(&batch.slice(0, batch.num_rows().min(limit - written)))?;
        let cells = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, ArrowError>>()?;
        for row in 0..batch.num_rows() {
            let values = cells
                .iter()
                .map(|cell| escape_control(&cell.value(row).to_string()));
            table.add_row(values.collect::<Vec<_>>());
        }
        written += batch.num_rows();
    }
    if !schema.fields().is_empty() {
        writeln!(out, "{table}")?;
    }
    let plural = if rows == 1 { "row" } else { "rows" };
    if written < rows {
        writeln!(
            out,
            "({written} of {rows} {plural} shown; --rows 0 shows all, --format csv writes all)"
        )?;
    } else {
        writeln!(out, "({rows} {plural})")?;
    }
    Ok(())
}

/// Writes a header, and the rows as they arrive. With `for_terminal`, escapes control
/// characters, which changes the values.
pub(super) async fn csv(
    mut answer: RowStream,
    for_terminal: bool,
    out: &mut impl Write,
) -> Result<()> {
    let schema = answer.schema();
    if let Some(field) = schema.fields().iter().find(|f| f.data_type().is_nested()) {
        let (name, kind) = (field.name(), field.data_type());
        return Err(UnsupportedFormat(format!("column {name:?} is a {kind}")).into());
    }
    let mut has_header = true;
    let mut rows = Some(RecordBatch::new_empty(schema));
    while let Some(batch) = rows {
        let mut csv = arrow_csv::WriterBuilder::new()
            .with_header(std::mem::take(&mut has_header))
            .build(Vec::new());
        csv.write(&with_text_columns(&batch)?).map_err(fault)?;
        let text = csv.into_inner();
        match for_terminal {
            true => write!(
                out,
                "{}",
                escape_control_in_lines(&String::from_utf8_lossy(&text))
            )?,
            false => out.write_all(&text)?,
        }
        rows = next(&mut answer).await?;
    }
    Ok(())
}

/// Writes the rows as they arrive, one JSON object per line.
pub(super) async fn json(mut answer: RowStream, out: &mut impl Write) -> Result<()> {
    while let Some(batch) = next(&mut answer).await? {
        let mut json = arrow_json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, LineDelimited>(Vec::new());
        json.write(&with_text_columns(&batch)?).map_err(fault)?;
        json.finish().map_err(fault)?;
        let lines = json.into_inner();
        write!(
            out,
            "{}",
            escape_control_in_json(&String::from_utf8_lossy(&lines))
        )?;
    }
    Ok(())
}

/// Returns the next rows. Errors of the SQL itself were reported before the first
/// row.
async fn next(answer: &mut RowStream) -> Result<Option<RecordBatch>> {
    answer.next().await.map_err(|error| match error {
        MartsError::Sql { message } => ExecutionError(message).into(),
        error => error.into(),
    })
}

fn fault(error: ArrowError) -> anyhow::Error {
    match error {
        ArrowError::IoError(_, io) => io.into(),
        other => UnsupportedFormat(other.to_string()).into(),
    }
}

/// Converts the binary columns of a batch to text: unchanged if they are UTF-8,
/// otherwise in hex after `\x`.
fn with_text_columns(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| match column.data_type() {
            DataType::Binary => (
                field.as_ref().clone().with_data_type(DataType::Utf8),
                Arc::new(text_of(column)) as ArrayRef,
            ),
            _ => (field.as_ref().clone(), Arc::clone(column)),
        })
        .unzip();
    if fields.is_empty() {
        return Ok(batch.clone());
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn text_of(bytes: &dyn Array) -> StringArray {
    bytes
        .as_binary::<i32>()
        .iter()
        .map(|bytes| {
            bytes.map(|bytes| match str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().fold("\\x".to_owned(), |mut hex, byte| {
                    hex.push_str(&format!("{byte:02x}"));
                    hex
                }),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use arrow_array::BinaryArray;

    #[test]
    fn bytes_are_text_or_hex() {
        let bytes = BinaryArray::from_opt_vec(vec![Some(b"{}"), Some(b"\xff\0"), None]);
        let text = text_of(&bytes);
        assert_eq!(
            text.iter().collect::<Vec<_>>(),
            [Some("{}"), Some("\\xff00"), None]
        );
    }
}
