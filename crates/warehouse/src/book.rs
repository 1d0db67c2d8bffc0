//! The warehouse book, the last check of a date: every table of the warehouse has the
//! rows of its generation.
//!
//! The load log names the generation of each table. If a newer generation was loaded
//! in the meantime, its rows count.

use std::collections::BTreeMap;

use marquee_event::Date;
use marquee_lake::document;
use marquee_lake::generation::{self, Generation};
use marquee_lake::zone::warehouse_book_key;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::definition::{LoadMode, TableDefinition};
use crate::error::WarehouseError;
use crate::files;
use crate::port::{ResultRows, StatementBatch};
use crate::script;

/// The indexes of the statements of [`inspect_loads`] that return the load log and
/// the row counts.
pub const INSPECTION_RESULTS: [usize; 2] = [0, 1];

/// A generation as the load log names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LoadedGeneration {
    /// The date.
    pub event_date: Date,
    /// The generation of the date.
    pub generation: u32,
}

/// The load log and the row counts of a date's tables in the warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WarehouseLoads {
    /// The newest load of each table. For a table with rows of every date it is a
    /// load of this date, for the others of this or a later date.
    pub loads: BTreeMap<String, LoadedGeneration>,
    /// The number of rows of each table that belong to that load.
    pub rows: BTreeMap<String, u64>,
}

/// The row counts of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableBalance {
    /// The newest load; `None` if the table was never loaded.
    pub loaded: Option<LoadedGeneration>,
    /// The rows of the generation's files.
    pub curated: u64,
    /// The rows in the warehouse.
    pub warehouse: u64,
}

impl TableBalance {
    fn is_balanced(&self) -> bool {
        self.loaded.is_some() && self.curated == self.warehouse
    }
}

/// The row counts of every table of a generation in the lake and in the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarehouseBook {
    /// The date.
    pub event_date: Date,
    /// The loaded generation.
    pub generation: u32,
    /// True if the counts of every table are equal.
    pub balanced: bool,
    /// The row counts by table.
    pub tables: BTreeMap<String, TableBalance>,
}

impl WarehouseBook {
    /// Describes the tables with different row counts and the remedy; `None` if all
    /// counts are equal.
    pub fn imbalance(&self) -> Option<String> {
        let mut differences = Vec::new();
        for (table, balance) in &self.tables {
            match &balance.loaded {
                None => differences.push(format!("{table} was never loaded")),
                Some(_) if balance.is_balanced() => {}
                Some(LoadedGeneration {
                    event_date,
                    generation,
                }) => differences.push(format!(
                    "{table} has {} rows in the warehouse, but generation {generation} of \
                     {event_date} has {}",
                    balance.warehouse, balance.curated
                )),
            }
        }
        (!differences.is_empty()).then(|| {
            format!(
                "warehouse rows differ from curated rows: {}. If somebody changed the tables, \
                 delete their rows of the date from marquee.loads and load the date again",
                differences.join("; ")
            )
        })
    }

    /// Returns the key of the book: beside the audit, where the plan looks for dates
    /// to load.
    pub fn key(&self) -> Path {
        warehouse_book_key(self.event_date)
    }
}

/// Returns the batch that reads the load log and counts the rows of the date.
pub fn inspect_loads(
    event_date: Date,
    definitions: &[TableDefinition],
    token: String,
) -> Result<StatementBatch, WarehouseError> {
    let counts: Vec<String> = definitions.iter().map(count_query).collect();
    let values = BTreeMap::from([("counts", counts.join("\nUNION ALL\n"))]);
    let text = files::named(files::LOOKS, "look", "standing")?;
    Ok(StatementBatch {
        name: "count".into(),
        token,
        statements: script::statements("look/standing", text, &values)?,
        parameters: BTreeMap::from([("event_date".to_owned(), event_date.to_string())]),
    })
}

/// Returns the query that counts the rows of a table's newest load.
fn count_query(definition: &TableDefinition) -> String {
    let table = &definition.table;
    let filter = match definition.load_mode {
        LoadMode::Date => " WHERE event_date = CAST(:event_date AS DATE)",
        LoadMode::Latest => "",
        LoadMode::History => " WHERE is_current",
    };
    format!(
        "SELECT CAST('{table}' AS VARCHAR(128)) AS table_name, count(*) AS row_count \
         FROM marquee.{table}{filter}"
    )
}

impl WarehouseLoads {
    /// Parses the results of [`inspect_loads`].
    ///
    /// # Errors
    /// [`WarehouseError::InvalidResponse`].
    pub fn read(
        event_date: Date,
        definitions: &[TableDefinition],
        loads: ResultRows,
        rows: ResultRows,
    ) -> Result<Self, WarehouseError> {
        let mut found = Self::default();
        for row in loads {
            let [Some(table), Some(date), Some(generation)] = &row[..] else {
                return Err(invalid_row(&row));
            };
            let loaded = LoadedGeneration {
                event_date: date.parse().map_err(|_| invalid_row(&row))?,
                generation: generation.parse().map_err(|_| invalid_row(&row))?,
            };
            let is_of_date = definitions
                .iter()
                .any(|d| d.table == *table && d.load_mode == LoadMode::Date);
            if is_of_date && loaded.event_date != event_date {
                continue;
            }
            let newest = found.loads.entry(table.clone()).or_insert(loaded.clone());
            if *newest < loaded {
                *newest = loaded;
            }
        }
        for row in rows {
            let [Some(table), Some(count)] = &row[..] else {
                return Err(invalid_row(&row));
            };
            let count = count.parse().map_err(|_| invalid_row(&row))?;
            found.rows.insert(table.clone(), count);
        }
        Ok(found)
    }

