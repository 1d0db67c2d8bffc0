//! A handler over an in-memory lake, with a recording topic and a manual clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use marquee_alert::{
    AlertError, AlertHandler, AlertResponse, AlertSettings, Clock, Message, Topic, TopicError,
};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::Value;

use crate::fixture::RUNBOOK;

/// 2026-01-06 02:15 UTC.
const START_US: i64 = 1_767_665_700_000_000;

#[derive(Default)]
pub(crate) struct FakeTopic {
    published: Mutex<Vec<Message>>,
    /// For each of the next messages: true if the topic rejects it.
    rejections: Mutex<VecDeque<bool>>,
}

#[async_trait]
impl Topic for FakeTopic {
    async fn publish(&self, message: &Message) -> Result<(), TopicError> {
        // Let concurrent calls proceed, as during a network call.
        tokio::task::yield_now().await;
        if self.rejections.lock().unwrap().pop_front() == Some(true) {
            return Err(TopicError {
                topic: "fake topic".into(),
                cause: "access denied".into(),
            });
        }
        self.published.lock().unwrap().push(message.clone());
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        START_US + self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct Harness {
    pub(crate) handler: AlertHandler,
    pub(crate) store: Arc<dyn ObjectStore>,
    topic: Arc<FakeTopic>,
    clock: Arc<ManualClock>,
}

impl Harness {
    /// Creates a handler over an empty lake, with a window of one hour.
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(InMemory::new()))
    }

    pub(crate) fn on(store: Arc<dyn ObjectStore>) -> Self {
        let (topic, clock) = (Arc::<FakeTopic>::default(), Arc::<ManualClock>::default());
        let settings = AlertSettings {
            window: Duration::from_secs(3_600),
            runbook_url: Some(RUNBOOK.into()),
        };
        Self {
            handler: AlertHandler::new(
                Arc::clone(&store),
                Arc::clone(&topic) as Arc<dyn Topic>,
                Arc::clone(&clock) as Arc<dyn Clock>,
                settings,
            ),
            store,
            topic,
            clock,
        }
    }

    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.clock
            .0
            .fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    /// Sets for each of the next messages whether the topic rejects it.
    pub(crate) fn reject(&self, rejections: impl IntoIterator<Item = bool>) {
        self.topic.rejections.lock().unwrap().extend(rejections);
    }

    /// Handles an input, and returns the number of messages that it sent.
    pub(crate) async fn report(&self, input: &Value) -> u32 {
        let before = self.published().len();
        match self.handler.handle(input).await.unwrap() {
            AlertResponse::Sent { sent } => {
                assert_eq!(self.published().len() - before, sent as usize);
                sent
            }
            AlertResponse::Batch { failures } => {
                assert_eq!(failures, []);
                (self.published().len() - before) as u32
            }
        }
    }

    pub(crate) async fn report_failing(&self, input: &Value) -> AlertError {
        self.handler.handle(input).await.unwrap_err()
    }

    pub(crate) fn published(&self) -> Vec<Message> {
        self.topic.published.lock().unwrap().clone()
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.published().into_iter().map(|m| m.subject).collect()
    }

    /// Returns the keys of the lake in order.
    /// Reads a document of the lake.
    pub(crate) async fn document(&self, key: &str) -> Value {
        let options = object_store::GetOptions::default();
        let found = self.store.get_opts(&key.into(), options).await.unwrap();
        serde_json::from_slice(&found.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        let listed = self
            .store
            .list(None)
            .map_ok(|object| object.location.to_string());
        let mut keys: Vec<String> = listed.try_collect().await.unwrap();
        keys.sort();
        keys
    }
}
