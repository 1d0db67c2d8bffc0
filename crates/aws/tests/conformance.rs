//! One conformance suite for every object store that can hold the lake.
//!
//! [`conforms`] tests the guarantees that the lake relies on, for memory, a directory
//! and S3. [`Abilities`] lists the differences between stores.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod s3;

use futures::{StreamExt as _, TryStreamExt as _};
use marquee_lake::step::StepErrorKind;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetRange, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion,
};

/// The optional abilities of a store.
#[derive(Clone, Copy)]
struct Abilities {
    /// It supports conditional updates.
    updates: bool,
    /// It stores attributes.
    attributes: bool,
}

#[tokio::test]
async fn memory_conforms() {
    let abilities = Abilities {
        updates: true,
        attributes: true,
    };
    conforms(&InMemory::new(), abilities).await;
}

#[tokio::test]
async fn a_directory_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    // Without this, empty directories stay and appear in listings.
    let store = store.with_automatic_cleanup(true);
    let abilities = Abilities {
        updates: false,
        attributes: false,
    };
    conforms(&store, abilities).await;
}

#[tokio::test]
async fn s3_conforms() {
    let bucket = s3::Bucket::start().await;
    let abilities = Abilities {
        updates: true,
        attributes: true,
    };
    conforms(&bucket.store(), abilities).await;
}

#[tokio::test]
async fn s3_in_small_pages_conforms() {
    let bucket = s3::Bucket::start().await;
    bucket.s3.set_page_size(2);
    let abilities = Abilities {
        updates: true,
        attributes: true,
    };
    conforms(&bucket.store(), abilities).await;
}

/// Runs the suite. It leaves the store empty.
async fn conforms(store: &dyn ObjectStore, abilities: Abilities) {
    puts_and_gets(store).await;
    creates_once(store).await;
    creates_once_under_contention(store).await;
    if abilities.updates {
        updates_unchanged_objects(store).await;
    }
    if abilities.attributes {
        keeps_attributes(store).await;
    }
    reads_ranges(store).await;
    reads_under_conditions(store).await;
    lists(store).await;
    copies(store).await;
    uploads_in_parts(store).await;
    deletes_many(store).await;
    assert_eq!(keys(store, None).await, [""; 0], "the suite cleans up");
}

async fn puts_and_gets(store: &dyn ObjectStore) {
    let path = Path::from("plain/a b+c&d=é%.parquet");
    assert!(matches!(
        store.get(&path).await,
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        store.head(&path).await,
        Err(Error::NotFound { .. })
    ));

    let put = store.put(&path, "first".into()).await.unwrap();
    assert_eq!(read(store, &path).await, "first");
    let chunks: PutPayload = ["sec", "", "ond"]
        .map(bytes::Bytes::from)
        .into_iter()
        .collect();
    let again = store.put(&path, chunks).await.unwrap();
    assert_eq!(read(store, &path).await, "second");
    assert_ne!(put.e_tag, again.e_tag, "another object has another tag");

    let got = store.get(&path).await.unwrap();
    let head = store.head(&path).await.unwrap();
    assert_eq!(got.meta, head);
    assert_eq!(
        (head.location, head.size, head.e_tag),
        (path.clone(), 6, again.e_tag)
    );
    assert_eq!(got.range, 0..6);

    store.put(&path, PutPayload::default()).await.unwrap();
    assert_eq!(read(store, &path).await, "", "an object may be empty");
    store.delete(&path).await.unwrap();
    assert!(matches!(
        store.get(&path).await,
        Err(Error::NotFound { .. })
    ));
}

async fn creates_once(store: &dyn ObjectStore) {
    let path = Path::from("ledger/receipt.json");
    store
        .put_opts(&path, "one".into(), PutMode::Create.into())
        .await
        .unwrap();
    for _ in 0..2 {
        let error = store
            .put_opts(&path, "two".into(), PutMode::Create.into())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    }
    assert_eq!(read(store, &path).await, "one");
    store.delete(&path).await.unwrap();
    store
        .put_opts(&path, "three".into(), PutMode::Create.into())
        .await
        .unwrap();
    store.delete(&path).await.unwrap();
}

