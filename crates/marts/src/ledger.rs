//! The objects of the lake, from its ledger.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use marquee_event::Date;
use marquee_lake::generation::{self, FileEntry, Generation};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::title_catalog::{self, TitleCatalogPointer};
use marquee_lake::zone::{AUDIT_BOOKS, Zone};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::MartsError;
use crate::table::{TableObject, TableObjects};

/// The objects of the lake by table and key. An object of two receipts occurs once.
#[derive(Default)]
pub(crate) struct LakeContents {
    pub(crate) raw: TableObjects,
    pub(crate) processed: TableObjects,
    pub(crate) quarantine: TableObjects,
    pub(crate) titles: TableObjects,
    /// The latest audit of each date.
    pub(crate) audit_books: TableObjects,
    /// The current generation of each date.
    pub(crate) days: BTreeMap<Date, Generation>,
    pub(crate) receipts: Vec<Receipt>,
}

impl LakeContents {
    /// Reads all receipts, the current generations and the title catalog's pointer, and
    /// lists the files of the audits.
    pub(crate) async fn read(store: &dyn ObjectStore) -> Result<Self, MartsError> {
        let mut contents = Self {
            receipts: receipt::list(store, None).await?,
            days: generation::current(store).await?,
            titles: titles(store, title_catalog::current(store).await?.as_ref()).await?,
            audit_books: audit_books(store).await?,
            ..Self::default()
        };
        for entry in contents
            .receipts
            .iter()
            .flat_map(|receipt| &receipt.objects)
        {
            let table = match entry.zone {
                Zone::Raw => &mut contents.raw,
                Zone::Processed => &mut contents.processed,
                Zone::Quarantine => &mut contents.quarantine,
            };
            let object = TableObject {
                bytes: entry.bytes,
                rows: entry.rows,
            };
            table.insert(entry.key.clone(), object);
        }
        Ok(contents)
    }

    /// Returns the files of a curated table on all dates.
    pub(crate) fn of_every_date(&self, table: &str) -> TableObjects {
        objects(self.days.values().flat_map(|day| files(day, table)))
    }

    /// Returns the files of a latest-only table: those of the newest date that has it.
    pub(crate) fn of_the_newest_date(&self, table: &str) -> TableObjects {
        let newest = self
            .days
            .values()
            .rfind(|day| day.tables.contains_key(table));
        objects(newest.into_iter().flat_map(|day| files(day, table)))
    }
}

fn files<'a>(day: &'a Generation, table: &str) -> impl Iterator<Item = &'a FileEntry> {
    day.tables
        .get(table)
        .into_iter()
        .flat_map(|table| &table.files)
}

/// Converts file entries to objects.
pub(crate) fn objects<'a>(files: impl IntoIterator<Item = &'a FileEntry>) -> TableObjects {
    files
        .into_iter()
        .map(|file| {
            let object = TableObject {
                bytes: file.bytes,
                rows: file.rows,
            };
            (file.key.clone(), object)
        })
        .collect()
}

/// Returns the file of this version of the title catalog; no file without a catalog.
pub(crate) async fn titles(
    store: &dyn ObjectStore,
    pointer: Option<&TitleCatalogPointer>,
) -> Result<TableObjects, MartsError> {
    let Some(pointer) = pointer else {
        return Ok(TableObjects::new());
    };
    let file = store
        .head(&Path::from(pointer.key.as_str()))
        .await
        .map_err(marquee_lake::LakeError::from)?;
    let object = TableObject {
        bytes: file.size,
        rows: pointer.titles,
    };
    Ok(TableObjects::from([(pointer.key.clone(), object)]))
}

/// Lists the files of `audit_books`, which the ledger does not name: each audit
/// replaces the file of its date.
async fn audit_books(store: &dyn ObjectStore) -> Result<TableObjects, MartsError> {
    let files = store.list(Some(&Path::from(AUDIT_BOOKS)));
    // The number of rows is an estimate for the planner.
    let objects = files.map_ok(|file| {
        let object = TableObject {
            bytes: file.size,
            rows: 100,
        };
        (file.location.to_string(), object)
    });
    Ok(objects
        .try_collect()
        .await
        .map_err(marquee_lake::LakeError::from)?)
}
