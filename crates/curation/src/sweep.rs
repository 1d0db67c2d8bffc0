//! The sweep, which deletes curated and staged files that no generation needs.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
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

/// Deletes the curated and staged files that are older than `keep` and that no needed
/// generation lists. A generation is needed if it is current, was current within `keep` before
/// `now`, or has the current latest-only tables.
///
/// Running queries and runs keep their files if `keep` is longer than the longest of them.
/// The tables of the audits' books belong to no generation and are kept.
///
/// # Errors
/// If the lake cannot be read, or an object cannot be deleted.
pub async fn sweep(
    store: &dyn ObjectStore,
    now: SystemTime,
    keep: Duration,
) -> Result<Swept, CurationError> {
    let Some(before) = now.checked_sub(keep) else {
        return Ok(Swept::default());
    };
    // List old objects before generations: if a run publishes meanwhile, `needed` has its files.
    let mut old: Vec<ObjectMeta> = Vec::new();
    let books = Path::from(AUDIT_BOOKS);
    for zone in [CURATED, STAGING] {
        let mut objects = store.list(Some(&Path::from(zone)));
        while let Some(object) = objects.try_next().await? {
            let is_old = SystemTime::from(object.last_modified) < before;
            if is_old && !object.location.prefix_matches(&books) {
                old.push(object);
            }
        }
    }
    let needed = needed(store, before).await?;
    let mut swept = Swept::default();
    old.retain(|object| !needed.contains(object.location.as_ref()));
    for object in &old {
        swept.objects += 1;
        swept.bytes += object.size;
    }
    let locations = futures::stream::iter(old).map(|object| Ok(object.location));
    store
        .delete_stream(locations.boxed())
        .map(|removed| match removed {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            other => other.map(drop),
        })
        .try_collect::<()>()
        .await?;
    Ok(swept)
}

/// Returns the keys of the files of every generation that is current, that was current at
/// `before` or later, or that has the current latest-only tables.
async fn needed(
    store: &dyn ObjectStore,
    before: SystemTime,
) -> Result<HashSet<String>, CurationError> {
    let mut needed: HashSet<String> = HashSet::new();
    needed.extend(generation::newest(store).await?.into_iter().flat_map(files));
    for (date, numbers) in generation::numbers(store).await? {
        for (index, number) in numbers.iter().enumerate() {
            let is_needed = match numbers.get(index + 1) {
                None => true,
                Some(next) => {
                    let key = Path::from(generation::generation_key(date, *next));
                    SystemTime::from(store.head(&key).await?.last_modified) >= before
                }
            };
            if is_needed {
                needed.extend(files(generation::read(store, date, *number).await?));
            }
        }
    }
    Ok(needed)
}

fn files(generation: Generation) -> impl Iterator<Item = String> {
    let tables = generation.tables.into_values();
    tables.flat_map(|table| table.files).map(|file| file.key)
}
