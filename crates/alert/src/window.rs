//! What people were told already: an object in the lake for each incident.

use marquee_event::parse_rfc3339;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::incident::Fingerprint;

/// What all its keys begin with.
pub const ALERTS: &str = "ledger/alerts";

/// How often a write that others were in the way of is tried.
const TRIES: u32 = 8;

/// What people know of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its headline, for who looks at the object.
    pub what: String,
    /// When they were last told (RFC 3339).
    pub told_at: String,
    /// When what they were told of began (RFC 3339), where that is known.
    pub since: Option<String>,
    /// Whether they were told that it is over.
    pub is_over: bool,
    /// How often it was reported since, and they were not told.
    pub untold: u64,
    /// How often it was reported in all.
    pub reports: u64,
}

/// A report, for the record.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The incident's headline.
    pub what: &'a str,
    /// Now (UTC microseconds).
    pub now: i64,
    /// When what is reported began (UTC microseconds).
    pub since: Option<i64>,
    /// Whether it says that the incident is over.
    pub is_over: bool,
    /// Whether people were told.
    pub is_told: bool,
}

impl Told {
    /// When they were last told (UTC microseconds).
    pub fn told_at(&self) -> Option<i64> {
        parse_rfc3339(&self.told_at)
    }

    /// When what they were told of began (UTC microseconds).
    pub fn since(&self) -> Option<i64> {
        self.since.as_deref().and_then(parse_rfc3339)
    }

    /// Whether they were told less than `window_us` from `now`, on whichever side: a
    /// clock that was wrong once silences nothing for long.
    pub fn is_within(&self, now: i64, window_us: i64) -> bool {
        let apart = self.told_at().map(|told_at| now.abs_diff(told_at));
        apart.is_some_and(|apart| apart < window_us.unsigned_abs())
    }

    /// What is known after a report.
    fn after(before: Option<Self>, entry: &Entry<'_>) -> Self {
        let before_reports = before.as_ref().map_or(0, |before| before.reports);
        match before {
            Some(before) if !entry.is_told => Self {
                untold: before.untold + 1,
                reports: before.reports + 1,
                ..before
            },
            _ => Self {
                what: entry.what.to_owned(),
                told_at: rfc3339(entry.now),
                since: entry.since.map(rfc3339),
                is_over: entry.is_over,
                untold: 0,
                reports: before_reports + 1,
            },
        }
    }
}

/// The key of what is known of an incident.
pub fn key(fingerprint: &Fingerprint) -> Path {
    Path::from(format!("{ALERTS}/{fingerprint}.json"))
}

/// What people know of the incident. An object that says nothing is as good as
/// none, and is replaced.
///
/// # Errors
/// When the lake cannot be read.
pub async fn read(
    store: &dyn ObjectStore,
    fingerprint: &Fingerprint,
) -> object_store::Result<Option<Told>> {
    let (told, _) = read_version(store, &key(fingerprint)).await?;
    Ok(told)
}

/// Enters a report. Of several at once, each is counted.
///
/// # Errors
/// When the lake cannot be read or written.
pub async fn enter(
    store: &dyn ObjectStore,
    fingerprint: &Fingerprint,
    entry: &Entry<'_>,
) -> object_store::Result<()> {
    let key = key(fingerprint);
    let mut tries = 1;
    loop {
        let (before, mode) = read_version(store, &key).await?;
        let after = Told::after(before, entry);
        let mut text = serde_json::to_vec_pretty(&after).map_err(|source| {
            let source = Box::new(source);
            object_store::Error::Generic {
                store: "alerts",
                source,
            }
        })?;
        text.push(b'\n');
        let only_as_read = PutOptions::from(mode);
        match store.put_opts(&key, text.into(), only_as_read).await {
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) if tries < TRIES => tries += 1,
            other => return other.map(drop),
        }
    }
}

/// What is there, and how to write only in place of that.
async fn read_version(
    store: &dyn ObjectStore,
    key: &Path,
) -> object_store::Result<(Option<Told>, PutMode)> {
    match store.get(key).await {
        Ok(found) => {
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            let told = serde_json::from_slice(&found.bytes().await?).ok();
            Ok((told, PutMode::Update(version)))
        }
        Err(object_store::Error::NotFound { .. }) => Ok((None, PutMode::Create)),
        Err(error) => Err(error),
    }
}
