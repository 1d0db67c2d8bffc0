//! The snapshot that serves requests, refreshed as new dates are published.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use marquee_lake::generation::{self, Generation};
use marquee_recommend::Viewer;
use object_store::ObjectStore;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use crate::error::ApiError;
use crate::snapshot::Snapshot;

/// The maximum time that a request waits for a refresh if an older snapshot exists.
const REFRESH_WAIT: Duration = Duration::from_secs(10);

/// A cache of the current snapshot.
pub(crate) struct SnapshotCache {
    store: Arc<dyn ObjectStore>,
    /// The time for which a snapshot counts as fresh after a check.
    refresh_interval: Duration,
    cached: RwLock<Option<CachedSnapshot>>,
    /// Allows one refresh at a time.
    refresh_lock: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct CachedSnapshot {
    snapshot: Arc<Snapshot>,
    checked_at: Instant,
}

impl SnapshotCache {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, refresh_interval: Duration) -> Self {
        Self {
            store,
            refresh_interval,
            cached: RwLock::new(None),
            refresh_lock: Arc::default(),
        }
    }

    /// Returns the current snapshot, after a refresh if it is no longer fresh.
    pub(crate) async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>, ApiError> {
        let Some(cached) = self.cached() else {
            return self.replacement_of(None).await;
        };
        if self.is_fresh(&cached) {
            return Ok(cached.snapshot);
        }
        // While one request refreshes, the others use the cached snapshot.
        let Ok(guard) = Arc::clone(&self.refresh_lock).try_lock_owned() else {
            return Ok(cached.snapshot);
        };
        let cached = self.cached().unwrap_or(cached);
        if self.is_fresh(&cached) {
            return Ok(cached.snapshot);
        }
        // The refresh is a task of its own: it completes even if the request times out.
        let refresh = Arc::clone(self).refresh_or_keep(Arc::clone(&cached.snapshot), guard);
        match timeout(REFRESH_WAIT, tokio::spawn(refresh)).await {
            Ok(Ok(snapshot)) => Ok(snapshot),
            Ok(Err(error)) => {
                tracing::warn!(
                    "still serving {}: the refresh failed: {error}",
                    cached.snapshot.event_date
                );
                Ok(cached.snapshot)
            }
            Err(_elapsed) => Ok(cached.snapshot),
        }
    }

    /// Refreshes the snapshot; keeps the cached one if that fails.
    async fn refresh_or_keep(
        self: Arc<Self>,
        known: Arc<Snapshot>,
        _guard: OwnedMutexGuard<()>,
    ) -> Arc<Snapshot> {
        match self.refresh(Some(&known)).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!(
                    "still serving {}: cannot load a newer published state: {error}",
                    known.event_date
                );
                self.cache(known)
            }
        }
    }

    /// Returns a viewer's taste and history, and the snapshot they were read from.
    pub(crate) async fn viewer(
        self: &Arc<Self>,
        user_id: &str,
    ) -> Result<(Arc<Snapshot>, Viewer), ApiError> {
        let snapshot = self.snapshot().await?;
        match snapshot.viewer(user_id).await {
            Ok(viewer) => Ok((snapshot, viewer)),
            // The sweep may have deleted the files of a superseded generation.
            Err(error) => {
                let newer = self.replacement_of(Some(&snapshot)).await?;
                if Arc::ptr_eq(&newer, &snapshot) {
                    return Err(error.into());
                }
                let viewer = newer.viewer(user_id).await?;
                Ok((newer, viewer))
            }
        }
    }

    /// Returns a snapshot other than `known` if one exists: one that a concurrent
    /// request has cached, or the result of a refresh.
    async fn replacement_of(
        &self,
        known: Option<&Arc<Snapshot>>,
    ) -> Result<Arc<Snapshot>, ApiError> {
        let _guard = self.refresh_lock.lock().await;
        let cached = self.cached().map(|cached| cached.snapshot);
        match (cached, known) {
            (Some(cached), None) => Ok(cached),
            (Some(cached), Some(known)) if !Arc::ptr_eq(&cached, known) => Ok(cached),
            _ => self.refresh(known).await,
        }
    }

    /// Finds the newest published generation and loads it, unless `known` is of it.
    async fn refresh(&self, known: Option<&Arc<Snapshot>>) -> Result<Arc<Snapshot>, ApiError> {
        let newest: Generation = generation::newest(&*self.store)
            .await?
            .ok_or(ApiError::NothingPublished)?;
        let snapshot = match known {
            Some(known) if known.is_of(&newest) => Arc::clone(known),
            _ => Arc::new(Snapshot::load(&self.store, &newest).await?),
        };
        Ok(self.cache(snapshot))
    }

    fn is_fresh(&self, cached: &CachedSnapshot) -> bool {
        cached.checked_at.elapsed() < self.refresh_interval
    }

    fn cached(&self) -> Option<CachedSnapshot> {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        cached.clone()
    }

    /// Caches the snapshot as checked now.
    fn cache(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        *cached = Some(CachedSnapshot {
            snapshot: Arc::clone(&snapshot),
            checked_at: Instant::now(),
        });
        snapshot
    }
}
