//! The handler of the alert function: input to topic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use marquee_lake::{LakeError, document};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::clock::{Clock, format_rfc3339};
use crate::dedup::{self, ALERTS, AlertRecord, ReportedIncident};
use crate::incident::{DeadLetter, Fingerprint, Incident};
use crate::input::AlertInput;
use crate::message::{Message, MessageContext};
use crate::topic::{Topic, TopicError};

/// How long a step's message suppresses the end of its execution: 1 day. EventBridge
/// reports the end, which may be hours later.
const EXECUTION_END_US: i64 = marquee_event::MICROS_PER_DAY;
/// How long a message suppresses the alarm on the same failure: 3 hours. The metric
/// arrives at the end of a call, and the alarm evaluates it hourly.
const EXPECTED_ALARM_US: i64 = 10_800_000_000;
/// How long a message about the anomalies of a date covers the same anomalies: 30 days.
/// Each run that adds late events to the date finds them again.
const ANOMALIES_US: i64 = 2_592_000_000_000;

/// The settings of the alert function.
#[derive(Debug, Clone)]
pub struct AlertSettings {
    /// The deduplication window: how long repeated reports of an incident are counted
    /// and not sent.
    pub window: Duration,
    /// The address of `docs/OPERATIONS.md`.
    pub runbook_url: Option<String>,
}

/// The alert function, for the lifetime of a warm process.
pub struct AlertHandler {
    store: Arc<dyn ObjectStore>,
    topic: Arc<dyn Topic>,
    clock: Arc<dyn Clock>,
    settings: AlertSettings,
}

/// The response of the alert function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AlertResponse {
    /// The response to a single incident.
    Sent {
        /// The number of messages that were sent: 0 if recipients already know.
        sent: u32,
    },
    /// The response to the event source mapping of a queue.
    Batch {
        /// The messages that the queue must deliver again.
        #[serde(rename = "batchItemFailures")]
        failures: Vec<ItemFailure>,
    },
}

/// A message that the queue must deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemFailure {
    /// The message id.
    #[serde(rename = "itemIdentifier")]
    pub item_identifier: String,
}

/// An error of the alert function. No message was sent; a retry is safe.
#[derive(Debug, Error)]
pub enum AlertError {
    /// The topic did not accept the message.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The lake could not store a dead letter, so its queue must keep it.
    #[error("cannot store the dead letter {id}, which stays in its queue: {source}")]
    Store {
        /// The message id.
        id: String,
        /// The error of the lake.
        source: LakeError,
    },
    /// A message has no id or no queue. Without an id the response cannot name it, so
    /// the queue must deliver the whole batch again.
    #[error("a message of the batch has no messageId or no eventSourceARN; SQS always sends both")]
    Unidentified,
}

/// A dead letter as the lake stores it.
#[derive(Serialize)]
struct StoredDeadLetter<'a> {
    queue: &'a str,
    message_id: &'a str,
    sent_at: Option<String>,
    target: Option<&'a str>,
    error: &'a str,
    body: &'a str,
}

