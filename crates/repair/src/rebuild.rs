//! Rebuild: restores processed and quarantine objects from raw.
//!
//! A rebuild transforms a batch's units again. It takes the identities, arrivals and bytes
//! from raw, and the version of the title catalog and the format version from the receipt.
//! The output must equal the objects that the receipt names, byte for byte. If it does, the
//! rebuild writes the objects that are missing or damaged. If it does not, the rebuild
//! changes no object of the batch and reports [`RebuildFault::Differs`].
//!
//! Raw stores a unit's bytes, but not their form: a line, or a whole record that could not
//! be unpacked. The receipt has the number of such records. Unpacking each record that has
//! a single unit finds them again. Two cases cannot be recognized and are reported as
//! differing bytes:
//!
//! - a record that an older version rejected as too large only because of the records before it
//!   in its batch;
//! - text that is not base64, in a batch that also has lines that are not events.

mod raw_unit;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use marquee_event::{DateRange, FormatVersion, parse_rfc3339};
use marquee_ingest::TransformSettings;
use marquee_ingest::batch::{File, Transformer};
use marquee_ingest::titles::Titles;
use marquee_lake::receipt::{self, ObjectEntry, Receipt, ReceiptKind};
use marquee_lake::title_catalog;
use marquee_lake::zone::Zone;
use marquee_lake::{LakeError, digest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;

use crate::error::RepairError;

/// The report of a rebuild.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// The number of receipts of the ingest dates.
    pub receipts: u64,
    /// The number of objects that exist undamaged.
    pub intact: u64,
    /// The keys of the objects that were missing or damaged and are restored.
    pub restored: Vec<String>,
    /// The batches or objects that could not be restored, with the reasons.
    pub faults: Vec<RebuildFault>,
}

/// The reason why objects of a batch could not be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RebuildFault {
    /// The receipt names no raw object: the raw zone was turned off.
    NoRaw {
        /// The receipt's key.
        receipt: String,
    },
    /// The raw object is missing.
    RawGone {
        /// The receipt's key.
        receipt: String,
        /// The raw object's key.
        key: String,
    },
    /// The raw object has another digest than the receipt states.
    RawDamaged {
        /// The receipt's key.
        receipt: String,
        /// The raw object's key.
        key: String,
    },
    /// The version of the title catalog that enriched the batch is missing.
    #[serde(rename = "catalogue_gone")]
    TitleCatalogGone {
        /// The receipt's key.
        receipt: String,
        /// The version.
        version: String,
    },
    /// The current transform produces other bytes from the raw object.
    Differs {
        /// The receipt's key.
        receipt: String,
        /// The keys of the objects that the transform does not reproduce.
        keys: Vec<String>,
    },
    /// A newer program wrote the batch, in a format version that this program does not know.
    Newer {
        /// The receipt's key.
        receipt: String,
        /// The format version.
        format_version: u32,
    },
    /// The batch is a replay's. A replay restores its objects, a rebuild only verifies them.
    Replay {
        /// The receipt's key.
        receipt: String,
        /// The key of the missing or damaged object.
        key: String,
    },
}

