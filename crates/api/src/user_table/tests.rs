#![allow(clippy::unwrap_used)]
use super::*;
use arrow_array::{Int64Array, StringArray};
use bytes::Bytes;
use marquee_encode::settings::writer_properties;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

const PAGE_ROWS: usize = 10;

/// Returns properties with small pages and row groups, with or without a page index.
fn properties(has_page_index: bool) -> WriterProperties {
    let statistics = match has_page_index {
        true => EnabledStatistics::Page,
        false => EnabledStatistics::Chunk,
    };
    let properties = writer_properties().unwrap().as_ref().clone().into_builder();
    properties
        .set_max_row_group_row_count(Some(100))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_column_statistics_enabled(ColumnPath::from(USER), statistics)
        .set_offset_index_disabled(!has_page_index)
        .build()
}

/// Writes a file with these rows of user and number.
fn file(rows: &[(String, i64)], has_page_index: bool) -> Bytes {
    let users: StringArray = rows.iter().map(|(user, _)| Some(user.as_str())).collect();
    let numbers: Int64Array = rows.iter().map(|(_, number)| Some(*number)).collect();
    let batch = RecordBatch::try_from_iter([
        (USER, Arc::new(users) as Arc<dyn Array>),
        ("number", Arc::new(numbers)),
    ]);
    let batch = batch.unwrap();
    let properties = properties(has_page_index);
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

/// Opens a table of these files.
async fn table(files: Vec<Bytes>) -> UserTable {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut entries = Vec::new();
    for (number, bytes) in files.into_iter().enumerate() {
        let key = format!("part-{number:04}.parquet");
        entries.push(FileEntry {
            key: key.clone(),
            rows: 0,
            bytes: bytes.len() as u64,
            digest: String::new(),
        });
        store.put(&Path::from(key), bytes.into()).await.unwrap();
    }
    UserTable::open(&store, &entries, &["number"])
        .await
        .unwrap()
}

async fn numbers(table: &UserTable, user: &str) -> Vec<i64> {
    let rows = table.rows_of(user).await.unwrap();
    let numbers = rows.iter().flat_map(|rows| {
        let numbers = rows.long("number").unwrap().values();
        numbers.to_vec()
    });
    numbers.collect()
}

/// Returns rows of the users `u000`, `u002`, …, one to twenty-three each.
fn rows() -> Vec<(String, i64)> {
    let users = (0..60).map(|user| (format!("u{:03}", user * 2), user * 7 % 23 + 1));
    users
        .flat_map(|(user, count)| (0..count).map(move |_| user.clone()))
        .zip(0..)
        .collect()
}

#[tokio::test]
async fn a_users_rows_are_all_that_are_theirs() {
    let rows = rows();
    let (one, other) = rows.split_at(rows.len() / 2);
    for has_page_index in [true, false] {
        let files = vec![file(one, has_page_index), file(other, has_page_index)];
        let table = table(files).await;
        // Every other user has no rows; `u` sorts before the first user, `v` after the last.
        let users = (0..121).map(|user| format!("u{user:03}"));
        for user in users.chain(["u".into(), "v".into(), String::new()]) {
            let theirs: Vec<i64> = rows
                .iter()
                .filter(|(known, _)| *known == user)
                .map(|(_, number)| *number)
                .collect();
            assert_eq!(numbers(&table, &user).await, theirs, "{user}");
        }
    }
}

#[tokio::test]
async fn the_prefix_is_that_of_all_files() {
    let row = |user: &str| (user.to_owned(), 0);
    let files = |users: [&str; 2]| users.map(|user| file(&[row(user)], true)).into();
    for (users, prefix) in [
        (["ml-1", "ml-2"], Some("ml-")),
        (["user_1-a", "user_1-b"], Some("user_")),
        (["ml-2", "ml-1"], Some("ml-")),
        (["ml-1", "u-1"], None),
        (["ml-1", "ml-1"], None),
    ] {
        let found = table(files(users)).await.user_prefix();
        assert_eq!(found.as_deref(), prefix, "{users:?}");
    }
    assert_eq!(table(Vec::new()).await.user_prefix(), None);
    assert_eq!(table(vec![file(&[], true)]).await.user_prefix(), None);
    // A long id, whose statistics are truncated.
    let long = "é".repeat(60);
    let ids = [format!("ml-{long}1"), format!("ml-{long}2")];
    let [one, other] = ids.each_ref().map(String::as_str);
    let found = table(files([one, other])).await.user_prefix();
    assert_eq!(found.as_deref(), Some("ml-"));
}

#[tokio::test]
async fn only_pages_that_may_contain_the_user_are_read() {
    let rows = rows();
    let table = table(vec![file(&rows, true)]).await;
    let file = &table.0[0];
    for user in (0..60).map(|user| format!("u{:03}", user * 2)) {
        let theirs = rows.iter().filter(|(known, _)| *known == user).count();
        let metadata = file.metadata.metadata();
        let (groups, selection) = find(metadata, file.user_column, user.as_bytes()).unwrap();
        assert!(groups.len() <= 2, "{user}: {groups:?}");
        // The user's rows, and at most the rest of the first and the last page.
        let selected = selection.row_count();
        assert!(
            selected <= theirs + 2 * PAGE_ROWS,
            "{user}: {selected} for {theirs}"
        );
    }
    // No page contains a user after the last.
    let (groups, _) = find(file.metadata.metadata(), file.user_column, b"v").unwrap();
    assert!(groups.is_empty());
}

#[tokio::test]
async fn a_file_without_a_user_column_is_an_error() {
    let numbers: Int64Array = [1].into_iter().map(Some).collect();
    let numbers: Arc<dyn Array> = Arc::new(numbers);
    let batch = RecordBatch::try_from_iter([("number", numbers)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let bytes: Bytes = writer.into_inner().unwrap().into();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let entry = FileEntry {
        key: "part.parquet".into(),
        rows: 1,
        bytes: bytes.len() as u64,
        digest: String::new(),
    };
    let gone = UserTable::open(&store, std::slice::from_ref(&entry), &[]).await;
    assert!(
        matches!(
            gone,
            Err(LakeError::Store(object_store::Error::NotFound { .. }))
        ),
        "{gone:?}"
    );
    store
        .put(&Path::from("part.parquet"), bytes.into())
        .await
        .unwrap();
    let error = UserTable::open(&store, &[entry], &[]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read part.parquet: no column user_id"
    );
}
