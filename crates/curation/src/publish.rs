//! Publishing a date: what it is made of is written first, then one small
//! object, created only if it is absent.

use std::collections::BTreeMap;

use bytes::Bytes;
use marquee_compaction::CompactedTables;
use marquee_event::Date;
use marquee_lake::generation::{self, FileEntry, Generation, TableFiles};
use marquee_lake::zone::run_artifact_key;
use marquee_lake::{digest, document};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::CurationError;
use crate::plan::{DateTask, Definitions, run_name};

/// The last part of the directories of a date's marts: the same facts, catalogue,
/// SQL and earlier dates give the same name.
pub fn run_of(
    task: &DateTask,
    facts: &CompactedTables,
    definitions: &Definitions,
    looked_back: &BTreeMap<Date, String>,
) -> String {
    let mut inputs = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n",
        task.event_date,
        facts.digest,
        task.title_catalog
            .as_ref()
            .map_or("", |title_catalog| &title_catalog.version),
        definitions.digest(),
        task.newest,
        task.covered.join("\n"),
    );
    for (date, facts) in looked_back {
        inputs.push_str(&format!("{date} {facts}\n"));
    }
    run_name(task.generation, &inputs)
}

/// A date that is ready to be published.
#[derive(Debug)]
pub struct Ready<'a> {
    /// What was planned.
    pub task: &'a DateTask,
    /// Its events and facts.
    pub facts: &'a CompactedTables,
    /// Its other tables.
    pub marts: BTreeMap<String, TableFiles>,
    /// The digest of what `sql/` defines.
    pub definitions: String,
    /// The facts of the earlier dates that its marts looked at.
    pub looked_back: BTreeMap<Date, String>,
    /// [`run_of`] it.
    pub run: String,
}

/// What came of publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is the date's current generation.
    Published(Box<Generation>),
    /// Another run was first, with something else; the date is to be planned
    /// again.
    Lost,
}

/// Publishes the date.
///
/// # Errors
/// When the lake cannot be written. Nothing that readers see has changed then.
pub async fn publish(store: &dyn ObjectStore, ready: Ready<'_>) -> Result<Outcome, CurationError> {
    let Ready {
        task,
        facts,
        marts,
        definitions,
        looked_back,
        run,
    } = ready;
    let covered = run_artifact_key(task.event_date, "covered", &run);
    document::write(store, &covered, &task.covered).await?;
    let mut tables = facts.tables.clone();
    tables.extend(marts);
    let generation = Generation {
        version: 1,
        event_date: task.event_date,
        generation: task.generation,
        parent: task.parent.as_ref().map(|parent| parent.generation),
        run,
        title_catalog: task
            .title_catalog
            .as_ref()
            .map(|title_catalog| title_catalog.version.clone()),
        covered: covered.to_string(),
        receipts: task.covered.len() as u64,
        newest: task.newest,
        definitions,
        facts: facts.digest.clone(),
        buckets: facts.buckets,
        looked_back,
        counts: facts.counts,
        tables,
    };
    if generation::create(store, &generation).await? {
        return Ok(Outcome::Published(Box::new(generation)));
    }
    // A call that is tried again meets what it wrote itself.
    let there = generation::read(store, generation.event_date, generation.generation).await?;
    Ok(match there == generation {
        true => Outcome::Published(Box::new(generation)),
        false => Outcome::Lost,
    })
}

/// Writes a table that is one file.
///
/// # Errors
/// When the store cannot be written.
pub async fn write_table(
    store: &dyn ObjectStore,
    directory: &str,
    rows: u64,
    content: Bytes,
) -> Result<TableFiles, CurationError> {
    let file = FileEntry {
        key: format!("{directory}/part-0000.parquet"),
        rows,
        bytes: content.len() as u64,
        digest: digest::of(&content),
    };
    store
        .put(&Path::from(file.key.as_str()), content.into())
        .await?;
    Ok(TableFiles { files: vec![file] })
}
