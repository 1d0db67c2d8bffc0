//! Which generations the catalogue has been brought forward to.
//!
//! A run may break off between publishing a date and showing it to engines; a
//! mark beside the generation says that the second was done as well.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use marquee_lake::generation::{self, Generation};
use marquee_lake::zone::DAYS;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;

use crate::error::DayError;
use crate::publish;

const PROJECTED: &str = "projected";

#[derive(Serialize)]
struct Mark<'a> {
    generation: u32,
    run: &'a str,
}

fn key(generation: &Generation) -> String {
    let name = format!("{:06}", generation.generation);
    publish::belonging(&generation.event_date, PROJECTED, &name)
}

/// Marks the generation as shown.
///
/// # Errors
/// When the lake cannot be written.
pub async fn mark(store: &dyn ObjectStore, generation: &Generation) -> Result<(), DayError> {
    let mark = Mark {
        generation: generation.generation,
        run: &generation.run,
    };
    publish::write_json(store, &key(generation), &mark).await
}

/// The current generations without a mark, by date.
///
/// # Errors
/// When the lake cannot be read.
pub async fn behind(store: &dyn ObjectStore) -> Result<Vec<Generation>, DayError> {
    let marks: BTreeSet<String> = store
        .list(Some(&Path::from(DAYS)))
        .map_ok(|object| object.location.to_string())
        .try_filter(|key| std::future::ready(key.contains(PROJECTED)))
        .try_collect()
        .await?;
    Ok(generation::current(store)
        .await?
        .into_values()
        .filter(|generation| !marks.contains(&key(generation)))
        .collect())
}
