//! Crash tests: a mapping that is killed at any write and restarted ends with the
//! same lake as an undisturbed one.

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

/// The point of the crash, relative to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    Before,
    After,
}

/// A store that simulates the process's crash before or after one of its writes.
#[derive(Debug)]
pub(crate) struct CrashingStore {
    store: Arc<InMemory>,
    writes: AtomicUsize,
    crash: Option<(usize, CrashPoint)>,
    crashed: Notify,
}

impl CrashingStore {
    async fn crash_at(&self, write: usize, point: CrashPoint) {
        if self.crash == Some((write, point)) {
            self.crashed.notify_one();
            std::future::pending().await
        }
    }
}

impl fmt::Display for CrashingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrashingStore({})", self.store)
    }
}

#[async_trait]
impl ObjectStore for CrashingStore {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        self.crash_at(write, CrashPoint::Before).await;
        let result = self.store.put_opts(key, payload, options).await;
        self.crash_at(write, CrashPoint::After).await;
        result
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        panic!("multipart uploads are for large objects, and a batch's are small")
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

/// Creates a process's function, which writes to the given store.
pub(crate) type MakeFunction = fn(Arc<dyn ObjectStore>) -> Arc<dyn Function>;

/// Runs a process that drains the stream in `dir` into `lake`. Returns the number
/// of its writes, or `None` if it crashed.
pub(crate) fn run_process(
    dir: &FilePath,
    lake: &Arc<InMemory>,
    make: MakeFunction,
    settings: &MappingSettings,
    crash: Option<(usize, CrashPoint)>,
) -> Option<usize> {
    let store = Arc::new(CrashingStore {
        store: lake.clone(),
        writes: AtomicUsize::new(0),
        crash,
        crashed: Notify::new(),
    });
    // Dropping the runtime ends the process's tasks.
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
            () = store.crashed.notified() => None,
        }
    })
}

/// Crashes a process before and after each of its writes and restarts it, then
/// crashes each of several processes. Asserts that the lake equals that of an
/// undisturbed process.
pub(crate) fn survives_any_crash(
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
    let writes = run_process(dir.path(), &lake, make, settings, None).unwrap();
    let expected = contents(&lake);
    assert!(writes >= 8 && writes >= expected.len(), "{writes} writes");

    for write in 0..writes {
        for point in [CrashPoint::Before, CrashPoint::After] {
            let (dir, lake) = fresh(stream);
            let crashed = run_process(dir.path(), &lake, make, settings, Some((write, point)));
            assert_eq!(crashed, None);
            run_process(dir.path(), &lake, make, settings, None).unwrap();
            assert!(
                contents(&lake) == expected,
                "crashed {point:?} write {write}"
            );
        }
    }

    let (dir, lake) = fresh(stream);
    let crash = Some((4, CrashPoint::After));
    let processes = (1..).find(|_| run_process(dir.path(), &lake, make, settings, crash).is_some());
    assert!(processes.unwrap() > 1);
    assert!(contents(&lake) == expected, "crashed repeatedly");
}

/// Copies the stream and creates an empty lake.
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

/// A function that writes an event's payload, then a receipt, like the transform.
struct FilingFunction(Arc<dyn ObjectStore>);

#[async_trait]
impl Function for FilingFunction {
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
fn no_record_is_lost_or_invented_by_a_crash() {
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
    survives_any_crash(
        dir.path(),
        |store| Arc::new(FilingFunction(store)),
        &settings,
    );
}
