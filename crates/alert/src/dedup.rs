//! Deduplication of alerts: one record per incident in the lake.

use marquee_event::parse_rfc3339;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

use crate::clock::format_rfc3339;
use crate::incident::Fingerprint;

/// The key prefix of all alert records.
pub const ALERTS: &str = "ledger/alerts";

/// The maximum number of attempts for a write that conflicts with concurrent writes.
const MAX_ATTEMPTS: u32 = 8;

/// The record of an incident: when recipients were last notified, and the number of
/// reports since then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// The incident's headline, for people who read the object.
    #[serde(rename = "what")]
    pub headline: String,
    /// When recipients were last notified of the incident, by its own message or by
    /// one that suppresses it (RFC 3339).
    #[serde(rename = "told_at")]
    pub notified_at: String,
    /// When the alarm changed its state (RFC 3339), if the incident is an alarm.
    pub since: Option<String>,
    /// True if recipients need no further message about the end of the incident.
    #[serde(rename = "is_over")]
    pub is_resolved: bool,
    /// The number of reports since then that were not sent.
    #[serde(rename = "untold")]
    pub unsent: u64,
    /// The total number of reports.
    pub reports: u64,
}

/// One report of an incident, to be entered in its record.
#[derive(Debug, Clone, Copy)]
pub struct ReportedIncident<'a> {
    /// The incident's headline.
    pub headline: &'a str,
    /// The current time (UTC microseconds).
    pub now: i64,
    /// When the alarm changed its state (UTC microseconds), if the incident is one.
    pub since: Option<i64>,
    /// True if recipients need no further message about the end of the incident.
    pub is_resolved: bool,
    /// True if recipients were notified.
    pub is_notified: bool,
}

impl AlertRecord {
    /// Returns when recipients were last notified (UTC microseconds).
    pub fn notified_at(&self) -> Option<i64> {
        parse_rfc3339(&self.notified_at)
    }

    /// Returns when the alarm changed its state (UTC microseconds).
    pub fn since(&self) -> Option<i64> {
        self.since.as_deref().and_then(parse_rfc3339)
    }

    /// Returns true if recipients were notified less than `window_us` before or after
    /// `now`. The distance counts in both directions, so that a clock that was wrong
    /// once does not suppress messages for long.
    pub fn is_within(&self, now: i64, window_us: i64) -> bool {
        let distance = self.notified_at().map(|notified| now.abs_diff(notified));
        distance.is_some_and(|distance| distance < window_us.unsigned_abs())
    }

    /// Returns the record after a further report.
    fn after(before: Option<Self>, report: &ReportedIncident<'_>) -> Self {
        let reports_before = before.as_ref().map_or(0, |before| before.reports);
        match before {
            Some(before) if !report.is_notified => Self {
                unsent: before.unsent + 1,
                reports: before.reports + 1,
                ..before
            },
            _ => Self {
                headline: report.headline.to_owned(),
                notified_at: format_rfc3339(report.now),
                since: report.since.map(format_rfc3339),
                is_resolved: report.is_resolved,
                unsent: 0,
                reports: reports_before + 1,
            },
        }
    }
}

/// Returns the key of an incident's record.
pub fn key(fingerprint: &Fingerprint) -> Path {
    Path::from(format!("{ALERTS}/{fingerprint}.json"))
}

/// Reads the record of an incident. An object that is not a valid record counts as
/// missing; the next [`enter`] replaces it.
///
/// # Errors
/// Returns an error if the lake cannot be read.
pub async fn read(
    store: &dyn ObjectStore,
    fingerprint: &Fingerprint,
) -> object_store::Result<Option<AlertRecord>> {
    let (record, _) = read_version(store, &key(fingerprint)).await?;
    Ok(record)
}

/// Enters a report in the incident's record. Conditional writes count each of several
/// concurrent reports.
///
/// # Errors
/// Returns an error if the lake cannot be read or written, or if concurrent writes
/// win each of the attempts.
pub async fn enter(
    store: &dyn ObjectStore,
    fingerprint: &Fingerprint,
    report: &ReportedIncident<'_>,
) -> object_store::Result<()> {
    let key = key(fingerprint);
    let mut attempts = 1;
    loop {
        let (before, mode) = read_version(store, &key).await?;
        let after = AlertRecord::after(before, report);
        let mut text = serde_json::to_vec_pretty(&after).map_err(|source| {
            let source = Box::new(source);
            object_store::Error::Generic {
                store: "alerts",
                source,
            }
        })?;
        text.push(b'\n');
        let if_unchanged = PutOptions::from(mode);
        match store.put_opts(&key, text.into(), if_unchanged).await {
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) if attempts < MAX_ATTEMPTS => attempts += 1,
            other => return other.map(drop),
        }
    }
}

/// Reads the record, and returns with it the mode that replaces only this version.
async fn read_version(
    store: &dyn ObjectStore,
    key: &Path,
) -> object_store::Result<(Option<AlertRecord>, PutMode)> {
    match store.get(key).await {
        Ok(found) => {
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            let record = serde_json::from_slice(&found.bytes().await?).ok();
            Ok((record, PutMode::Update(version)))
        }
        Err(object_store::Error::NotFound { .. }) => Ok((None, PutMode::Create)),
        Err(error) => Err(error),
    }
}
