//! The warehouse's line of the books, table by table.

use std::fmt::{self, Formatter};

use marquee_warehouse::book::{LoadedGeneration, TableBalance, WarehouseBook};

use super::{count, visible};

/// Writes what the lake has of each table, and what the warehouse has.
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
            warehouse: there,
        } = line;
        let remark = match loaded {
            None => "never loaded".to_owned(),
            Some(loaded) => newer(book, loaded),
        };
        compared(f, name, *lake, *there, &remark)?;
        curated += lake;
        warehouse += there;
    }
    compared(f, "all tables", curated, warehouse, "")
}

/// Which generation the rows are of, where it is not the book's own: a table that
/// says how things stand has those of the newest date.
fn newer(book: &WarehouseBook, loaded: &LoadedGeneration) -> String {
    match loaded.event_date == book.event_date && loaded.generation == book.generation {
        true => String::new(),
        false => format!("of {}, generation {}", loaded.event_date, loaded.generation),
    }
}

fn compared(
    f: &mut Formatter<'_>,
    name: &str,
    lake: u64,
    warehouse: u64,
    remark: &str,
) -> fmt::Result {
    let sign = if lake == warehouse { '=' } else { '≠' };
    let text = format!(
        "    {:<28} {:>13} {sign} {:>13}   {remark}",
        visible(name),
        count(lake),
        count(warehouse)
    );
    writeln!(f, "{}", text.trim_end())
}
