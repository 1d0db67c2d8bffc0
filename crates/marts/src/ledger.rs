//! What the lake's ledger says there is.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use marquee_event::Date;
use marquee_lake::catalogue::{self, Pointer};
use marquee_lake::generation::{self, FileEntry, Generation};
use marquee_lake::receipt::{self, Receipt};
use marquee_lake::zone::{AUDIT_BOOKS, Zone};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::MartsError;
use crate::table::{Object, Objects};

/// The objects that exist, by table and key.
///
/// An object that two receipts name is here once.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) raw: Objects,
    pub(crate) processed: Objects,
    pub(crate) quarantine: Objects,
    pub(crate) titles: Objects,
    /// The last audit of each date.
    pub(crate) audit_books: Objects,
    /// The current generation of each date.
    pub(crate) days: BTreeMap<Date, Generation>,
    pub(crate) receipts: Vec<Receipt>,
}

impl Contents {
    /// Reads every receipt, the current generations and the catalogue's pointer, and
    /// lists what audits left.
    pub(crate) async fn read(store: &dyn ObjectStore) -> Result<Self, MartsError> {
        let mut contents = Self {
            receipts: receipt::list(store, None).await?,
            days: generation::current(store).await?,
            titles: titles(store, catalogue::current(store).await?.as_ref()).await?,
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
            let object = Object {
                bytes: entry.bytes,
                rows: entry.rows,
            };
            table.insert(entry.key.clone(), object);
        }
        Ok(contents)
    }

    /// The files of a curated table that every date has.
    pub(crate) fn of_every_date(&self, table: &str) -> Objects {
        objects(self.days.values().flat_map(|day| files(day, table)))
    }

    /// The files of a curated table that only the newest date has.
    pub(crate) fn of_the_newest_date(&self, table: &str) -> Objects {
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

/// Those files as objects.
pub(crate) fn objects<'a>(files: impl IntoIterator<Item = &'a FileEntry>) -> Objects {
    files
        .into_iter()
        .map(|file| {
            let object = Object {
                bytes: file.bytes,
                rows: file.rows,
            };
            (file.key.clone(), object)
        })
        .collect()
}

/// The file of that version of the catalogue; none when there is no catalogue.
pub(crate) async fn titles(
    store: &dyn ObjectStore,
    pointer: Option<&Pointer>,
) -> Result<Objects, MartsError> {
    let Some(pointer) = pointer else {
        return Ok(Objects::new());
    };
    let file = store
        .head(&Path::from(pointer.key.as_str()))
        .await
        .map_err(marquee_lake::LakeError::from)?;
    let object = Object {
        bytes: file.size,
        rows: pointer.titles,
    };
    Ok(Objects::from([(pointer.key.clone(), object)]))
}

/// The files of `audit_books`, which no ledger names: an audit replaces its date's.
async fn audit_books(store: &dyn ObjectStore) -> Result<Objects, MartsError> {
    let files = store.list(Some(&Path::from(AUDIT_BOOKS)));
    // How many rows each has is for the planner alone, and few.
    let objects = files.map_ok(|file| {
        let object = Object {
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