async fn creates_once_under_contention(store: &dyn ObjectStore) {
    let path = Path::from("ledger/contended.json");
    let path = &path;
    let writers = (0..16).map(|writer| async move {
        let mine = format!("writer {writer}");
        let put = store
            .put_opts(path, mine.clone().into(), PutMode::Create.into())
            .await;
        match put {
            Ok(_) => Some(mine),
            Err(Error::AlreadyExists { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    });
    let winners: Vec<String> = futures::future::join_all(writers)
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(winners, [read(store, path).await], "one writer wins");
    store.delete(path).await.unwrap();
}

async fn updates_unchanged_objects(store: &dyn ObjectStore) {
    let path = Path::from("reference/titles/current.json");
    let update = |version: UpdateVersion, text: &'static str| {
        store.put_opts(&path, text.into(), PutMode::Update(version).into())
    };
    let first: UpdateVersion = store.put(&path, "1".into()).await.unwrap().into();
    update(first.clone(), "2").await.unwrap();
    let error = update(first.clone(), "3").await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error}");
    assert_eq!(read(store, &path).await, "2");
    store.delete(&path).await.unwrap();
    let error = update(first, "4").await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error}");
}

async fn keeps_attributes(store: &dyn ObjectStore) {
    let path = Path::from("attributes.json");
    let attributes = Attributes::from_iter([
        (Attribute::ContentType, "application/json"),
        (Attribute::CacheControl, "no-cache"),
        (Attribute::Metadata("generation".into()), "g-1"),
    ]);
    store
        .put_opts(&path, "{}".into(), attributes.clone().into())
        .await
        .unwrap();
    assert_eq!(store.get(&path).await.unwrap().attributes, attributes);
    store.delete(&path).await.unwrap();
}

async fn reads_ranges(store: &dyn ObjectStore) {
    let path = Path::from("ranges.parquet");
    store.put(&path, "0123456789".into()).await.unwrap();
    let read = async |range: GetRange| {
        let options = GetOptions::new().with_range(Some(range));
        let got = store.get_opts(&path, options).await?;
        assert_eq!(got.meta.size, 10, "the size is the whole object's");
        let range = got.range.clone();
        Ok::<_, Error>((range, got.bytes().await?))
    };
    assert_eq!(
        read(GetRange::Bounded(2..5)).await.unwrap(),
        (2..5, "234".into())
    );
    assert_eq!(
        read(GetRange::Bounded(8..99)).await.unwrap(),
        (8..10, "89".into())
    );
    assert_eq!(
        read(GetRange::Offset(7)).await.unwrap(),
        (7..10, "789".into())
    );
    assert_eq!(
        read(GetRange::Suffix(4)).await.unwrap(),
        (6..10, "6789".into())
    );
    for beyond in [GetRange::Bounded(10..12), GetRange::Offset(99)] {
        let error = read(beyond).await.unwrap_err();
        assert_eq!(
            StepErrorKind::of(&error),
            StepErrorKind::Damaged,
            "no byte is there: {error}"
        );
    }
    assert!(
        read(GetRange::Bounded(5..5)).await.is_err(),
        "no byte is meant"
    );
    let many = store.get_ranges(&path, &[0..1, 4..6, 9..10]).await.unwrap();
    assert_eq!(many, ["0", "45", "9"]);
    store.delete(&path).await.unwrap();
}

async fn reads_under_conditions(store: &dyn ObjectStore) {
    let path = Path::from("conditions.json");
    let get = |options: GetOptions| store.get_opts(&path, options);
    let first = store.put(&path, "first".into()).await.unwrap().e_tag;
    let head = store.head(&path).await.unwrap();
    assert_eq!(head.e_tag, first);
    let other = Some("\"another\"");

    assert!(
        get(GetOptions::new().with_if_match(first.clone()))
            .await
            .is_ok()
    );
    assert!(
        get(GetOptions::new().with_if_none_match(other))
            .await
            .is_ok()
    );
    for as_head in [false, true] {
        let options = GetOptions::new().with_if_match(other).with_head(as_head);
        let error = get(options).await.unwrap_err();
        assert!(matches!(error, Error::Precondition { .. }), "{error}");
        let options = GetOptions::new()
            .with_if_none_match(first.clone())
            .with_head(as_head);
        let error = get(options).await.unwrap_err();
        assert!(matches!(error, Error::NotModified { .. }), "{error}");
    }
    store.delete(&path).await.unwrap();
}

