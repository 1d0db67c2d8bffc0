//! Published dates without an audit of their current generation: their run ended before
//! its audit.

use marquee_audit::BOOKS;
use marquee_event::Date;
use object_store::ObjectStore;
use serde::Deserialize;

use crate::error::CurationError;
use crate::pending_generations::pending_generations;

/// The fields of an audit's books that are read here.
#[derive(Deserialize)]
struct Books {
    event: Option<Event>,
}

#[derive(Deserialize)]
struct Event {
    generation: u32,
}

/// Lists the published dates whose last audit is not of their current generation, ascending.
///
/// # Errors
/// If the lake cannot be read.
pub async fn unaudited(store: &dyn ObjectStore) -> Result<Vec<Date>, CurationError> {
    let contains = |books: &Books, generation| {
        let event = books.event.as_ref();
        event.is_some_and(|event| event.generation >= generation)
    };
    let dates = pending_generations(store, BOOKS, contains).await?;
    Ok(dates
        .into_iter()
        .map(|(event_date, _)| event_date)
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use marquee_lake::generation::generation_key;
    use marquee_lake::zone::run_artifact_key;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;

    #[tokio::test]
    async fn a_date_is_audited_when_its_books_name_its_generation() {
        let store = InMemory::new();
        let dates = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
            .map(|date| date.parse::<Date>().unwrap());
        for date in dates {
            for generation in [1, 2] {
                let key = Path::from(generation_key(date, generation));
                store.put(&key, "{}".into()).await.unwrap();
            }
        }
        let found = unaudited(&store).await.unwrap();
        assert_eq!(found, dates);
        // Books of the current generation, of an older one, and of a date without generation.
        for (date, books) in [
            (dates[0], r#"{"event": {"generation": 2}}"#),
            (dates[1], r#"{"event": {"generation": 1}}"#),
            (dates[2], r#"{"event": null}"#),
        ] {
            let key = run_artifact_key(date, "audit", BOOKS);
            store.put(&key, books.into()).await.unwrap();
        }
        let found = unaudited(&store).await.unwrap();
        assert_eq!(found, dates[1..]);
    }
}
