//! The receipt of a batch: the object that is written last and makes the batch exist.
//!
//! A receipt is created only if it is absent, and is never replaced. Readers of the lake
//! ignore an object that no receipt names.

mod collected;

use std::collections::BTreeMap;

use futures::TryStreamExt;
use marquee_event::{Date, FormatVersion};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::LakeError;
use crate::zone::{RECEIPTS, Zone, receipt_key};

pub use collected::collect;

/// The number of receipts that are read concurrently.
const READERS: usize = 16;

/// The origin of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    /// Records of the stream.
    Stream,
    /// Replayed units from quarantine.
    Replay,
}

/// An object of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    /// The zone of the object.
    pub zone: Zone,
    /// The key of the object.
    pub key: String,
    /// The number of rows.
    pub rows: u64,
    /// The size in bytes.
    pub bytes: u64,
    /// The [digest](crate::digest) of the bytes.
    pub digest: String,
}

/// The receipt of a batch. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The version of this document: 1.
    pub version: u32,
    /// The number of the [`FormatVersion`](marquee_event::FormatVersion) of the objects.
    /// Receipts of the first version do not have this field.
    #[serde(default = "first_format", skip_serializing_if = "is_first_format")]
    pub format_version: u32,
    /// The origin of the batch.
    pub kind: ReceiptKind,
    /// The name of the batch.
    pub batch: String,
    /// The shard of the records.
    pub shard_id: String,
    /// The sequence number of the first record.
    pub first_sequence_number: String,
    /// The sequence number of the last record.
    pub last_sequence_number: String,
    /// The date of the partition: that of the first record's arrival.
    pub ingest_date: Date,
    /// The hour of the partition.
    pub ingest_hour: u8,
    /// The arrival of the first record.
    pub first_arrived_at: String,
    /// The arrival of the last record.
    pub last_arrived_at: String,
    /// The number of records by the date of their arrival. Arrivals are not monotonic within a
    /// shard, so the first and the last do not bound them. Empty in older receipts.
    #[serde(default)]
    pub arrival_dates: BTreeMap<Date, u64>,
    /// The number of Kinesis records.
    pub records: u64,
    /// The number of units in the records.
    pub received: u64,
    /// The number of valid events.
    pub processed: u64,
    /// The number of rejected units.
    pub quarantined: u64,
    /// The bytes of all units.
    pub received_bytes: u64,
    /// The number of rejected units by reason.
    pub reasons: BTreeMap<String, u64>,
    /// The number of valid events by the date of `event_time`.
    pub event_dates: BTreeMap<Date, u64>,
    /// The version of the title catalog that enriched the events.
    #[serde(rename = "catalogue")]
    pub title_catalog: Option<String>,
    /// Every object of the batch.
    pub objects: Vec<ObjectEntry>,
}

const fn first_format() -> u32 {
    FormatVersion::FIRST.number()
}

fn is_first_format(number: &u32) -> bool {
    *number == first_format()
}

impl Receipt {
    /// Returns the key of the receipt.
    pub fn key(&self) -> String {
        receipt_key(self.ingest_date, &self.batch)
    }
}

/// Returns the number of `arrivals`, in UTC microseconds, on each date.
pub fn by_date(arrivals: impl IntoIterator<Item = i64>) -> BTreeMap<Date, u64> {
    let mut dates = BTreeMap::new();
    for arrival in arrivals {
        *dates.entry(Date::of(arrival)).or_default() += 1;
    }
    dates
}

