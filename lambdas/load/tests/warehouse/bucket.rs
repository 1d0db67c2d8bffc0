//! A lake in a bucket, with one table.

use std::fmt;
use std::sync::Arc;

use arrow_array::{Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use futures::stream::BoxStream;
use marquee_local_warehouse::FakeDataApi;
use marquee_local_warehouse::rows::{Rows, read_file_rows, read_table_rows};
use marquee_s3_stand_in::StandIn;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use parquet::arrow::ArrowWriter;
use serde_json::json;

pub(crate) const DATE: &str = "2026-03-02";
pub(crate) const URL: &str = "s3://lake";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/copy";

/// The bucket as COPY reads it. All other operations fail.
pub(crate) struct Bucket(pub(crate) Arc<StandIn>);

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

fn read_only<T>() -> Result<T> {
    Err(Error::NotImplemented {
        operation: "anything but get".into(),
        implementer: "Bucket".into(),
    })
}

#[async_trait]
impl ObjectStore for Bucket {
    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let memory = InMemory::new();
        if let Some(content) = self.0.object("lake", key.as_ref()) {
            memory.put(key, content.into()).await?;
        }
        memory.get_opts(key, options).await
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        read_only()
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        read_only()
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        Box::pin(futures::stream::once(async { read_only() }))
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        Box::pin(futures::stream::once(async { read_only() }))
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        read_only()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        read_only()
    }
}

fn schema() -> SchemaRef {
    let field = |name: &str, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        field("days", DataType::Int32),
        field("cohort_date", DataType::Date32),
        field("users", DataType::Int64),
        field("returned", DataType::Int64),
        field("retention", DataType::Float64),
    ]))
}

fn key(generation: u32, part: usize) -> String {
    format!("curated/retention/event_date={DATE}/run={generation:06}-r/part-{part:04}.parquet")
}

/// Publishes a generation of `retention` with one file per row count, and returns its
/// rows.
pub(crate) fn publish(s3: &StandIn, generation: u32, rows: &[usize]) -> Rows {
    let mut all = Rows::new();
    let mut files = Vec::new();
    for (part, rows) in rows.iter().enumerate() {
        let numbers = || (0..*rows as i64).map(|row| row + i64::from(generation) * 100);
        let batch = RecordBatch::try_new(
            schema(),
            vec![
                Arc::new(Int32Array::from_iter_values(numbers().map(|n| n as i32))),
                Arc::new(Date32Array::from_iter_values(numbers().map(|n| n as i32))),
                Arc::new(Int64Array::from_iter_values(numbers())),
                Arc::new(Int64Array::from_iter(
                    numbers().map(|n| (n % 2 == 0).then_some(n)),
                )),
                Arc::new(Float64Array::from_iter_values(
                    numbers().map(|n| n as f64 / 7.0),
                )),
            ],
        );
        let mut content = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut content, schema(), None).unwrap();
        writer.write(&batch.unwrap()).unwrap();
        writer.close().unwrap();
        let key = key(generation, part);
        files.push(json!({"key": key, "rows": rows, "bytes": content.len(), "digest": "d"}));
        all.extend(read_file_rows(content.clone().into()).unwrap().1);
        s3.insert("lake", &key, content);
    }
    all.sort();
    let ledger = json!({
        "version": 1, "event_date": DATE, "generation": generation, "parent": null, "run": "r",
        "catalogue": null, "covered": "c", "receipts": 0, "newest": true, "definitions": "d",
        "facts": "f", "looked_back": {}, "tables": {"retention": {"files": files}},
        "counts": {"receipt_rows": 0, "curated": 0, "duplicates": 0, "conflicts": 0, "redelivered": 0},
    });
    let ledger_key = format!("ledger/days/event_date={DATE}/{generation:06}.json");
    s3.insert("lake", &ledger_key, ledger.to_string());
    all
}

/// Damages the first page of a generation's first file.
pub(crate) fn damage(s3: &StandIn, generation: u32) {
    let key = key(generation, 0);
    let mut content = s3.object("lake", &key).unwrap().to_vec();
    for byte in content.iter_mut().take(40).skip(4) {
        *byte ^= 0x5a;
    }
    s3.insert("lake", &key, content);
}

/// Returns the date's rows in the warehouse.
pub(crate) async fn loaded(data_api: &FakeDataApi) -> Rows {
    let session = data_api.engine().session().await.unwrap();
    let which = format!("event_date = DATE '{DATE}'");
    let rows = read_table_rows(&session, "marquee.retention", &schema(), &which).await;
    rows.unwrap()
}
