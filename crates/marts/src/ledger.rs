//! What the lake's ledger says there is.

use std::collections::BTreeMap;

use marquee_lake::catalogue;
use marquee_lake::receipt;
use marquee_lake::zone::Zone;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::MartsError;
use crate::table::Object;

/// The objects that exist, by table and key.
///
/// An object that two receipts name is here once.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) raw: BTreeMap<String, Object>,
    pub(crate) processed: BTreeMap<String, Object>,
    pub(crate) quarantine: BTreeMap<String, Object>,
    pub(crate) titles: BTreeMap<String, Object>,
}

impl Contents {
    /// Reads every receipt and the catalogue's pointer.
    pub(crate) async fn read(store: &dyn ObjectStore) -> Result<Self, MartsError> {
        let mut contents = Self::default();
        for entry in receipt::list(store, None)
            .await?
            .into_iter()
            .flat_map(|receipt| receipt.objects)
        {
            let table = match entry.zone {
                Zone::Raw => &mut contents.raw,
                Zone::Processed => &mut contents.processed,
                Zone::Quarantine => &mut contents.quarantine,
            };
            let object = Object {
                bytes: entry.bytes,
                rows: entry.rows,
            };
            table.insert(entry.key, object);
        }
        if let Some(pointer) = catalogue::current(store).await? {
            let file = store
                .head(&Path::from(pointer.key.as_str()))
                .await
                .map_err(marquee_lake::LakeError::from)?;
            let object = Object {
                bytes: file.size,
                rows: pointer.titles,
            };
            contents.titles.insert(pointer.key, object);
        }
        Ok(contents)
    }
}
