//! Publishing a date: its files are written first, then its generation, one small object
//! that is created only if absent.

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

/// Returns the name of the run that builds a date's marts. Equal facts, title catalog, SQL,
/// receipts and look-back window give equal names.
pub fn marts_run(
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
            .map_or("", |pointer| &pointer.version),
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
pub struct ReadyDate<'a> {
    /// The planned task.
    pub task: &'a DateTask,
    /// The compacted tables.
    pub facts: &'a CompactedTables,
    /// The other tables.
    pub marts: BTreeMap<String, TableFiles>,
    /// The digest of the marts and checks in `sql/`.
    pub definitions: String,
    /// The digests of the facts in the look-back window, by date.
    pub looked_back: BTreeMap<Date, String>,
    /// The name of the run ([`marts_run`]).
    pub run: String,
}

/// The outcome of publishing a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The date has this new generation.
    Published(Box<Generation>),
    /// Another run created the same generation number with other content. The date must be
    /// planned again.
    Lost,
}

/// Creates the date's next generation. Publishing the same content again is idempotent.
///
/// # Errors
/// If the lake cannot be read or written. Readers continue to see the previous generation,
/// unless the error occurred after the generation was created; a retry then reports it as
/// published.
pub async fn publish(
    store: &dyn ObjectStore,
    ready: ReadyDate<'_>,
) -> Result<PublishOutcome, CurationError> {
    let ReadyDate {
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
            .map(|pointer| pointer.version.clone()),
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
        return Ok(PublishOutcome::Published(Box::new(generation)));
    }
    // A retry finds the generation that its first attempt created.
    let existing = generation::read(store, generation.event_date, generation.generation).await?;
    Ok(match existing == generation {
        true => PublishOutcome::Published(Box::new(generation)),
        false => PublishOutcome::Lost,
    })
}

/// Writes a table of a single file.
///
/// # Errors
/// If the store cannot be written.
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
