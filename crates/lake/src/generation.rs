//! A date's generations: the small objects that make its curated files exist.
//!
//! `ledger/days/event_date=D/{generation}.json` is created only if it is absent
//! and never replaced. The highest number is current. Whoever finds the number
//! taken has lost a race and plans again. Glue, Redshift and what a query sees
//! are projections of it.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_event::date::date_in;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::LakeError;
use crate::zone::DAYS;

/// How many generations are read at a time.
const READERS: usize = 16;

/// A Parquet file of a curated table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its key.
    pub key: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// The [digest](crate::digest) of its bytes.
    pub digest: String,
}

/// What a generation has of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFiles {
    /// Its files, in the order of their rows.
    pub files: Vec<FileEntry>,
}

impl TableFiles {
    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Where a date's events went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCounts {
    /// Rows of this date that the covered receipts name.
    pub receipt_rows: u64,
    /// Events kept: rows of `events`.
    pub curated: u64,
    /// Identities dropped because another one with the same user and event was
    /// first: rows of `dropped_events`.
    pub duplicates: u64,
    /// Those among the dropped whose content differs from the kept event's.
    pub conflicts: u64,
    /// Rows whose identity had come before: a retry that cut batches otherwise,
    /// or a replay.
    pub redelivered: u64,
}

/// One published state of one event date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The version of this form: 1.
    pub version: u32,
    /// The date.
    pub event_date: Date,
    /// Its number, from 1.
    pub generation: u32,
    /// The generation that it grew out of.
    pub parent: Option<u32>,
    /// The last part of its files' directories, `{generation}-{digest}`.
    pub run: String,
    /// The version of the title catalog that enriched the events; `None` without one.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<String>,
    /// The key of the list of receipts that it covers.
    pub covered: String,
    /// How many receipts these are.
    pub receipts: u64,
    /// Whether it was the newest date when it was made, and so has the tables
    /// that are rebuilt for the newest date alone.
    pub newest: bool,
    /// The digest of `sql/marts` and `sql/checks` that made it.
    pub definitions: String,
    /// The digest of the contents of its facts.
    pub facts: String,
    /// How many buckets of users its facts were made in, one of which each of their
    /// files is of; `None` where the document does not say, and any file may have
    /// any user.
    #[serde(default)]
    pub buckets: Option<u32>,
    /// The digest of the facts of each earlier date that its marts looked at.
    pub looked_back: BTreeMap<Date, String>,
    /// Where the events went.
    pub counts: EventCounts,
    /// The files of every table.
    pub tables: BTreeMap<String, TableFiles>,
}

impl Generation {
    /// Where it lies.
    pub fn key(&self) -> String {
        generation_key(self.event_date, self.generation)
    }
}

/// The key of that generation of the date.
pub fn generation_key(event_date: Date, generation: u32) -> String {
    format!("{DAYS}/event_date={event_date}/{generation:06}.json")
}

/// The date and number of the generation that lies at that key; `None` when
/// another thing does, an audit, say.
fn parse_key(key: &str) -> Option<(Date, u32)> {
    let (date, file) = key
        .strip_prefix(DAYS)?
        .strip_prefix("/event_date=")?
        .split_once('/')?;
    let number = file.strip_suffix(".json")?;
    let is_number = number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((
        date.parse().ok()?,
        number.parse().ok().filter(|_| is_number)?,
    ))
}

/// Commits the generation, unless its number is taken. Whether it was written.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn create(store: &dyn ObjectStore, generation: &Generation) -> Result<bool, LakeError> {
    document::create(store, &Path::from(generation.key()), generation).await
}

/// Reads that generation of the date.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] when it is no generation.
pub async fn read(
    store: &dyn ObjectStore,
    event_date: Date,
    generation: u32,
) -> Result<Generation, LakeError> {
    let key = Path::from(generation_key(event_date, generation));
    document::read(store, &key).await
}

/// The numbers of every date's generations, by date, ascending.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn numbers(store: &dyn ObjectStore) -> Result<BTreeMap<Date, Vec<u32>>, LakeError> {
    let mut numbers: BTreeMap<Date, Vec<u32>> = BTreeMap::new();
    let mut objects = store.list(Some(&Path::from(DAYS)));
    while let Some(object) = objects.try_next().await? {
        if let Some((date, number)) = parse_key(object.location.as_ref()) {
            numbers.entry(date).or_default().push(number);
        }
    }
    numbers.values_mut().for_each(|numbers| numbers.sort());
    Ok(numbers)
}

