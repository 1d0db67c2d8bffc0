//! The requests that the store sends to S3, and the errors that it makes from the
//! responses.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod s3;

use futures::{StreamExt as _, TryStreamExt as _};
use marquee_lake::step::StepErrorKind;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutOptions, PutResult, Result, TagSet, UpdateVersion,
};

use crate::s3::Bucket;

fn path() -> Path {
    Path::from("ledger/receipts/r.json")
}

async fn create(bucket: &Bucket) -> Result<PutResult> {
    bucket
        .store()
        .put_opts(&path(), "{}".into(), PutMode::Create.into())
        .await
}

#[tokio::test]
async fn a_put_carries_its_condition_attributes_tags_and_checksum() {
    let bucket = Bucket::start().await;
    create(&bucket).await.unwrap();
    let options = PutOptions {
        attributes: Attributes::from_iter([(Attribute::ContentType, "application/json")]),
        tags: {
            let mut tags = TagSet::default();
            tags.push("zone", "raw & more");
            tags
        },
        ..PutOptions::default()
    };
    bucket
        .store()
        .put_opts(&path(), "{}".into(), options)
        .await
        .unwrap();

    let calls = bucket.s3.take_calls();
    let [create, put] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(
        (create.method.as_str(), create.key.as_str()),
        ("PUT", path().as_ref())
    );
    assert_eq!(create.header("if-none-match"), Some("*"));
    assert!(
        create.header("x-amz-checksum-crc32").is_some(),
        "{create:?}"
    );
    assert_eq!(create.body, "{}", "the body is sent as it is");
    assert_eq!(put.header("if-none-match"), None);
    assert_eq!(put.header("if-match"), None);
    assert_eq!(put.header("content-type"), Some("application/json"));
    assert_eq!(put.header("x-amz-tagging"), Some("zone=raw+%26+more"));
}

#[tokio::test]
async fn an_update_names_the_tag_it_replaces() {
    let bucket = Bucket::start().await;
    let version = |e_tag: Option<&str>| {
        PutMode::Update(UpdateVersion {
            e_tag: e_tag.map(str::to_owned),
            version: None,
        })
    };
    let store = bucket.store();
    let error = store
        .put_opts(&path(), "{}".into(), version(None).into())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ETag"), "{error}");
    assert!(bucket.s3.take_calls().is_empty());
    let _ = store
        .put_opts(&path(), "{}".into(), version(Some("\"1\"")).into())
        .await;
    assert_eq!(bucket.s3.take_calls()[0].header("if-match"), Some("\"1\""));
}

#[tokio::test]
async fn a_conflict_is_retried_and_leaves_the_outcome_open() {
    let bucket = Bucket::start().await;
    bucket
        .s3
        .fail_next("PUT", 409, "ConditionalRequestConflict");
    create(&bucket).await.unwrap();
    assert_eq!(bucket.s3.take_calls().len(), 2);

    bucket
        .s3
        .fail_next("PUT", 409, "ConditionalRequestConflict");
    let error = create(&bucket).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    assert_eq!(bucket.s3.take_calls().len(), 2);

    // The object does not exist, so the error must not be `AlreadyExists`.
    let bucket = Bucket::start().await;
    for _ in 0..10 {
        bucket
            .s3
            .fail_next("PUT", 409, "ConditionalRequestConflict");
    }
    let error = create(&bucket).await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
    assert!(
        error.to_string().contains("409 ConditionalRequestConflict"),
        "{error}"
    );
    assert!(bucket.s3.keys("lake").is_empty());
}

#[tokio::test]
async fn a_create_whose_response_was_lost_finds_its_own_object() {
    let bucket = Bucket::start().await;
    bucket.s3.lose_next_response("PUT");
    let error = create(&bucket).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    assert_eq!(bucket.s3.object("lake", path().as_ref()).unwrap(), "{}");
}

#[tokio::test]
async fn a_throttled_call_is_retried() {
    let bucket = Bucket::start().await;
    bucket.s3.fail_next("PUT", 503, "SlowDown");
    bucket.store().put(&path(), "{}".into()).await.unwrap();
    assert_eq!(bucket.s3.take_calls().len(), 2);
}

