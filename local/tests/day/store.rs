//! A store in which a process dies, or is overtaken, at a write.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens around a write: its number from 0, its key, and whether it has
/// been made.
pub(crate) type Hook = Box<dyn Fn(usize, &Path, bool) -> BoxFuture<'static, ()> + Send + Sync>;

/// A store that calls its hook before and after every write.
pub(crate) struct Hooked {
    store: Arc<dyn ObjectStore>,
    writes: AtomicUsize,
    hook: Hook,
}

impl Hooked {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, hook: Hook) -> Arc<Self> {
        Arc::new(Self {
            store,
            writes: AtomicUsize::new(0),
            hook,
        })
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooked({})", self.store)
    }
}

impl fmt::Display for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[async_trait]
impl ObjectStore for Hooked {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst);
        (self.hook)(write, key, false).await;
        let result = self.store.put_opts(key, payload, options).await;
        (self.hook)(write, key, true).await;
        result
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst);
        (self.hook)(write, key, false).await;
        self.store.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}
