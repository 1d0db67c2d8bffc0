//! The alert function between what is reported and the topic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use marquee_lake::{LakeError, document};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::clock::{Clock, rfc3339};
use crate::incident::{Fingerprint, Incident, Letter};
use crate::message::{Context, Message};
use crate::report::Report;
use crate::topic::{Topic, TopicError};
use crate::window::{self, ALERTS, Entry, Told};

/// How long it is known that a step has told of its execution. EventBridge tells
/// of it when it ends, which may be hours later.
const EXECUTION_US: i64 = 86_400_000_000;
/// How long an alarm may take to ring for what was told: its metric comes with
/// the end of a call, and is looked at by the hour.
const RINGING_US: i64 = 10_800_000_000;

/// How people are told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an incident is not told again.
    pub window: Duration,
    /// Where `docs/OPERATIONS.md` can be read.
    pub runbook_url: Option<String>,
}

/// The alert function, for as long as a process is warm.
pub struct Alert {
    store: Arc<dyn ObjectStore>,
    topic: Arc<dyn Topic>,
    clock: Arc<dyn Clock>,
    settings: Settings,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To whoever reports one incident.
    Sent {
        /// How many messages were sent: 0 when people know already.
        sent: u32,
    },
    /// To the event source mapping of a queue.
    Batch {
        /// The letters to deliver again.
        #[serde(rename = "batchItemFailures")]
        failures: Vec<ItemFailure>,
    },
}

/// A letter to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemFailure {
    /// Its number.
    #[serde(rename = "itemIdentifier")]
    pub item_identifier: String,
}

/// Nobody was told. Reported again, it is tried again.
#[derive(Debug, Error)]
pub enum AlertError {
    /// The topic did not take the message.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A letter could not be kept, so it must stay in its queue.
    #[error("the letter {id} could not be kept, and stays in its queue: {cause}")]
    Keep {
        /// Its number.
        id: String,
        /// Why.
        cause: LakeError,
    },
    /// A message that cannot be named or placed. Without a name, the whole batch
    /// must come again.
    #[error("a message of the batch has no messageId or no eventSourceARN, which SQS always gives")]
    Nameless,
}

/// A letter, as it is kept.
#[derive(Serialize)]
struct Kept<'a> {
    queue: &'a str,
    message_id: &'a str,
    sent_at: Option<String>,
    target: Option<&'a str>,
    error: &'a str,
    body: &'a str,
}

