//! An in-memory store that records its calls and injects failures.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};
use tokio::sync::Barrier;

/// The point at which a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailurePoint {
    /// Before the write.
    Before,
    /// After the write: only the response is lost.
    After,
}

#[derive(Debug, Default)]
pub(crate) struct RecordingStore {
    store: InMemory,
    /// The key of every put, and whether it creates only if absent.
    puts: Mutex<Vec<(String, bool)>>,
    /// The keys of all reads except HEAD requests.
    gets: Mutex<Vec<String>>,
    failing_put: Mutex<Option<(usize, FailurePoint)>>,
    failing_read: Mutex<Option<&'static str>>,
    /// The barrier at which writers of receipts wait for each other.
    barrier: Option<Barrier>,
}

impl RecordingStore {
    /// Creates a store in which the first `writers` writers of receipts wait for each other.
    pub(crate) fn with_barrier(writers: usize) -> Self {
        Self {
            barrier: Some(Barrier::new(writers)),
            ..Self::default()
        }
    }

    /// Makes one of the next puts fail once: `number` is counted from 0.
    pub(crate) fn fail_put(&self, number: usize, point: FailurePoint) {
        let so_far = self.puts.lock().unwrap().len();
        *self.failing_put.lock().unwrap() = Some((so_far + number, point));
    }

    /// Makes the next read of a key with this prefix fail once.
    pub(crate) fn fail_read(&self, prefix: &'static str) {
        *self.failing_read.lock().unwrap() = Some(prefix);
    }

    pub(crate) fn puts(&self) -> Vec<(String, bool)> {
        self.puts.lock().unwrap().clone()
    }

    /// Returns the number of reads of keys with this prefix.
    pub(crate) fn gets(&self, prefix: &str) -> usize {
        let gets = self.gets.lock().unwrap();
        gets.iter().filter(|key| key.starts_with(prefix)).count()
    }

    /// Returns all objects.
    pub(crate) async fn objects(&self) -> BTreeMap<String, Bytes> {
        let keys: Vec<ObjectMeta> = self.store.list(None).try_collect().await.unwrap();
        let mut objects = BTreeMap::new();
        for ObjectMeta { location, .. } in keys {
            let content = self
                .store
                .get(&location)
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            objects.insert(location.to_string(), content);
        }
        objects
    }
}

impl fmt::Display for RecordingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingStore")
    }
}

fn failure() -> Error {
    Error::Generic {
        store: "recording",
        source: "injected failure".into(),
    }
}

#[async_trait::async_trait]
impl ObjectStore for RecordingStore {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let create = options.mode == PutMode::Create;
        if let (Some(barrier), true) = (&self.barrier, create) {
            barrier.wait().await;
        }
        let number = {
            let mut puts = self.puts.lock().unwrap();
            puts.push((key.to_string(), create));
            puts.len() - 1
        };
        let failing = {
            let mut failing = self.failing_put.lock().unwrap();
            failing.take_if(|(at, _)| *at == number)
        };
        match failing {
            Some((_, FailurePoint::Before)) => Err(failure()),
            Some((_, FailurePoint::After)) => {
                self.store.put_opts(key, payload, options).await?;
                Err(failure())
            }
            None => self.store.put_opts(key, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        panic!("a batch's objects are small")
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let failing = {
            let mut failing = self.failing_read.lock().unwrap();
            failing.take_if(|prefix| key.as_ref().starts_with(*prefix))
        };
        if failing.is_some() {
            return Err(failure());
        }
        if !options.head {
            self.gets.lock().unwrap().push(key.to_string());
        }
        self.store.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        panic!("the transform deletes nothing")
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        panic!("the transform copies nothing")
    }
}
