//! The warehouse's line of a date's books, which the last load left beside the
//! audit.

use marquee_audit::{Audit, EventAudit};
use marquee_lake::zone::warehouse_book_key;
use marquee_lake::{LakeError, document};
use marquee_warehouse::book::{LoadedGeneration, WarehouseBook};
use object_store::ObjectStore;
use serde::Serialize;

/// What the warehouse has of a published date, by its book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum Warehouse {
    /// The date was never loaded.
    NotLoaded,
    /// An older generation was.
    Behind(WarehouseBook),
    /// The generation's rows, one for one.
    Balanced(WarehouseBook),
    /// Something else than the generation's rows.
    Unbalanced {
        /// Row by row.
        #[serde(flatten)]
        book: WarehouseBook,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The book says nothing.
    Unreadable {
        /// What is wrong with it, and what to do.
        problem: String,
    },
}

impl Warehouse {
    /// That of the audit's date; `None` before it is published, when there is
    /// nothing to load.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub(super) async fn of(
        store: &dyn ObjectStore,
        audit: &Audit,
    ) -> Result<Option<Self>, LakeError> {
        let Some(event) = &audit.event else {
            return Ok(None);
        };
        let read = document::read(store, &warehouse_book_key(audit.date)).await;
        let mut book: WarehouseBook = match read {
            Ok(book) => book,
            Err(LakeError::Store(object_store::Error::NotFound { .. })) => {
                return Ok(Some(Self::NotLoaded));
            }
            Err(error @ LakeError::Malformed { .. }) => {
                let problem = format!(
                    "{error}; `marquee warehouse load {}` writes it anew",
                    audit.date
                );
                return Ok(Some(Self::Unreadable { problem }));
            }
            Err(error) => return Err(error),
        };
        Ok(Some(if book.generation < event.generation {
            Self::Behind(book)
        } else {
            match book.imbalance().or_else(|| differs(&book, event)) {
                None => Self::Balanced(book),
                Some(problem) => {
                    book.balanced = false;
                    Self::Unbalanced { book, problem }
                }
            }
        }))
    }

    /// What is wrong, and what to do; a date that is not loaded yet is not wrong.
    pub(super) fn problem(&self) -> Option<&str> {
        match self {
            Self::NotLoaded | Self::Behind(_) | Self::Balanced(_) => None,
            Self::Unbalanced { problem, .. } | Self::Unreadable { problem } => Some(problem),
        }
    }

    /// The book that tells the rows.
    pub(super) fn book(&self) -> Option<&WarehouseBook> {
        match self {
            Self::Behind(book) | Self::Balanced(book) | Self::Unbalanced { book, .. } => Some(book),
            Self::NotLoaded | Self::Unreadable { .. } => None,
        }
    }
}

/// Where the book is not of the generation's tables and their rows.
fn differs(book: &WarehouseBook, event: &EventAudit) -> Option<String> {
    let is_own = |loaded: &LoadedGeneration| {
        loaded.event_date == book.event_date && loaded.generation == event.generation
    };
    let differing: Vec<&str> = event
        .tables
        .iter()
        .filter(|(name, table)| match book.tables.get(*name) {
            Some(line) => line.loaded.as_ref().is_some_and(is_own) && line.curated != table.rows,
            None => true,
        })
        .map(|(name, _)| name.as_str())
        .collect();
    (!differing.is_empty()).then(|| {
        format!(
            "the warehouse's line is not of the rows that generation {} has of {}: \
             `marquee warehouse load {}` counts them anew",
            event.generation,
            differing.join(", "),
            book.event_date
        )
    })
}