async fn lists(store: &dyn ObjectStore) {
    let tree = [
        "z/a/1", "z/a/2", "z/a-b/1", "z/b/c/1", "z/b/c/2", "z/b/d/1", "z/e", "zz/1",
    ];
    for key in tree {
        store.put(&Path::from(key), "x".into()).await.unwrap();
    }
    let z = Path::from("z");
    assert_eq!(
        sorted(keys(store, None).await),
        sorted(tree.map(str::to_owned).into())
    );
    assert_eq!(
        sorted(keys(store, Some(&z)).await).len(),
        7,
        "`zz` is not below `z`"
    );
    assert_eq!(
        keys(store, Some(&Path::from("z/e"))).await,
        [""; 0],
        "an object is not below itself"
    );
    assert_eq!(keys(store, Some(&Path::from("nowhere"))).await, [""; 0]);

    let offset = Path::from("z/a/2");
    let after: Vec<ObjectMeta> = store
        .list_with_offset(Some(&z), &offset)
        .try_collect()
        .await
        .unwrap();
    let after = sorted(
        after
            .into_iter()
            .map(|meta| meta.location.to_string())
            .collect(),
    );
    assert_eq!(after, ["z/b/c/1", "z/b/c/2", "z/b/d/1", "z/e"]);

    let level = store.list_with_delimiter(Some(&z)).await.unwrap();
    let common = sorted(level.common_prefixes.iter().map(Path::to_string).collect());
    assert_eq!(common, ["z/a", "z/a-b", "z/b"]);
    let objects: Vec<_> = level
        .objects
        .iter()
        .map(|meta| meta.location.as_ref())
        .collect();
    assert_eq!(objects, ["z/e"]);
    let root = store.list_with_delimiter(None).await.unwrap();
    assert_eq!(
        sorted(root.common_prefixes.iter().map(Path::to_string).collect()),
        ["z", "zz"]
    );
    assert!(root.objects.is_empty());
    clear(store).await;
}

async fn copies(store: &dyn ObjectStore) {
    let (from, to) = (Path::from("copy/from a+b.bin"), Path::from("copy/to.bin"));
    assert!(matches!(
        store.copy(&from, &to).await,
        Err(Error::NotFound { .. })
    ));
    store.put(&from, "one".into()).await.unwrap();
    store.copy_if_not_exists(&from, &to).await.unwrap();
    assert_eq!(read(store, &to).await, "one");

    store.put(&from, "two".into()).await.unwrap();
    let error = store.copy_if_not_exists(&from, &to).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    assert_eq!(read(store, &to).await, "one");
    store.copy(&from, &to).await.unwrap();
    assert_eq!(read(store, &to).await, "two");

    store
        .rename(&from, &Path::from("copy/renamed.bin"))
        .await
        .unwrap();
    assert_eq!(
        sorted(keys(store, None).await),
        ["copy/renamed.bin", "copy/to.bin"]
    );
    clear(store).await;
}

async fn uploads_in_parts(store: &dyn ObjectStore) {
    let path = Path::from("large.parquet");
    let mut upload = store.put_multipart(&path).await.unwrap();
    let parts = [
        upload.put_part("one ".into()),
        upload.put_part("two ".into()),
        upload.put_part("three".into()),
    ];
    // Parts may finish in any order.
    futures::future::try_join_all(parts.into_iter().rev())
        .await
        .unwrap();
    assert!(
        matches!(store.head(&path).await, Err(Error::NotFound { .. })),
        "nothing is visible yet"
    );
    upload.complete().await.unwrap();
    assert_eq!(read(store, &path).await, "one two three");

    let mut upload = store.put_multipart(&path).await.unwrap();
    upload.put_part("given up".into()).await.unwrap();
    upload.abort().await.unwrap();
    assert_eq!(read(store, &path).await, "one two three");

    let mut upload = store.put_multipart(&path).await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(
        read(store, &path).await,
        "",
        "an upload without parts is an empty object"
    );
    store.delete(&path).await.unwrap();
}

async fn deletes_many(store: &dyn ObjectStore) {
    let paths: Vec<Path> = (0..25)
        .map(|n| Path::from(format!("many/<{n}>&")))
        .collect();
    for path in &paths {
        store.put(path, "x".into()).await.unwrap();
    }
    let given = futures::stream::iter(paths.clone().into_iter().map(Ok)).boxed();
    let deleted: Vec<Path> = store.delete_stream(given).try_collect().await.unwrap();
    assert_eq!(deleted, paths, "one result each, in order");
    assert_eq!(keys(store, None).await, [""; 0]);
}

async fn read(store: &dyn ObjectStore, path: &Path) -> String {
    let bytes = store.get(path).await.unwrap().bytes().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn keys(store: &dyn ObjectStore, prefix: Option<&Path>) -> Vec<String> {
    let listed = store.list(prefix).map_ok(|meta| meta.location.to_string());
    listed.try_collect().await.unwrap()
}

async fn clear(store: &dyn ObjectStore) {
    let locations = store.list(None).map_ok(|meta| meta.location).boxed();
    let _: Vec<Path> = store.delete_stream(locations).try_collect().await.unwrap();
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys
}
