//! The printed results of the warehouse commands.

use std::io;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use marquee_console::{escape_control, print};
use marquee_local_warehouse::engine::QueryResult;

use super::DateLoad;
use crate::counted::counted;
use crate::hints;

/// PostgreSQL's numeric types, whose values are right-aligned.
const NUMERIC_TYPES: [&str; 6] = ["int2", "int4", "int8", "float4", "float8", "numeric"];

pub(super) fn migrated(changes: &[String]) -> io::Result<()> {
    let mut text = String::new();
    for change in changes {
        text.push_str(&format!("{change}\n"));
    }
    if changes.is_empty() {
        text.push_str("the warehouse's schema is current\n");
    }
    print(&text)
}

pub(super) fn loaded(loads: &[DateLoad], lake: &Path) -> io::Result<()> {
    let mut text = String::new();
    if loads.is_empty() {
        text.push_str("no date is published. Run `marquee day`\n");
    }
    for load in loads {
        text.push_str(&line(load));
        text.push('\n');
    }
    hints::print(text, lake)
}

/// Returns the line of a date's load.
fn line(load: &DateLoad) -> String {
    let DateLoad {
        event_date,
        generation,
        tables,
        rows,
        report,
    } = load;
    match &report.cause {
        Some(cause) => format!(
            "{event_date}  generation {generation}  NOT loaded: {}",
            escape_control(cause)
        ),
        None => format!(
            "{event_date}  generation {generation}  {}, {}: loaded, row counts match",
            counted(*tables as u64, "table", "tables"),
            counted(*rows, "row", "rows")
        ),
    }
}

pub(super) fn demo(loads: &[DateLoad], lake: &Path) -> io::Result<()> {
    let mut text = "Warehouse\n".to_owned();
    for load in loads {
        text.push_str(&format!("  {}\n", line(load)));
    }
    text.push_str(&format!(
        "  Query it:\n  {} warehouse query --lake {} \\\n    \"SELECT * FROM marquee.search_funnel ORDER BY event_date\"\n\n",
        hints::program(),
        hints::quoted(&lake.display().to_string())
    ));
    print(&text)
}

pub(super) fn answer(answer: &QueryResult) -> io::Result<()> {
    print(table(answer))
}

/// Formats a result as a table. NULL is empty.
pub(crate) fn table(answer: &QueryResult) -> String {
    let columns = answer.columns.as_deref().unwrap_or_default();
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(columns.iter().map(|column| escape_control(&column.name)));
    for row in &answer.rows {
        let values = row.iter().map(|value| value.as_deref().unwrap_or_default());
        table.add_row(values.map(escape_control));
    }
    for (index, column) in columns.iter().enumerate() {
        if NUMERIC_TYPES.contains(&column.type_name.as_str())
            && let Some(shown) = table.column_mut(index)
        {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    format!("{}\n", lines.join("\n"))
}
