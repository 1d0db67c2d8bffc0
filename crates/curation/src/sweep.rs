//! The sweep, which deletes curated and staged files that no generation needs.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use marquee_event::Date;
use marquee_lake::generation::{self, Generation};
use marquee_lake::zone::{AUDIT_BOOKS, CURATED, STAGING};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::error::CurationError;

/// The result of a sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deleted objects.
    pub objects: u64,
    /// Bytes of the deleted objects.
    pub bytes: u64,
}

/// The age below which no file is deleted: a run or a query in progress can use it.
const MIN_AGE: Duration = Duration::from_secs(86_400);
/// The number of objects that are checked again and deleted together. S3 deletes at most this
/// many in one request.
const GROUP: usize = 1_000;
/// The number of requests in flight.
const REQUESTS: usize = 16;

/// Deletes the curated and staged files that are older than `keep`, at least a day, and that
/// no needed generation lists. A generation is needed if it is current, was current within
/// `keep` before `now`, or has the current latest-only tables.
///
/// Running queries and runs keep their files if `keep` is longer than the longest of them.
/// The tables of the audits' books belong to no generation and are kept.
///
/// A run can write a file again that an earlier, interrupted run left: the names of both are
/// equal. The sweep therefore checks each group of files right before it deletes them. It
/// keeps a file that was written since, or that a new generation lists.
///
/// # Errors
/// If the lake cannot be read, or an object cannot be deleted.
pub async fn sweep(
    store: &dyn ObjectStore,
    now: SystemTime,
    keep: Duration,
) -> Result<Swept, CurationError> {
    let Some(before) = now.checked_sub(keep.max(MIN_AGE)) else {
        return Ok(Swept::default());
    };
    // List old objects before generations: if a run publishes meanwhile, `needed` has its files.
    let mut old: Vec<ObjectMeta> = Vec::new();
    let books = Path::from(AUDIT_BOOKS);
    for zone in [CURATED, STAGING] {
        let mut objects = store.list(Some(&Path::from(zone)));
        while let Some(object) = objects.try_next().await? {
            if is_older(&object, before) && !object.location.prefix_matches(&books) {
                old.push(object);
            }
        }
    }
    let mut needed = NeededFiles::read(store, before).await?;
    let mut swept = Swept::default();
    old.retain(|object| !needed.contains(object));
    for group in old.chunks(GROUP) {
        needed.add_new(store).await?;
        let unlisted = group.iter().filter(|object| !needed.contains(object));
        let unneeded = still_old(store, unlisted, before).await?;
        swept.objects += unneeded.len() as u64;
        swept.bytes += unneeded.iter().map(|object| object.size).sum::<u64>();
        delete(store, unneeded).await?;
    }
    Ok(swept)
}

fn is_older(object: &ObjectMeta, before: SystemTime) -> bool {
    SystemTime::from(object.last_modified) < before
}

/// Returns the objects that exist and were not written since `before`.
async fn still_old(
    store: &dyn ObjectStore,
    objects: impl Iterator<Item = &ObjectMeta>,
    before: SystemTime,
) -> Result<Vec<ObjectMeta>, CurationError> {
    let found = futures::stream::iter(objects.map(|object| object.location.clone()))
        .map(|key| async move {
            match store.head(&key).await {
                Ok(object) => Ok(is_older(&object, before).then_some(object)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .buffered(REQUESTS)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn delete(store: &dyn ObjectStore, objects: Vec<ObjectMeta>) -> Result<(), CurationError> {
    let locations = futures::stream::iter(objects).map(|object| Ok(object.location));
    store
        .delete_stream(locations.boxed())
        .map(|removed| match removed {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            other => other.map(drop),
        })
        .try_collect::<()>()
        .await?;
    Ok(())
}

/// The keys of the files of needed generations.
struct NeededFiles {
    keys: HashSet<String>,
    /// The newest generation of each date whose files are in `keys`.
    newest: BTreeMap<Date, u32>,
}

impl NeededFiles {
    /// Reads the files of every generation that is current, that was current at `before` or
    /// later, or that has the current latest-only tables.
    async fn read(store: &dyn ObjectStore, before: SystemTime) -> Result<Self, CurationError> {
        let mut needed = Self {
            keys: HashSet::new(),
            newest: BTreeMap::new(),
        };
        let newest = generation::newest(store).await?;
        needed.keys.extend(newest.into_iter().flat_map(files));
        for (date, numbers) in generation::numbers(store).await? {
            for (index, number) in numbers.iter().enumerate() {
                let is_needed = match numbers.get(index + 1) {
                    None => true,
                    Some(next) => {
                        let key = Path::from(generation::generation_key(date, *next));
                        !is_older(&store.head(&key).await?, before)
                    }
                };
                if is_needed {
                    needed.add(generation::read(store, date, *number).await?);
                }
            }
        }
        Ok(needed)
    }

    /// Adds the files of the generations that were published since the last call.
    async fn add_new(&mut self, store: &dyn ObjectStore) -> Result<(), CurationError> {
        for (date, numbers) in generation::numbers(store).await? {
            let known = self.newest.get(&date).copied();
            for number in numbers {
                if known.is_none_or(|known| number > known) {
                    self.add(generation::read(store, date, number).await?);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, generation: Generation) {
        let newest = self.newest.entry(generation.event_date).or_default();
        *newest = generation.generation.max(*newest);
        self.keys.extend(files(generation));
    }

    fn contains(&self, object: &ObjectMeta) -> bool {
        self.keys.contains(object.location.as_ref())
    }
}

fn files(generation: Generation) -> impl Iterator<Item = String> {
    let tables = generation.tables.into_values();
    tables.flat_map(|table| table.files).map(|file| file.key)
}