impl Alert {
    /// Tells of what is reported through `topic`, and keeps in `store` what was
    /// told.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        topic: Arc<dyn Topic>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        Self {
            store,
            topic,
            clock,
            settings,
        }
    }

    /// Tells people of what is reported, unless they know.
    ///
    /// # Errors
    /// When a message could not be sent. Of a queue's batch the answer says
    /// which letters that is true of.
    pub async fn handle(&self, input: &Value) -> Result<Answer, AlertError> {
        match Report::read(input) {
            Report::Fine(why) => {
                tracing::info!("nobody has to hear of it: {why}");
                Ok(Answer::Sent { sent: 0 })
            }
            Report::Incident(incident) => {
                let is_sent = self.tell(&incident, None).await?;
                Ok(Answer::Sent {
                    sent: u32::from(is_sent),
                })
            }
            Report::Letters(letters) => {
                let mut failures = Vec::new();
                for letter in letters {
                    let (id, done) = match letter {
                        Ok(letter) => (Some(letter.id.clone()), self.open(letter).await),
                        Err(refused) => (refused.id, Err(AlertError::Nameless)),
                    };
                    if let Err(error) = done {
                        let item_identifier = id.ok_or(AlertError::Nameless)?;
                        tracing::error!(alert.message_id = item_identifier, "{error}");
                        failures.push(ItemFailure { item_identifier });
                    }
                }
                Ok(Answer::Batch { failures })
            }
        }
    }

    /// Keeps a letter, which its queue forgets when this is done, and tells of
    /// it.
    async fn open(&self, letter: Letter) -> Result<(), AlertError> {
        let key = letter_key(&letter);
        let kept = Kept {
            queue: letter.queue.as_str(),
            message_id: &letter.id,
            sent_at: letter.since.map(rfc3339),
            target: letter.target.as_deref(),
            error: &letter.error,
            body: &letter.body,
        };
        let written = document::create(&*self.store, &key, &kept).await;
        written.map_err(|cause| AlertError::Keep {
            id: letter.id.clone(),
            cause,
        })?;
        let incident = Incident::Letter(Box::new(letter));
        self.tell(&incident, Some(key.as_ref())).await.map(drop)
    }

    /// Sends a message, unless people know. It is sent first and entered then:
    /// a crash in between repeats it rather than losing it. For the same reason
    /// a lake that cannot be read or written silences nothing.
    async fn tell(&self, incident: &Incident, kept: Option<&str>) -> Result<bool, AlertError> {
        let now = self.clock.now();
        let known = self.known(incident).await;
        let fingerprint = incident.fingerprint();
        let own = known.get(&fingerprint);
        let is_settled = is_settled(incident, &known, now);
        let is_told = !is_settled && !self.is_known(incident, own, now);
        let context = Context {
            runbook_url: self.settings.runbook_url.as_deref(),
            untold: own.and_then(|own| Some((own.untold, own.told_at()?))),
            kept,
        };
        let message = Message::about(incident, &context);
        if is_told {
            self.topic.publish(&message).await?;
        }
        let alarm = incident.alarm();
        let entry = Entry {
            what: &message.subject,
            now,
            since: alarm.and_then(|alarm| alarm.since),
            // Of the end of what people were told by others, they need not hear.
            is_over: is_settled || alarm.is_some_and(|alarm| alarm.is_over),
            is_told,
        };
        self.enter(&fingerprint, &entry).await;
        let settled = Entry {
            is_told: true,
            ..entry
        };
        for settles in incident.settles() {
            self.enter(&settles, &settled).await;
        }
        tracing::info!(
            alert.is_told = is_told,
            alert.fingerprint = %fingerprint,
            "{}",
            message.subject
        );
        Ok(is_told)
    }

    async fn enter(&self, fingerprint: &Fingerprint, entry: &Entry<'_>) {
        if let Err(error) = window::enter(&*self.store, fingerprint, entry).await {
            tracing::warn!(
                "{} cannot be written, so the same may be told again: {error}",
                window::key(fingerprint)
            );
        }
    }

    /// What is kept of the incident, by all its names.
    async fn known(&self, incident: &Incident) -> BTreeMap<Fingerprint, Told> {
        let mut names = incident.settled_by();
        names.push(incident.fingerprint());
        let mut known = BTreeMap::new();
        for name in names {
            match window::read(&*self.store, &name).await {
                Ok(Some(told)) => {
                    known.insert(name, told);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    "{} cannot be read, so it is told as if it were new: {error}",
                    window::key(&name)
                ),
            }
        }
        known
    }

    /// Whether people know of it by itself.
    fn is_known(&self, incident: &Incident, own: Option<&Told>, now: i64) -> bool {
        let window_us = i64::try_from(self.settings.window.as_micros()).unwrap_or(i64::MAX);
        let Some(alarm) = incident.alarm() else {
            return own.is_some_and(|own| own.is_within(now, window_us));
        };
        // EventBridge promises no order: what is older than what people know is
        // no news.
        let is_older = own
            .and_then(Told::since)
            .zip(alarm.since)
            .is_some_and(|(known, reported)| reported < known);
        match own {
            Some(own) if own.is_over == alarm.is_over => {
                alarm.is_over || is_older || own.is_within(now, window_us)
            }
            Some(_) => is_older,
            None => alarm.is_over && !alarm.was_alarm,
        }
    }
}

/// Whether people know of it by what they were told of something else.
fn is_settled(incident: &Incident, known: &BTreeMap<Fingerprint, Told>, now: i64) -> bool {
    let for_us = match incident.alarm() {
        Some(_) => RINGING_US,
        None => EXECUTION_US,
    };
    let settled_by = incident.settled_by();
    let mut told = settled_by.iter().filter_map(|name| known.get(name));
    told.any(|told| told.is_within(now, for_us))
}

/// The key of a letter.
fn letter_key(letter: &Letter) -> Path {
    Path::from(format!(
        "{ALERTS}/letters/{}/{}.json",
        letter.queue.name(),
        letter.id
    ))
}
