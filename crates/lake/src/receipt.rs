//! A batch's receipt: the last thing written of it, and what makes it exist.
//!
//! A receipt is created only if it is absent, and is never replaced. An object
//! that no receipt names does not exist for those who read the lake.

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

/// How many receipts are read at a time.
const READERS: usize = 16;

/// What made the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    /// Records of the stream.
    Stream,
    /// Units that had been in quarantine.
    Replay,
}

/// An object that the batch wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    /// The zone it lies in.
    pub zone: Zone,
    /// Its key.
    pub key: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// The [digest](crate::digest) of its bytes.
    pub digest: String,
}

/// What became of one batch. Times are RFC 3339, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The version of this form: 1.
    pub version: u32,
    /// The [`FormatVersion`](marquee_event::FormatVersion) of its objects, by number.
    /// The receipts of the first version do not name it.
    #[serde(default = "first_format", skip_serializing_if = "is_first_format")]
    pub format_version: u32,
    /// What made the batch.
    pub kind: ReceiptKind,
    /// The batch's name.
    pub batch: String,
    /// The shard it was read from.
    pub shard_id: String,
    /// The sequence number of its first record.
    pub first_sequence_number: String,
    /// The sequence number of its last record.
    pub last_sequence_number: String,
    /// The date it is filed under: that of its first record's arrival.
    pub ingest_date: String,
    /// The hour it is filed under.
    pub ingest_hour: u8,
    /// When its first record arrived.
    pub first_arrived_at: String,
    /// When its last record arrived.
    pub last_arrived_at: String,
    /// Records by the date that they arrived on. Arrivals run back within a shard,
    /// so that the first and the last do not tell. Empty in receipts from before
    /// they said so.
    #[serde(default)]
    pub arrival_dates: BTreeMap<String, u64>,
    /// Kinesis records.
    pub records: u64,
    /// Units that they were taken apart into.
    pub received: u64,
    /// Units that are events.
    pub processed: u64,
    /// Units that are not.
    pub quarantined: u64,
    /// Bytes of all units.
    pub received_bytes: u64,
    /// Quarantined units by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Processed events by the date of their `event_time`.
    pub event_dates: BTreeMap<String, u64>,
    /// The version of the catalogue that enriched them.
    pub catalogue: Option<String>,
    /// Every object that was written.
    pub objects: Vec<ObjectEntry>,
}

const fn first_format() -> u32 {
    FormatVersion::FIRST.number()
}

fn is_first_format(number: &u32) -> bool {
    *number == first_format()
}

impl Receipt {
    /// Where it lies.
    pub fn key(&self) -> String {
        receipt_key(&self.ingest_date, &self.batch)
    }
}

/// How many of those arrivals (UTC microseconds) are of each date.
pub fn by_date(arrivals: impl IntoIterator<Item = i64>) -> BTreeMap<String, u64> {
    let mut dates: BTreeMap<Date, u64> = BTreeMap::new();
    for arrival in arrivals {
        *dates.entry(Date::of(arrival)).or_default() += 1;
    }
    dates
        .into_iter()
        .map(|(date, records)| (date.to_string(), records))
        .collect()
}

/// Whether the batch has its receipt, and so is done.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn exists(
    store: &dyn ObjectStore,
    ingest_date: &str,
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

/// Writes the receipt, unless there is one. Whether it was written.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn create(store: &dyn ObjectStore, receipt: &Receipt) -> Result<bool, LakeError> {
    document::create(store, &Path::from(receipt.key()), receipt).await
}

/// Reads the receipt at that key.
///
/// # Errors
/// [`LakeError::Store`]; [`LakeError::Malformed`] when it is no receipt.
pub async fn read(store: &dyn ObjectStore, key: &Path) -> Result<Receipt, LakeError> {
    document::read(store, key).await
}

/// Every receipt of the lake, or of one ingest date, in the order of their keys.
///
/// # Errors
/// As [`read`].
pub async fn list(
    store: &dyn ObjectStore,
    ingest_date: Option<&str>,
) -> Result<Vec<Receipt>, LakeError> {
    let dates = match ingest_date {
        Some(date) => vec![date.to_owned()],
        None => ingest_dates(store).await?,
    };
    let mut receipts = Vec::new();
    for date in dates {
        receipts.extend(collected::list(store, &date).await?);
    }
    Ok(receipts)
}

/// The dates that receipts are filed under, ascending.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn ingest_dates(store: &dyn ObjectStore) -> Result<Vec<String>, LakeError> {
    let listed = store
        .list_with_delimiter(Some(&Path::from(RECEIPTS)))
        .await?;
    let mut dates: Vec<String> = listed
        .common_prefixes
        .iter()
        .filter_map(|prefix| Some(prefix.filename()?.strip_prefix("ingest_date=")?.to_owned()))
        .collect();
    dates.sort();
    Ok(dates)
}

/// The keys of the receipts of the ingest date, in their order.
async fn keys(store: &dyn ObjectStore, ingest_date: &str) -> Result<Vec<Path>, LakeError> {
    let prefix = Path::from(format!("{RECEIPTS}/ingest_date={ingest_date}"));
    let mut keys: Vec<Path> = store
        .list(Some(&prefix))
        .map_ok(|object| object.location)
        .try_filter(|key| std::future::ready(key.as_ref().ends_with(".json")))
        .try_collect()
        .await?;
    keys.sort();
    Ok(keys)
}