impl AlertHandler {
    /// Creates a handler that publishes messages to `topic` and keeps its records in
    /// `store`.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        topic: Arc<dyn Topic>,
        clock: Arc<dyn Clock>,
        settings: AlertSettings,
    ) -> Self {
        Self {
            store,
            topic,
            clock,
            settings,
        }
    }

    /// Sends a message for the input, unless recipients already know.
    ///
    /// # Errors
    /// Returns [`AlertError`] if a message could not be sent. For a batch of a queue,
    /// the response names the messages to deliver again instead.
    pub async fn handle(&self, input: &Value) -> Result<AlertResponse, AlertError> {
        match AlertInput::parse(input) {
            AlertInput::Ignored(reason) => {
                tracing::info!("input needs no message: {reason}");
                Ok(AlertResponse::Sent { sent: 0 })
            }
            AlertInput::Incident(incident) => {
                let stored = self.store_unknown(&incident).await;
                let is_sent = self.notify(&incident, stored.as_deref()).await?;
                Ok(AlertResponse::Sent {
                    sent: u32::from(is_sent),
                })
            }
            AlertInput::DeadLetters(letters) => {
                let mut failures = Vec::new();
                for letter in letters {
                    let (id, result) = match letter {
                        Ok(letter) => (
                            Some(letter.id.clone()),
                            self.handle_dead_letter(letter).await,
                        ),
                        Err(invalid) => (invalid.id, Err(AlertError::Unidentified)),
                    };
                    if let Err(error) = result {
                        let item_identifier = id.ok_or(AlertError::Unidentified)?;
                        tracing::error!(alert.message_id = item_identifier, "{error}");
                        failures.push(ItemFailure { item_identifier });
                    }
                }
                Ok(AlertResponse::Batch { failures })
            }
        }
    }

    /// Stores a dead letter in the lake, because its queue deletes it after this call,
    /// and sends a message about it.
    async fn handle_dead_letter(&self, letter: DeadLetter) -> Result<(), AlertError> {
        let key = dead_letter_key(&letter);
        let stored = StoredDeadLetter {
            queue: letter.queue.as_str(),
            message_id: &letter.id,
            sent_at: letter.since.map(format_rfc3339),
            target: letter.target.as_deref(),
            error: &letter.error,
            body: &letter.body,
        };
        let written = document::create(&*self.store, &key, &stored).await;
        written.map_err(|source| AlertError::Store {
            id: letter.id.clone(),
            source,
        })?;
        let incident = Incident::DeadLetter(Box::new(letter));
        self.notify(&incident, Some(key.as_ref())).await.map(drop)
    }

    /// Stores an input without a known form in the lake, because the message has none of its
    /// values. Returns the key; `None` for other incidents, or if the lake cannot be written:
    /// the message is more important.
    async fn store_unknown(&self, incident: &Incident) -> Option<String> {
        let Incident::Unknown { payload } = incident else {
            return None;
        };
        let key = Path::from(format!("{ALERTS}/unknown/{}.json", incident.fingerprint()));
        match document::create(&*self.store, &key, payload).await {
            Ok(_) => Some(key.to_string()),
            Err(error) => {
                tracing::error!("cannot store an unknown input as {key}: {error}");
                None
            }
        }
    }

    /// Sends a message, unless recipients already know. Returns true if it was sent.
    ///
    /// The record is written after the message: a crash in between repeats the message
    /// instead of losing it. For the same reason, a lake that cannot be read or written
    /// suppresses no message.
    async fn notify(
        &self,
        incident: &Incident,
        stored_key: Option<&str>,
    ) -> Result<bool, AlertError> {
        let now = self.clock.now();
        let records = self.read_records(incident).await;
        let fingerprint = incident.fingerprint();
        let own = records.get(&fingerprint);
        let is_suppressed = is_suppressed(incident, &records, now);
        let is_sent = !is_suppressed && !self.is_known(incident, own, now);
        let context = MessageContext {
            runbook_url: self.settings.runbook_url.as_deref(),
            unsent: own.and_then(|own| Some((own.unsent, own.notified_at()?))),
            stored_key,
        };
        let message = Message::about(incident, &context);
        if is_sent {
            self.topic.publish(&message).await?;
        }
        let alarm = incident.alarm();
        let report = ReportedIncident {
            headline: &message.subject,
            now,
            since: alarm.and_then(|alarm| alarm.since),
            // The end of a suppressed incident needs no message.
            is_resolved: is_suppressed || alarm.is_some_and(|alarm| alarm.is_resolved),
            is_notified: is_sent,
        };
        self.write_record(&fingerprint, &report).await;
        let covered = ReportedIncident {
            is_notified: true,
            ..report
        };
        for suppressed in incident.suppresses() {
            self.write_record(&suppressed, &covered).await;
        }
        tracing::info!(
            alert.is_sent = is_sent,
            alert.fingerprint = %fingerprint,
            "{}",
            message.subject
        );
        Ok(is_sent)
    }

    async fn write_record(&self, fingerprint: &Fingerprint, report: &ReportedIncident<'_>) {
        if let Err(error) = dedup::enter(&*self.store, fingerprint, report).await {
            tracing::warn!(
                "cannot write {}, so the next report of the incident may be sent again: {error}",
                dedup::key(fingerprint)
            );
        }
    }

    /// Reads the records of the incident and of all fingerprints that suppress it.
    async fn read_records(&self, incident: &Incident) -> BTreeMap<Fingerprint, AlertRecord> {
        let mut fingerprints = incident.suppressed_by();
        fingerprints.push(incident.fingerprint());
        let mut records = BTreeMap::new();
        for fingerprint in fingerprints {
            match dedup::read(&*self.store, &fingerprint).await {
                Ok(Some(record)) => {
                    records.insert(fingerprint, record);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    "cannot read {}, so the incident is treated as new: {error}",
                    dedup::key(&fingerprint)
                ),
            }
        }
        records
    }

    /// Returns true if the incident's own record says that recipients already know.
    fn is_known(&self, incident: &Incident, own: Option<&AlertRecord>, now: i64) -> bool {
        let mut window_us = i64::try_from(self.settings.window.as_micros()).unwrap_or(i64::MAX);
        if matches!(incident, Incident::Step(report) if report.has_anomalies()) {
            window_us = window_us.max(ANOMALIES_US);
        }
        let Some(alarm) = incident.alarm() else {
            return own.is_some_and(|own| own.is_within(now, window_us));
        };
        // EventBridge does not guarantee order: ignore a change that is older than the
        // recorded one.
        let is_stale = own
            .and_then(AlertRecord::since)
            .zip(alarm.since)
            .is_some_and(|(recorded, reported)| reported < recorded);
        match own {
            Some(own) if own.is_resolved == alarm.is_resolved => {
                alarm.is_resolved || is_stale || own.is_within(now, window_us)
            }
            Some(_) => is_stale,
            None => alarm.is_resolved && !alarm.was_alarm,
        }
    }
}

/// Returns true if a recent message about another incident covers this one.
fn is_suppressed(
    incident: &Incident,
    records: &BTreeMap<Fingerprint, AlertRecord>,
    now: i64,
) -> bool {
    let period_us = match incident.alarm() {
        Some(_) => EXPECTED_ALARM_US,
        None => EXECUTION_END_US,
    };
    incident
        .suppressed_by()
        .iter()
        .filter_map(|fingerprint| records.get(fingerprint))
        .any(|record| record.is_within(now, period_us))
}

/// Returns the key under which the lake stores a dead letter.
fn dead_letter_key(letter: &DeadLetter) -> Path {
    Path::from(format!(
        "{ALERTS}/letters/{}/{}.json",
        letter.queue.name(),
        letter.id
    ))
}