/// The current generation of every date, by date.
///
/// # Errors
/// As [`read`].
pub async fn current(store: &dyn ObjectStore) -> Result<BTreeMap<Date, Generation>, LakeError> {
    let newest: Vec<(Date, u32)> = numbers(store)
        .await?
        .into_iter()
        .filter_map(|(date, numbers)| Some((date, numbers.last().copied()?)))
        .collect();
    futures::stream::iter(newest)
        .map(|(date, number)| async move {
            let generation = read(store, date, number).await?;
            Ok((date, generation))
        })
        .buffered(READERS)
        .try_collect()
        .await
}

/// The current generation of one date.
///
/// # Errors
/// As [`read`].
pub async fn current_of(
    store: &dyn ObjectStore,
    event_date: Date,
) -> Result<Option<Generation>, LakeError> {
    match numbers_of(store, event_date).await?.pop() {
        Some(number) => Ok(Some(read(store, event_date, number).await?)),
        None => Ok(None),
    }
}

/// The numbers of the date's generations, ascending.
async fn numbers_of(store: &dyn ObjectStore, event_date: Date) -> Result<Vec<u32>, LakeError> {
    let prefix = Path::from(format!("{DAYS}/event_date={event_date}"));
    let listed = store.list_with_delimiter(Some(&prefix)).await?;
    let mut numbers: Vec<u32> = listed
        .objects
        .iter()
        .filter_map(|object| parse_key(object.location.as_ref()))
        .map(|(_, number)| number)
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Returns the keys of the receipts that a generation covers.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] when the list makes no sense.
pub async fn covered(
    store: &dyn ObjectStore,
    generation: &Generation,
) -> Result<BTreeSet<String>, LakeError> {
    document::read(store, &Path::from(generation.covered.as_str())).await
}

/// The last generation that was of the newest date when it was made, and so has the
/// tables that say how things stand.
///
/// It need not be its date's current one: where late events make a date again, just as
/// a newer date is about to be published, those tables are left to the newer one. The
/// sweep keeps the files of the one before for as long.
///
/// # Errors
/// As [`read`].
pub async fn newest(store: &dyn ObjectStore) -> Result<Option<Generation>, LakeError> {
    let listed = store.list_with_delimiter(Some(&Path::from(DAYS))).await?;
    let mut dates: Vec<Date> = listed
        .common_prefixes
        .iter()
        .filter_map(|directory| date_in(directory.as_ref())?.parse().ok())
        .collect();
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
    async fn the_newest_is_the_last_that_has_the_newest_tables() {
        let store = InMemory::new();
        assert_eq!(newest(&store).await.unwrap(), None);
        for (date, generation, is_newest) in [
            ("2026-03-01", 1, true),
            ("2026-03-02", 1, true),
            ("2026-03-02", 2, true),
            // Made again by late events, while a later date is on its way.
            ("2026-03-02", 3, false),
            // Made when a later date, since removed, was the newest.
            ("2026-03-03", 1, false),
        ] {
            publish(&store, date.parse().unwrap(), generation, is_newest).await;
        }
        // A date that was audited, and has no generation.
        let audited = Path::from(format!("{DAYS}/event_date=2026-03-04/audit/books.json"));
        document::write(&store, &audited, &1).await.unwrap();
        assert_eq!(
            newest(&store).await.unwrap().map(|found| found.key()),
            Some(generation_key("2026-03-02".parse().unwrap(), 2))
        );
    }

    #[test]
    fn only_a_generations_key_is_one() {
        let date: Date = "2026-03-01".parse().unwrap();
        let key = generation_key(date, 12);
        assert_eq!(key, "ledger/days/event_date=2026-03-01/000012.json");
        assert_eq!(parse_key(&key), Some((date, 12)));
        for other in [
            "ledger/days/event_date=2026-03-01/audit/000012.json",
            "ledger/days/event_date=2026-03-01/12.json",
            "ledger/days/event_date=2026-3-1/000012.json",
            "ledger/days/event_date=2026-03-01/+00012.json",
            "ledger/receipts/event_date=2026-03-01/000012.json",
        ] {
            assert_eq!(parse_key(other), None, "{other}");
        }
    }
}