#[tokio::test]
async fn responses_become_distinct_errors() {
    type IsKind = fn(&Error) -> bool;
    let kinds: [(u16, &'static str, IsKind); 11] = [
        (304, "NotModified", |e| {
            matches!(e, Error::NotModified { .. })
        }),
        (400, "InvalidRequest", |e| {
            matches!(e, Error::Generic { .. })
        }),
        (400, "ExpiredToken", |e| {
            matches!(e, Error::Unauthenticated { .. })
        }),
        (401, "Unauthorized", |e| {
            matches!(e, Error::Unauthenticated { .. })
        }),
        (403, "AccessDenied", |e| {
            matches!(e, Error::PermissionDenied { .. })
        }),
        (403, "InvalidAccessKeyId", |e| {
            matches!(e, Error::Unauthenticated { .. })
        }),
        (404, "NoSuchKey", |e| matches!(e, Error::NotFound { .. })),
        (404, "NoSuchBucket", |e| matches!(e, Error::Generic { .. })),
        (412, "PreconditionFailed", |e| {
            matches!(e, Error::Precondition { .. })
        }),
        (416, "InvalidRange", |e| matches!(e, Error::Generic { .. })),
        (501, "NotImplemented", |e| {
            matches!(e, Error::NotSupported { .. })
        }),
    ];
    let bucket = Bucket::start().await;
    for (status, code, is_kind) in kinds {
        bucket.s3.fail_next("GET", status, code);
        let error = bucket.store().get(&path()).await.unwrap_err();
        assert!(is_kind(&error), "{status} {code} became {error:?}");
        assert!(
            error
                .to_string()
                .contains(&format!("GetObject returned {status}")),
            "{error}"
        );
    }
    // The whole text: object_store's words, then the adapter's, once each.
    bucket.s3.fail_next("GET", 403, "AccessDenied");
    let error = bucket.store().get(&path()).await.unwrap_err();
    let failure = "GetObject returned 403 AccessDenied: error of the S3 stand-in (request STANDIN)";
    assert!(error.to_string().ends_with(failure), "{error}");
    // The response to a HEAD request has no code.
    bucket.s3.fail_next("HEAD", 403, "AccessDenied");
    let error = bucket.store().head(&path()).await.unwrap_err();
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
}

/// The object is at fault, so the error names it and is not retried.
#[tokio::test]
async fn a_range_beyond_the_end_means_a_damaged_object() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    store.put(&path(), "short".into()).await.unwrap();
    let error = store.get_range(&path(), 100..108).await.unwrap_err();
    assert_eq!(
        StepErrorKind::of(&error),
        StepErrorKind::Damaged,
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "Generic S3 error: GetObject returned 416 InvalidRange: \
         ledger/receipts/r.json from byte 100: error of the S3 stand-in (request STANDIN)"
    );
    bucket.s3.fail_next("GET", 403, "AccessDenied");
    let error = store.get_range(&path(), 100..108).await.unwrap_err();
    assert_eq!(StepErrorKind::of(&error), StepErrorKind::Store, "{error:?}");
}

#[tokio::test]
async fn a_missing_bucket_is_not_a_missing_object() {
    let bucket = Bucket::start().await;
    let store = s3::store_at(bucket.s3.endpoint(), "no-lake");
    let got = store.get(&path()).await.map(drop);
    let put = store.put(&path(), "{}".into()).await.map(drop);
    let listed = store.list(None).try_collect::<Vec<_>>().await.map(drop);
    for error in [got, put, listed].map(Result::unwrap_err) {
        assert!(matches!(error, Error::Generic { .. }), "{error:?}");
        assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    }
}

#[tokio::test]
async fn a_get_carries_its_conditions_and_range() {
    let bucket = Bucket::start().await;
    bucket.s3.insert("lake", path().as_ref(), "0123456789");
    let store = bucket.store();
    let written = store.head(&path()).await.unwrap().last_modified;
    bucket.s3.take_calls();

    let options = GetOptions::new()
        .with_range(Some(2..5))
        .with_if_none_match(Some("\"other\""))
        .with_if_modified_since(Some(written))
        .with_if_unmodified_since(Some(written))
        .with_version(Some("v1"));
    store.get_opts(&path(), options).await.unwrap();
    let call = &bucket.s3.take_calls()[0];
    assert_eq!(call.header("range"), Some("bytes=2-4"));
    assert_eq!(call.header("if-none-match"), Some("\"other\""));
    assert_eq!(
        call.header("if-modified-since"),
        Some("Thu, 01 Jan 2026 00:00:00 GMT")
    );
    assert_eq!(
        call.header("if-unmodified-since"),
        Some("Thu, 01 Jan 2026 00:00:00 GMT")
    );
    assert_eq!(call.query.get("versionId").map(String::as_str), Some("v1"));
}

