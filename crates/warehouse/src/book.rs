//! The last line of a date's books: the warehouse has the rows that its
//! generation has, table by table.
//!
//! What a table should have is what the load log says it has: the rows of a newer
//! generation where one was loaded meanwhile.

use std::collections::BTreeMap;

use marquee_event::Date;
use marquee_lake::document;
use marquee_lake::generation::{self, Generation};
use marquee_lake::zone::warehouse_book_key;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::definition::{Definition, Shape};
use crate::error::WarehouseError;
use crate::files;
use crate::port::{Batch, Rows};
use crate::script;

/// Which statements of [`standing`] tell the loads, and count the rows.
pub const TOLD: [usize; 2] = [0, 1];

/// A generation of a date, as the load log names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Loaded {
    /// The date.
    pub event_date: Date,
    /// Its generation.
    pub generation: u32,
}

/// What the warehouse has of a date's tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The newest load of a table: of the date, or, where a table says how things
    /// stand, of this or a later one.
    pub loads: BTreeMap<String, Loaded>,
    /// How many rows it has of it.
    pub rows: BTreeMap<String, u64>,
}

/// A line of the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was loaded last; `None` when nothing ever was.
    pub loaded: Option<Loaded>,
    /// Rows of the generation's files.
    pub curated: u64,
    /// Rows that the warehouse has.
    pub warehouse: u64,
}

impl Line {
    fn is_balanced(&self) -> bool {
        self.loaded.is_some() && self.curated == self.warehouse
    }
}

/// Warehouse rows = curated rows, for every table of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarehouseBook {
    /// The date.
    pub event_date: Date,
    /// The generation that was loaded.
    pub generation: u32,
    /// Whether every line adds up.
    pub balanced: bool,
    /// A line a table.
    pub tables: BTreeMap<String, Line>,
}

impl WarehouseBook {
    /// What does not add up, and what to do about it; `None` when all does.
    pub fn problem(&self) -> Option<String> {
        let mut lines = Vec::new();
        for (table, line) in &self.tables {
            match &line.loaded {
                None => lines.push(format!("{table} was never loaded")),
                Some(_) if line.is_balanced() => {}
                Some(Loaded {
                    event_date,
                    generation,
                }) => lines.push(format!(
                    "{table} has {} rows in the warehouse, but generation {generation} of \
                     {event_date} has {}",
                    line.warehouse, line.curated
                )),
            }
        }
        (!lines.is_empty()).then(|| {
            format!(
                "the warehouse's line does not balance: {}. If somebody wrote to the tables, \
                 delete their lines of the date from marquee.loads and load it again",
                lines.join("; ")
            )
        })
    }

    /// Where it lies: beside the audit, where a plan looks for what is not loaded.
    pub fn key(&self) -> Path {
        warehouse_book_key(self.event_date)
    }
}

/// Asks the warehouse what it has of the date.
///
/// # Errors
/// [`WarehouseError::File`].
pub fn standing(
    event_date: Date,
    definitions: &[Definition],
    token: String,
) -> Result<Batch, WarehouseError> {
    let counts: Vec<String> = definitions.iter().map(count).collect();
    let words = BTreeMap::from([("counts", counts.join("\nUNION ALL\n"))]);
    let text = files::named(files::LOOKS, "standing");
    Ok(Batch {
        name: "count".into(),
        token,
        statements: script::statements("look/standing", text, &words)?,
        parameters: BTreeMap::from([("event_date".to_owned(), event_date.to_string())]),
    })
}

/// The query for the rows that a generation has put into a table.
fn count(definition: &Definition) -> String {
    let table = &definition.table;
    let of = match definition.shape {
        Shape::Date => " WHERE event_date = CAST(:event_date AS DATE)",
        Shape::Latest => "",
        Shape::History => " WHERE is_current",
    };
    format!(
        "SELECT CAST('{table}' AS VARCHAR(128)) AS table_name, count(*) AS row_count \
         FROM marquee.{table}{of}"
    )
}

impl Standing {
    /// Understands the answers to [`standing`].
    ///
    /// # Errors
    /// [`WarehouseError::Answer`].
    pub fn read(
        event_date: Date,
        definitions: &[Definition],
        loads: Rows,
        rows: Rows,
    ) -> Result<Self, WarehouseError> {
        let mut standing = Self::default();
        for row in loads {
            let not_understood = || not_understood(&row);
            let [Some(table), Some(date), Some(generation)] = &row[..] else {
                return Err(not_understood());
            };
            let loaded = Loaded {
                event_date: date.parse().map_err(|_| not_understood())?,
                generation: generation.parse().map_err(|_| not_understood())?,
            };
            let is_of_date = definitions
                .iter()
                .any(|d| d.table == *table && d.shape == Shape::Date);
            if is_of_date && loaded.event_date != event_date {
                continue;
            }
            let newest = standing
                .loads
                .entry(table.clone())
                .or_insert(loaded.clone());
            if *newest < loaded {
                *newest = loaded;
            }
        }
        for row in rows {
            let [Some(table), Some(count)] = &row[..] else {
                return Err(not_understood(&row));
            };
            let count = count.parse().map_err(|_| not_understood(&row))?;
            standing.rows.insert(table.clone(), count);
        }
        Ok(standing)
    }

    /// Whether the table has that generation, or a newer one.
    pub fn has(&self, table: &str, generation: &Generation) -> bool {
        let wanted = Loaded {
            event_date: generation.event_date,
            generation: generation.generation,
        };
        self.loads.get(table).is_some_and(|found| *found >= wanted)
    }

    /// The book of the generation.
    ///
    /// # Errors
    /// When a newer generation that was loaded meanwhile cannot be read.
    pub async fn book(
        &self,
        store: &dyn ObjectStore,
        generation: &Generation,
    ) -> Result<WarehouseBook, WarehouseError> {
        let own = Loaded {
            event_date: generation.event_date,
            generation: generation.generation,
        };
        let mut newer: BTreeMap<&Loaded, Generation> = BTreeMap::new();
        let mut tables = BTreeMap::new();
        for (table, files) in &generation.tables {
            let loaded = self.loads.get(table).filter(|found| **found >= own);
            let curated = match loaded {
                Some(loaded) if *loaded != own => {
                    if !newer.contains_key(loaded) {
                        let read =
                            generation::read(store, loaded.event_date, loaded.generation).await?;
                        newer.insert(loaded, read);
                    }
                    let found = newer.get(loaded).and_then(|g| g.tables.get(table));
                    found.map_or(0, |files| files.rows())
                }
                _ => files.rows(),
            };
            let line = Line {
                loaded: loaded.cloned(),
                curated,
                warehouse: self.rows.get(table).copied().unwrap_or_default(),
            };
            tables.insert(table.clone(), line);
        }
        Ok(WarehouseBook {
            event_date: own.event_date,
            generation: own.generation,
            balanced: tables.values().all(Line::is_balanced),
            tables,
        })
    }
}

/// Keeps the book beside the audit, where the last one replaces the one before.
///
/// # Errors
/// When the lake cannot be written.
pub async fn keep(store: &dyn ObjectStore, book: &WarehouseBook) -> Result<(), WarehouseError> {
    document::write(store, &book.key(), book).await?;
    Ok(())
}

fn not_understood(row: &[Option<String>]) -> WarehouseError {
    WarehouseError::Answer {
        what: format!("{row:?} about its loads"),
    }
}