impl Display for RebuildFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRaw { receipt } => write!(
                f,
                "cannot rebuild the batch of {receipt}: the raw zone was off when the batch was \
                 written, so the receipt names no raw object"
            ),
            Self::RawGone { receipt, key } => write!(
                f,
                "cannot rebuild the batch of {receipt}: the raw object {key} is missing; restore \
                 it from a copy of the bucket"
            ),
            Self::RawDamaged { receipt, key } => write!(
                f,
                "cannot rebuild the batch of {receipt}: the raw object {key} is damaged; restore \
                 it from a copy of the bucket"
            ),
            Self::TitleCatalogGone { receipt, version } => write!(
                f,
                "cannot rebuild the batch of {receipt}: version {version} of the title catalog, \
                 which enriched it, is missing; publish the same titles again"
            ),
            Self::Differs { receipt, keys } => {
                let output = match keys.is_empty() {
                    true => "objects that the receipt does not name".to_owned(),
                    false => format!("other bytes for {}", keys.join(" and ")),
                };
                write!(
                    f,
                    "cannot rebuild the batch of {receipt}: the transform now produces {output}, \
                     so the program or its settings have changed; rebuild with the version and \
                     settings that wrote the batch"
                )
            }
            Self::Newer {
                receipt,
                format_version,
            } => write!(
                f,
                "cannot rebuild the batch of {receipt}: a newer program wrote it in format \
                 version {format_version}, and this program knows versions up to {}; rebuild \
                 with the newer program",
                FormatVersion::CURRENT.number()
            ),
            Self::Replay { receipt, key } => write!(
                f,
                "cannot rebuild {key}: its batch {receipt} is a replay's, and the object is \
                 missing or damaged; delete the object if it exists and run `marquee replay`"
            ),
        }
    }
}

/// Restores the missing and damaged objects of all batches of the ingest dates.
///
/// # Errors
/// If the lake cannot be read or written, or a receipt is damaged. A batch that cannot be
/// rebuilt is not an error but a fault in the report; the other batches are rebuilt.
pub async fn rebuild(
    store: &Arc<dyn ObjectStore>,
    dates: DateRange,
    settings: TransformSettings,
) -> Result<RebuildReport, RepairError> {
    let mut rebuilder = Rebuilder {
        store,
        settings: TransformSettings {
            raw: false,
            ..settings
        },
        transformers: BTreeMap::new(),
        titles: BTreeMap::new(),
        report: RebuildReport::default(),
    };
    for receipt in receipt::list(&**store, None).await? {
        if dates.range().contains(&receipt.ingest_date) {
            rebuilder.rebuild_batch(&receipt).await?;
        }
    }
    Ok(rebuilder.report)
}

struct Rebuilder<'a> {
    store: &'a Arc<dyn ObjectStore>,
    settings: TransformSettings,
    /// One transformer for each format version of the receipts so far.
    transformers: BTreeMap<FormatVersion, Transformer>,
    /// The title catalogs of the receipts so far, by version.
    titles: BTreeMap<Option<String>, Arc<Titles>>,
    report: RebuildReport,
}