    /// Returns true if the table has this generation or a newer one.
    pub fn has(&self, table: &str, generation: &Generation) -> bool {
        let wanted = LoadedGeneration {
            event_date: generation.event_date,
            generation: generation.generation,
        };
        self.loads.get(table).is_some_and(|found| *found >= wanted)
    }

    /// Returns the book of the generation.
    ///
    /// # Errors
    /// When a newer generation that was loaded in the meantime cannot be read or
    /// lacks a table that the load log names, or when the warehouse did not count a
    /// table.
    pub async fn book(
        &self,
        store: &dyn ObjectStore,
        generation: &Generation,
    ) -> Result<WarehouseBook, WarehouseError> {
        let own = LoadedGeneration {
            event_date: generation.event_date,
            generation: generation.generation,
        };
        let mut newer: BTreeMap<&LoadedGeneration, Generation> = BTreeMap::new();
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
                    found
                        .ok_or_else(|| {
                            WarehouseError::InvalidResponse(format!(
                                "marquee.loads has {table} of generation {} of {}, which the \
                                 generation does not contain",
                                loaded.generation, loaded.event_date
                            ))
                        })?
                        .rows()
                }
                _ => files.rows(),
            };
            let counted = self.rows.get(table).copied();
            let warehouse = counted.ok_or_else(|| {
                WarehouseError::InvalidResponse(format!("there is no row count of {table}"))
            })?;
            let balance = TableBalance {
                loaded: loaded.cloned(),
                curated,
                warehouse,
            };
            tables.insert(table.clone(), balance);
        }
        Ok(WarehouseBook {
            event_date: own.event_date,
            generation: own.generation,
            balanced: tables.values().all(TableBalance::is_balanced),
            tables,
        })
    }
}

/// Writes the book beside the audit and replaces the previous one.
pub async fn write(store: &dyn ObjectStore, book: &WarehouseBook) -> Result<(), WarehouseError> {
    document::write(store, &book.key(), book).await?;
    Ok(())
}

fn invalid_row(row: &[Option<String>]) -> WarehouseError {
    WarehouseError::InvalidResponse(format!(
        "a row of the load log or the row counts is {row:?}"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use object_store::memory::InMemory;
    use serde_json::json;

    use super::*;

    const DATE: &str = "2026-03-02";

    fn generation(number: u32, tables: serde_json::Value) -> Generation {
        serde_json::from_value(json!({
            "version": 1, "event_date": DATE, "generation": number, "parent": null, "run": "r",
            "catalogue": null, "covered": "c", "receipts": 0, "newest": true, "definitions": "d",
            "facts": "f", "looked_back": {}, "tables": tables,
            "counts": {"receipt_rows": 0, "curated": 0, "duplicates": 0, "conflicts": 0,
                       "redelivered": 0},
        }))
        .unwrap()
    }

    fn date() -> Date {
        DATE.parse().unwrap()
    }

    fn text(values: &[&str]) -> Vec<Option<String>> {
        values.iter().map(|value| Some((*value).into())).collect()
    }

    #[tokio::test]
    async fn a_table_without_a_row_count_is_an_error() {
        let first = generation(1, json!({"events": {"files": []}}));
        let loads = vec![text(&["events", DATE, "1"])];
        let loads = WarehouseLoads::read(date(), &[], loads, Vec::new()).unwrap();
        let error = loads.book(&InMemory::new(), &first).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid response of the warehouse: there is no row count of events"
        );
    }

    #[tokio::test]
    async fn a_logged_generation_without_the_table_is_an_error() {
        let store = InMemory::new();
        let second = generation(2, json!({}));
        assert!(generation::create(&store, &second).await.unwrap());
        let first = generation(1, json!({"events": {"files": []}}));
        let loads = vec![text(&["events", DATE, "2"])];
        let rows = vec![text(&["events", "0"])];
        let loads = WarehouseLoads::read(date(), &[], loads, rows).unwrap();
        let error = loads.book(&store, &first).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid response of the warehouse: marquee.loads has events of generation 2 of \
             2026-03-02, which the generation does not contain"
        );
    }

    #[test]
    fn an_invalid_row_is_an_error() {
        let loads = vec![text(&["events", DATE, "first"])];
        let error = WarehouseLoads::read(date(), &[], loads, Vec::new()).unwrap_err();
        assert!(
            matches!(error, WarehouseError::InvalidResponse(_)),
            "{error}"
        );
    }
}
