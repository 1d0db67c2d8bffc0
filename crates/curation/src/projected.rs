//! Marks of the generations that the table catalog has been brought forward to.
//!
//! A run may break off between publishing a date and showing it to engines, or
//! be so slow at it that it overwrites what a quicker one showed. A mark beside
//! each generation says that its run came to an end, and so that the catalogue
//! shows it or a newer one. While a mark is missing, the date's current
//! generation is shown once more.

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

/// Marks a generation of the date: the catalogue shows it, or a newer one.
///
/// # Errors
/// When the lake cannot be written.
pub async fn mark(
    store: &dyn ObjectStore,
    event_date: Date,
    generation: u32,
) -> Result<(), CurationError> {
    document::write(store, &key(event_date, generation), &Mark { generation }).await?;
    Ok(())
}

/// A date whose catalogue may be behind.
#[derive(Debug)]
pub struct Behind {
    /// What is to be shown.
    pub current: Generation,
    /// The generations that are to be marked when it is.
    pub unmarked: Vec<u32>,
}

/// Every date that has a generation without a mark.
///
/// # Errors
/// When the lake cannot be read.
pub async fn behind(store: &dyn ObjectStore) -> Result<Vec<Behind>, CurationError> {
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
            dates.push(Behind { current, unmarked });
        }
    }
    Ok(dates)
}
