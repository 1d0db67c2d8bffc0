//! Sweeps beside runs that write and publish.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use marquee_curation::sweep;
use marquee_lake::generation::{self, FileEntry, Generation, TableFiles};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::lake::{DATE, Lake, Sent, date, play};

const DAY: Duration = Duration::from_secs(86_400);
/// The file that an interrupted run left.
const ORPHAN: &str = "curated/events/event_date=2026-03-01/run=7-left/part-0000-0000.parquet";

/// Something that another process does.
type Interference = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// A store in which another process interferes before a read of an object under a prefix.
struct Interfered {
    store: Arc<dyn ObjectStore>,
    prefix: &'static str,
    /// The number of the read before which it interferes.
    at: usize,
    reads: Arc<AtomicUsize>,
    interference: Interference,
}

impl Interfered {
    /// Counts a read and returns what happens before it.
    fn before(&self, key: &str) -> BoxFuture<'static, ()> {
        if !key.starts_with(self.prefix) {
            return futures::future::ready(()).boxed();
        }
        match self.reads.fetch_add(1, Ordering::SeqCst) == self.at {
            true => (self.interference)(),
            false => futures::future::ready(()).boxed(),
        }
    }
}

impl fmt::Debug for Interfered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interfered({})", self.store)
    }
}

impl fmt::Display for Interfered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[async_trait]
impl ObjectStore for Interfered {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.store.put_opts(key, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        self.before(key.as_ref()).await;
        self.store.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let before = self.before(prefix.map_or("", |prefix| prefix.as_ref()));
        let (store, prefix) = (Arc::clone(&self.store), prefix.cloned());
        before
            .map(move |()| store.list(prefix.as_ref()))
            .flatten_stream()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

/// Returns a lake with a published date and an orphan.
async fn lake_with_orphan() -> Lake {
    let lake = Lake::new();
    lake.deliver(&[Sent::new(1, &[play(1)])]).await;
    lake.publish().await;
    lake.put(ORPHAN, "left").await;
    lake
}

/// Sweeps while another process interferes before read `at` under `prefix`. Returns whether
/// there was such a read, and whether the orphan exists afterwards. Whatever was written
/// before the sweep is old for it.
async fn sweep_beside(
    lake: &Lake,
    prefix: &'static str,
    at: usize,
    interference: Interference,
) -> (bool, bool) {
    let before = SystemTime::now();
    let reads = Arc::new(AtomicUsize::new(0));
    let store = Interfered {
        store: Arc::clone(&lake.store),
        prefix,
        at,
        reads: Arc::clone(&reads),
        interference,
    };
    sweep::sweep(&store, before + DAY, DAY).await.unwrap();
    let exists = lake.store.head(&Path::from(ORPHAN)).await.is_ok();
    (reads.load(Ordering::SeqCst) > at, exists)
}

#[tokio::test]
async fn an_orphan_that_a_run_writes_again_meanwhile_stays() {
    for at in 0.. {
        let lake = lake_with_orphan().await;
        let store = Arc::clone(&lake.store);
        let write: Interference = Arc::new(move || {
            let store = Arc::clone(&store);
            async move {
                let key = Path::from(ORPHAN);
                store.put(&key, "whole".into()).await.unwrap();
            }
            .boxed()
        });
        let (has_written, exists) = sweep_beside(&lake, "", at, write).await;
        assert_eq!(exists, has_written, "before read {at}");
        if !has_written {
            // Lists, the generation, and the check of the orphan itself.
            assert!(at > 4, "{at} reads");
            return;
        }
    }
}

#[tokio::test]
async fn a_file_that_a_new_generation_lists_stays() {
    for at in 0.. {
        let lake = lake_with_orphan().await;
        let first = generation::read(&*lake.store, date(DATE), 1).await.unwrap();
        let file = FileEntry {
            key: ORPHAN.to_owned(),
            rows: 1,
            bytes: 4,
            digest: String::new(),
        };
        let mut second = Generation {
            generation: 2,
            ..first
        };
        let files = TableFiles { files: vec![file] };
        second.tables.insert("events".to_owned(), files);
        let (store, second) = (Arc::clone(&lake.store), Arc::new(second));
        let publish: Interference = Arc::new(move || {
            let (store, second) = (Arc::clone(&store), Arc::clone(&second));
            async move {
                assert!(generation::create(&*store, &second).await.unwrap());
            }
            .boxed()
        });
        let (is_published, exists) = sweep_beside(&lake, "ledger", at, publish).await;
        assert_eq!(exists, is_published, "before read {at}");
        if !is_published {
            assert!(at > 2, "{at} reads");
            return;
        }
    }
}

#[tokio::test]
async fn files_are_kept_for_a_day_whatever_is_asked() {
    let lake = lake_with_orphan().await;
    let now = SystemTime::now() + DAY / 2;
    for keep in [Duration::ZERO, DAY / 4] {
        let swept = sweep::sweep(&*lake.store, now, keep).await.unwrap();
        assert_eq!(swept.objects, 0, "{keep:?}");
    }
    let swept = sweep::sweep(&*lake.store, now + DAY, Duration::ZERO).await;
    assert_eq!(swept.unwrap().objects, 1);
}
