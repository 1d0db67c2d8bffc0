//! What the lake's receipts say, added up, and whether their objects are there.

use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt as _;
use marquee_lake::LakeError;
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::zone::Zone;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;

/// The sum of all receipts.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) batches: u64,
    pub(super) received: u64,
    /// Bytes of all units, as JSON.
    pub(super) received_bytes: u64,
    pub(super) processed: u64,
    pub(super) quarantined: u64,
    /// Quarantined units by reason.
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) raw: Held,
    pub(super) quarantine: Held,
    pub(super) processed_zone: Held,
    /// Batches whose receipt does not add up.
    pub(super) unbalanced: Vec<String>,
    /// Objects that a receipt names and that are not there, or not with the
    /// size it says.
    pub(super) missing: Vec<String>,
}

/// What a zone holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Held {
    pub(super) files: u64,
    pub(super) bytes: u64,
    #[serde(skip)]
    pub(super) rows: u64,
}

impl Ledger {
    /// Reads the ledger of `lake`, and looks for every object that it names.
    pub(super) async fn read(lake: &dyn ObjectStore) -> Result<Self, LakeError> {
        let mut there = HashMap::new();
        for zone in Zone::ALL {
            let prefix = Path::from(zone.prefix());
            let mut found = lake.list(Some(&prefix));
            while let Some(object) = found.try_next().await? {
                there.insert(object.location.to_string(), object.size);
            }
        }
        let mut ledger = Self::default();
        for receipt in receipt::list(lake, None).await? {
            ledger.add(&receipt, &there);
        }
        Ok(ledger)
    }

    fn add(&mut self, receipt: &Receipt, there: &HashMap<String, u64>) {
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
            if there.get(&object.key) != Some(&object.bytes) {
                self.missing.push(object.key.clone());
            }
        }
    }
}
