//! What a person reads of a warehouse.

use std::io;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use marquee_console::print;
use marquee_local_warehouse::engine::QueryResult;

use super::Loaded;
use crate::counted::counted;

/// PostgreSQL's names of types whose values stand to the right.
const NUMBERS: [&str; 6] = ["int2", "int4", "int8", "float4", "float8", "numeric"];

pub(super) fn migrated(changes: &[String]) -> io::Result<()> {
    let mut text = String::new();
    for change in changes {
        text.push_str(&format!("{change}\n"));
    }
    if changes.is_empty() {
        text.push_str("the warehouse is as it should be\n");
    }
    print(&text)
}

pub(super) fn loaded(loads: &[Loaded]) -> io::Result<()> {
    let mut text = String::new();
    if loads.is_empty() {
        text.push_str("no date is published: `marquee day` makes those that are due\n");
    }
    for load in loads {
        text.push_str(&line(load));
        text.push('\n');
    }
    print(&text)
}

/// A date's load in a line.
fn line(load: &Loaded) -> String {
    let Loaded {
        event_date,
        generation,
        tables,
        rows,
        report,
    } = load;
    match &report.cause {
        Some(cause) => format!("{event_date}  generation {generation}  NOT loaded: {cause}"),
        None => format!(
            "{event_date}  generation {generation}  {}, {}: the warehouse's are the generation's",
            counted(*tables as u64, "table", "tables"),
            counted(*rows, "row", "rows")
        ),
    }
}

pub(super) fn demo(loads: &[Loaded], lake: &Path, program: &str) -> io::Result<()> {
    let mut text = "Warehouse\n".to_owned();
    for load in loads {
        text.push_str(&format!("  {}\n", line(load)));
    }
    text.push_str(&format!(
        "  Ask it:\n  {program} warehouse query --lake '{}' \\\n    \"SELECT * FROM marquee.search_funnel ORDER BY event_date\"\n\n",
        lake.display()
    ));
    print(&text)
}

pub(super) fn answer(answer: &QueryResult) -> io::Result<()> {
    print(table(answer))
}

/// An answer as a table; null is empty.
pub(crate) fn table(answer: &QueryResult) -> String {
    let columns = answer.columns.as_deref().unwrap_or_default();
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(columns.iter().map(|column| column.name.as_str()));
    for row in &answer.rows {
        table.add_row(row.iter().map(|value| value.as_deref().unwrap_or_default()));
    }
    for (index, column) in columns.iter().enumerate() {
        if NUMBERS.contains(&column.type_name.as_str())
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