impl Rebuilder<'_> {
    async fn rebuild_batch(&mut self, receipt: &Receipt) -> Result<(), RepairError> {
        self.report.receipts += 1;
        let output = match receipt.kind {
            ReceiptKind::Stream => self.transform(receipt).await?,
            ReceiptKind::Replay => return self.verify_replay(receipt).await,
        };
        let Some(files) = output else {
            return Ok(());
        };
        let (mut reproduced, mut differing) = (Vec::new(), Vec::new());
        for entry in derived_entries(receipt) {
            match file_of(&files, entry) {
                Some(file) => reproduced.push((entry, file)),
                None => differing.push(entry.key.clone()),
            }
        }
        if !differing.is_empty() || files.len() != reproduced.len() {
            self.report.faults.push(RebuildFault::Differs {
                receipt: receipt.key(),
                keys: differing,
            });
            return Ok(());
        }
        for (entry, file) in reproduced {
            if self.is_intact(entry).await? {
                self.report.intact += 1;
            } else {
                let key = Path::from(entry.key.as_str());
                self.store.put(&key, file.content.clone().into()).await?;
                self.report.restored.push(entry.key.clone());
            }
        }
        Ok(())
    }

    /// Transforms the batch's raw object again. Returns `None` after it reports a fault, and
    /// for a batch without records.
    async fn transform(&mut self, receipt: &Receipt) -> Result<Option<Vec<File>>, RepairError> {
        let raw = receipt.objects.iter().find(|entry| entry.zone == Zone::Raw);
        let Some(raw) = raw else {
            if receipt.received > 0 {
                let receipt = receipt.key();
                self.report.faults.push(RebuildFault::NoRaw { receipt });
            }
            return Ok(None);
        };
        let content = match self.store.get(&Path::from(raw.key.as_str())).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => {
                self.report.faults.push(RebuildFault::RawGone {
                    receipt: receipt.key(),
                    key: raw.key.clone(),
                });
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if digest::of(&content) != raw.digest {
            self.report.faults.push(RebuildFault::RawDamaged {
                receipt: receipt.key(),
                key: raw.key.clone(),
            });
            return Ok(None);
        }
        let Some(format) = FormatVersion::from_number(receipt.format_version) else {
            self.report.faults.push(RebuildFault::Newer {
                receipt: receipt.key(),
                format_version: receipt.format_version,
            });
            return Ok(None);
        };
        let Some(titles) = self.titles(receipt).await? else {
            return Ok(None);
        };
        let transformer = match self.transformers.entry(format) {
            Entry::Occupied(transformer) => transformer.into_mut(),
            Entry::Vacant(entry) => entry.insert(Transformer::of(self.settings, format)?),
        };
        let mut units = raw_unit::read(&raw.key, content)?;
        raw_unit::infer_forms(&mut units, receipt, transformer);
        let processed_at = parse_rfc3339(&receipt.last_arrived_at)
            .ok_or_else(|| damaged(receipt, "last_arrived_at", &receipt.last_arrived_at))?;
        let units = units.iter().map(raw_unit::RawUnit::identified);
        let done = transformer.transform_units(units, processed_at, &titles)?;
        Ok(Some(done.files))
    }

    /// Returns the title catalog that the receipt names. If that version is missing, reports
    /// a fault and returns `None`.
    async fn titles(&mut self, receipt: &Receipt) -> Result<Option<Arc<Titles>>, RepairError> {
        if let Some(titles) = self.titles.get(&receipt.title_catalog) {
            return Ok(Some(titles.clone()));
        }
        let titles = match &receipt.title_catalog {
            None => Titles::default(),
            Some(version) => match title_catalog::load_version(&**self.store, version).await {
                Ok(titles) => Titles::new(Some(version.clone()), titles),
                Err(LakeError::Store(object_store::Error::NotFound { .. })) => {
                    self.report.faults.push(RebuildFault::TitleCatalogGone {
                        receipt: receipt.key(),
                        version: version.clone(),
                    });
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            },
        };
        let titles = Arc::new(titles);
        self.titles
            .insert(receipt.title_catalog.clone(), titles.clone());
        Ok(Some(titles))
    }

    /// Verifies the objects of a replay, without restoring them.
    async fn verify_replay(&mut self, receipt: &Receipt) -> Result<(), RepairError> {
        for entry in derived_entries(receipt) {
            if self.is_intact(entry).await? {
                self.report.intact += 1;
            } else {
                self.report.faults.push(RebuildFault::Replay {
                    receipt: receipt.key(),
                    key: entry.key.clone(),
                });
            }
        }
        Ok(())
    }

    /// Returns whether the object exists with the digest that the receipt states.
    async fn is_intact(&self, entry: &ObjectEntry) -> Result<bool, RepairError> {
        match self.store.get(&Path::from(entry.key.as_str())).await {
            Ok(found) => Ok(digest::of(&found.bytes().await?) == entry.digest),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the receipt's objects that derive from raw: processed and quarantine.
fn derived_entries(receipt: &Receipt) -> impl Iterator<Item = &ObjectEntry> {
    let entries = receipt.objects.iter();
    entries.filter(|entry| entry.zone != Zone::Raw)
}

fn damaged(receipt: &Receipt, field: &'static str, found: &str) -> RepairError {
    RepairError::Receipt {
        receipt: receipt.key(),
        field,
        found: found.to_owned(),
    }
}

/// Returns the file with the zone and the digest of the entry.
fn file_of<'f>(files: &'f [File], entry: &ObjectEntry) -> Option<&'f File> {
    files
        .iter()
        .find(|file| file.zone == entry.zone && digest::of(&file.content) == entry.digest)
}
