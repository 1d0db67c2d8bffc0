//! The published state that questions are answered from, brought forward as dates are
//! published.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use marquee_lake::generation::{self, Generation};
use marquee_recommend::Viewer;
use object_store::ObjectStore;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use crate::error::ApiError;
use crate::snapshot::Snapshot;

/// How long an answer waits for a newer state, where there is an older one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The state that is current.
pub(crate) struct Current {
    store: Arc<dyn ObjectStore>,
    /// How long nobody looks whether there is a newer one.
    refresh: Duration,
    held: RwLock<Option<Held>>,
    /// Whoever looks has it: one at a time.
    looking: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Held {
    snapshot: Arc<Snapshot>,
    looked_at: Instant,
}

impl Current {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, refresh: Duration) -> Self {
        Self {
            store,
            refresh,
            held: RwLock::new(None),
            looking: Arc::default(),
        }
    }

    /// The state to answer from.
    pub(crate) async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>, ApiError> {
        let Some(held) = self.held() else {
            return self.newer_than(None).await;
        };
        if self.is_fresh(&held) {
            return Ok(held.snapshot);
        }
        // While one looks, the others go on with what there is.
        let Ok(looking) = Arc::clone(&self.looking).try_lock_owned() else {
            return Ok(held.snapshot);
        };
        let held = self.held().unwrap_or(held);
        if self.is_fresh(&held) {
            return Ok(held.snapshot);
        }
        // Whoever asked waits for it as long as patience lasts; the look goes on.
        let look = Arc::clone(self).look_again(Arc::clone(&held.snapshot), looking);
        match timeout(PATIENCE, tokio::spawn(look)).await {
            Ok(Ok(snapshot)) => Ok(snapshot),
            Ok(Err(_)) | Err(_) => Ok(held.snapshot),
        }
    }

    /// The state that is current, or the known one where that cannot be found out.
    async fn look_again(
        self: Arc<Self>,
        known: Arc<Snapshot>,
        _looking: OwnedMutexGuard<()>,
    ) -> Arc<Snapshot> {
        match self.look(Some(&known)).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!("answers stay those of {}: {error}", known.event_date);
                self.hold(known)
            }
        }
    }

    /// What is known of a viewer, and the state that knows it.
    pub(crate) async fn viewer(
        self: &Arc<Self>,
        user_id: &str,
    ) -> Result<(Arc<Snapshot>, Viewer), ApiError> {
        let snapshot = self.snapshot().await?;
        match snapshot.viewer(user_id).await {
            Ok(viewer) => Ok((snapshot, viewer)),
            // The files of a state that was replaced are removed some time.
            Err(error) => {
                let newer = self.newer_than(Some(&snapshot)).await?;
                if Arc::ptr_eq(&newer, &snapshot) {
                    return Err(error.into());
                }
                let viewer = newer.viewer(user_id).await?;
                Ok((newer, viewer))
            }
        }
    }

    /// A state other than that one, if there is any: what another has found meanwhile,
    /// or what is to be found.
    async fn newer_than(&self, known: Option<&Arc<Snapshot>>) -> Result<Arc<Snapshot>, ApiError> {
        let _looking = self.looking.lock().await;
        let held = self.held().map(|held| held.snapshot);
        match (held, known) {
            (Some(held), None) => Ok(held),
            (Some(held), Some(known)) if !Arc::ptr_eq(&held, known) => Ok(held),
            _ => self.look(known).await,
        }
    }

    /// Looks which state is current, and loads it unless it is the `known` one.
    async fn look(&self, known: Option<&Arc<Snapshot>>) -> Result<Arc<Snapshot>, ApiError> {
        let newest: Generation = generation::newest(&*self.store)
            .await?
            .ok_or(ApiError::NothingPublished)?;
        let snapshot = match known {
            Some(known) if known.is_of(&newest) => Arc::clone(known),
            _ => Arc::new(Snapshot::load(&self.store, &newest).await?),
        };
        Ok(self.hold(snapshot))
    }

    fn is_fresh(&self, held: &Held) -> bool {
        held.looked_at.elapsed() < self.refresh
    }

    fn held(&self) -> Option<Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    fn hold(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Held {
            snapshot: Arc::clone(&snapshot),
            looked_at: Instant::now(),
        });
        snapshot
    }
}
