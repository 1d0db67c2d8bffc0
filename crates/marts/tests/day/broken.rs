//! Facts that are missing, damaged or temporarily unreadable.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use marquee_lake::generation::FileEntry;
use marquee_lake::step::{StepError, StepErrorKind};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::days::{Days, parsed};
use crate::facts::date;

/// A store in memory that can throttle reads.
#[derive(Debug, Default)]
struct Busy {
    lake: InMemory,
    is_busy: AtomicBool,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lake.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Busy {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.is_busy.load(Ordering::Relaxed) {
            true => Err(Error::Generic {
                store: "S3",
                source: "GetObject was answered with 503 SlowDown".into(),
            }),
            false => self.lake.get_opts(location, options).await,
        }
    }

    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.lake.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.lake.put_multipart_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.lake.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.lake.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.lake.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.lake.copy_opts(from, to, options).await
    }
}

/// Builds a mart over `fact_view` and returns its error.
async fn failure(days: &Days) -> StepError {
    let run = days.run(&date(2)).await;
    let is_title_daily = |mart: &marquee_sql::Mart| mart.name == "title_daily";
    let mart = marquee_sql::marts()
        .unwrap()
        .into_iter()
        .find(is_title_daily);
    run.build(&mart.unwrap()).await.unwrap_err().into()
}

fn views(days: &Days, number: usize) -> FileEntry {
    days.tables["fact_view"][&parsed(&date(number))][0].clone()
}

#[tokio::test]
async fn a_throttled_store_is_retryable_and_a_lost_file_is_not() {
    let store = Arc::new(Busy::default());
    let days = Days::new(Arc::clone(&store) as Arc<dyn ObjectStore>, 3).await;
    // The run is already open, so the throttled reads are those of the facts.
    let run = days.run(&date(2)).await;
    store.is_busy.store(true, Ordering::Relaxed);
    for mart in marquee_sql::marts().unwrap() {
        let Err(error) = run.build(&mart).await else {
            continue;
        };
        let error = StepError::from(error);
        assert_eq!(error.kind(), StepErrorKind::Store, "{error}");
        assert!(error.to_string().contains("503 SlowDown"), "{error}");
    }
    store.is_busy.store(false, Ordering::Relaxed);

    let lost = views(&days, 2).key;
    store.delete(&Path::from(lost.as_str())).await.unwrap();
    let error = failure(&days).await;
    assert_eq!(error.kind(), StepErrorKind::Gone, "{error}");
    assert!(error.to_string().contains(&lost), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let days = Days::new(Arc::new(InMemory::new()), 3).await;
    let file = views(&days, 2);
    let key = Path::from(file.key.as_str());
    let whole = days.store.get(&key).await.unwrap().bytes().await.unwrap();
    let pages = 4..whole.len() / 4;
    for damaged in [0..whole.len(), whole.len() - 60..whole.len(), pages] {
        let mut content = whole.to_vec();
        content[damaged.clone()]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x5a);
        days.store.put(&key, content.into()).await.unwrap();
        let error = failure(&days).await;
        assert_eq!(error.kind(), StepErrorKind::Damaged, "{damaged:?}: {error}");
        let named = format!(
            ".sql: {} is damaged, its content differs from its digest in the ledger: ",
            file.key
        );
        assert!(error.to_string().contains(&named), "{damaged:?}: {error}");
    }
}

/// Covers reads past the end of the truncated file.
#[tokio::test]
async fn a_truncated_file_is_named() {
    let days = Days::new(Arc::new(Busy::default()), 3).await;
    let file = views(&days, 2);
    let key = Path::from(file.key.as_str());
    let whole = days.store.get(&key).await.unwrap().bytes().await.unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        let cut = whole.slice(..length);
        days.store.put(&key, cut.into()).await.unwrap();
        let error = failure(&days).await;
        assert_eq!(error.kind(), StepErrorKind::Damaged, "{length}: {error}");
        let named = format!(
            ".sql: {} is damaged, its content differs from its digest in the ledger: ",
            file.key
        );
        assert!(error.to_string().contains(&named), "{length}: {error}");
    }
}
