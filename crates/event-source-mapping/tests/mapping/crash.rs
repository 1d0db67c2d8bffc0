//! Killed at any point and started again, it goes on where it was.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, fs};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use marquee_event_source_mapping::{Function, InvokeError, MappingSettings};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::fake::{drain, is_poisoned, objects, put, read_event, settings};

/// When in a write the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// A store whose `fatal`-th write is the end of the process.
#[derive(Debug)]
pub(crate) struct Mortal {
    store: Arc<InMemory>,
    writes: AtomicUsize,
    fatal: Option<(usize, Moment)>,
    death: Notify,
}

impl Mortal {
    async fn die_at(&self, write: usize, moment: Moment) {
        if self.fatal == Some((write, moment)) {
            self.death.notify_one();
            std::future::pending().await
        }
    }
}

impl fmt::Display for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mortal({})", self.store)
    }
}

#[async_trait]
impl ObjectStore for Mortal {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        self.die_at(write, Moment::Before).await;
        let result = self.store.put_opts(key, payload, options).await;
        self.die_at(write, Moment::After).await;
        result
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        panic!("a batch's objects are small")
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

/// Makes the function of a process from the store that it is to write to.
pub(crate) type MakeFunction = fn(Arc<dyn ObjectStore>) -> Arc<dyn Function>;

/// One life of a process that drains the stream in `dir` into `lake`. Says how
/// many writes it made, or `None` if it died.
pub(crate) fn live(
    dir: &FilePath,
    lake: &Arc<InMemory>,
    make: MakeFunction,
    settings: &MappingSettings,
    fatal: Option<(usize, Moment)>,
) -> Option<usize> {
    let store = Arc::new(Mortal {
        store: lake.clone(),
        writes: AtomicUsize::new(0),
        fatal,
        death: Notify::new(),
    });
    // All that the process was doing ends with its runtime.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::select! {
            totals = drain(dir, make(store.clone()), store.clone(), settings.clone()) => {
                totals.unwrap();
                Some(store.writes.load(Ordering::Relaxed))
            }
            () = store.death.notified() => None,
        }
    })
}

/// Kills the process before and after each of its writes, and again and again;
/// the lake must always end as it does undisturbed.
pub(crate) fn survives_any_death(
    stream: &FilePath,
    make: MakeFunction,
    settings: &MappingSettings,
) {
    let contents = |lake: &InMemory| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(objects(lake))
    };
    let (dir, lake) = fresh(stream);
    let writes = live(dir.path(), &lake, make, settings, None).unwrap();
    let expected = contents(&lake);
    assert!(writes >= 8 && writes >= expected.len(), "{writes} writes");

    for write in 0..writes {
        for moment in [Moment::Before, Moment::After] {
            let (dir, lake) = fresh(stream);
            let died = live(dir.path(), &lake, make, settings, Some((write, moment)));
            assert_eq!(died, None);
            live(dir.path(), &lake, make, settings, None).unwrap();
            assert!(contents(&lake) == expected, "died {moment:?} write {write}");
        }
    }

    let (dir, lake) = fresh(stream);
    let fatal = Some((4, Moment::After));
    let lives = (1..).find(|_| live(dir.path(), &lake, make, settings, fatal).is_some());
    assert!(lives.unwrap() > 1);
    assert!(contents(&lake) == expected, "died again and again");
}

/// A copy of the stream, and no lake yet.
fn fresh(stream: &FilePath) -> (TempDir, Arc<InMemory>) {
    let dir = tempfile::tempdir().unwrap();
    copy_tree(stream, dir.path());
    (dir, Arc::new(InMemory::new()))
}

fn copy_tree(from: &FilePath, to: &FilePath) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Writes an event's payload, then a receipt, as the transform does.
struct Filer(Arc<dyn ObjectStore>);

#[async_trait]
impl Function for Filer {
    async fn invoke(&self, payload: Bytes) -> std::result::Result<Bytes, InvokeError> {
        let records = read_event(&payload);
        if is_poisoned(&records) {
            return Err(InvokeError("poisoned".to_owned()));
        }
        let batch = format!(
            "{}-{}",
            records[0].number,
            records[records.len() - 1].number
        );
        let receipt = Path::from(format!("receipts/{batch}"));
        if self.0.head(&receipt).await.is_err() {
            self.0
                .put(&Path::from(format!("raw/{batch}")), payload.into())
                .await
                .unwrap();
            let create = PutOptions {
                mode: PutMode::Create,
                ..PutOptions::default()
            };
            self.0
                .put_opts(&receipt, PutPayload::from_static(b"done"), create)
                .await
                .unwrap();
        }
        Ok(Bytes::new())
    }
}

#[test]
fn nothing_is_lost_or_made_up_whenever_it_dies() {
    let dir = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..50).map(|n| format!("user{n}")).collect();
    let data: Vec<Vec<u8>> = (0..50).map(|n| format!("event {n}").into_bytes()).collect();
    let mut records: Vec<_> = keys
        .iter()
        .zip(&data)
        .map(|(key, data)| (key.as_str(), &data[..], 0))
        .collect();
    records[20].1 = b"poison";
    put(dir.path(), 2, &records);
    let settings = MappingSettings {
        max_retries: Some(1),
        ..settings()
    };
    survives_any_death(dir.path(), |store| Arc::new(Filer(store)), &settings);
}
