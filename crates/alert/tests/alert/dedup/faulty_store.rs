//! An in-memory lake that fails a number of reads or writes. It yields after each read, so
//! that concurrent calls can write before the caller does.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// The operation that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Reads,
    Writes,
}

#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: InMemory,
    fault: Fault,
    remaining: AtomicUsize,
    conflicts: AtomicUsize,
}

impl FaultyStore {
    /// Creates a lake that fails the first `times` operations of that kind.
    pub(crate) fn new(fault: Fault, times: usize) -> Self {
        Self {
            inner: InMemory::new(),
            fault,
            remaining: AtomicUsize::new(times),
            conflicts: AtomicUsize::new(0),
        }
    }

    /// Returns the number of conditional writes that failed because of a concurrent
    /// write.
    pub(crate) fn conflicts(&self) -> usize {
        self.conflicts.load(Ordering::SeqCst)
    }

    fn check(&self, fault: Fault) -> Result<()> {
        let decrement = |remaining: usize| remaining.checked_sub(1);
        let fails = fault == self.fault
            && self
                .remaining
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrement)
                .is_ok();
        match fails {
            true => Err(Error::Generic {
                store: "faulty",
                source: "unavailable".into(),
            }),
            false => Ok(()),
        }
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.check(Fault::Writes)?;
        let put = self.inner.put_opts(location, payload, options).await;
        if let Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) = &put {
            self.conflicts.fetch_add(1, Ordering::SeqCst);
        }
        put
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(Fault::Reads)?;
        let found = self.inner.get_opts(location, options).await;
        tokio::task::yield_now().await;
        found
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
