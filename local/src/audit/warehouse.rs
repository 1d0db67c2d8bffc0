//! The warehouse book of a date, which the last load stored beside the audit.

use marquee_audit::{Audit, EventAudit};
use marquee_lake::zone::warehouse_book_key;
use marquee_lake::{LakeError, document};
use marquee_warehouse::book::{LoadedGeneration, WarehouseBook};
use object_store::ObjectStore;
use serde::Serialize;

/// The state of a published date in the warehouse, by its book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum WarehouseStatus {
    /// The date was never loaded.
    NotLoaded,
    /// An older generation was loaded.
    Behind {
        /// The book of the older generation.
        #[serde(flatten)]
        book: WarehouseBook,
        /// The current generation.
        #[serde(skip)]
        current: u32,
    },
    /// The warehouse has the rows of the generation.
    Balanced(WarehouseBook),
    /// The warehouse does not have the rows of the generation.
    Unbalanced {
        /// The row counts.
        #[serde(flatten)]
        book: WarehouseBook,
        /// The problem and its remedy.
        problem: String,
    },
    /// The book is invalid.
    Unreadable {
        /// The problem and its remedy.
        problem: String,
    },
}

impl WarehouseStatus {
    /// Reads the state of the audit's date; `None` before it is published, when there is
    /// nothing to load.
    pub(super) async fn read(
        store: &dyn ObjectStore,
        audit: &Audit,
    ) -> Result<Option<Self>, LakeError> {
        let Some(event) = &audit.event else {
            return Ok(None);
        };
        let found = document::read(store, &warehouse_book_key(audit.date)).await;
        let mut book: WarehouseBook = match found {
            Ok(book) => book,
            Err(LakeError::Store(object_store::Error::NotFound { .. })) => {
                return Ok(Some(Self::NotLoaded));
            }
            Err(error @ LakeError::Malformed { .. }) => {
                let problem = format!(
                    "{error}. Run `marquee warehouse load {}`, which writes it again",
                    audit.date
                );
                return Ok(Some(Self::Unreadable { problem }));
            }
            Err(error) => return Err(error),
        };
        Ok(Some(if book.generation < event.generation {
            Self::Behind {
                book,
                current: event.generation,
            }
        } else {
            match book.imbalance().or_else(|| difference(&book, event)) {
                None => Self::Balanced(book),
                Some(problem) => {
                    book.balanced = false;
                    Self::Unbalanced { book, problem }
                }
            }
        }))
    }

    /// Returns the problem and its remedy. A date that is not loaded yet has none.
    pub(super) fn problem(&self) -> Option<&str> {
        match self {
            Self::NotLoaded | Self::Behind { .. } | Self::Balanced(_) => None,
            Self::Unbalanced { problem, .. } | Self::Unreadable { problem } => Some(problem),
        }
    }

    /// Returns the book with the row counts.
    pub(super) fn book(&self) -> Option<&WarehouseBook> {
        match self {
            Self::Behind { book, .. } | Self::Balanced(book) | Self::Unbalanced { book, .. } => {
                Some(book)
            }
            Self::NotLoaded | Self::Unreadable { .. } => None,
        }
    }
}

/// Describes the tables whose curated rows in the book differ from the generation's.
fn difference(book: &WarehouseBook, event: &EventAudit) -> Option<String> {
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
            "the warehouse book does not have the rows of generation {} of {}. Run \
             `marquee warehouse load {}`, which counts them again",
            event.generation,
            differing.join(", "),
            book.event_date
        )
    })
}
