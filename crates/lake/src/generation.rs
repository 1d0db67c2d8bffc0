//! The generations of a date: small objects that list its published files.
//!
//! `ledger/days/event_date=D/{generation}.json` is created only if it is absent, and never
//! replaced. The highest number is current. A run that finds its number taken has lost
//! the race, and its date is planned again. Glue, Redshift and the tables of queries are
//! projections of the generations.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::LakeError;
use crate::zone::DAYS;

/// The number of generations that are read concurrently.
const READERS: usize = 16;

/// A Parquet file of a curated table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileEntry {
    /// The key of the file.
    pub key: String,
    /// The number of rows.
    pub rows: u64,
    /// The size in bytes.
    pub bytes: u64,
    /// The [digest](crate::digest) of the bytes.
    pub digest: String,
}

/// The files of one table in a generation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFiles {
    /// The files, in the order of their rows.
    pub files: Vec<FileEntry>,
}

impl TableFiles {
    /// Returns the number of rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Returns the size of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// The counts of the events of a date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCounts {
    /// The rows of the date that the covered receipts list.
    pub receipt_rows: u64,
    /// The kept events: the rows of `events`.
    pub curated: u64,
    /// The dropped duplicates: the rows of `dropped_events`.
    pub duplicates: u64,
    /// The dropped duplicates whose content differs from that of the kept event.
    pub conflicts: u64,
    /// The rows whose identity another row already has, because of a retry with other
    /// batch boundaries or a replay.
    pub redelivered: u64,
}

/// One published state of an event date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The version of this document: 1.
    pub version: u32,
    /// The date.
    pub event_date: Date,
    /// The number of the generation, from 1.
    pub generation: u32,
    /// The generation that was current when the run was planned.
    pub parent: Option<u32>,
    /// The name of the run, `{generation}-{digest}`, which is the last part of the files'
    /// directories.
    pub run: String,
    /// The version of the title catalog that enriched the events; `None` without one.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<String>,
    /// The key of the list of covered receipts.
    pub covered: String,
    /// The number of covered receipts.
    pub receipts: u64,
    /// True if the date was the newest one when it was published. It then has the
    /// latest-only tables.
    pub newest: bool,
    /// The digest of the definitions in `sql/marts` and `sql/checks`.
    pub definitions: String,
    /// The digest of the contents of the facts.
    pub facts: String,
    /// The number of buckets of the compacted tables: each of their files has the users
    /// of one bucket. `None` if the document does not state it; then a file may have any
    /// user.
    #[serde(default)]
    pub buckets: Option<u32>,
    /// The digest of the facts of each earlier date that the marts read.
    pub looked_back: BTreeMap<Date, String>,
    /// The counts of the events.
    pub counts: EventCounts,
    /// The files of every table.
    pub tables: BTreeMap<String, TableFiles>,
}

impl Generation {
    /// Returns the key of the generation.
    pub fn key(&self) -> String {
        generation_key(self.event_date, self.generation)
    }
}

/// Returns the key of a generation of a date.
pub fn generation_key(event_date: Date, generation: u32) -> String {
    format!("{DAYS}/event_date={event_date}/{generation:06}.json")
}

/// The directories of the artifacts beside a date's generations.
const ARTIFACTS: [&str; 5] = ["audit", "checks", "covered", "producers", "projected"];

/// Parses the key of a generation into date and number. Returns `None` for an artifact of
/// the date's runs, such as an audit.
///
/// # Errors
/// [`LakeError::Malformed`] for every other key.
fn parse_key(key: &Path) -> Result<Option<(Date, u32)>, LakeError> {
    parse_place(key.as_ref()).ok_or_else(|| LakeError::Malformed {
        key: key.to_string(),
        cause: "it is neither a generation, event_date=YYYY-MM-DD/NNNNNN.json, nor an artifact \
                of a date; move it out of ledger/days"
            .to_owned(),
    })
}

/// Implements [`parse_key`]; `None` for a key that is neither.
fn parse_place(key: &str) -> Option<Option<(Date, u32)>> {
    let (directory, file) = key.strip_prefix(DAYS)?.strip_prefix('/')?.split_once('/')?;
    let date = parse_directory(directory)?;
    if let Some((artifact, _)) = file.split_once('/') {
        return ARTIFACTS.contains(&artifact).then_some(None);
    }
    let number = file.strip_suffix(".json")?;
    let is_number = number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| number.parse().ok()).flatten()?;
    Some(Some((date, number)))
}

