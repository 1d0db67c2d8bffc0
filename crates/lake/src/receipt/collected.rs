//! Copies of the receipts of an ingest date in one object, so that a plan does not read
//! thousands of small objects each time.
//!
//! Receipts never change, so a copy equals its receipt. The list of receipts always comes
//! from the lake: a copy without a receipt is ignored, and a receipt without a copy is read.
//! The object can be removed at any time.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use object_store::ObjectStore;
use object_store::path::Path;

use super::{READERS, Receipt, keys, read};
use crate::document;
use crate::error::LakeError;
use crate::zone::STAGING;

/// The minimum number of receipts that are worth a copy.
const WORTH_COLLECTING: usize = 32;

fn key(ingest_date: Date) -> Path {
    Path::from(format!("{STAGING}/receipts/ingest_date={ingest_date}.json"))
}

/// Reads every receipt of the ingest date, in the order of keys.
///
/// # Errors
/// As [`read`].
pub(super) async fn list(
    store: &dyn ObjectStore,
    ingest_date: Date,
) -> Result<Vec<Receipt>, LakeError> {
    Ok(listed(store, ingest_date).await?.0)
}

/// Reads every receipt of the ingest date, as [`super::list`]. Writes the copies if it had
/// to read many receipts one by one.
///
/// # Errors
/// As [`read`]; [`LakeError::Store`] if the copies cannot be written.
pub async fn collect(
    store: &dyn ObjectStore,
    ingest_date: Date,
) -> Result<Vec<Receipt>, LakeError> {
    let (receipts, read_singly) = listed(store, ingest_date).await?;
    if read_singly >= WORTH_COLLECTING {
        document::write(store, &key(ingest_date), &receipts).await?;
    }
    Ok(receipts)
}

/// Reads the receipts. Returns also how many of them it read one by one.
async fn listed(
    store: &dyn ObjectStore,
    ingest_date: Date,
) -> Result<(Vec<Receipt>, usize), LakeError> {
    let keys = keys(store, ingest_date).await?;
    let mut copies = match keys.len() {
        few if few < WORTH_COLLECTING => BTreeMap::new(),
        _ => copies(store, ingest_date).await?,
    };
    let missing: Vec<Path> = keys
        .iter()
        .filter(|key| !copies.contains_key(key.as_ref()))
        .cloned()
        .collect();
    let read_singly = missing.len();
    let read: Vec<Receipt> = futures::stream::iter(missing)
        .map(|key| async move { read(store, &key).await })
        .buffered(READERS)
        .try_collect()
        .await?;
    copies.extend(read.into_iter().map(|receipt| (receipt.key(), receipt)));
    // A receipt under the key of another batch would be lost.
    let of_key = |key: &Path| {
        copies
            .remove(key.as_ref())
            .ok_or_else(|| LakeError::Malformed {
                key: key.to_string(),
                cause: "it is the receipt of another batch".to_owned(),
            })
    };
    let receipts = keys.iter().map(of_key).collect::<Result<_, _>>()?;
    Ok((receipts, read_singly))
}

/// Reads the copies by the keys of their receipts. Returns none if the object is absent or
/// malformed.
async fn copies(
    store: &dyn ObjectStore,
    ingest_date: Date,
) -> Result<BTreeMap<String, Receipt>, LakeError> {
    match document::read::<Vec<Receipt>>(store, &key(ingest_date)).await {
        Ok(receipts) => Ok(receipts
            .into_iter()
            .map(|receipt| (receipt.key(), receipt))
            .collect()),
        Err(
            LakeError::Store(object_store::Error::NotFound { .. }) | LakeError::Malformed { .. },
        ) => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::super::{ReceiptKind, create};
    use super::*;

    /// 2026-01-05.
    const DATE: Date = Date::from_days(20_458);

    fn receipt(number: usize) -> Receipt {
        Receipt {
            version: 1,
            format_version: 1,
            kind: ReceiptKind::Stream,
            batch: format!("shardId-0-{number:04}"),
            shard_id: "shardId-0".into(),
            first_sequence_number: number.to_string(),
            last_sequence_number: number.to_string(),
            ingest_date: DATE,
            ingest_hour: 0,
            first_arrived_at: "2026-01-05T00:00:00Z".into(),
            last_arrived_at: "2026-01-05T00:00:00Z".into(),
            arrival_dates: BTreeMap::from([(DATE, 1)]),
            records: 1,
            received: 1,
            processed: 1,
            quarantined: 0,
            received_bytes: 1,
            reasons: BTreeMap::new(),
            event_dates: BTreeMap::from([(DATE, 1)]),
            title_catalog: None,
            objects: Vec::new(),
        }
    }

    async fn lake(receipts: std::ops::Range<usize>) -> InMemory {
        let store = InMemory::new();
        add(&store, receipts).await;
        store
    }

    async fn add(store: &InMemory, receipts: std::ops::Range<usize>) {
        for number in receipts {
            assert!(create(store, &receipt(number)).await.unwrap());
        }
    }

    #[tokio::test]
    async fn what_is_collected_is_not_read_again() {
        let store = lake(0..40).await;
        let all = collect(&store, DATE).await.unwrap();
        assert_eq!(all, (0..40).map(receipt).collect::<Vec<_>>());
        add(&store, 40..45).await;
        let (again, read_singly) = listed(&store, DATE).await.unwrap();
        assert_eq!(again, (0..45).map(receipt).collect::<Vec<_>>());
        assert_eq!(read_singly, 5);
    }

    #[tokio::test]
    async fn a_receipt_that_is_gone_is_gone() {
        let store = lake(0..40).await;
        collect(&store, DATE).await.unwrap();
        let lost = Path::from(receipt(7).key());
        store.delete(&lost).await.unwrap();
        let left = list(&store, DATE).await.unwrap();
        assert_eq!(left.len(), 39);
        assert!(!left.contains(&receipt(7)));
    }

    #[tokio::test]
    async fn a_few_are_not_collected_and_a_broken_copy_is_none() {
        let store = lake(0..31).await;
        collect(&store, DATE).await.unwrap();
        assert!(store.head(&key(DATE)).await.is_err());
        add(&store, 31..40).await;
        let broken = bytes::Bytes::from_static(b"[{\"version\": 1");
        store.put(&key(DATE), broken.into()).await.unwrap();
        let all = collect(&store, DATE).await.unwrap();
        assert_eq!(all.len(), 40);
        assert_eq!(listed(&store, DATE).await.unwrap().1, 0);
    }
}