/// Returns whether the batch has a receipt, which means that it is durable.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn exists(
    store: &dyn ObjectStore,
    ingest_date: Date,
    batch: &str,
) -> Result<bool, LakeError> {
    match store
        .head(&Path::from(receipt_key(ingest_date, batch)))
        .await
    {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Creates the receipt if it is absent. Returns whether it was created.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn create(store: &dyn ObjectStore, receipt: &Receipt) -> Result<bool, LakeError> {
    document::create(store, &Path::from(receipt.key()), receipt).await
}

/// Reads the receipt at a key.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if the object is not a receipt.
pub async fn read(store: &dyn ObjectStore, key: &Path) -> Result<Receipt, LakeError> {
    document::read(store, key).await
}

/// Reads every receipt of the lake, or of one ingest date, in the order of keys.
///
/// # Errors
/// As [`read`] and [`ingest_dates`].
pub async fn list(
    store: &dyn ObjectStore,
    ingest_date: Option<Date>,
) -> Result<Vec<Receipt>, LakeError> {
    let dates = match ingest_date {
        Some(date) => vec![date],
        None => ingest_dates(store).await?,
    };
    let mut receipts = Vec::new();
    for date in dates {
        receipts.extend(collected::list(store, date).await?);
    }
    Ok(receipts)
}

/// Lists the ingest dates that have receipts, ascending.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] if a directory of receipts names no date:
/// its receipts would be lost silently.
pub async fn ingest_dates(store: &dyn ObjectStore) -> Result<Vec<Date>, LakeError> {
    let listed = store
        .list_with_delimiter(Some(&Path::from(RECEIPTS)))
        .await?;
    let mut dates = listed
        .common_prefixes
        .iter()
        .map(date_of_directory)
        .collect::<Result<Vec<_>, _>>()?;
    dates.sort_unstable();
    Ok(dates)
}

/// Parses the date of a directory of receipts, `…/ingest_date=YYYY-MM-DD`.
fn date_of_directory(prefix: &Path) -> Result<Date, LakeError> {
    let name = prefix.filename().unwrap_or_default();
    let date = name.strip_prefix("ingest_date=").map(str::parse);
    match date {
        Some(Ok(date)) => Ok(date),
        _ => Err(LakeError::Malformed {
            key: prefix.to_string(),
            cause: format!(
                "{name:?} is not ingest_date=YYYY-MM-DD; move the objects below it out of {RECEIPTS}"
            ),
        }),
    }
}

/// Lists the keys of the receipts of an ingest date, in their order.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] for an object that is not a receipt.
async fn keys(store: &dyn ObjectStore, ingest_date: Date) -> Result<Vec<Path>, LakeError> {
    let prefix = Path::from(format!("{RECEIPTS}/ingest_date={ingest_date}"));
    let mut keys: Vec<Path> = store
        .list(Some(&prefix))
        .map_err(LakeError::from)
        .and_then(|object| std::future::ready(receipt_at(object.location)))
        .try_collect()
        .await?;
    keys.sort();
    Ok(keys)
}

/// Returns the key if it is one of a receipt, `…/BATCH.json`.
fn receipt_at(key: Path) -> Result<Path, LakeError> {
    match key.as_ref().ends_with(".json") {
        true => Ok(key),
        false => Err(LakeError::Malformed {
            key: key.to_string(),
            cause: format!("it is not a receipt, BATCH.json; move it out of {RECEIPTS}"),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    async fn lake(directories: &[&str]) -> InMemory {
        let store = InMemory::new();
        for directory in directories {
            let key = Path::from(format!("{RECEIPTS}/{directory}/b.json"));
            store.put(&key, "{}".into()).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn ingest_dates_are_ascending() {
        let store = lake(&[
            "ingest_date=2026-03-01",
            "ingest_date=0999-12-31",
            "ingest_date=2026-02-28",
        ])
        .await;
        let listed = ingest_dates(&store).await.unwrap();
        let listed: Vec<String> = listed.iter().map(Date::to_string).collect();
        assert_eq!(listed, ["0999-12-31", "2026-02-28", "2026-03-01"]);
    }

    #[tokio::test]
    async fn an_object_that_is_no_receipt_is_an_error() {
        let store = lake(&[]).await;
        let key = format!("{RECEIPTS}/ingest_date=2026-03-01/notes.txt");
        store.put(&Path::from(&*key), "text".into()).await.unwrap();
        let date = "2026-03-01".parse().unwrap();
        let error = list(&store, Some(date)).await.unwrap_err().to_string();
        let expected = format!("cannot read {key}: it is not a receipt");
        assert!(error.starts_with(&expected), "{error}");
    }

    #[tokio::test]
    async fn a_directory_that_names_no_date_is_an_error() {
        for wrong in ["ingest_date=soon", "ingest_date=2026-02-30", "copies"] {
            let store = lake(&["ingest_date=2026-03-01", wrong]).await;
            let error = list(&store, None).await.unwrap_err().to_string();
            let expected = format!("cannot read {RECEIPTS}/{wrong}: {wrong:?} is not ingest_date=");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