#[tokio::test]
async fn a_listing_follows_pages_and_skips_folder_objects() {
    let bucket = Bucket::start().await;
    for key in ["raw/", "raw/1", "raw/2", "raw/3", "rawer/1"] {
        bucket.s3.insert("lake", key, "x");
    }
    bucket.s3.set_page_size(2);
    let store = bucket.store();
    let raw = Path::from("raw");
    let listed: Vec<_> = store
        .list(Some(&raw))
        .map_ok(|meta| meta.location)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(listed, ["raw/1", "raw/2", "raw/3"].map(Path::from));
    let calls = bucket.s3.take_calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.query["prefix"] == "raw/"));
    assert_eq!(calls[1].query["continuation-token"], "raw/1");

    let after: Vec<_> = store
        .list_with_offset(Some(&raw), &Path::from("raw/2"))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(bucket.s3.take_calls()[0].query["start-after"], "raw/2");
}

#[tokio::test]
async fn deletes_a_thousand_per_call_and_reports_each_refused_key() {
    let bucket = Bucket::start().await;
    let mut keys: Vec<Path> = (0..1_501)
        .map(|n| Path::from(format!("old/{n:04}")))
        .collect();
    keys[1] = Path::from("old/locked");
    for key in &keys {
        bucket.s3.insert("lake", key.as_ref(), "x");
    }
    let given = futures::stream::iter(keys.clone().into_iter().map(Ok)).boxed();
    let results: Vec<Result<Path>> = bucket.store().delete_stream(given).collect().await;

    assert_eq!(bucket.s3.take_calls().len(), 2);
    assert_eq!(bucket.s3.keys("lake"), ["old/locked"]);
    assert_eq!(results.len(), keys.len());
    for (result, key) in results.into_iter().zip(keys) {
        match result {
            Ok(path) => assert_eq!(path, key),
            Err(Error::PermissionDenied { path, .. }) => assert_eq!(path, "old/locked"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_delete_call_that_fails_is_one_error() {
    let bucket = Bucket::start().await;
    for count in [1, 3] {
        bucket.s3.fail_next(
            if count == 1 { "DELETE" } else { "POST" },
            403,
            "AccessDenied",
        );
        let given = (0..count).map(|n| Ok(Path::from(format!("old/{n}"))));
        let given = futures::stream::iter(given).boxed();
        let results: Vec<Result<Path>> = bucket.store().delete_stream(given).collect().await;
        assert!(
            matches!(results.as_slice(), [Err(Error::PermissionDenied { .. })]),
            "{results:?}"
        );
    }
}

#[tokio::test]
async fn a_copy_names_its_source_encoded() {
    let bucket = Bucket::start().await;
    let (from, to) = (Path::from("a b/c+d"), Path::from("to"));
    bucket.s3.insert("lake", from.as_ref(), "x");
    bucket.store().copy_if_not_exists(&from, &to).await.unwrap();
    let call = &bucket.s3.take_calls()[0];
    assert_eq!(call.header("x-amz-copy-source"), Some("lake/a%20b/c%2Bd"));
    assert_eq!(call.header("if-none-match"), Some("*"));

    let error = bucket
        .store()
        .copy_if_not_exists(&from, &to)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::AlreadyExists { path, .. } if path == "to"),
        "{error}"
    );
    let error = bucket
        .store()
        .copy(&Path::from("gone"), &to)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::NotFound { path, .. } if path == "gone"),
        "{error}"
    );
}

#[tokio::test]
async fn an_upload_is_completed_whole_or_not_at_all() {
    let bucket = Bucket::start().await;
    let store = bucket.store();
    let options = PutMultipartOptions {
        attributes: Attributes::from_iter([(
            Attribute::ContentType,
            "application/vnd.apache.parquet",
        )]),
        ..PutMultipartOptions::default()
    };
    let mut upload = store.put_multipart_opts(&path(), options).await.unwrap();
    upload.put_part("one".into()).await.unwrap();
    drop(upload.put_part("never sent".into()));
    let error = upload.complete().await.unwrap_err();
    assert!(
        error.to_string().contains("1 of 2 parts were uploaded"),
        "{error}"
    );
    assert_eq!(bucket.s3.open_uploads("lake"), 1);
    upload.abort().await.unwrap();
    assert_eq!(bucket.s3.open_uploads("lake"), 0);
    assert!(bucket.s3.keys("lake").is_empty());

    let calls = bucket.s3.take_calls();
    assert_eq!(calls[0].header("x-amz-checksum-algorithm"), Some("CRC32"));
    assert_eq!(
        calls[0].header("content-type"),
        Some("application/vnd.apache.parquet")
    );
    assert!(
        calls[1].header("x-amz-checksum-crc32").is_some(),
        "{:?}",
        calls[1]
    );
}

#[tokio::test]
async fn an_unreachable_endpoint_is_reported() {
    let free_port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", free_port.local_addr().unwrap());
    drop(free_port);
    let store = s3::store_at(&endpoint, "lake");
    let error = store.get(&path()).await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("GetObject failed: dispatch failure"),
        "{said}"
    );
    assert!(said.to_lowercase().contains("connect"), "{said}");
}