/// Parses the directory of a date, `event_date=YYYY-MM-DD`.
fn parse_directory(name: &str) -> Option<Date> {
    name.strip_prefix("event_date=")?.parse().ok()
}

/// Creates the generation if its number is free. Returns whether it was created.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn create(store: &dyn ObjectStore, generation: &Generation) -> Result<bool, LakeError> {
    document::create(store, &Path::from(generation.key()), generation).await
}

/// Reads a generation of a date.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if the object is not a generation.
pub async fn read(
    store: &dyn ObjectStore,
    event_date: Date,
    generation: u32,
) -> Result<Generation, LakeError> {
    let key = Path::from(generation_key(event_date, generation));
    document::read(store, &key).await
}

/// Lists the numbers of every date's generations, ascending.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] for an object that is neither a generation
/// nor an artifact of a date.
pub async fn numbers(store: &dyn ObjectStore) -> Result<BTreeMap<Date, Vec<u32>>, LakeError> {
    let mut numbers: BTreeMap<Date, Vec<u32>> = BTreeMap::new();
    let mut objects = store.list(Some(&Path::from(DAYS)));
    while let Some(object) = objects.try_next().await? {
        if let Some((date, number)) = parse_key(&object.location)? {
            numbers.entry(date).or_default().push(number);
        }
    }
    numbers.values_mut().for_each(|numbers| numbers.sort());
    Ok(numbers)
}

/// Lists the number of every date's current generation, by date.
///
/// # Errors
/// As [`numbers`].
pub async fn current_numbers(store: &dyn ObjectStore) -> Result<BTreeMap<Date, u32>, LakeError> {
    let all = numbers(store).await?.into_iter();
    // The greatest number is the last one, and replaces the others.
    let each =
        all.flat_map(|(date, numbers)| numbers.into_iter().map(move |number| (date, number)));
    Ok(each.collect())
}

/// Reads the current generation of every date.
///
/// # Errors
/// As [`numbers`] and [`read`].
pub async fn current(store: &dyn ObjectStore) -> Result<BTreeMap<Date, Generation>, LakeError> {
    futures::stream::iter(current_numbers(store).await?)
        .map(|(date, number)| async move {
            let generation = read(store, date, number).await?;
            Ok((date, generation))
        })
        .buffered(READERS)
        .try_collect()
        .await
}

/// Reads the current generation of a date; `None` if the date is not published.
///
/// # Errors
/// As [`read`]; [`LakeError::Malformed`] for an object beside the generations that is not
/// one.
pub async fn current_of(
    store: &dyn ObjectStore,
    event_date: Date,
) -> Result<Option<Generation>, LakeError> {
    match numbers_of(store, event_date).await?.pop() {
        Some(number) => Ok(Some(read(store, event_date, number).await?)),
        None => Ok(None),
    }
}

