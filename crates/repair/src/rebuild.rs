//! Rebuild: processed and quarantine objects made anew from raw.
//!
//! A batch's units go through the transform again, under the identities and with
//! the arrivals that raw has, with the catalogue and in the format version that
//! its receipt names. What comes out must be what the receipt names, byte for
//! byte: then what is missing or damaged is put back. When it has other bytes,
//! nothing of that batch is touched, and the report says so.
//!
//! Raw has a unit's bytes, not whether they are a line or a whole record that
//! could not be taken apart. The receipt says how many such records there were,
//! and taking apart the records with one unit tells which. Two cases cannot be
//! told: a record that was too large only because of what came before it in its
//! batch, and text that was not base64 among lines that are no events. They show
//! as other bytes.

mod kept;

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

/// What a rebuild did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// Receipts filed under the dates.
    pub receipts: u64,
    /// Objects that were as they should be.
    pub intact: u64,
    /// The keys of those that were missing or damaged, and are back.
    pub restored: Vec<String>,
    /// What could not be made anew.
    pub faults: Vec<RebuildFault>,
}

/// Why a batch's objects could not be made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RebuildFault {
    /// Its receipt names no raw object: the raw zone was turned off.
    NoRaw {
        /// The receipt's key.
        receipt: String,
    },
    /// Its raw object is gone.
    RawGone {
        /// The receipt's key.
        receipt: String,
        /// The object's.
        key: String,
    },
    /// Its raw object is not what the receipt says.
    RawDamaged {
        /// The receipt's key.
        receipt: String,
        /// The object's.
        key: String,
    },
    /// The catalogue that enriched it is gone.
    #[serde(rename = "catalogue_gone")]
    TitleCatalogGone {
        /// The receipt's key.
        receipt: String,
        /// The version.
        version: String,
    },
    /// Today's transform makes other bytes of its raw object.
    Differs {
        /// The receipt's key.
        receipt: String,
        /// The objects that would differ.
        keys: Vec<String>,
    },
    /// A newer program wrote it, in a format version that this one does not know.
    Newer {
        /// The receipt's key.
        receipt: String,
        /// The format version.
        format_version: u32,
    },
    /// It is a replay's, whose objects a replay makes anew.
    Replay {
        /// The receipt's key.
        receipt: String,
        /// The object that is missing or damaged.
        key: String,
    },
}

impl Display for RebuildFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRaw { receipt } => write!(
                f,
                "{receipt} names no raw object: the raw zone was turned off when it was written"
            ),
            Self::RawGone { receipt, key } => write!(
                f,
                "{key} is gone, and with it what {receipt} is made from: restore it from a copy of the bucket"
            ),
            Self::RawDamaged { receipt, key } => write!(
                f,
                "{key} is not what {receipt} says: restore it from a copy of the bucket"
            ),
            Self::TitleCatalogGone { receipt, version } => write!(
                f,
                "the catalogue {version} is gone, which {receipt} was enriched from: publish the same titles again"
            ),
            Self::Differs { receipt, keys } => {
                let what = match keys.is_empty() {
                    true => "objects that it does not name".to_owned(),
                    false => format!("other bytes than {}", keys.join(" and ")),
                };
                write!(
                    f,
                    "the transform or its settings have changed since {receipt}: they make {what}; rebuild with those that wrote it"
                )
            }
            Self::Newer {
                receipt,
                format_version,
            } => write!(
                f,
                "a newer program wrote {receipt}, in format version {format_version}; this one \
                 knows versions up to {}: rebuild with the newer one",
                FormatVersion::CURRENT.number()
            ),
            Self::Replay { receipt, key } => write!(
                f,
                "{key} of {receipt} is missing or damaged: remove it if it is there, then `marquee replay` makes it anew"
            ),
        }
    }
}

/// Makes the objects of all batches filed under those ingest dates anew.
///
/// # Errors
/// When the lake cannot be read or written. What cannot be made anew is no error,
/// but a fault in the report: the other batches are.
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
        let is_asked_for = receipt
            .ingest_date
            .parse()
            .is_ok_and(|date| dates.range().contains(&date));
        if is_asked_for {
            rebuilder.batch(&receipt).await?;
        }
    }
    Ok(rebuilder.report)
}

struct Rebuilder<'a> {
    store: &'a Arc<dyn ObjectStore>,
    settings: TransformSettings,
    /// A transform for each format version met so far.
    transformers: BTreeMap<FormatVersion, Transformer>,
    /// The catalogues met so far, by version.
    titles: BTreeMap<Option<String>, Arc<Titles>>,
    report: RebuildReport,
}

impl Rebuilder<'_> {
    async fn batch(&mut self, receipt: &Receipt) -> Result<(), RepairError> {
        self.report.receipts += 1;
        let made = match receipt.kind {
            ReceiptKind::Stream => self.make(receipt).await?,
            ReceiptKind::Replay => return self.look_at_replay(receipt).await,
        };
        let Some(files) = made else {
            return Ok(());
        };
        let entries = entries(receipt);
        let differing: Vec<String> = entries
            .iter()
            .filter(|entry| file_of(&files, entry).is_none())
            .map(|entry| entry.key.clone())
            .collect();
        if !differing.is_empty() || files.len() != entries.len() {
            self.report.faults.push(RebuildFault::Differs {
                receipt: receipt.key(),
                keys: differing,
            });
            return Ok(());
        }
        for entry in entries {
            if self.is_intact(entry).await? {
                self.report.intact += 1;
            } else if let Some(file) = file_of(&files, entry) {
                let key = Path::from(entry.key.as_str());
                self.store.put(&key, file.content.clone().into()).await?;
                self.report.restored.push(entry.key.clone());
            }
        }
        Ok(())
    }

    /// Makes the batch's files; `None`, and a fault, when that cannot be.
    async fn make(&mut self, receipt: &Receipt) -> Result<Option<Vec<File>>, RepairError> {
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
            Entry::Vacant(place) => place.insert(Transformer::of(self.settings, format)?),
        };
        let mut units = kept::read(&raw.key, content)?;
        kept::tell_forms(&mut units, receipt, transformer);
        let processed_at = parse_rfc3339(&receipt.last_arrived_at).unwrap_or(0);
        let units = units.iter().map(kept::Unit::kept);
        let done = transformer.transform_units(units, processed_at, &titles)?;
        Ok(Some(done.files))
    }

    /// The catalogue that the receipt names; `None`, and a fault, when it is gone.
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

    /// A replay's objects are looked at only.
    async fn look_at_replay(&mut self, receipt: &Receipt) -> Result<(), RepairError> {
        for entry in entries(receipt) {
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

    /// Whether the object is there, with the bytes that were written.
    async fn is_intact(&self, entry: &ObjectEntry) -> Result<bool, RepairError> {
        match self.store.get(&Path::from(entry.key.as_str())).await {
            Ok(found) => Ok(digest::of(&found.bytes().await?) == entry.digest),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What the receipt names besides raw.
fn entries(receipt: &Receipt) -> Vec<&ObjectEntry> {
    let entries = receipt.objects.iter();
    entries.filter(|entry| entry.zone != Zone::Raw).collect()
}

/// The file that is the entry's object.
fn file_of<'f>(files: &'f [File], entry: &ObjectEntry) -> Option<&'f File> {
    files
        .iter()
        .find(|file| file.zone == entry.zone && digest::of(&file.content) == entry.digest)
}
