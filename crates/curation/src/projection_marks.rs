//! Marks: the table catalog shows a generation or a newer one.
//!
//! A run can end between the publication of a date and the update of the table catalog. A
//! slow run can also overwrite the entry of a faster one. Each run therefore ends with a mark
//! beside its generation, after it has projected the date's current generation. If a
//! generation of a date has no mark, the next run projects the date's current generation
//! again.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use marquee_event::Date;
use marquee_lake::document;
use marquee_lake::generation::{self, Generation};
use marquee_lake::zone::{DAYS, run_artifact_key};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;

use crate::error::CurationError;

const PROJECTED: &str = "projected";

#[derive(Serialize)]
struct Mark {
    generation: u32,
}

fn key(event_date: Date, generation: u32) -> Path {
    run_artifact_key(event_date, PROJECTED, &format!("{generation:06}"))
}

/// Marks a generation of a date: the table catalog shows it or a newer one.
///
/// # Errors
/// If the lake cannot be written.
pub async fn mark(
    store: &dyn ObjectStore,
    event_date: Date,
    generation: u32,
) -> Result<(), CurationError> {
    document::write(store, &key(event_date, generation), &Mark { generation }).await?;
    Ok(())
}

/// A date for which the table catalog may be stale.
#[derive(Debug)]
pub struct StaleDate {
    /// The current generation, to be projected again.
    pub current: Generation,
    /// The generations to be marked after that.
    pub unmarked: Vec<u32>,
}

/// Lists the dates that have a generation without a mark.
///
/// # Errors
/// If the lake cannot be read.
pub async fn stale_dates(store: &dyn ObjectStore) -> Result<Vec<StaleDate>, CurationError> {
    let numbers = generation::numbers(store).await?;
    let marks: BTreeSet<Path> = store
        .list(Some(&Path::from(DAYS)))
        .map_ok(|object| object.location)
        .try_filter(|key| std::future::ready(key.as_ref().contains(PROJECTED)))
        .try_collect()
        .await?;
    let mut dates = Vec::new();
    for (date, mut unmarked) in numbers {
        let Some(newest) = unmarked.last().copied() else {
            continue;
        };
        unmarked.retain(|number| !marks.contains(&key(date, *number)));
        if !unmarked.is_empty() {
            let current = generation::read(store, date, newest).await?;
            dates.push(StaleDate { current, unmarked });
        }
    }
    Ok(dates)
}
