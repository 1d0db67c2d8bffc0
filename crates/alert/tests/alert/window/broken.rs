//! A lake in memory that refuses a number of reads or writes, and in which others
//! come in between a read and what follows from it.

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

/// What it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Reads,
    Writes,
}

#[derive(Debug)]
pub(crate) struct Broken {
    inner: InMemory,
    fault: Fault,
    left: AtomicUsize,
    late: AtomicUsize,
}

impl Broken {
    /// Refuses so many.
    pub(crate) fn new(fault: Fault, times: usize) -> Self {
        Self {
            inner: InMemory::new(),
            fault,
            left: AtomicUsize::new(times),
            late: AtomicUsize::new(0),
        }
    }

    /// How many writes came too late for what they had read.
    pub(crate) fn overtaken(&self) -> usize {
        self.late.load(Ordering::SeqCst)
    }

    fn meet(&self, fault: Fault) -> Result<()> {
        let take = |left: usize| left.checked_sub(1);
        let is_refused = fault == self.fault
            && self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                .is_ok();
        match is_refused {
            true => Err(Error::Generic {
                store: "broken",
                source: "it is down".into(),
            }),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

#[async_trait]
impl ObjectStore for Broken {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.meet(Fault::Writes)?;
        let put = self.inner.put_opts(location, payload, options).await;
        if let Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) = &put {
            self.late.fetch_add(1, Ordering::SeqCst);
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
        self.meet(Fault::Reads)?;
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