/// Lists the numbers of the date's generations, ascending.
async fn numbers_of(store: &dyn ObjectStore, event_date: Date) -> Result<Vec<u32>, LakeError> {
    let prefix = Path::from(format!("{DAYS}/event_date={event_date}"));
    let listed = store.list_with_delimiter(Some(&prefix)).await?;
    let mut numbers = Vec::new();
    for object in &listed.objects {
        numbers.extend(parse_key(&object.location)?.map(|(_, number)| number));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads the keys of the receipts that a generation covers.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if the object is not a list of keys.
pub async fn covered(
    store: &dyn ObjectStore,
    generation: &Generation,
) -> Result<BTreeSet<String>, LakeError> {
    document::read(store, &Path::from(generation.covered.as_str())).await
}

/// Returns the last generation that has the latest-only tables, because its date was the
/// newest one when it was published.
///
/// It is not always the current generation of its date. If late events cause another run
/// of the date while a newer date is about to be published, that run leaves the
/// latest-only tables to the newer date. Until then, the sweep keeps the files of the
/// earlier generation.
///
/// # Errors
/// As [`numbers`] and [`read`].
pub async fn newest(store: &dyn ObjectStore) -> Result<Option<Generation>, LakeError> {
    let listed = store.list_with_delimiter(Some(&Path::from(DAYS))).await?;
    if let Some(stray) = listed.objects.first() {
        parse_key(&stray.location)?;
    }
    let mut dates = Vec::with_capacity(listed.common_prefixes.len());
    for directory in &listed.common_prefixes {
        let date = directory.filename().and_then(parse_directory);
        dates.push(date.ok_or_else(|| {
            LakeError::Malformed {
                key: directory.to_string(),
                cause:
                    "the directory is not that of a date, event_date=YYYY-MM-DD; move it out of \
                    ledger/days"
                        .to_owned(),
            }
        })?);
    }
    dates.sort_unstable();
    for date in dates.into_iter().rev() {
        for number in numbers_of(store, date).await?.into_iter().rev() {
            let generation = read(store, date, number).await?;
            if generation.newest {
                return Ok(Some(generation));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::zone::run_artifact_key;
    use object_store::memory::InMemory;

    async fn publish(store: &InMemory, event_date: Date, generation: u32, newest: bool) {
        let generation = Generation {
            version: 1,
            event_date,
            generation,
            parent: None,
            run: String::new(),
            title_catalog: None,
            covered: String::new(),
            receipts: 0,
            newest,
            definitions: String::new(),
            facts: String::new(),
            buckets: None,
            looked_back: BTreeMap::new(),
            counts: EventCounts::default(),
            tables: BTreeMap::new(),
        };
        assert!(create(store, &generation).await.unwrap());
    }

    #[tokio::test]
    async fn newest_returns_the_last_generation_with_latest_only_tables() {
        let store = InMemory::new();
        assert_eq!(newest(&store).await.unwrap(), None);
        for (date, generation, is_newest) in [
            ("2026-03-01", 1, true),
            ("2026-03-02", 1, true),
            ("2026-03-02", 2, true),
            // Run again for late events while a later date is about to be published.
            ("2026-03-02", 3, false),
            // Published when a later date, which was removed since, was the newest.
            ("2026-03-03", 1, false),
        ] {
            publish(&store, date.parse().unwrap(), generation, is_newest).await;
        }
        // An audited date without a generation.
        let audited = Path::from(format!("{DAYS}/event_date=2026-03-04/audit/books.json"));
        document::write(&store, &audited, &1).await.unwrap();
        assert_eq!(
            newest(&store).await.unwrap().map(|found| found.key()),
            Some(generation_key("2026-03-02".parse().unwrap(), 2))
        );
    }

    #[test]
    fn only_keys_of_generations_and_artifacts_are_parsed() {
        let date: Date = "2026-03-01".parse().unwrap();
        let parse = |key: &str| parse_key(&Path::from(key));
        let key = generation_key(date, 12);
        assert_eq!(key, "ledger/days/event_date=2026-03-01/000012.json");
        assert_eq!(parse(&key).unwrap(), Some((date, 12)));
        for artifact in ARTIFACTS {
            let key = run_artifact_key(date, artifact, "000012");
            assert_eq!(parse_key(&key).unwrap(), None, "{key}");
        }
        for other in [
            "ledger/days/000012.json",
            "ledger/days/event_date=2026-03-01/12.json",
            "ledger/days/event_date=2026-3-1/000012.json",
            "ledger/days/event_date=2026-03-01/+00012.json",
            "ledger/days/event_date=2026-03-01/000012.json.bak",
            "ledger/days/event_date=2026-03-01/copy/000012.json",
            "ledger/receipts/event_date=2026-03-01/000012.json",
        ] {
            assert_eq!(
                parse(other).unwrap_err().to_string(),
                format!(
                    "cannot read {other}: it is neither a generation, \
                     event_date=YYYY-MM-DD/NNNNNN.json, nor an artifact of a date; move it out \
                     of ledger/days"
                )
            );
        }
    }

    #[tokio::test]
    async fn a_foreign_object_beside_generations_is_an_error() {
        let date: Date = "2026-03-01".parse().unwrap();
        let beside = format!("{DAYS}/event_date={date}/copy.json");
        let wrong_date = format!("{DAYS}/event_date=2026-3-2/000001.json");
        let above = format!("{DAYS}/000001.json");
        for foreign in [&beside, &wrong_date, &above] {
            let store = InMemory::new();
            publish(&store, date, 1, true).await;
            let key = Path::from(foreign.as_str());
            document::write(&store, &key, &1).await.unwrap();
            for error in [
                numbers(&store).await.unwrap_err(),
                current(&store).await.unwrap_err(),
                newest(&store).await.unwrap_err(),
            ] {
                let directory = foreign.trim_end_matches("/000001.json");
                let text = error.to_string();
                assert!(
                    text.starts_with(&format!("cannot read {directory}")),
                    "{text}"
                );
            }
        }
        let store = InMemory::new();
        publish(&store, date, 1, true).await;
        document::write(&store, &Path::from(beside), &1)
            .await
            .unwrap();
        assert!(current_of(&store, date).await.is_err());
    }
}
