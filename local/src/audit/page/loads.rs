//! The warehouse book, table by table.

use std::fmt::{self, Formatter};

use marquee_console::escape_control;
use marquee_warehouse::book::{LoadedGeneration, TableBalance, WarehouseBook};

use super::count;

/// Writes the row counts of each table in the lake and in the warehouse.
pub(super) fn loads(f: &mut Formatter<'_>, book: &WarehouseBook) -> fmt::Result {
    writeln!(
        f,
        "    {:<28} {:>13}   {:>13}",
        "rows", "in the lake", "in warehouse"
    )?;
    let (mut curated, mut warehouse) = (0, 0);
    for (name, line) in &book.tables {
        let TableBalance {
            loaded,
            curated: lake,
            warehouse: loaded_rows,
        } = line;
        let remark = match loaded {
            None => "never loaded".to_owned(),
            Some(loaded) => generation_remark(book, loaded),
        };
        write_comparison(f, name, *lake, *loaded_rows, &remark)?;
        curated += lake;
        warehouse += loaded_rows;
    }
    write_comparison(f, "all tables", curated, warehouse, "")
}

/// Names the generation of a table's rows if it is not the book's: a table with the
/// state of the newest date has that date's rows.
fn generation_remark(book: &WarehouseBook, loaded: &LoadedGeneration) -> String {
    match loaded.event_date == book.event_date && loaded.generation == book.generation {
        true => String::new(),
        false => format!("of {}, generation {}", loaded.event_date, loaded.generation),
    }
}

fn write_comparison(
    f: &mut Formatter<'_>,
    name: &str,
    lake: u64,
    warehouse: u64,
    remark: &str,
) -> fmt::Result {
    let sign = if lake == warehouse { '=' } else { '≠' };
    let text = format!(
        "    {:<28} {:>13} {sign} {:>13}   {remark}",
        escape_control(name),
        count(lake),
        count(warehouse)
    );
    writeln!(f, "{}", text.trim_end())
}
