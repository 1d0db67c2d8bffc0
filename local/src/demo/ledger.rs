//! The totals of the lake's receipts, and the objects that they list but that are
//! missing.

use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt as _;
use marquee_lake::LakeError;
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::zone::Zone;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;

/// The totals of all receipts.
#[derive(Debug, Default)]
pub(super) struct LedgerTotals {
    pub(super) batches: u64,
    pub(super) received: u64,
    /// The bytes of all units as JSON.
    pub(super) received_bytes: u64,
    pub(super) processed: u64,
    pub(super) quarantined: u64,
    /// Quarantined units by rejection reason.
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) raw: ZoneSize,
    pub(super) quarantine: ZoneSize,
    pub(super) processed_zone: ZoneSize,
    /// Batches whose receipt does not add up.
    pub(super) unbalanced: Vec<String>,
    /// Objects that a receipt lists and that are missing or have another size.
    pub(super) missing: Vec<String>,
}

/// The size of a zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct ZoneSize {
    pub(super) files: u64,
    pub(super) bytes: u64,
    #[serde(skip)]
    pub(super) rows: u64,
}

impl LedgerTotals {
    /// Reads the ledger of `lake` and checks every object that it lists.
    pub(super) async fn read(lake: &dyn ObjectStore) -> Result<Self, LakeError> {
        let mut found_objects = HashMap::new();
        for zone in Zone::ALL {
            let prefix = Path::from(zone.prefix());
            let mut objects = lake.list(Some(&prefix));
            while let Some(object) = objects.try_next().await? {
                found_objects.insert(object.location.to_string(), object.size);
            }
        }
        let mut ledger = Self::default();
        for receipt in receipt::list(lake, None).await? {
            ledger.add(&receipt, &found_objects);
        }
        Ok(ledger)
    }

    fn add(&mut self, receipt: &Receipt, found_objects: &HashMap<String, u64>) {
        self.batches += 1;
        self.received += receipt.received;
        self.received_bytes += receipt.received_bytes;
        self.processed += receipt.processed;
        self.quarantined += receipt.quarantined;
        for (reason, number) in &receipt.reasons {
            *self.reasons.entry(reason.clone()).or_default() += number;
        }
        let reasons: u64 = receipt.reasons.values().sum();
        if receipt.received != receipt.processed + receipt.quarantined
            || receipt.quarantined != reasons
        {
            self.unbalanced.push(receipt.batch.clone());
        }
        for object in &receipt.objects {
            let zone = match object.zone {
                Zone::Raw => &mut self.raw,
                Zone::Quarantine => &mut self.quarantine,
                Zone::Processed => &mut self.processed_zone,
            };
            zone.files += 1;
            zone.bytes += object.bytes;
            zone.rows += object.rows;
            if found_objects.get(&object.key) != Some(&object.bytes) {
                self.missing.push(object.key.clone());
            }
        }
    }
}
