//! A handler on a lake in memory, with a topic that remembers and a clock that
//! is set.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use marquee_alert::{Alert, AlertError, Answer, Clock, Message, Settings, Topic, TopicError};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::Value;

use crate::fixture::RUNBOOK;

/// 2026-01-06 02:15 UTC.
const START_US: i64 = 1_767_665_700_000_000;

#[derive(Default)]
pub(crate) struct Board {
    published: Mutex<Vec<Message>>,
    /// Whether each of the next messages is refused.
    refusals: Mutex<VecDeque<bool>>,
}

#[async_trait]
impl Topic for Board {
    async fn publish(&self, message: &Message) -> Result<(), TopicError> {
        // Others get their turn here, as they would during a call.
        tokio::task::yield_now().await;
        if self.refusals.lock().unwrap().pop_front() == Some(true) {
            return Err(TopicError {
                topic: "board".into(),
                cause: "it is closed".into(),
            });
        }
        self.published.lock().unwrap().push(message.clone());
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> i64 {
        START_US + self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct Newsroom {
    pub(crate) alert: Alert,
    pub(crate) store: Arc<dyn ObjectStore>,
    board: Arc<Board>,
    clock: Arc<SetClock>,
}

impl Newsroom {
    /// On an empty lake, with a window of an hour.
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(InMemory::new()))
    }

    pub(crate) fn on(store: Arc<dyn ObjectStore>) -> Self {
        let (board, clock) = (Arc::<Board>::default(), Arc::<SetClock>::default());
        let settings = Settings {
            window: Duration::from_secs(3_600),
            runbook_url: Some(RUNBOOK.into()),
        };
        Self {
            alert: Alert::new(
                Arc::clone(&store),
                Arc::clone(&board) as Arc<dyn Topic>,
                Arc::clone(&clock) as Arc<dyn Clock>,
                settings,
            ),
            store,
            board,
            clock,
        }
    }

    pub(crate) fn pass(&self, minutes: i64) {
        self.clock
            .0
            .fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    /// Refuses messages, one for each `true`, in turn.
    pub(crate) fn refuse(&self, refusals: impl IntoIterator<Item = bool>) {
        self.board.refusals.lock().unwrap().extend(refusals);
    }

    /// How many messages the report made.
    pub(crate) async fn hear(&self, input: &Value) -> u32 {
        let before = self.published().len();
        match self.alert.handle(input).await.unwrap() {
            Answer::Sent { sent } => {
                assert_eq!(self.published().len() - before, sent as usize);
                sent
            }
            Answer::Batch { failures } => {
                assert_eq!(failures, []);
                (self.published().len() - before) as u32
            }
        }
    }

    pub(crate) async fn fail(&self, input: &Value) -> AlertError {
        self.alert.handle(input).await.unwrap_err()
    }

    pub(crate) fn published(&self) -> Vec<Message> {
        self.board.published.lock().unwrap().clone()
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        self.published().into_iter().map(|m| m.subject).collect()
    }

    /// The keys of the lake, in order.
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
