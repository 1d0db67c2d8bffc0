//! State tables: the rows that a date carries over from the previous state.
//!
//! Each row of a state table depends on the facts of one date. The previous state is in the
//! last generation with latest-only tables. That generation names the facts of every date
//! that it was made from. The rows of a date are carried over if its facts are still the
//! same; the mart reads the facts of all other dates in its look-back window. The table
//! thus equals one that is made from the facts of the whole window.

use std::collections::{BTreeMap, BTreeSet};

use marquee_compaction::CompactedTables;
use marquee_event::Date;
use marquee_lake::generation::{self, FileEntry, Generation};
use marquee_lake::staging::CarriedState;
use object_store::ObjectStore;

use crate::error::CurationError;
use crate::plan::{DateTask, Definitions};
use crate::prepare;

/// Returns the rows that the state tables of a date carry over. `looked_back` are the dates
/// of its look-back window with the digests of their facts.
///
/// Nothing is carried over if the date has no state tables, is requested from scratch, or
/// the previous state was made by other SQL, is incomplete or missing.
///
/// # Errors
/// If the lake cannot be read.
pub(crate) async fn carried(
    store: &dyn ObjectStore,
    definitions: &Definitions,
    task: &DateTask,
    facts: &CompactedTables,
    looked_back: &BTreeMap<Date, String>,
) -> Result<CarriedState, CurationError> {
    let names: Vec<&str> = definitions
        .states_for(task.newest)
        .map(|mart| mart.name.as_str())
        .collect();
    if names.is_empty() || task.repeats_from_scratch() {
        return Ok(CarriedState::default());
    }
    let Some(previous) = generation::newest(store).await? else {
        return Ok(CarriedState::default());
    };
    let Some(tables) = files(&previous, &names) else {
        return Ok(CarriedState::default());
    };
    let is_usable = definitions.match_digest(&previous.definitions)
        && prepare::exist(store, tables.values().flatten()).await?;
    if !is_usable {
        return Ok(CarriedState::default());
    }
    let own = (&task.event_date, &facts.digest);
    let dates = looked_back
        .iter()
        .chain([own])
        .filter(|(date, facts)| facts_of(&previous, **date) == Some(*facts))
        .map(|(date, _)| *date)
        .collect::<BTreeSet<_>>();
    Ok(CarriedState { dates, tables })
}

/// Returns the files of these tables; `None` if the generation lacks one.
fn files(previous: &Generation, names: &[&str]) -> Option<BTreeMap<String, Vec<FileEntry>>> {
    let files = |name: &&str| {
        let table = previous.tables.get(*name)?;
        Some(((*name).to_owned(), table.files.clone()))
    };
    names.iter().map(files).collect()
}

/// Returns the digest of a date's facts that the state of this generation was made from.
fn facts_of(previous: &Generation, date: Date) -> Option<&String> {
    match date == previous.event_date {
        true => Some(&previous.facts),
        false => previous.looked_back.get(&date),
    }
}
