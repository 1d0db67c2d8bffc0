//! A store that kills or overtakes a process at a write.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

/// The hook of a write: its number from 0, its key, and whether the write was made.
pub(crate) type Hook = Arc<dyn Fn(usize, &Path, bool) -> BoxFuture<'static, ()> + Send + Sync>;

/// A store that calls its hook before and after every write: a put, the start, a part
/// and the end of an upload, and a deletion.
pub(crate) struct Hooked {
    store: Arc<dyn ObjectStore>,
    writes: Writes,
}

/// The number of writes.
#[derive(Clone)]
struct Writes {
    count: Arc<AtomicUsize>,
    hook: Hook,
}

impl Writes {
    async fn make<T>(&self, key: &Path, write: impl Future<Output = T>) -> T {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        (self.hook)(number, key, false).await;
        let made = write.await;
        (self.hook)(number, key, true).await;
        made
    }
}

impl Hooked {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, hook: Hook) -> Arc<Self> {
        Arc::new(Self {
            store,
            writes: Writes {
                count: Arc::default(),
                hook,
            },
        })
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.count.load(Ordering::SeqCst)
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
        let put = self.store.put_opts(key, payload, options);
        self.writes.make(key, put).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let begun = self.store.put_multipart_opts(key, options);
        Ok(Box::new(HookedUpload {
            upload: self.writes.make(key, begun).await?,
            key: key.clone(),
            writes: self.writes.clone(),
        }))
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (store, writes) = (Arc::clone(&self.store), self.writes.clone());
        let delete = move |key: Result<Path>| {
            let (store, writes) = (Arc::clone(&store), writes.clone());
            async move {
                let key = key?;
                writes.make(&key, store.delete(&key)).await?;
                Ok(key)
            }
        };
        keys.then(delete).boxed()
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

/// A multipart upload.
#[derive(Debug)]
struct HookedUpload {
    upload: Box<dyn MultipartUpload>,
    key: Path,
    writes: Writes,
}

#[async_trait]
impl MultipartUpload for HookedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (writes, key) = (self.writes.clone(), self.key.clone());
        let part = self.upload.put_part(data);
        Box::pin(async move { writes.make(&key, part).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let Self {
            upload,
            key,
            writes,
        } = self;
        writes.make(key, upload.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} writes", self.count.load(Ordering::SeqCst))
    }
}
