//! Published dates that the warehouse does not have.
//!
//! Every load of a date ends with a book beside the date's audit. It names the loaded
//! generation and tells whether the warehouse's rows equal those of the lake. A date needs a
//! load until it has a balanced book of its current generation. This finds loads that failed
//! or never started, and dates that were published before the warehouse existed.

use marquee_event::Date;
use marquee_lake::zone::WAREHOUSE_BOOK;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::error::CurationError;
use crate::pending_generations::pending_generations;

/// A published date that the warehouse does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unloaded {
    /// The date.
    pub event_date: Date,
    /// The current generation, to be loaded.
    pub generation: u32,
}

/// The fields of the warehouse's book that are read here.
#[derive(Deserialize)]
struct Book {
    generation: u32,
    balanced: bool,
}

/// Lists the published dates without a balanced warehouse book of their current generation,
/// ascending.
///
/// # Errors
/// If the lake cannot be read.
pub async fn unloaded(store: &dyn ObjectStore) -> Result<Vec<Unloaded>, CurationError> {
    let contains = |book: &Book, generation| book.balanced && book.generation >= generation;
    let dates = pending_generations(store, WAREHOUSE_BOOK, contains).await?;
    let unloaded = |(event_date, generation)| Unloaded {
        event_date,
        generation,
    };
    Ok(dates.into_iter().map(unloaded).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_lake::generation::generation_key;
    use marquee_lake::zone::warehouse_book_key;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;

    async fn published(store: &InMemory, date: &str, generations: u32) {
        for generation in 1..=generations {
            let key = Path::from(generation_key(date.parse().unwrap(), generation));
            store.put(&key, "{}".into()).await.unwrap();
        }
    }

    async fn book(store: &InMemory, date: &str, book: &str) {
        store
            .put(
                &warehouse_book_key(date.parse().unwrap()),
                book.to_owned().into(),
            )
            .await
            .unwrap();
    }

    async fn names(store: &InMemory) -> Vec<String> {
        let found = unloaded(store).await.unwrap();
        found
            .into_iter()
            .map(|date| format!("{} {}", date.event_date, date.generation))
            .collect()
    }

    #[tokio::test]
    async fn a_date_is_loaded_when_the_book_of_its_generation_balances() {
        let store = InMemory::new();
        assert_eq!(names(&store).await, [""; 0]);
        for date in ["2026-01-06", "2026-01-05", "2026-01-07"] {
            published(&store, date, 2).await;
        }
        let all = ["2026-01-05 2", "2026-01-06 2", "2026-01-07 2"];
        assert_eq!(names(&store).await, all, "there was no warehouse yet");
        // A book of an older generation, one with other rows than the lake, and a correct one.
        book(
            &store,
            "2026-01-05",
            r#"{"generation": 1, "balanced": true}"#,
        )
        .await;
        book(
            &store,
            "2026-01-06",
            r#"{"generation": 2, "balanced": false}"#,
        )
        .await;
        book(
            &store,
            "2026-01-07",
            r#"{"generation": 2, "balanced": true, "tables": {}}"#,
        )
        .await;
        assert_eq!(names(&store).await, ["2026-01-05 2", "2026-01-06 2"]);
        published(&store, "2026-01-07", 3).await;
        assert_eq!(names(&store).await.pop().unwrap(), "2026-01-07 3");
        book(&store, "2026-01-07", "nonsense").await;
        assert_eq!(names(&store).await.pop().unwrap(), "2026-01-07 3");
    }
}
