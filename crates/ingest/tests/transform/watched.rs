//! A store in memory that writes down what is asked of it, and fails when told.

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

/// When a failing write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing was written.
    Before,
    /// It was written, and the answer was lost.
    After,
}

#[derive(Debug, Default)]
pub(crate) struct Watched {
    store: InMemory,
    /// Every write that was asked for: its key, and whether only if absent.
    puts: Mutex<Vec<(String, bool)>>,
    /// The keys that were read, not only looked for.
    gets: Mutex<Vec<String>>,
    failing_put: Mutex<Option<(usize, Moment)>>,
    failing_read: Mutex<Option<&'static str>>,
    /// Where writers of receipts wait for each other.
    meeting: Option<Barrier>,
}

impl Watched {
    /// A store in which `writers` of receipts wait until all are there.
    pub(crate) fn with_meeting_of(writers: usize) -> Self {
        Self {
            meeting: Some(Barrier::new(writers)),
            ..Self::default()
        }
    }

    /// The write of that number, from 0 on from now, will fail, once.
    pub(crate) fn fail_put(&self, number: usize, moment: Moment) {
        let so_far = self.puts.lock().unwrap().len();
        *self.failing_put.lock().unwrap() = Some((so_far + number, moment));
    }

    /// The next read of a key that begins so will fail, once.
    pub(crate) fn fail_read(&self, prefix: &'static str) {
        *self.failing_read.lock().unwrap() = Some(prefix);
    }

    pub(crate) fn puts(&self) -> Vec<(String, bool)> {
        self.puts.lock().unwrap().clone()
    }

    /// How often keys that begin so were read.
    pub(crate) fn gets(&self, prefix: &str) -> usize {
        let gets = self.gets.lock().unwrap();
        gets.iter().filter(|key| key.starts_with(prefix)).count()
    }

    /// Everything that lies in it.
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

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

fn failure() -> Error {
    Error::Generic {
        store: "watched",
        source: "told to fail".into(),
    }
}

#[async_trait::async_trait]
impl ObjectStore for Watched {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let create = options.mode == PutMode::Create;
        if let (Some(meeting), true) = (&self.meeting, create) {
            meeting.wait().await;
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
            Some((_, Moment::Before)) => Err(failure()),
            Some((_, Moment::After)) => {
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
